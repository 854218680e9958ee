# SPDX-License-Identifier: MIT
"""Programs on ext4: the same source as a guest of Ringlet's and in a Linux guest, each with a new file system on the same
kind of disk. The cheapest of some rounds counts, as interrupts of dom0's only add."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Callable, Iterable

from lablib import boot, cpio, jobs, recipe, results
from lablib.terminal import Terminal

from . import run, table, work
from .plan import KIB, MIB

FORMAT = 1              # of fs.json and sqlite.json
INITRD = "linux-ext4.cpio"
MEMORY = 256            # MiB, of both guests
CACHE = 128             # MiB of it that Ringlet's files may take; Linux' may take all
SIZE = 160              # MiB of a disk
MKE2FS = "/sbin/mke2fs -q -F -t ext4 -T default -E nodiscard"    # as for a disk of 512 MiB and more: smaller ones get blocks of 1 KiB

# The Linux guest's whole user space. run=PROGRAM+ARGUMENT+..., several after each other.
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in {' '.join(recipe.LINUX_GUEST_EXT4)} xen-blkfront; do insmod /$module.ko || echo "insmod $module failed"; done
tries=0
until [ -b /dev/xvda ] || [ $tries -ge 300 ]; do usleep 100000; tries=$((tries + 1)); done
mkdir /data
good=yes
mount -t ext4 /dev/xvda /data || good=
sleep 2     # what the kernel still does after booting is not measured
for word in $(cat /proc/cmdline); do
    case $word in run=*) /$(echo "${{word#run=}}" | tr + ' ') || good= ;; esac
done
umount /data || good=
if [ -n "$good" ]; then echo "Test result: SUCCESS"; else echo "Test result: ERROR"; fi
sleep 1
poweroff -f
"""


@dataclass(frozen=True)
class Disk:
    """A disk in dom0: setup is a shell line that makes it, and the file system on it."""
    name: str
    device: str
    setup: str


# Written once before: neither has memory for blocks that were never written.
FILL = f"dd if=/dev/zero bs=1048576 count={SIZE}"
DISKS = [
    # without a write cache, so nothing flushes it
    Disk("brd", "/dev/ram0", f"backends && modprobe brd rd_nr=1 rd_size={SIZE * MIB // KIB} && {FILL} of=/dev/ram0 oflag=direct && {MKE2FS} /dev/ram0"),
    # with one: each flush is a request (and takes the backend no time)
    Disk("loop", "/dev/loop0", f"backends && {FILL} of=/tmp/disk-bench && {MKE2FS} /tmp/disk-bench && "
                               "[ $(loop_device /tmp/disk-bench 512) = /dev/loop0 ]"),
]
COLUMNS = {"linux": "a Linux guest with one vCPU and the same kernel as dom0's", "ringlet": "Ringlet"}


@dataclass(frozen=True)
class Program:
    """images: the files of Ringlet's image and of the program for Linux. args: behind the program's name."""
    ringlet: Path
    linux: Path
    args: str


@dataclass(frozen=True)
class Job:
    """One start of a guest."""
    guest: str
    disk: Disk
    column: str
    program: Program

    @property
    def name(self) -> str:
        return f"{self.guest}-{self.disk.name}-{self.column}-{self.program.ringlet.name}"


def all_jobs(programs: list[Program], guests: list[str], short: bool = False, only: str = "") -> dict[str, Job]:
    """By name, in the order in which they run. Raises re.error."""
    found = [Job(guest, disk, column, program) for guest in guests for disk in DISKS[:1 if short else 2]
             for program in programs for column in COLUMNS]
    return {job.name: job for job in found if re.search(only, job.name)}


def script(job: Job) -> str:
    """The shell script of a job. e2fsck must find nothing to repair afterwards."""
    guest = jobs.Guest(image=f"/tmp/{job.program.ringlet.name}", type=job.guest, memory=MEMORY, app=True,
                       args=f"mount=/dev/xvda:/data:cache={CACHE} {job.program.args}", disks=[f"device {job.disk.device} w"],
                       after=f"unmounted {job.disk.device}")
    files = [job.program.ringlet.name]
    if job.column == "linux":
        files = ["vmlinux", INITRD]
        guest.image, guest.app = "/tmp/vmlinux", False
        guest.args = "console=hvc0 quiet run=" + "+".join([job.program.linux.name, *job.program.args.split()])
        guest.options = f" --ramdisk /tmp/{INITRD}"
    return work.in_memory(job.disk.setup, files, work.guest_run(guest))


