# SPDX-License-Identifier: MIT
"""`lab run`: boots Xen once, tests one disk with a PV and a PVH guest, and reports."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import boot, features, jobs, report, results
from .terminal import Terminal

MIB = 1 << 20
OWN_DISK = 64 * MIB             # made for the run; written and read back by each guest
SAMPLE = 64 * MIB               # limit for the user's disk, as an emulated guest is slow
TIMEOUT = 240
SLACK = 60
WRITING = "write=1 rw=write,read,randread bs=64k iodepth=16"
NETTEST = "ip=10.0.0.2/24,gw=10.0.0.1 peer=10.0.0.1 bytes=32m count=5000 rounds=500"
# The stack's lines about its addresses.
ADDRESS = re.compile(r"net: vif\d+: ")
READING = "rw=read,randread bs=64k iodepth=16"


class DiskError(Exception):
    """The disk that the user named cannot be used."""


@dataclass
class Disk:
    path: Path
    size: int
    own: bool
    notes: list[str]


def check_disk(name: str) -> Disk:
    """Checks the user's disk before anything is booted."""
    path = Path(name).absolute()
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise DiskError(f"no such disk: {name}") from None
    except OSError as error:
        raise DiskError(f"cannot look at {name}: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise DiskError(f"{name} is a directory; a disk image or a block device is wanted")
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        raise DiskError(f"{name} is neither a file nor a block device")
    try:
        with path.open("rb") as disk:
            size = disk.seek(0, 2)
    except OSError as error:
        raise DiskError(f"cannot read {name}: {error.strerror}") from None
    if size == 0:
        raise DiskError(f"{name} is empty; there is nothing to test")
    notes = ["attached read-only: not one byte of it is written"]
    if size % 512:
        notes.append(f"its {size} bytes are no whole number of 512-byte sectors: "
                     f"the last sector is padded with {512 - size % 512} zero bytes for the guest")
    if size > SAMPLE:
        notes.append(f"the first {SAMPLE // MIB} MiB are read")
    return Disk(path, size, False, notes)


def _own_disk(work: Path) -> Disk:
    path = work / "disk.img"
    with path.open("wb") as disk:
        disk.truncate(OWN_DISK)
    return Disk(path, OWN_DISK, True, ["made for this run: it is written, read back and verified"])


def _host_checks(disk: Disk, outcome: results.Outcome) -> None:
    """Compares the guest's data with the disk's file on the host, without Xen or dom0.

    A digest that dom0 skipped as out of date is skipped here, too.
    """
    looked_at = {check["check"] for check in outcome.checks if check["status"] == "ok"}
    for digest in outcome.of_type("digest"):
        what = f"digest/{digest['dev']}@{digest['offset']}+{digest['bytes']}"
        if what not in looked_at:
            continue
        looked_at.discard(what)
        sha = hashlib.sha256()
        with disk.path.open("rb") as file:
            file.seek(digest["offset"])
            left = digest["bytes"]
            while left:
                piece = file.read(min(left, MIB)) or bytes(min(left, 511))      # padding of the last sector
                sha.update(piece)
                left -= len(piece)
        found = sha.hexdigest()
        good = found == digest["sha256"]
        outcome.checks.append({"check": "host-" + what, "status": "ok" if good else "FAILED",
                               "guest": digest["sha256"], "host": found})
        if not good:
            outcome.verdict = results.worst([outcome.verdict, "FAILURE"])
            outcome.reason = f"the host finds other data in {disk.path.name} than the guest claims"


def _describe(kind: str, memory: int, outcome: results.Outcome, folder: Path) -> dict[str, Any]:
    """One guest of report.json."""
    disks = []
    for disk in outcome.of_type("disk"):
        def of_disk(kind_of_line: str, disk: dict[str, Any] = disk) -> list[dict[str, Any]]:
            return [{key: value for key, value in line.items() if key != "type"}
                    for line in outcome.of_type(kind_of_line) if line.get("dev") == disk.get("dev")]
        work = of_disk("job")
        counters = of_disk("counters")
        entry = {key: value for key, value in disk.items() if key != "type"}
        entry["verified_bytes"] = sum(job.get("verified_bytes", 0) for job in work)
        entry["errors"] = sum(job.get("errors", 0) for job in work)
        entry["jobs"] = work
        entry["counters"] = counters[-1] if counters else {}
        entry["digests"] = of_disk("digest")
        entry["offers"] = features.load_offers(folder, int(disk.get("devid", 0)))
        disks.append(entry)
    probe = outcome.of_type("probe")
    if outcome.of_type("net") or (folder / "vif-0-backend").exists():
        backend, guest = features.load_vif(folder, 0)
        return {"type": kind, "result": outcome.verdict, "reason": outcome.reason, "memory": memory, "probe": {}, "disks": [],
                "checks": outcome.checks, "interface": {"backend": backend, "guest": guest}, "tests": outcome.of_type("net"),
                "counters": (outcome.of_type("counters") or [{}])[-1],
                "addresses": [line for line in outcome.console.splitlines() if ADDRESS.match(line)][:8]}
    return {"type": kind, "result": outcome.verdict, "reason": outcome.reason, "memory": memory,
            "probe": probe[0] if probe else {}, "disks": disks, "checks": outcome.checks}


def _join_pages(pages: list[Path], joined: Path) -> None:
    """One page of the guests' pages: what lies between ringlet-run's two comments, one after the other."""
    begin, end = "<!-- guest -->", "<!-- end -->"
    texts = [page.read_text(errors="replace") for page in pages if page.is_file()]
    texts = [text for text in texts if begin in text and end in text]
    if texts:
        head, tail = texts[0].split(begin)[0], texts[0].split(end)[-1]
        joined.write_text(head + "".join(text.split(begin)[1].split(end)[0] for text in texts) + tail)


def _follow(machine: boot.Machine, name: str, folder: Path, terminal: Terminal) -> float:
    """Shows the guest's progress until dom0 reports its end. Returns the seconds that it took."""
    began = time.monotonic()
    for event in machine.wait_events(began + TIMEOUT + SLACK, tick=0.2):
        if event is None:
            try:
                news = results.last_plain_line((folder / "console.log").read_text(errors="replace"))
            except OSError:
                news = "starting"
            if news.startswith("blktest: holding"):
                news = "done; dom0 compares its counters and checksums with the guest's"
            terminal.status(f"{name} guest, {time.monotonic() - began:.0f} s: {news}")
        elif event.startswith(f"end {name} "):
            return time.monotonic() - began
    raise boot.BootError(machine.explain(f"dom0 went away during the {name} guest"))


def run(lab: Path, work: Path, image: Path, kinds: str, disk: Disk | None, args: str, nettest: Path | None = None) -> int:
    """nettest: its image, if each kind of guest is to show its network, too."""
    started = time.monotonic()
    if nettest and not nettest.is_file():
        raise boot.BootError(f"no image {nettest}; `make run NET=1` builds it")
    if not image.is_file():
        raise boot.BootError(f"no image {image}; `make guests` builds it")
    terminal = Terminal()
    work.mkdir(parents=True, exist_ok=True)
    for name in ("report.json", "report.html"):
        (work / name).unlink(missing_ok=True)
    disk = disk or _own_disk(work)
    share = work / "share"
    boot.make_share(lab, share, [image, *([nettest] if nettest else [])])
    guests = []
    for index, kind in enumerate(["pv", "pvh"] if kinds == "both" else [kinds]):
        # Each guest has another seed, so that the second one cannot verify the first one's data.
        usual = f"dev=xvda {WRITING if disk.own else READING} seed={index + 1}"
        if disk.size > SAMPLE:
            usual += f" size={SAMPLE // MIB}m"
        guest = jobs.Guest(image=image.name, type=kind, args=args or usual, timeout=TIMEOUT,
                           disks=["device /dev/vda " + ("w" if disk.own else "r")],
                           options='--report "$OUT/report.html"')
        guests.append((kind, guest))
        if nettest:
            guest = jobs.Guest(image=nettest.name, type=kind, args=NETTEST, memory=64, timeout=TIMEOUT, options="--vif",
                               disks=["device /dev/vda r"], setup="network || exit 4; nettest services=0 >/dev/null &")
            guests.append((f"{kind}-net", guest))
    for index, (name, guest) in enumerate(guests):
        (share / "jobs" / f"{index}-{name}.sh").write_text(jobs.script(guest))

    page = report.Page(terminal)
    described = []
    terminal.status("booting Xen and dom0 in QEMU")
    with boot.Machine(lab, work, share, [boot.Drive(disk.path, readonly=not disk.own)]) as machine:
        page.booted(machine.wait_up(), disk.path, disk.size, disk.notes, time.monotonic() - started)
        for name, guest in guests:
            seconds = _follow(machine, name, share / "out" / name, terminal)
            folder = work / name
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(share / "out" / name, folder)
            outcome = results.load(folder)
            # The backend bypasses dom0's page cache. Data that QEMU has not written yet are in the
            # host's page cache.
            _host_checks(disk, outcome)
            described.append(_describe(guest.type, guest.memory, outcome, folder))
            page.guest(described[-1], seconds, folder)
        machine.finish()
    shutil.rmtree(share, ignore_errors=True)
    verdict = results.worst([guest["result"] for guest in described])
    full = {"result": verdict, "seconds": round(time.monotonic() - started, 1),
            "disk": {"path": str(disk.path), "bytes": disk.size, "written": disk.own}, "guests": described}
    (work / "report.json").write_text(json.dumps(full, indent=1) + "\n")
    _join_pages([work / name / "report.html" for name, _ in guests], work / "report.html")
    page.end(verdict, time.monotonic() - started, work / "report.json")
    return results.RANK[verdict]
