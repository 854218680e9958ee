# SPDX-License-Identifier: MIT
"""The jobs of dom0, one start of a guest (or of dom0's own measurement) each, and the parser of their results.

Nothing is measured while the host's share is in use, as waiting for the host lets virtual time run
ahead. So all files are copied into dom0's memory first, and results go to the share when a guest
has ended.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Iterable

from lablib import cpio, jobs, results

from .plan import MIB, START, START_IMAGE, Column, Disk, Plan, Shape, columns_of

# Virtual seconds. dom0 checks a guest long after it has finished, and idle time costs nothing.
POLL = 30
HOLD = 300
TIMEOUT = 200
RINGLET_MEMORY = 32         # and for the buffers: enough for each column
START_MEMORY = 8
LINUX_INITRD = "linux.cpio"

# The Linux guest's whole user space. The plan of its disk is a file, as a command line is short.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for word in $(cat /proc/cmdline); do
    case $word in plan=* | blkfront=* | scheduler=* | idle=*) eval "$word" ;; esac
done
insmod /xen-blkfront.ko $(echo "$blkfront" | tr , ' ') || echo "insmod failed"
if [ -n "$idle" ]; then sleep "$idle"; poweroff -f; fi     # only its disks are looked at, from outside
tries=0
until [ -b /dev/xvda ] || [ $tries -ge 300 ]; do usleep 100000; tries=$((tries + 1)); done
if [ -n "$scheduler" ]; then echo "$scheduler" >/sys/block/xvda/queue/scheduler; fi
cd /sys/module/xen_blkfront/parameters
parameters=$(for name in *; do printf '%s=%s ' "$name" "$(cat "$name")"; done)
cd /sys/block/xvda/queue
echo "RESULT {\\"type\\":\\"linux\\",\\"kernel\\":\\"$(uname -r)\\",\\"parameters\\":\\"${parameters% }\\",\
\\"scheduler\\":\\"$(cat scheduler)\\",\\"max_sectors_kb\\":$(cat max_sectors_kb),\\"max_segments\\":$(cat max_segments),\
\\"nr_requests\\":$(cat nr_requests)}"
sleep 2     # what the kernel still does after booting is not measured
if /aiobench /dev/xvda $(cat "/plan-$plan"); then
    echo "Test result: SUCCESS"
else
    echo "Test result: ERROR"
fi
sleep 1
poweroff -f
"""


@dataclass
class Work:
    """One job. shape is None when the job measures all of the disk's points."""
    guest: str
    disk: Disk
    column: Column
    shape: Shape | None
    shapes: list[Shape] = field(default_factory=list)

    @property
    def name(self) -> str:
        where = f"-{self.shape.bs // 1024}k-{self.shape.depth}" if self.shape else ""
        return f"{self.guest}-{self.disk.name}-{self.column.name}{where}"


def all_work(plan: Plan, guest: str) -> list[Work]:
    """In the order in which they run. blktest has one size for all of its jobs, hence a start for each shape."""
    found = [Work(guest, plan.disks[0], START, None)]
    for disk in plan.disks:
        for column in columns_of(disk):
            if column.kind == "ringlet":
                found += [Work(guest, disk, column, shape, [shape]) for shape in plan.shapes]
            else:
                found.append(Work(guest, disk, column, None, plan.shapes))
    return [item for item in found if re.search(plan.only, item.name)]


def _points(plan: Plan, disk: Disk) -> str:
    """aiobench's arguments."""
    return " ".join(f"{rw}:{shape.bs}:{shape.depth}:{disk.bytes(shape)}"
                    for shape in plan.shapes for rw in plan.workloads)


def blktest_args(plan: Plan, work: Work) -> str:
    assert work.shape
    return (f"write=1 verify=0 rw={','.join(plan.workloads)} bs={work.shape.bs} iodepth={work.shape.depth} "
            f"size={work.disk.bytes(work.shape)} hold={HOLD}s {work.column.args}").strip()


def _linux_args(work: Work) -> str:
    words = ["console=hvc0", "quiet", f"plan={work.disk.name}"]
    if work.column.args:
        words += ["blkfront=" + work.column.args.replace(" ", ","), "scheduler=none"]
    return " ".join(words)