def linux_initrd(base: Path, programs: list[Program], out: BinaryIO) -> None:
    """The lab's archive with busybox and the modules, followed by one with the bench's own files."""
    out.write(base.read_bytes())
    archive = cpio.Writer(out)
    archive.file("init", INIT.encode(), 0o755)
    for program in programs:
        archive.file(program.linux.name, program.linux.read_bytes(), 0o755)
    archive.close()


@dataclass
class Found:
    """The results of one start. points: name of a test, operations and bytes of it, and the ns of the best round."""
    job: Job
    points: list[dict[str, Any]] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)      # what both systems must say
    failed: str = ""


def lines(outcome: results.Outcome, kind: str) -> list[dict[str, Any]]:
    """The RESULT lines of a type: in the console, as an ordinary program has no other output."""
    found = []
    for text in re.findall(r"RESULT (\{.*\})", outcome.console):
        try:
            value = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, dict) and value.get("type") == kind:
            found.append(value)
    return found


def point(job: Job, line: dict[str, Any]) -> dict[str, Any] | None:
    """Of one RESULT line. None: it is not what was asked for."""
    rounds, operations, size = line.get("ns"), line.get("operations"), line.get("bytes", 0)
    if (not isinstance(rounds, list) or not rounds or not all(isinstance(ns, int) and ns > 0 for ns in rounds)
            or not isinstance(operations, int) or operations < 1 or not isinstance(size, int) or line.get("errors")):
        return None
    return {"guest": job.guest, "disk": job.disk.name, "column": job.column, "test": line.get("test"),
            "operations": operations, "bytes": size, "ns": min(rounds)}


Reader = Callable[[Job, results.Outcome], Found]


def read(job: Job, folder: Path, reader: Reader, tests: Iterable[str]) -> Found:
    """Reads the folder of a job. Without `failed` all tests have a point."""
    outcome = results.load(folder)
    found = reader(job, outcome)
    there = [item["test"] for item in found.points]
    missing = [test for test in tests if there.count(test) != 1]
    if outcome.verdict != "SUCCESS":
        found.failed = f"{outcome.verdict}: {outcome.reason}"
    elif missing:
        found.failed = found.failed or f"no figure for {missing[0]}"
    elif (folder / "after").exists():
        found.failed = "e2fsck has found something to repair"
    return found


@dataclass(frozen=True)
class Row:
    """A row of the table. unit: MiB/s, 1/s or s. wanted: Ringlet's speed by the Linux guest's."""
    test: str
    title: str
    unit: str
    wanted: float

    def figure(self, item: dict[str, Any]) -> str:
        seconds = item["ns"] / 1e9
        if self.unit == "s":
            return f"{seconds:.3f}"
        return table.speed(item["bytes"] / MIB / seconds if self.unit == "MiB/s" else item["operations"] / seconds)


def pairs(points: list[dict[str, Any]], guest: str, disk: str, test: str) -> dict[str, dict[str, Any]]:
    """The points of one test, by column."""
    return {item["column"]: item for item in points if (item["guest"], item["disk"], item["test"]) == (guest, disk, test)}


def judge(rows: list[Row], points: list[dict[str, Any]], guests: list[str]) -> list[dict[str, Any]]:
    """The targets for which there are both figures."""
    found = []
    for guest in guests:
        for disk in DISKS:
            for row in rows:
                both = pairs(points, guest, disk.name, row.test)
                if len(both) == len(COLUMNS) and both["linux"]["operations"] == both["ringlet"]["operations"]:
                    value = both["linux"]["ns"] / both["ringlet"]["ns"]
                    found.append({"target": f"{guest} {disk.name} {row.test}: at least {row.wanted:g} x the Linux guest's", "guest": guest,
                                  "disk": disk.name, "test": row.test, "value": round(value, 3), "wanted": row.wanted,
                                  "holds": value >= row.wanted})
    return found


