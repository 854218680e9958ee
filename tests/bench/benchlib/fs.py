# SPDX-License-Identifier: MIT
"""Files on ext4 (tests/bench/fsbench.c): sequential and random, around the cache and through it, and many small ones."""

from __future__ import annotations

from pathlib import Path

from lablib import results

from . import ext4
from .ext4 import Row

IMAGE, LINUX = "bench-fs", "fsbench"
MBS = "MiB/s"
ROWS = [
    Row("seq-write", "write 1 MiB, new file", MBS, 1.0), Row("seq-write-direct", "write 1 MiB, new file, O_DIRECT", MBS, 1.0),
    Row("seq-read-direct", "read 1 MiB, O_DIRECT", MBS, 1.0), Row("seq-read-cold", "read 1 MiB, not in the cache", MBS, 1.0),
    Row("seq-read-warm", "read 1 MiB, read before", MBS, 1.0), Row("rand-write", "write 4 KiB at random", MBS, 1.0),
    Row("rand-write-direct", "write 4 KiB at random, O_DIRECT", MBS, 1.0), Row("rand-read-direct", "read 4 KiB at random, O_DIRECT", MBS, 1.0),
    Row("rand-read-cold", "read 4 KiB at random, not in the cache", MBS, 1.0), Row("rand-read-warm", "read 4 KiB at random, read before", MBS, 1.0),
    Row("rand-read-small", "read 4 KiB at random in 2 MiB, read before", MBS, 1.0),
    Row("files", "create, write 4 KiB, fsync, unlink", "1/s", 1.0),
]


def args(short: bool) -> str:
    """fsbench's: rounds, MiB of the file, random requests, small files."""
    return "/data 3 32 2000 200" if short else "/data 2 64 4000 200"


def reader(job: ext4.Job, outcome: results.Outcome) -> ext4.Found:
    found = ext4.Found(job)
    for line in ext4.lines(outcome, "fs"):
        point = ext4.point(job, line)
        if point and point["bytes"] and point["test"] in {row.test for row in ROWS}:
            found.points.append(point)
        else:
            found.failed = f"not what was asked for: {line}"
    return found


def measure(lab: Path, folder: Path, images: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """See ext4.measure. images: the folder of the guests, beside that of the programs."""
    program = ext4.Program(images.parent / "apps" / IMAGE, folder / LINUX, args(short))
    return ext4.measure("fs", [program], ROWS, reader, lambda _: [row.test for row in ROWS], lab, folder, guests, short, only, root)
