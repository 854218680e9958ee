# SPDX-License-Identifier: MIT
"""NBD: a guest serves its disk to qemu-img's bench in dom0, as Ringlet's nbdserver and as nbd-server in a Linux guest. The
cheapest of some rounds counts, as interrupts of dom0's only add."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Iterable

from lablib import boot, cpio, jobs, results
from lablib.terminal import Terminal

from . import run, table, work
from .plan import KIB, MIB

FORMAT = 1              # of nbd.json
IMAGE = "nbdserver"
INITRD = "linux-nbd-bench.cpio"
DOMAINTIME = "domaintime"
MEMORY = {"linux": 128, "ringlet": 12}      # MiB
COLUMNS = {"linux": "nbd-server (Debian) in a Linux guest with one vCPU and the same kernel as dom0's", "ringlet": "Ringlet's nbdserver"}
WANTED, WANTED_MEMORY = 1.5, 0.1            # by the Linux guest's speed and memory
ROUNDS = 3
DEPTH = 16
SIZE = 256              # MiB of brd: more than Linux' page cache can have
SCATTERED = MIB + 4 * KIB                   # bytes from one to the next
SERVED = 7              # the port at which the Linux guest waits for its end

# The Linux guest's whole user space.
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in xen-blkfront xen-netfront; do insmod /$module.ko || echo "insmod $module failed"; done
ip link set lo up
tries=0
until [ -e /sys/class/net/eth0 ] && [ -b /dev/xvda ] || [ $tries -ge 300 ]; do usleep 100000; tries=$((tries + 1)); done
ip addr add 10.0.0.2/24 dev eth0
ip link set eth0 up
mkdir -p /var/run
printf '[generic]\\n[xvda]\\nexportname = /dev/xvda\\nflush = true\\nfua = true\\n' >/etc/nbd
nbd-server -C /etc/nbd && nc -l -p {SERVED} </dev/null >/dev/null && good=yes
sed -n 's/^\\(MemTotal\\|MemFree\\|MemAvailable\\|Cached\\): *\\([0-9]*\\) kB/MEMORY \\1 \\2/p' /proc/meminfo
if [ -n "$good" ]; then echo "Test result: SUCCESS"; else echo "Test result: ERROR"; fi
sleep 1
poweroff -f
"""


@dataclass(frozen=True)
class Disk:
    """A disk in dom0: setup is a shell line that makes it. size: bytes of it that are used."""
    name: str
    device: str
    setup: str
    size: int


DISKS = [
    Disk("null_blk", "/dev/nullb0", "modprobe null_blk nr_devices=1", 250 << 30),
    # written once, as brd has no pages for blocks that were never written
    Disk("brd", "/dev/ram0", f"modprobe brd rd_nr=1 rd_size={SIZE * MIB // KIB} && "
         f"dd if=/dev/zero of=/dev/ram0 bs=1048576 count={SIZE} oflag=direct", SIZE * MIB),
]


@dataclass(frozen=True)
class Test:
    """Requests of `bytes`, each `step` behind the one before. options: qemu-img's."""
    name: str
    title: str
    part: str
    count: int
    bytes: int
    step: int
    options: str = ""


TESTS = [
    Test("read-4k", "read 4K", "read", 16384, 4 * KIB, 4 * KIB),
    Test("scattered-read-4k", "scattered read 4K", "read", 8192, 4 * KIB, SCATTERED),
    Test("read-1m", "read 1M", "read", 256, MIB, MIB),
    Test("write-4k", "write 4K", "write", 16384, 4 * KIB, 4 * KIB, "-w"),
    Test("scattered-write-4k", "scattered write 4K", "write", 8192, 4 * KIB, SCATTERED, "-w"),
    Test("flushed-write-4k", "scattered write 4K, a flush after each 64", "write", 8192, 4 * KIB, SCATTERED, "-w --flush-interval=64"),
    Test("write-1m", "write 1M", "write", 256, MIB, MIB, "-w"),
    Test("flushed-write-1m", "write 1M, a flush after each 16", "write", 256, MIB, MIB, "-w --flush-interval=16"),
]
PARTS = ("read", "write")


