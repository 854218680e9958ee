# SPDX-License-Identifier: MIT
"""Ringlet's targets, for the PV guests on null_blk, where only the path has a cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .plan import COLUMNS, KIB, LINUX, MIB, RINGLET, START_IMAGE
from .table import best, by_point, speed, title

GUEST, DISK = "pv", "null_blk"


@dataclass(frozen=True)
class Target:
    """The minimum ratio of Ringlet's best column to the reference."""
    rw: str
    bs: int
    depth: int
    times: float
    of: str         # dom0, or linux: its best column


TARGETS = [
    Target("read", 4 * KIB, 1, 2.4, "linux"),
    *(Target(rw, 4 * KIB, 32, times, of) for rw in ("read", "write") for times, of in ((1.05, "dom0"), (1.9, "linux"))),
    *(Target(rw, 44 * KIB, 32, times, of) for rw in ("read", "write") for times, of in ((1.5, "dom0"), (4.0, "linux"))),
    *(Target(rw, 1 * MIB, 8, times, of) for rw in ("read", "write") for times, of in ((1.4, "dom0"), (4.0, "linux"))),
]

# The smallest guest with a disk, from its first instruction to its first read.
START_MINSTRUCTIONS = 2.0       # its own instructions and Xen's for it
START_WAITS = 6                 # sequential waits for XenStore
IMAGE_KIB = 128                 # text and data

# What a disk may cost its host with every setting at its default, however much is offered.
HOST_MIB = 2.5                  # of dom0's memory
HOST_KEYS = 14                  # in the frontend's directory in XenStore

# Mini-OS cannot be measured here. These MiB/s were measured once, as a PV guest in such a lab: a
# note, not a target.
MINIOS = {("read", 4 * KIB, 1): 112, ("read", 4 * KIB, 32): 427, ("read", 44 * KIB, 1): 628, ("read", 44 * KIB, 32): 1009,
          ("write", 4 * KIB, 1): 112, ("write", 4 * KIB, 32): 434, ("write", 44 * KIB, 32): 1047}


def _judged(what: str, value: float, wanted: float, note: str = "") -> dict[str, Any]:
    return {"target": what, "value": round(value, 3), "wanted": wanted, "holds": value >= wanted, "note": note}


def _at_most(what: str, value: float, wanted: float) -> dict[str, Any]:
    return {"target": what, "value": round(value, 3), "wanted": wanted, "holds": value <= wanted, "note": "", "most": True}


def _start(bench: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for item in bench["start"]:
        if item["image"] == START_IMAGE:
            name = f"{item['guest'].upper()} start"
            found.append(_at_most(f"{name}: at most {START_MINSTRUCTIONS:g} million instructions of guest and Xen",
                                  item["running"] / 1e6, START_MINSTRUCTIONS))
            found.append(_at_most(f"{name}: at most {START_WAITS} waits for XenStore", item["xenstore_waits"], START_WAITS))
    for item in bench["images"]:
        if item["image"] == START_IMAGE:
            found.append(_at_most(f"image with a disk only: at most {IMAGE_KIB} KiB", (item["text"] + item["data"]) / KIB,
                                  IMAGE_KIB))
    return found


def _host(bench: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for item in bench["host_cost"]:
        if item["row"] == "default":
            name = f"{item['guest'].upper()} disk at the defaults"
            found.append(_at_most(f"{name}: at most {HOST_MIB:g} MiB of dom0's memory", item["memory_kib"] / KIB, HOST_MIB))
            found.append(_at_most(f"{name}: at most {HOST_KEYS} keys in XenStore", item["keys"], HOST_KEYS))
    return found


def judge(bench: dict[str, Any]) -> list[dict[str, Any]]:
    """A line for each target with figures."""
    points = by_point(bench)
    found = []
    for target in TARGETS:
        columns = points.get((GUEST, DISK, target.rw, target.bs, target.depth), {})
        mine = best(columns, RINGLET)
        reference = best(columns, ["dom0"] if target.of == "dom0" else LINUX)
        if not mine or not reference:
            continue
        note = ""
        if target.of == "linux" and "linux" in columns:
            note = f"{mine / best(columns, ['linux']):.2f} of its defaults"
        whose = "dom0's own access" if target.of == "dom0" else "the best of Linux"
        found.append(_judged(f"{target.rw} {title(target.bs, target.depth)}: {target.times:g} x {whose}",
                             mine / reference, target.times, note))
    ratios = {}
    for (guest, disk, rw, bs, depth), columns in points.items():
        if (guest, disk) == (GUEST, DISK) and "plain" in columns and best(columns, LINUX):
            ratios[f"{rw} {title(bs, depth)}"] = columns["plain"]["mib_s"] / best(columns, LINUX)
    if ratios:
        least = min(ratios, key=lambda name: ratios[name])
        found.append(_judged("plain buffers: nowhere below the best of Linux", ratios[least], 1.0, f"least at {least}"))
    return found + _start(bench) + _host(bench)


def _verdict(item: dict[str, Any]) -> str:
    missed = f"missed by {abs(1 - item['value'] / item['wanted']) * 100:.1f} %"
    return "holds" if item["holds"] else missed


def text(bench: dict[str, Any]) -> str:
    """The targets, then a sentence about those that hold, then Mini-OS' recorded figures."""
    lines = []
    if bench["targets"]:
        lines += ["", f"Targets ({GUEST.upper()}, {DISK}, the best column of Ringlet):"]
        width = max(len(item["target"]) for item in bench["targets"])
        for item in bench["targets"]:
            note = f" ({item['note']})" if item["note"] else ""
            lines.append(f"  {item['target'].ljust(width)}  {item['value']:6.2f}  {_verdict(item)}{note}")
        good = sum(item["holds"] for item in bench["targets"])
        lines.append(f"{good} of {len(bench['targets'])} targets hold.")
    notes = []
    for (guest, disk, rw, bs, depth), columns in by_point(bench).items():
        recorded = MINIOS.get((rw, bs, depth))
        if (guest, disk) == (GUEST, DISK) and recorded and best(columns, RINGLET):
            notes.append(f"{rw} {title(bs, depth)} {speed(best(columns, RINGLET) / recorded)} x {recorded}")
    if notes:
        lines.append("Beside Mini-OS' figures, recorded earlier and not measured here: " + ", ".join(notes))
    if any(item["column"] in RINGLET for item in bench["absent"]):
        lines.append("Not all columns of Ringlet are there: "
                     + ", ".join(column.name for column in COLUMNS
                                 if any(item["column"] == column.name for item in bench["absent"])) + " absent.")
    return "\n".join(lines) + "\n"
