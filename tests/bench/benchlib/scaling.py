# SPDX-License-Identifier: MIT
"""How the cost of a request grows with queues, disks, depth, size and memory.

One quantity changes at a time, the others stay what they are. All on null_blk, in one boot of the lab.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Iterable

from lablib import boot, jobs, results
from lablib.terminal import Terminal

from . import host, run, scaling_report, work
from .plan import KIB, MIB

FORMAT = 1              # of scaling.json
BUFFERS = ["registered", "plain"]
# Registered buffers on a blkback that keeps all their grants mapped, for any size of request, and a
# driver with the same setting. By default it keeps 1056 per queue, and the driver copies pages
# beyond three quarters of them, as mapping and unmapping would cost more. This separates the cost
# of that limit from other costs of the driver.
KEPT = "kept"
KEPT_GRANTS = 32768
DISKS = 16
SETUP = f"modprobe null_blk nr_devices={DISKS}"
# Number of runs of a job within a start, of which the cheapest counts: not one in which buffers
# were used for the first time, nor one with a periodic job of dom0's (4 ms each 5 seconds).
ROUNDS = 2


@dataclass(frozen=True)
class Start:
    """One start of blktest, which measures at least one value of one dimension."""
    dimension: str
    buffers: str = ""           # registered, plain or kept
    name: str = ""              # distinguishes it from the others of its dimension
    rw: str = "randread"        # random, so that requests are not merged
    bs: tuple[int, ...] = (4 * KIB,)
    depth: tuple[int, ...] = (32,)      # of each thread
    bytes: int = 16 * MIB       # moved by a job on each disk, by all its threads
    threads: int = 1
    queues: int = 1
    disks: int = 1
    memory: int = 64            # MiB
    blkback: str = ""           # its parameters

    @property
    def points(self) -> list[tuple[int, int]]:
        """Block size and depth, in the order in which they run."""
        return [(bs, depth) for bs in self.bs for depth in self.depth]

    def value(self, bs: int, depth: int) -> int:
        """Of the dimension."""
        return {"queues": self.queues, "disks": self.disks, "depth": depth, "size": bs, "memory": self.memory * MIB}[self.dimension]


def _powers(first: int, last: int) -> list[int]:
    return [1 << power for power in range(first.bit_length() - 1, last.bit_length())]


def _starts() -> list[Start]:
    found = [
        # four threads, each with its own batches, so that there is work for several queues at once
        *(Start("queues", name=str(count), queues=count, threads=4, bytes=32 * MIB, blkback="max_queues=4") for count in (1, 2, 3, 4)),
        *(Start("disks", name=str(count), disks=count, memory=128) for count in _powers(1, DISKS)),
        Start("depth", name="all", depth=tuple(_powers(1, 512))),
        # sequential; the small ones move less, as they would take most of the time, and the large
        # ones have a backend of their own each, as the set of grants that it keeps mapped depends
        # on earlier requests
        *(Start("size", name=name, rw="read", bs=tuple(_powers(first, last)), depth=(2,), bytes=moved, memory=128)
          for name, first, last, moved in (("small", 512, 8 * KIB, 4 * MIB), ("medium", 16 * KIB, 512 * KIB, 64 * MIB),
                                           *((f"{mib}m", mib * MIB, mib * MIB, 256 * MIB) for mib in _powers(1, 16)))),
        *(Start("memory", name=str(mib), memory=mib) for mib in _powers(8, 1024)),
    ]
    return [replace(start, buffers=buffers) for start in found for buffers in BUFFERS] + \
           [replace(start, buffers=KEPT, blkback=f"max_persistent_grants={KEPT_GRANTS}")
            for start in found if start.dimension == "size"]


STARTS = _starts()


def title(guest: str, start: Start) -> str:
    """Its job's name: pv-queues-2-plain."""
    return f"{guest}-{start.dimension}-{start.name}-{start.buffers}"


def all_starts(guest: str, only: str = "") -> dict[str, Start]:
    """By name, in the order in which they run. Raises re.error."""
    return {title(guest, start): start for start in STARTS if re.search(only, title(guest, start))}


def blktest_args(start: Start) -> str:
    words = [f"dev={'all' if start.disks > 1 else 'xvda'}", "verify=0", f"rw={','.join([start.rw] * ROUNDS)}",
             f"bs={','.join(map(str, start.bs))}", f"iodepth={','.join(map(str, start.depth))}",
             f"size={start.bytes}", f"numjobs={start.threads}", f"queues={start.queues}",
             f"buffers={start.buffers}", f"hold={work.HOLD}s"]
    if start.buffers == KEPT:
        words[-2] = f"buffers=registered persistent_grants={KEPT_GRANTS}"
    return " ".join(words)


def script(guest: str, start: Start, image: str) -> str:
    """The shell script of its job."""
    its = jobs.Guest(image=f"/tmp/{image}", type=guest, memory=start.memory, args=blktest_args(start),
                     disks=[f"device /dev/nullb{index} r" for index in range(start.disks)],
                     blkback=start.blkback)
    return work.in_memory(SETUP, [image], work.guest_run(its))


@dataclass
class Found:
    """The results of one start."""
    start: Start
    points: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


def _wrong(start: Start, done: list[dict[str, Any]]) -> str:
    """Missing or unexpected results."""
    wanted = [(f"xvd{chr(ord('a') + disk)}", start.rw, bs, depth)
              for disk in range(start.disks) for _ in range(ROUNDS) for bs, depth in start.points]
    for job in done:
        key = (job.get("dev"), job.get("rw"), job.get("bs"), job.get("iodepth"))
        if key not in wanted or job.get("bytes") != start.bytes or job.get("errors") or job.get("ns", 0) <= 0 \
                or "start_ns" not in job:
            return f"not what was asked for: {job}"
        wanted.remove(key)
    return f"no result of {wanted[0]}" if wanted else ""


