# SPDX-License-Identifier: MIT
"""SQLite on ext4: its own benchmark, speedtest1, and synced transactions (tests/bench/sqlitebench.c)."""

from __future__ import annotations

import re
from pathlib import Path

from lablib import results

from . import ext4
from .ext4 import Row

SPEEDTEST, IMAGE = "speedtest1", "bench-sqlite"             # of Ringlet
SPEEDTEST_LINUX, LINUX = "speedtest1-linux", "sqlitebench"
ROWS = [
    Row("speedtest1", "speedtest1", "s", 1.5),
    Row("delete", "transaction, rollback journal", "1/s", 1.5),
    Row("wal", "transaction, write-ahead log", "1/s", 1.5),
]


def programs(folder: Path, images: Path, short: bool) -> list[ext4.Program]:
    """images: the folder of the guests, beside that of the programs."""
    apps = images.parent / "apps"
    return [ext4.Program(apps / SPEEDTEST, folder / SPEEDTEST_LINUX, f"--size {2 if short else 10} --verify /data/s.db"),
            ext4.Program(apps / IMAGE, folder / LINUX, f"/data {1 if short else 3} 1000")]


def tests_of(program: ext4.Program) -> list[str]:
    return ["speedtest1"] if program.ringlet.name == SPEEDTEST else ["delete", "wal"]


def _speedtest1(job: ext4.Job, outcome: results.Outcome) -> ext4.Found:
    """speedtest1 tells times in ms, and a checksum of all that its queries found."""
    found = ext4.Found(job)
    total = re.search(r"^ *TOTAL\.+ +(\d+)\.(\d{3})s", outcome.console, re.M)
    checksum = re.search(r"^Verification Hash: (.+)$", outcome.console, re.M)
    ns = (int(total[1]) * 1000 + int(total[2])) * 1000000 if total else 0
    if ns and checksum:
        found.points.append({"guest": job.guest, "disk": job.disk.name, "column": job.column, "test": "speedtest1",
                             "operations": 1, "bytes": 0, "ns": ns})
        found.said["speedtest1's checksum"] = checksum[1].strip()
    return found


def reader(job: ext4.Job, outcome: results.Outcome) -> ext4.Found:
    if job.program.ringlet.name == SPEEDTEST:
        return _speedtest1(job, outcome)
    found = ext4.Found(job)
    for line in ext4.lines(outcome, "sqlite"):
        point = ext4.point(job, line)
        if point and point["test"] in tests_of(job.program):
            found.points.append(point)
        else:
            found.failed = f"not what was asked for: {line}"
    return found


def measure(lab: Path, folder: Path, images: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """See ext4.measure. images: as above."""
    return ext4.measure("sqlite", programs(folder, images, short), ROWS, reader, tests_of, lab, folder, guests, short, only, root)
