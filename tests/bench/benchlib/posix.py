# SPDX-License-Identifier: MIT
"""The cost of POSIX: a disk through file descriptors beside the driver's own functions, and threads of the C library
beside the kernel's. One start of a guest measures both sides, in rounds that take turns."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable

from lablib import boot, jobs, results
from lablib.terminal import Terminal

from . import run, table, work
from .plan import DISKS, Disk

FORMAT = 1              # of posix.json
MOST = 1.03             # a disk's time through its descriptor, by that of the driver's functions
MEMORY = 64
DISK_IMAGE, THREADS_IMAGE = "bench-disk", "bench-threads"
IMAGES = [DISK_IMAGE, THREADS_IMAGE]
HOW = {"one": ("pread, pwrite", "blkfront_io"),
       "each": ("aio_read, aio_write", "blkfront_aio"),
       "list": ("lio_listio", "blkfront_aio_enqueue, _submit")}


@dataclass(frozen=True)
class Job:
    """One start of a guest. disk: None for threads."""
    guest: str
    disk: Disk | None
    short: bool = False

    @property
    def name(self) -> str:
        return f"{self.guest}-{self.disk.name if self.disk else 'threads'}"

    @property
    def args(self) -> str:
        rounds = "4" if self.short else "8"
        if not self.disk:
            return rounds
        # null_blk keeps no data, so these are not compared there
        return f"xvda {rounds} {128 if self.short else 256}" + (" keeps" if self.disk.name != "null_blk" else "")


def all_jobs(guests: list[str], short: bool = False, only: str = "") -> dict[str, Job]:
    """By name, in the order in which they run. Raises re.error."""
    found = [Job(guest, disk, short) for guest in guests for disk in (*DISKS[:1 if short else 2], None)]
    return {job.name: job for job in found if re.search(only, job.name)}


def script(job: Job) -> str:
    """The shell script of a job."""
    image = DISK_IMAGE if job.disk else THREADS_IMAGE
    guest = jobs.Guest(image=f"/tmp/{image}", type=job.guest, memory=MEMORY, args=job.args,
                       disks=[f"device {job.disk.device} w"] if job.disk else [])
    return work.in_memory(job.disk.setup if job.disk else "true", [image], work.guest_run(guest))


@dataclass
class Found:
    """The results of one start."""
    job: Job
    lines: list[dict[str, Any]] = field(default_factory=list)
    failed: str = ""


def _figures(line: dict[str, Any], count: int) -> dict[str, Any] | None:
    """Per request or operation, of the cheapest round: interrupts of dom0's only add. None: there are no such times."""
    found = {}
    for name in ("posix_ns", "kernel_ns", "posix_ran", "kernel_ran"):
        rounds = line.get(name)
        if not isinstance(rounds, list) or not rounds or not all(isinstance(value, int) for value in rounds):
            return None
        if min(rounds) <= 0 and (name == "posix_ns" or name == "kernel_ns" and line.get("kernel", "its")):
            return None
        found[name] = round(min(rounds) / count, 1)
    return found


def read(job: Job, folder: Path) -> Found:
    """Reads the folder of a job. Without `failed` all lines are whole."""
    outcome = results.load(folder)
    found = Found(job)
    kind = "posix_disk" if job.disk else "posix_threads"
    for line in outcome.of_type(kind):
        count = line.get("requests" if job.disk else "operations", 0)
        figures = _figures(line, count) if isinstance(count, int) and count > 0 else None
        if figures is None or line.get("errors"):
            found.failed = f"not what was asked for: {line}"
            return found
        about = {key: value for key, value in line.items() if key != "type" and not isinstance(value, list)}
        found.lines.append({"guest": job.guest, "disk": job.disk.name if job.disk else "", **about, **figures})
    if outcome.verdict != "SUCCESS":
        found.failed = f"{outcome.verdict}: {outcome.reason}"
    elif not found.lines:
        found.failed = "no results"
    return found


def _title(line: dict[str, Any]) -> str:
    return f"{line['rw']} {table.title(line['bs'], line['depth'])} {line['buffers']}"


def ratio(line: dict[str, Any]) -> float:
    return float(line["posix_ns"] / line["kernel_ns"])


