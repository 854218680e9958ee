# SPDX-License-Identifier: MIT
"""fio in a guest beside blktest: an independent judge of its figures. The same requests, in a random order of each one's own."""

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
from .plan import DISKS, KIB, MIB, Disk, Shape

FORMAT = 1              # of fio.json
IMAGE, BLKTEST = "fio", "blktest"
MEMORY = 256
WORKLOADS = ["randread", "randwrite"]
# fio tells times in whole ms: each point takes at least 100 of them
SHAPES = [Shape(4 * KIB, 1, 16 * MIB), Shape(4 * KIB, 32, 64 * MIB), Shape(1 * MIB, 1, 256 * MIB), Shape(1 * MIB, 32, 512 * MIB)]
# of fio's --minimal, version 3: where the KiB that were moved are, and behind them the ms that it took
KIB_AT = {"randread": 5, "randwrite": 46}
MS_BEHIND = 3


@dataclass(frozen=True)
class Job:
    """One start of a guest. shape: blktest's; None: fio has a job for each shape and workload."""
    guest: str
    disk: Disk
    shape: Shape | None

    @property
    def name(self) -> str:
        return f"{self.guest}-{self.disk.name}-" + (f"blktest-{self.shape.bs // KIB}k-{self.shape.depth}" if self.shape else "fio")

    @property
    def image(self) -> str:
        return BLKTEST if self.shape else IMAGE

    @property
    def args(self) -> str:
        if self.shape:
            return (f"write=1 verify=0 rw={','.join(WORKLOADS)} bs={self.shape.bs} iodepth={self.shape.depth} "
                    f"size={self.disk.bytes(self.shape)} hold={work.HOLD}s")
        return ("--filename=/dev/xvda --ioengine=posixaio --eta=never --minimal --terse-version=3 --stonewall " + " ".join(
            f"--name={rw}-{shape.bs}-{shape.depth} --rw={rw} --bs={shape.bs} --iodepth={shape.depth} --size={self.disk.bytes(shape)}"
            for shape in SHAPES for rw in WORKLOADS))


def all_jobs(guests: list[str], short: bool = False, only: str = "") -> dict[str, Job]:
    """By name, in the order in which they run. Raises re.error."""
    found = [Job(guest, disk, shape) for guest in guests for disk in DISKS[:1 if short else 2] for shape in (None, *SHAPES)]
    return {job.name: job for job in found if re.search(only, job.name)}


def script(job: Job) -> str:
    """The shell script of a job."""
    guest = jobs.Guest(image=f"/tmp/{job.image}", type=job.guest, args=job.args, app=not job.shape,
                       memory=work.ringlet_memory(job.shape) if job.shape else MEMORY, disks=[f"device {job.disk.device} w"])
    return work.in_memory(job.disk.setup, [job.image], work.guest_run(guest))


@dataclass
class Found:
    """The results of one start: IOPS by workload, block size and depth."""
    job: Job
    iops: dict[tuple[str, int, int], float] = field(default_factory=dict)
    failed: str = ""


def _of_blktest(job: Job, outcome: results.Outcome) -> dict[tuple[str, int, int], float]:
    return {(line["rw"], line["bs"], line["iodepth"]): line["requests"] * 1e9 / line["ns"]
            for line in outcome.of_type("job") if not line.get("errors") and line.get("ns", 0) > 0}


def _of_fio(job: Job, outcome: results.Outcome) -> dict[tuple[str, int, int], float]:
    """From its lines for scripts: 3;fio-3.33;NAME;group;error;..."""
    found = {}
    for line in outcome.console.splitlines():
        words = line.strip().split(";")
        name = re.fullmatch(r"(\w+)-(\d+)-(\d+)", words[2]) if len(words) > 80 and words[0] == "3" else None
        if not name or name[1] not in KIB_AT or words[4] != "0":
            continue
        at = KIB_AT[name[1]]
        moved, ms = words[at], words[at + MS_BEHIND]
        key = (name[1], int(name[2]), int(name[3]))
        wanted = [job.disk.bytes(shape) for shape in SHAPES if (shape.bs, shape.depth) == key[1:]]
        if moved.isdigit() and ms.isdigit() and int(ms) > 0 and [int(moved) * KIB] == wanted:
            found[key] = wanted[0] / key[1] * 1000 / int(ms)
    return found