@dataclass(frozen=True)
class Job:
    """One start of a guest, with the tests of a part."""
    guest: str
    disk: Disk
    column: str
    part: str
    short: bool

    @property
    def name(self) -> str:
        return f"{self.guest}-{self.disk.name}-{self.column}-{self.part}"

    @property
    def tests(self) -> list[Test]:
        return [test for test in TESTS if test.part == self.part]

    def count(self, test: Test) -> int:
        return test.count // (8 if self.short else 1)


def all_jobs(guests: list[str], short: bool = False, only: str = "") -> dict[str, Job]:
    """By name, in the order in which they run. Raises re.error."""
    found = [Job(guest, disk, column, part, short) for guest in guests for disk in DISKS[:1 if short else 2]
             for part in PARTS for column in COLUMNS]
    return {job.name: job for job in found if re.search(only, job.name)}


def plan(job: Job) -> str:
    """nbd_bench's. Each test begins elsewhere, so that a cache has nothing of it on the large disk."""
    lines = []
    for index, test in enumerate(job.tests):
        offset = (index << 35) % job.disk.size
        lines.append(f"{test.name} {job.count(test)} {test.bytes} {test.step} {offset} {test.options}\n")
    return "".join(lines)


def script(job: Job) -> str:
    """The shell script of a job."""
    end = 'xl shutdown "$NAME"' if job.column == "ringlet" else f"nc 10.0.0.2 {SERVED} </dev/null >/dev/null"
    guest = jobs.Guest(image=f"/tmp/{IMAGE}", type=job.guest, memory=MEMORY[job.column], app=True, args="ip=10.0.0.2/24",
                       disks=[f"device {job.disk.device} w"], options=" --vif",
                       meanwhile=f'nbd_bench {ROUNDS} /tmp/plan && {end} || xl destroy "$NAME"')
    files = [DOMAINTIME, IMAGE]
    if job.column == "linux":
        files = [DOMAINTIME, "vmlinux", INITRD]
        guest.image, guest.app, guest.args = "/tmp/vmlinux", False, "console=hvc0 quiet"
        guest.options += f" --ramdisk /tmp/{INITRD}"
    return work.in_memory(f"{job.disk.setup} && network && backends", files,
                          f"cat >/tmp/plan <<'END'\n{plan(job)}END\n{work.guest_run(guest)}")


def linux_initrd(bases: list[Path], out: BinaryIO) -> None:
    """The lab's archives with busybox, the modules and nbd-server, followed by one with /init."""
    for base in bases:
        out.write(base.read_bytes())
    archive = cpio.Writer(out)
    archive.file("init", INIT.encode(), 0o755)
    archive.close()


@dataclass
class Found:
    """The results of one start."""
    job: Job
    points: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    failed: str = ""


COUNTERS = re.compile(r"nbdserver: (?P<read>\d+) bytes read, (?P<written>\d+) written; copied by drivers: (?P<sent>\d+) sent, "
                      r"(?P<received>\d+) received, (?P<disks>\d+) of disks; (?P<grants>\d+) grant operations; (?P<memory>\d+) KiB")


def _points(job: Job, said: str) -> list[dict[str, Any]]:
    """Of the lines of nbd_bench: the tests of which there are all rounds."""
    found = []
    for test in job.tests:
        rounds = re.findall(rf"^{test.name} \d+ (\d+\.\d{{3}}) (\d+)$", said, re.M)
        ns = [round(float(seconds) * 1e9) for seconds, _ in rounds]
        if len(rounds) == ROUNDS and all(ns):
            count = job.count(test)
            found.append({"guest": job.guest, "disk": job.disk.name, "column": job.column, "test": test.name, "requests": count,
                          "bytes": test.bytes, "ns": min(ns), "guest_ns": round(min(int(ran) for _, ran in rounds) / count)})
    return found