def _point(start: Start, bs: int, depth: int, requests: int, ns: int) -> dict[str, Any]:
    return {"dimension": start.dimension, "value": start.value(bs, depth), "buffers": start.buffers,
            "requests": requests, "bytes": requests * bs, "ns": ns,
            "ns_per_request": round(ns / requests, 1), "ns_per_byte": round(ns / requests / bs, 5)}


def read(start: Start, folder: Path) -> Found:
    """Reads the folder of a start. All points are there, or failed has the reason."""
    outcome = results.load(folder)
    found = Found(start)
    done = outcome.of_type("job")
    found.failed = f"{outcome.verdict}: {outcome.reason}" if outcome.verdict != "SUCCESS" else _wrong(start, done)
    if found.failed:
        return found
    for bs, depth in start.points:
        lines = [job for job in done if (job["bs"], job["iodepth"]) == (bs, depth)]
        if start.dimension == "disks":
            # they do not begin a round together, so all rounds of all disks are divided by their
            # total time
            ns = max(job["start_ns"] + job["ns"] for job in lines) - min(job["start_ns"] for job in lines)
        else:
            lines = [min(lines, key=lambda job: int(job["ns"]))]
            ns = lines[0]["ns"]
        found.points.append(_point(start, bs, depth, sum(job["requests"] for job in lines), ns))
    found.counters = _counters(start, done, outcome.of_type("counters"))
    return found


def _counters(start: Start, done: list[dict[str, Any]], said: list[dict[str, Any]]) -> dict[str, Any]:
    """The guest's counters of all disks in all rounds, per request."""
    requests = sum(job["requests"] for job in done)
    counted: dict[str, Any] = {"dimension": start.dimension, "start": start.name, "buffers": start.buffers, "requests": requests}
    for name, parts in {"ring_requests": ("reads",), "notifications": ("notifications",), "events": ("events",),
                        "spurious": ("spurious",), "grant_operations": ("grants_made", "grants_ended")}.items():
        counted[name] = round(sum(line.get(part, 0) for line in said for part in parts) / requests, 5)
    return counted


def measure(lab: Path, folder: Path, image: Path, guest: str, only: str, root: Path) -> int:
    """0, or 1 when a figure is missing. Growth is reported and no failure."""
    terminal = Terminal(every=30)
    began = time.monotonic()
    todo = all_starts(guest, only)
    if not image.is_file():
        raise boot.BootError(f"no {image}; `make bench` builds it")
    found: list[Found] = []
    costs: list[dict[str, Any]] = []
    rows = {host.job(guest, row): row for row in host.SCALING_ROWS if re.search(only, host.job(guest, row))}
    share = folder / "share"
    boot.make_share(lab, share, [image])
    if rows:
        os.link(lab / "vmlinux", share / "images" / "vmlinux")
        with (share / "images" / work.LINUX_INITRD).open("wb") as out:
            work.idle_initrd(lab / "linux-guest.cpio", out)

    def ended(name: str, left: Path, seconds: float) -> Iterable[str]:
        if name in rows:
            costs.append(host.read(guest, rows[name], left))
            terminal.line(f"{name}: " + (costs[-1].get("failed") or f"{costs[-1]['memory_kib']} KiB of dom0 for each disk ({seconds:.0f} s)"))
            return []
        found.append(read(todo[name], left))
        per_request = " ".join(f"{point['ns_per_request']:.0f}" for point in found[-1].points)
        terminal.line(f"{name}: " + (f"{found[-1].failed} (see {left})" if found[-1].failed
                                     else f"{per_request} ns per request ({seconds:.0f} s)"))
        return []

    scripts = {name: script(guest, start, image.name) for name, start in todo.items()}
    scripts.update({name: host.script(guest, row, image.name) for name, row in rows.items()})
    up = run.one_boot(lab, folder, share, guest, scripts, ended, terminal)
    scaling = collect(guest, only, found, run.versions(up, image, root), costs)
    (folder / "scaling.json").write_text(json.dumps(scaling, indent=1) + "\n")
    text = scaling_report.text(scaling)
    (folder / "scaling.txt").write_text(text)
    terminal.line()
    terminal.line(text)
    drawn = scaling_report.draw(scaling, folder)
    terminal.line(f"{len(scaling['points'])} figures after {time.monotonic() - began:.0f} s: "
                  + ", ".join(os.path.relpath(path) for path in [folder / "scaling.json", *drawn]))
    for item in scaling["failed"]:
        terminal.line(f"NOT MEASURED: {item['job']}: {item['why']}")
    return 1 if scaling["failed"] else 0


def collect(guest: str, only: str, found: list[Found], known: dict[str, str],
            costs: list[dict[str, Any]]) -> dict[str, Any]:
    """scaling.json: without date and wall time, as bench.json."""
    scaling: dict[str, Any] = {
        "format": FORMAT, "versions": known,
        "parameters": {"qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS, "guest": guest, "filter": only,
                       "rounds": ROUNDS, "disks": SETUP,
                       "starts": {title(guest, item.start): {"blktest": blktest_args(item.start), "blkback": item.start.blkback,
                                                             "mib": item.start.memory, "disks": item.start.disks}
                                  for item in found}},
        "points": [point for item in found for point in item.points],
        "counters": [item.counters for item in found if item.counters],
        "host_cost": [item for item in costs if "failed" not in item],
        "failed": [{"job": title(guest, item.start), "why": item.failed} for item in found if item.failed] + host.failures(costs)}
    scaling["growth"] = scaling_report.judge(scaling)
    return scaling