def text(rows: list[Row], bench: dict[str, Any]) -> str:
    """The tables, with the targets."""
    said = []
    judged = {(item["guest"], item["disk"], item["test"]): item for item in bench["targets"]}
    for guest in bench["parameters"]["guests"]:
        for disk in bench["parameters"]["disks"]:
            cells = [["", "Linux", "Ringlet", "Ringlet / Linux", "target", ""]]
            for row in rows:
                both = pairs(bench["points"], guest, disk, row.test)
                target = judged.get((guest, disk, row.test))
                if both:
                    cells.append([f"{row.title}, {row.unit}", *(row.figure(both[column]) if column in both else "-" for column in COLUMNS),
                                  f"{target['value']:.2f}" if target else "-", f"{row.wanted:.1f}",
                                  ("ok" if target["holds"] else "MISSED") if target else "-"])
            if len(cells) > 1:
                said += ["", f"{guest.upper()}, {disk}:", *table.align(cells)]
    said += ["", f"{sum(item['holds'] for item in bench['targets'])} of {len(bench['targets'])} targets hold."]
    return "\n".join(said) + "\n"


def collect(rows: list[Row], guests: list[str], found: list[Found], known: dict[str, str]) -> dict[str, Any]:
    """The JSON: without date and wall time, as bench.json."""
    bench: dict[str, Any] = {
        "format": FORMAT, "versions": known,
        "parameters": {"qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS, "guests": guests, "columns": COLUMNS,
                       "memory_mib": MEMORY, "disks": {item.job.disk.name: item.job.disk.setup for item in found},
                       "args": {item.job.program.ringlet.name: item.job.program.args for item in found}},
        "points": [item for one in found for item in one.points],
        "failed": [{"job": item.job.name, "why": item.failed} for item in found if item.failed] + _differ(found)}
    bench["targets"] = judge(rows, bench["points"], guests)
    return bench


def _differ(found: list[Found]) -> list[dict[str, str]]:
    """Starts that came to another result than the first one."""
    first: dict[str, str] = {}
    return [{"job": item.job.name, "why": f"{what} is {value}, and {first[what]} elsewhere"}
            for item in found for what, value in item.said.items() if first.setdefault(what, value) != value]


def measure(name: str, programs: list[Program], rows: list[Row], reader: Reader, tests_of: Callable[[Program], list[str]],
            lab: Path, folder: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """0, or 1 when a figure is missing. A missed target is reported and no failure. Writes NAME.json and NAME.txt."""
    terminal = Terminal(every=30)
    began = time.monotonic()
    for program in programs:
        for path in (program.ringlet, program.linux):
            if not path.is_file():
                raise boot.BootError(f"no {path}; `make bench APP={name}` builds it")
    todo = all_jobs(programs, guests, short, only)
    found: list[Found] = []
    share = folder / "share"
    boot.make_share(lab, share, [program.ringlet for program in programs])
    os.link(lab / "vmlinux", share / "images" / "vmlinux")
    with (share / "images" / INITRD).open("wb") as out:
        linux_initrd(lab / "linux-guest.cpio", programs, out)

    def ended(job: str, left: Path, seconds: float) -> Iterable[str]:
        one = todo[job]
        found.append(read(one, left, reader, tests_of(one.program)))
        titles = {row.test: row for row in rows}
        figures = ", ".join(f"{item['test']} {titles[item['test']].figure(item)}" for item in found[-1].points)
        terminal.line(f"{job}: " + (f"{found[-1].failed} (see {left})" if found[-1].failed else f"{figures} ({seconds:.0f} s)"))
        return []

    up = run.one_boot(lab, folder, share, "+".join(guests), {job: script(one) for job, one in todo.items()}, ended, terminal)
    bench = collect(rows, guests, found, run.versions(up, programs[0].ringlet, root))
    (folder / f"{name}.json").write_text(json.dumps(bench, indent=1) + "\n")
    said = text(rows, bench)
    (folder / f"{name}.txt").write_text(said)
    terminal.line()
    terminal.line(said)
    terminal.line(f"{len(bench['points'])} figures after {time.monotonic() - began:.0f} s: " + os.path.relpath(folder / f"{name}.json"))
    for item in bench["failed"]:
        terminal.line(f"NOT MEASURED: {item['job']}: {item['why']}")
    return 1 if bench["failed"] else 0