def read(job: Job, folder: Path) -> Found:
    """Reads the folder of a job. Without `failed` all figures are there."""
    outcome = results.load(folder)
    found = Found(job, (_of_blktest if job.shape else _of_fio)(job, outcome))
    missing = [(rw, shape.bs, shape.depth) for shape in ([job.shape] if job.shape else SHAPES) for rw in WORKLOADS
               if (rw, shape.bs, shape.depth) not in found.iops]
    if outcome.verdict != "SUCCESS":
        found.failed = f"{outcome.verdict}: {outcome.reason}"
    elif missing:
        found.failed = f"no result of {missing[0]}"
    return found


def points(found: list[Found]) -> list[dict[str, Any]]:
    """Each point that both have measured."""
    by_key: dict[tuple[Any, ...], dict[str, float]] = {}
    for item in found:
        for key, iops in item.iops.items():
            by_key.setdefault((item.job.guest, item.job.disk.name, *key), {})[item.job.image] = iops
    return [{"guest": guest, "disk": disk, "rw": rw, "bs": bs, "iodepth": depth, "fio_iops": round(of[IMAGE], 1),
             "blktest_iops": round(of[BLKTEST], 1), "ratio": round(of[IMAGE] / of[BLKTEST], 4),
             "more_ns": round(1e9 / of[IMAGE] - 1e9 / of[BLKTEST], 1)}
            for (guest, disk, rw, bs, depth), of in by_key.items() if len(of) == 2]


def text(bench: dict[str, Any]) -> str:
    lines = []
    for guest in bench["parameters"]["guests"]:
        for disk in bench["parameters"]["disks"]:
            rows = [["point", "fio, IOPS", "blktest, IOPS", "fio / blktest", "ns more for each request"]]
            rows += [[f"{point['rw']} {table.title(point['bs'], point['iodepth'])}", f"{point['fio_iops']:.0f}", f"{point['blktest_iops']:.0f}",
                      f"{point['ratio']:.3f}", f"{point['more_ns']:+.0f}"]
                     for point in bench["points"] if (point["guest"], point["disk"]) == (guest, disk)]
            if len(rows) > 1:
                lines += ["", f"{guest.upper()}, {disk}", *table.align(rows)]
    return "\n".join(lines) + "\n"


def collect(guests: list[str], found: list[Found], known: dict[str, str]) -> dict[str, Any]:
    """fio.json: without date and wall time, as bench.json."""
    return {"format": FORMAT, "versions": known,
            "parameters": {"qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS, "guests": guests,
                           "disks": {item.job.disk.name: item.job.disk.setup for item in found},
                           "args": {item.job.name: item.job.args for item in found}},
            "points": points(found),
            "failed": [{"job": item.job.name, "why": item.failed} for item in found if item.failed]}


def measure(lab: Path, folder: Path, images: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """0, or 1 when a figure is missing. images: the folder of the guests, beside that of the programs."""
    terminal = Terminal(every=30)
    began = time.monotonic()
    files = [images.parent / "apps" / IMAGE, images / BLKTEST]
    for path in files:
        if not path.is_file():
            raise boot.BootError(f"no {path}; `make bench APP=fio` builds it")
    todo = all_jobs(guests, short, only)
    found: list[Found] = []
    share = folder / "share"
    boot.make_share(lab, share, files)

    def ended(name: str, left: Path, seconds: float) -> Iterable[str]:
        found.append(read(todo[name], left))
        terminal.line(f"{name}: " + (f"{found[-1].failed} (see {left})" if found[-1].failed
                                     else f"{len(found[-1].iops)} figures ({seconds:.0f} s)"))
        return []

    up = run.one_boot(lab, folder, share, "+".join(guests), {name: script(job) for name, job in todo.items()}, ended, terminal)
    bench = collect(guests, found, run.versions(up, files[0], root))
    (folder / "fio.json").write_text(json.dumps(bench, indent=1) + "\n")
    said = text(bench)
    (folder / "fio.txt").write_text(said)
    terminal.line()
    terminal.line(said)
    terminal.line(f"{len(bench['points'])} points after {time.monotonic() - began:.0f} s: " + os.path.relpath(folder / "fio.json"))
    for item in bench["failed"]:
        terminal.line(f"NOT MEASURED: {item['job']}: {item['why']}")
    return 1 if bench["failed"] else 0