def _counters(job: Job, console: str) -> dict[str, int]:
    """What the guest has counted itself; memory: KiB."""
    if job.column == "ringlet":
        found = COUNTERS.search(console)
        return {key: int(value) for key, value in found.groupdict().items()} if found else {}
    memory = dict(re.findall(r"^MEMORY (\w+) (\d+)\r?$", console, re.M))
    if not {"MemTotal", "MemAvailable"} <= memory.keys():
        return {}
    return {"memory": MEMORY["linux"] * KIB - int(memory["MemAvailable"])}     # the kernel itself included


def read(job: Job, folder: Path) -> Found:
    """Reads the folder of a job. Without `failed` all tests have a point, and there are the counters."""
    outcome = results.load(folder)
    found = Found(job)
    try:
        said = (folder / "points").read_text()
    except OSError:
        said = ""
    found.points = _points(job, said)
    found.counters = _counters(job, outcome.console)
    there = [point["test"] for point in found.points]
    missing = [test.name for test in job.tests if test.name not in there]
    if outcome.verdict != "SUCCESS":
        found.failed = f"{outcome.verdict}: {outcome.reason}"
    elif missing:
        found.failed = f"no figure for {missing[0]}"
    elif not found.counters:
        found.failed = "no counters"
    return found


def _pair(points: list[dict[str, Any]], guest: str, disk: str, test: str) -> dict[str, dict[str, Any]]:
    return {item["column"]: item for item in points if (item["guest"], item["disk"], item["test"]) == (guest, disk, test)}


def judge(points: list[dict[str, Any]], guests: list[str]) -> list[dict[str, Any]]:
    """The targets for which there are both figures."""
    memory = MEMORY["ringlet"] / MEMORY["linux"]
    found = [{"target": f"memory: at most {WANTED_MEMORY:g} x the Linux guest's", "value": round(memory, 3), "wanted": WANTED_MEMORY,
              "holds": memory <= WANTED_MEMORY}]
    for guest in guests:
        for disk in DISKS:
            for test in TESTS:
                both = _pair(points, guest, disk.name, test.name)
                if len(both) == len(COLUMNS):
                    value = both["linux"]["ns"] / both["ringlet"]["ns"]
                    found.append({"target": f"{guest} {disk.name} {test.name}: at least {WANTED:g} x the Linux guest's", "guest": guest,
                                  "disk": disk.name, "test": test.name, "value": round(value, 3), "wanted": WANTED, "holds": value >= WANTED})
    return found


def speed(item: dict[str, Any]) -> str:
    """Requests per second, or MiB/s of large ones."""
    requests = item["requests"] / item["ns"] * 1e9
    return f"{requests * item['bytes'] / MIB:.0f} MiB/s" if item["bytes"] >= MIB else f"{requests:.0f} /s"


def costs(item: Found) -> dict[str, Any]:
    """Of what Ringlet's guest has counted, per byte and per request."""
    counted = item.counters
    requests = sum(ROUNDS * item.job.count(test) for test in item.job.tests)
    total = counted.get("read", 0) + counted.get("written", 0)
    found: dict[str, Any] = {"guest": item.job.guest, "disk": item.job.disk.name, "column": item.job.column, "part": item.job.part,
                             "memory_kib": counted["memory"]}
    if total:
        found |= {"raw": counted, "requests": requests,
                  "copied_sent": round(counted["sent"] / total, 5), "copied_received": round(counted["received"] / total, 5),
                  "copied_of_disks": round(counted["disks"] / total, 5), "grant_operations": round(counted["grants"] / requests, 5)}
    return found


def _table(bench: dict[str, Any], guest: str, disk: str) -> list[str]:
    cells = [["", "Linux", "Ringlet", "Ringlet / Linux", "", "us of a request:", "guest, Linux", "guest, Ringlet", "others"]]
    for test in TESTS:
        both = _pair(bench["points"], guest, disk, test.name)
        if len(both) < len(COLUMNS):
            continue
        value = both["linux"]["ns"] / both["ringlet"]["ns"]
        ran = [both[column]["guest_ns"] / 1000 for column in COLUMNS]
        others = both["ringlet"]["ns"] / both["ringlet"]["requests"] / 1000 - ran[1]
        cells.append([test.title, *(speed(both[column]) for column in COLUMNS), f"{value:.2f}", "ok" if value >= WANTED else "MISSED", "",
                      *(f"{us:.1f}" for us in ran), f"{others:.1f}"])
    return ["", f"{guest.upper()}, {disk}:", *table.align(cells)] if len(cells) > 1 else []