def ringlet_memory(shape: Shape) -> int:
    return RINGLET_MEMORY + -(-shape.bs * shape.depth // MIB) * 2


def in_memory(setup: str, files: Iterable[str], body: str) -> str:
    """The shell script of a job: the disks, the files that it takes from the share, then body, which ends with the
    job's status and leaves its results in $OUT: in dom0's memory until all is over."""
    head = f"{{ {setup}; }} >/tmp/bench-setup 2>&1 || {{ cat /tmp/bench-setup; exit 4; }}\n"
    head += 'share=$OUT; OUT=/tmp/bench-out; rm -rf $OUT; mkdir -p $OUT\n'
    for name in files:
        head += f"[ -e /tmp/{name} ] || cp /lab/images/{name} /tmp/\n"
    return head + body + "\nstatus=$?\ncp $OUT/* $share/\nexit $status\n"


def guest_run(guest: jobs.Guest) -> str:
    """in_memory's body for one start of a guest, which dom0 does not check while it works."""
    guest.timeout, guest.setup = TIMEOUT, "cp /tmp/bench-setup $OUT/"
    guest.options = f"--poll {POLL} --quiet --no-digest{guest.options}"
    # in a shell of its own, as the lab's script ends the shell
    return f"(\n{jobs.script(guest)})"


def script(plan: Plan, work: Work, image: str) -> str:
    """The shell script of one job."""
    if work.column is START:
        image = START_IMAGE
    files = ("aiobench", image, "vmlinux", LINUX_INITRD)
    if work.column.kind == "dom0":
        points = _points(plan, work.disk)
        return in_memory(work.disk.setup, files,
                         f"/tmp/aiobench {work.disk.device} {points} >$OUT/said && echo SUCCESS >$OUT/verdict\n"
                         "sed -n 's/^RESULT //p' $OUT/said >$OUT/results.jsonl\n[ -s $OUT/verdict ]")
    guest = jobs.Guest(image=f"/tmp/{image}", type=work.guest)
    if work.disk.spec:
        guest.options += f" --disk {shlex.quote(work.disk.spec)}"
    else:
        guest.disks = [f"device {work.disk.device} w"]
        guest.blkback = work.column.blkback
    if work.column.kind == "linux":
        guest.image, guest.memory, guest.args = "/tmp/vmlinux", work.column.memory, _linux_args(work)
        guest.options += f" --ramdisk /tmp/{LINUX_INITRD}"
    elif work.column is START:
        guest.memory = START_MEMORY
    else:
        assert work.shape
        guest.memory, guest.args = ringlet_memory(work.shape), blktest_args(plan, work)
    return in_memory(work.disk.setup, files, guest_run(guest))


def idle_initrd(base: Path, out: BinaryIO) -> None:
    """For a Linux guest that only connects its disks."""
    out.write(base.read_bytes())
    archive = cpio.Writer(out)
    archive.file("init", INIT.encode(), 0o755)
    archive.close()


def linux_initrd(base: Path, aiobench: Path, plan: Plan, out: BinaryIO) -> None:
    """The lab's archive with busybox and the module, followed by one with the bench's own files."""
    out.write(base.read_bytes())
    archive = cpio.Writer(out)
    archive.file("init", INIT.encode(), 0o755)
    archive.file("aiobench", aiobench.read_bytes(), 0o755)
    for disk in plan.disks:
        archive.file(f"plan-{disk.name}", (_points(plan, disk) + "\n").encode())
    archive.close()


@dataclass
class Found:
    """The results of one job. absent: the reason why there are none (the guest refused an option)."""
    work: Work
    points: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    absent: str = ""
    failed: str = ""


def read(plan: Plan, work: Work, folder: Path) -> Found:
    """Reads the folder of a job. All points are there, or failed names the missing ones."""
    outcome = results.load(folder)
    found = Found(work)
    done = outcome.of_type("job")
    if outcome.verdict != "SUCCESS":
        # blktest prints the option that it does not know or support, and does not start
        options = [word.split("=")[0] for word in work.column.args.split()] if work.column.kind == "ringlet" else []
        if not done and any(option in outcome.reason for option in options):
            found.absent = outcome.reason
        else:
            found.failed = f"{outcome.verdict}: {outcome.reason}"
        return found
    found.start = _start(work, outcome)
    if work.column is START and not found.start:
        found.failed = "no result of its start"
    wanted = {(rw, shape.bs, shape.depth): work.disk.bytes(shape)
              for shape in work.shapes for rw in plan.workloads}
    for job in done:
        key = (job.get("rw"), job.get("bs"), job.get("iodepth"))
        size = wanted.pop(key, None)
        if size is None or job.get("bytes") != size or job.get("errors") or job.get("ns", 0) <= 0:
            found.failed = f"not what was asked for: {job}"
            return found
        found.points.append(_point(work, job))
    if wanted:
        found.failed = f"no result of {next(iter(wanted))}"
    found.counters = _counters(work, outcome, found.points)
    return found


def starts(found: list[Found]) -> list[dict[str, Any]]:
    """One line for each image and kind of guest: its first start."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for item in found:
        if item.start:
            first.setdefault((item.start["guest"], item.start["image"]), item.start)
    return list(first.values())


def _point(work: Work, job: dict[str, Any]) -> dict[str, Any]:
    seconds = job["ns"] / 1e9
    point = {"guest": work.guest, "disk": work.disk.name, "column": work.column.name,
             "rw": job["rw"], "bs": job["bs"], "iodepth": job["iodepth"],
             "bytes": job["bytes"], "requests": job["requests"], "ns": job["ns"],
             "mib_s": round(job["bytes"] / MIB / seconds, 2),
             "ns_per_request": round(job["ns"] / job["requests"], 1)}
    if "lat_ns" in job:
        point["lat_ns"] = job["lat_ns"]
    return point


def _start(work: Work, outcome: results.Outcome) -> dict[str, Any]:
    """How one of Ringlet's guests started. running: the instructions of the guest and of Xen for it; outside: all that was
    not in waits for XenStore, dom0's work at that time included."""
    said = outcome.of_type("start")
    if not said or "running_ns" not in said[0]:     # this Xen does not report how long a vCPU ran
        return {}
    return {"guest": work.guest, "image": START_IMAGE if work.column is START else "blktest",
            "disk": work.disk.name, "ns": said[0]["ns"], "running": said[0]["running_ns"],
            "outside": said[0]["ns"] - said[0]["xenstore_ns"],
            "xenstore_waits": said[0]["xenstore_waits"], "xenstore_requests": said[0]["xenstore_requests"],
            "memory_kib": said[0]["pages"] * 4}


def _counters(work: Work, outcome: results.Outcome, points: list[dict[str, Any]]) -> dict[str, Any]:
    """What the guest counted over all jobs of one start, per request of the caller's, and what dom0 counted."""
    said = outcome.of_type("counters")
    requests = sum(point["requests"] for point in points)
    total = sum(point["bytes"] for point in points)
    if not said or not requests:
        return {}
    line = {key: value for key, value in said[-1].items() if isinstance(value, int)}
    counters = {"guest": work.guest, "disk": work.disk.name, "column": work.column.name,
                "bs": points[0]["bs"], "iodepth": points[0]["iodepth"], "requests": requests, "bytes": total,
                "ring_requests": (line.get("reads", 0) + line.get("writes", 0)) / requests,
                "bytes_copied_per_byte": line.get("bytes_copied", 0) / total,
                "grant_operations": (line.get("grants_made", 0) + line.get("grants_ended", 0)) / requests}
    for name in ("notifications", "events", "spurious", "hypercalls"):
        if name in line:
            counters[name] = line[name] / requests
    counters = {key: round(value, 5) if isinstance(value, float) else value for key, value in counters.items()}
    counters["raw"] = line
    counters["dom0"] = {check["check"]: {"guest": check.get("guest"), "dom0": check.get("dom0"),
                                         "status": check["status"], "why": check.get("why", "")}
                        for check in outcome.checks}
    return counters
