# SPDX-License-Identifier: MIT
"""The plan: the points of the grid, the columns of the table, the disks."""

from __future__ import annotations

import re
from dataclasses import dataclass

KIB = 1 << 10
MIB = 1 << 20


@dataclass(frozen=True)
class Shape:
    """A block size and a depth, with the bytes that each job moves there: 50 to 150 ms of virtual time for the
    slowest column, some 10 for the fastest."""
    bs: int
    depth: int
    bytes: int

    @property
    def title(self) -> str:
        return f"{self.bs // MIB}M qd{self.depth}" if self.bs >= MIB else f"{self.bs // KIB}K qd{self.depth}"


@dataclass(frozen=True)
class Disk:
    """A disk in dom0; setup is a shell line that makes it, device is the path for dom0's own access."""
    name: str
    device: str
    setup: str
    spec: str = ""          # of xl, if it is not only the device
    most: int = 1 << 62     # size in bytes
    dom0: bool = True       # has a column of dom0's own access

    def bytes(self, shape: Shape) -> int:
        """Number of whole requests that fit."""
        return min(shape.bytes, self.most // shape.bs * shape.bs)


@dataclass(frozen=True)
class Column:
    """One column of the table. kind: dom0, linux or ringlet."""
    name: str
    kind: str
    args: str = ""          # blktest's options, or the parameters of xen-blkfront
    note: str = ""
    memory: int = 0         # MiB of a Linux guest
    blkback: str = ""       # parameters of dom0's xen-blkback


SHAPES = [
    Shape(4 * KIB, 1, 8 * MIB), Shape(4 * KIB, 32, 32 * MIB),
    Shape(44 * KIB, 1, 1408 * 44 * KIB), Shape(44 * KIB, 32, 2816 * 44 * KIB),
    Shape(64 * KIB, 16, 128 * MIB), Shape(1 * MIB, 8, 192 * MIB),
]
# The order matters to blktest: a randread uses the order of a disk that was not written to yet.
WORKLOADS = ["read", "randread", "write"]

RAM = 64 * MIB
DISKS = [
    Disk("null_blk", "/dev/nullb0", "modprobe null_blk nr_devices=1"),
    # written once, as brd has no pages for blocks that were never written and then copies nothing
    Disk("brd", "/dev/ram0", f"modprobe brd rd_nr=1 rd_size={RAM // KIB} && "
         f"dd if=/dev/zero of=/dev/ram0 bs=1048576 count={RAM // MIB} oflag=direct", most=RAM),
    Disk("qdisk", "/tmp/bench-disk", f"backends && dd if=/dev/zero of=/tmp/bench-disk bs=1048576 count={RAM // MIB}",
         spec="format=raw,backendtype=qdisk,vdev=xvda,access=w,target=/tmp/bench-disk", most=RAM, dom0=False),
]

COLUMNS = [
    Column("dom0", "dom0", note="dom0's own access to the disk, no guest: the limit of any frontend that costs nothing"),
    Column("linux", "linux", note="xen-blkfront with its defaults", memory=384),
    Column("linux-best", "linux", "max_indirect_segments=256 max_ring_page_order=4",
           "the same with the largest requests and ring that it can use, and no I/O scheduler",
           memory=896),     # of which it needs 514 for its grants: a page for each segment of the ring
    Column("plain", "ringlet", "buffers=plain", "Ringlet, the caller's own buffers"),
    Column("registered", "ringlet", "buffers=registered", "Ringlet, buffers that stay granted"),
    Column("polled", "ringlet", "buffers=registered polled=1", "the same, without events"),
    Column("queues", "ringlet", "buffers=registered queues=4", "as registered, with four queues, as a dom0 with four CPUs offers them",
           blkback="max_queues=4"),
]
# not a column of the grid: the smallest guest with a disk, whose start is measured
START = Column("start", "start", note="from the first instruction to the first read, of the smallest guest with a disk")
START_IMAGE = "block"
RINGLET = [column.name for column in COLUMNS if column.kind == "ringlet"]
LINUX = [column.name for column in COLUMNS if column.kind == "linux"]


def columns_of(disk: Disk) -> list[Column]:
    """The columns for a disk: one with a longer specification for xl is not blkback's."""
    return [column for column in COLUMNS
            if (disk.dom0 or column.kind != "dom0") and not (disk.spec and column.blkback)]


@dataclass(frozen=True)
class Plan:
    guests: list[str]
    disks: list[Disk]
    shapes: list[Shape]
    workloads: list[str]
    only: str = ""          # a regular expression that a job's name must match

    @property
    def points(self) -> int:
        """Number of figures, if no column is absent."""
        columns = sum(len(columns_of(disk)) for disk in self.disks)
        return len(self.guests) * columns * len(self.shapes) * len(self.workloads)


def plan(guest: str, quick: bool, only: str = "") -> Plan:
    """guest: pv, pvh or both. quick: a plan for three minutes. Raises re.error."""
    re.compile(only)
    if quick:
        shapes = [shape for shape in SHAPES if shape.title in ("4K qd1", "4K qd32", "44K qd32", "1M qd8")]
        return Plan(["pv"] if guest == "both" else [guest], DISKS[:1], shapes, WORKLOADS, only)
    return Plan(["pv", "pvh"] if guest == "both" else [guest], DISKS, SHAPES, WORKLOADS, only)