def text(bench: dict[str, Any]) -> str:
    """The tables, with the targets."""
    said = []
    for guest in bench["parameters"]["guests"]:
        for disk in DISKS:
            said += _table(bench, guest, disk.name)
    said.append("")
    for item in bench["costs"]:
        line = f"{item['guest'].upper()}, {item['disk']}, {item['part']}: {COLUMNS[item['column']].split(' (')[0]} used {item['memory_kib'] / KIB:.1f} MiB of {MEMORY[item['column']]}"
        if "raw" in item:
            line += (f"; bytes copied by its drivers per byte served: {item['copied_sent']:g} sent, {item['copied_received']:g} received, "
                     f"{item['copied_of_disks']:g} of the disk; {item['grant_operations']:g} grant operations per request")
        said.append(line)
    missed = [item for item in bench["targets"] if not item["holds"]]
    said += ["", f"{len(bench['targets']) - len(missed)} of {len(bench['targets'])} targets hold (speed {WANTED:g} x, memory {WANTED_MEMORY:g} x)."]
    return "\n".join(said) + "\n"


def collect(guests: list[str], found: list[Found], known: dict[str, str]) -> dict[str, Any]:
    """nbd.json: without date and wall time, as bench.json."""
    bench: dict[str, Any] = {
        "format": FORMAT, "versions": known,
        "parameters": {"qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS, "guests": guests, "columns": COLUMNS,
                       "memory_mib": MEMORY, "depth": DEPTH, "disks": {item.job.disk.name: item.job.disk.setup for item in found},
                       "tests": {test.name: {"count": item.job.count(test), "bytes": test.bytes, "step": test.step, "options": test.options}
                                 for item in found for test in item.job.tests}},
        "points": [point for item in found for point in item.points],
        "costs": [costs(item) for item in found if item.counters],
        "failed": [{"job": item.job.name, "why": item.failed} for item in found if item.failed]}
    bench["targets"] = judge(bench["points"], guests)
    return bench


def measure(lab: Path, folder: Path, images: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """0, or 1 when a figure is missing. A missed target is reported and no failure. images: the folder of the guests, beside that
    of the programs."""
    terminal = Terminal(every=30)
    began = time.monotonic()
    image, domaintime = images.parent / "apps" / IMAGE, folder / DOMAINTIME
    for path in (image, domaintime):
        if not path.is_file():
            raise boot.BootError(f"no {path}; `make bench APP=nbd` builds it")
    todo = all_jobs(guests, short, only)
    found: list[Found] = []
    share = folder / "share"
    boot.make_share(lab, share, [image, domaintime])
    os.link(lab / "vmlinux", share / "images" / "vmlinux")
    with (share / "images" / INITRD).open("wb") as out:
        linux_initrd([lab / "linux-guest.cpio", lab / "linux-nbd.cpio"], out)

    def ended(name: str, left: Path, seconds: float) -> Iterable[str]:
        found.append(read(todo[name], left))
        figures = ", ".join(f"{point['test']} {speed(point)}" for point in found[-1].points)
        terminal.line(f"{name}: " + (f"{found[-1].failed} (see {left})" if found[-1].failed else f"{figures} ({seconds:.0f} s)"))
        return []

    up = run.one_boot(lab, folder, share, "+".join(guests), {name: script(job) for name, job in todo.items()}, ended, terminal)
    bench = collect(guests, found, run.versions(up, image, root))
    (folder / "nbd.json").write_text(json.dumps(bench, indent=1) + "\n")
    said = text(bench)
    (folder / "nbd.txt").write_text(said)
    terminal.line()
    terminal.line(said)
    terminal.line(f"{len(bench['points'])} figures after {time.monotonic() - began:.0f} s: " + os.path.relpath(folder / "nbd.json"))
    for item in bench["failed"]:
        terminal.line(f"NOT MEASURED: {item['job']}: {item['why']}")
    return 1 if bench["failed"] else 0