def judge(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A target for each kind of request, kind of guest and disk: that of its worst point."""
    worst: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in lines:
        key = (line["guest"], line["disk"], line["how"])
        if key not in worst or ratio(line) > ratio(worst[key]):
            worst[key] = line
    return [{"target": f"{guest} {disk}: {HOW[how][0]}: at most {MOST:g} x {HOW[how][1]}", "value": round(ratio(line), 4),
             "wanted": MOST, "holds": ratio(line) <= MOST, "at": _title(line)}
            for (guest, disk, how), line in worst.items()]


def _disk_table(lines: list[dict[str, Any]]) -> list[str]:
    rows = [["point", "descriptor", "driver", "ratio", "vCPU: descriptor", "driver", "more"]]
    for line in lines:
        rows.append([f"{line['how']} {_title(line)}", f"{line['posix_ns']:.0f}", f"{line['kernel_ns']:.0f}", f"{ratio(line):.4f}",
                     f"{line['posix_ran']:.0f}", f"{line['kernel_ran']:.0f}", f"{line['posix_ran'] - line['kernel_ran']:+.0f}"])
    return table.align(rows)


def _threads_table(lines: list[dict[str, Any]]) -> list[str]:
    rows = [["operation", "C library", "kernel", "kernel's operation"]]
    for line in lines:
        rows.append([line["posix"], f"{line['posix_ns']:.0f}", f"{line['kernel_ns']:.0f}" if line["kernel"] else "-",
                     line["kernel"] or "-"])
    return table.align(rows)


def text(bench: dict[str, Any]) -> str:
    """The tables, then the targets."""
    lines = []
    for guest in bench["parameters"]["guests"]:
        for disk in bench["parameters"]["disks"]:
            points = [line for line in bench["disk"] if (line["guest"], line["disk"]) == (guest, disk)]
            if points:
                lines += ["", f"{guest.upper()}, {disk}: instructions per request, of the whole machine and in which the vCPU ran",
                          *_disk_table(points)]
        operations = [line for line in bench["threads"] if line["guest"] == guest]
        if operations:
            lines += ["", f"{guest.upper()}: instructions per operation", *_threads_table(operations)]
    if bench["targets"]:
        lines += ["", "Targets:"]
        for item in bench["targets"]:
            lines.append(f"  {item['target']}: {item['value']:.4f} {'holds' if item['holds'] else 'MISSED'}"
                         f" (most at {item['at']})")
        lines.append(f"{sum(item['holds'] for item in bench['targets'])} of {len(bench['targets'])} targets hold.")
    return "\n".join(lines) + "\n"


def collect(guests: list[str], found: list[Found], known: dict[str, str]) -> dict[str, Any]:
    """posix.json: without date and wall time, as bench.json."""
    bench: dict[str, Any] = {
        "format": FORMAT, "versions": known,
        "parameters": {"qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS, "guests": guests,
                       "disks": {item.job.disk.name: item.job.disk.setup for item in found if item.job.disk},
                       "args": {item.job.name: item.job.args for item in found}},
        "disk": [line for item in found if item.job.disk for line in item.lines],
        "threads": [line for item in found if not item.job.disk for line in item.lines],
        "failed": [{"job": item.job.name, "why": item.failed} for item in found if item.failed]}
    bench["targets"] = judge(bench["disk"])
    return bench


def measure(lab: Path, folder: Path, images: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """0, or 1 when a figure is missing or a target is missed. images: the folder that they are in."""
    terminal = Terminal(every=30)
    began = time.monotonic()
    for name in IMAGES:
        if not (images / name).is_file():
            raise boot.BootError(f"no {images / name}; `make bench APP=posix` builds it")
    todo = all_jobs(guests, short, only)
    found: list[Found] = []
    share = folder / "share"
    boot.make_share(lab, share, [images / name for name in IMAGES])

    def ended(name: str, left: Path, seconds: float) -> Iterable[str]:
        found.append(read(todo[name], left))
        terminal.line(f"{name}: " + (f"{found[-1].failed} (see {left})" if found[-1].failed
                                     else f"{len(found[-1].lines)} figures ({seconds:.0f} s)"))
        return []

    up = run.one_boot(lab, folder, share, "+".join(guests), {name: script(job) for name, job in todo.items()}, ended, terminal)
    bench = collect(guests, found, run.versions(up, images / DISK_IMAGE, root))
    (folder / "posix.json").write_text(json.dumps(bench, indent=1) + "\n")
    said = text(bench)
    (folder / "posix.txt").write_text(said)
    terminal.line()
    terminal.line(said)
    terminal.line(f"{len(bench['disk']) + len(bench['threads'])} figures after {time.monotonic() - began:.0f} s: "
                  + os.path.relpath(folder / "posix.json"))
    for item in bench["failed"]:
        terminal.line(f"NOT MEASURED: {item['job']}: {item['why']}")
    return 1 if bench["failed"] or not all(item["holds"] for item in bench["targets"]) else 0
