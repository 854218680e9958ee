# SPDX-License-Identifier: MIT
"""How the cost of a request grows with what there is more of: queues, disks, depth, bytes, memory.

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

from . import run, scaling_report, work
from .plan import KIB, MIB

FORMAT = 1              # of scaling.json
BUFFERS = ["registered", "plain"]
# Registered buffers on a blkback that keeps all their grants mapped, whatever a request's size, and a driver that was told
# so. By itself it keeps 1056 of each queue, and what is beyond three quarters of them the driver copies, as mapping and
# unmapping would cost more: this tells what that limit costs from what the driver does.
KEPT = "kept"
KEPT_GRANTS = 32768
DISKS = 16
SETUP = f"modprobe null_blk nr_devices={DISKS}"
# A job runs so often within a start, and the cheapest time counts: not the one in which buffers were used for the first
# time, nor one in which dom0 did something else as well (each 5 seconds it says that it is there, which takes 4 ms).
ROUNDS = 2


@dataclass(frozen=True)
class Start:
    """One start of blktest, which measures at least one value of one dimension."""
    dimension: str
    buffers: str = ""           # registered, plain or kept
    name: str = ""              # what tells it from the others of its dimension
    rw: str = "randread"        # in no order, so that a request stays a request of its own
    bs: tuple[int, ...] = (4 * KIB,)
    depth: tuple[int, ...] = (32,)      # of each thread
    bytes: int = 16 * MIB       # that a job moves on each disk, in its threads together
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
        # four threads, each with its own batches, or there would never be work for several queues at once
        *(Start("queues", name=str(count), queues=count, threads=4, bytes=32 * MIB, blkback="max_queues=4") for count in (1, 2, 3, 4)),
        *(Start("disks", name=str(count), disks=count, memory=128) for count in _powers(1, DISKS)),
        Start("depth", name="all", depth=tuple(_powers(1, 512))),
        # in order; the small ones move less, or they would take most of the time, and the large ones have a backend of
        # their own each, as which grants it keeps depends on what was before
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
    """What came of one start."""
    start: Start
    points: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


def _wrong(start: Start, done: list[dict[str, Any]]) -> str:
    """What the results lack, or have that was not asked for."""
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
    """Reads the folder that a start left. Every point is there, or failed says why not."""
    outcome = results.load(folder)
    found = Found(start)
    done = outcome.of_type("job")
    found.failed = f"{outcome.verdict}: {outcome.reason}" if outcome.verdict != "SUCCESS" else _wrong(start, done)
    if found.failed:
        return found
    for bs, depth in start.points:
        lines = [job for job in done if (job["bs"], job["iodepth"]) == (bs, depth)]
        if start.dimension == "disks":
            # they do not begin a round together, so it is all rounds of all disks over the time that they took
            ns = max(job["start_ns"] + job["ns"] for job in lines) - min(job["start_ns"] for job in lines)
        else:
            lines = [min(lines, key=lambda job: int(job["ns"]))]
            ns = lines[0]["ns"]
        found.points.append(_point(start, bs, depth, sum(job["requests"] for job in lines), ns))
    found.counters = _counters(start, done, outcome.of_type("counters"))
    return found


def _counters(start: Start, done: list[dict[str, Any]], said: list[dict[str, Any]]) -> dict[str, Any]:
    """What the guest counted on all disks in all rounds, per request of its own."""
    requests = sum(job["requests"] for job in done)
    counted: dict[str, Any] = {"dimension": start.dimension, "start": start.name, "buffers": start.buffers, "requests": requests}
    for name, parts in {"ring_requests": ("reads",), "notifications": ("notifications",), "events": ("events",),
                        "spurious": ("spurious",), "grant_operations": ("grants_made", "grants_ended")}.items():
        counted[name] = round(sum(line.get(part, 0) for line in said for part in parts) / requests, 5)
    return counted


def measure(lab: Path, folder: Path, image: Path, guest: str, only: str, root: Path) -> int:
    """0, or 1 when something that was to be measured is not there. Growth is no failure: it is said."""
    terminal = Terminal(every=30)
    began = time.monotonic()
    todo = all_starts(guest, only)
    if not image.is_file():
        raise boot.BootError(f"no {image}; `make bench` builds it")
    found: list[Found] = []
    share = folder / "share"
    boot.make_share(lab, share, [image])

    def ended(name: str, left: Path, seconds: float) -> Iterable[str]:
        found.append(read(todo[name], left))
        costs = " ".join(f"{point['ns_per_request']:.0f}" for point in found[-1].points)
        terminal.line(f"{name}: " + (f"{found[-1].failed} (see {left})" if found[-1].failed
                                     else f"{costs} ns per request ({seconds:.0f} s)"))
        return []

    up = run.one_boot(lab, folder, share, guest, {name: script(guest, start, image.name) for name, start in todo.items()},
                      ended, terminal)
    scaling = collect(guest, only, found, run.versions(up, image, root))
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


def collect(guest: str, only: str, found: list[Found], known: dict[str, str]) -> dict[str, Any]:
    """scaling.json: no date and no wall time, as in bench.json."""
    scaling: dict[str, Any] = {
        "format": FORMAT, "versions": known,
        "parameters": {"qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS, "guest": guest, "filter": only,
                       "rounds": ROUNDS, "disks": SETUP,
                       "starts": {title(guest, item.start): {"blktest": blktest_args(item.start), "blkback": item.start.blkback,
                                                             "mib": item.start.memory, "disks": item.start.disks}
                                  for item in found}},
        "points": [point for item in found for point in item.points],
        "counters": [item.counters for item in found if item.counters],
        "failed": [{"job": title(guest, item.start), "why": item.failed} for item in found if item.failed]}
    scaling["growth"] = scaling_report.judge(scaling)
    return scaling
