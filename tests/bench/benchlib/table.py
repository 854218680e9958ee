# SPDX-License-Identifier: MIT
"""The figures as text: a table for each guest and disk, and the counters."""

from __future__ import annotations

from typing import Any, Iterable

from . import host
from .plan import COLUMNS, LINUX, RINGLET, Shape
from .work import Work

Key = tuple[str, str, str, int, int]        # guest, disk, rw, bs, depth


def by_point(bench: dict[str, Any]) -> dict[Key, dict[str, dict[str, Any]]]:
    """The points of bench.json: for each place in the grid, its columns."""
    found: dict[Key, dict[str, dict[str, Any]]] = {}
    for point in bench["points"]:
        key = (point["guest"], point["disk"], point["rw"], point["bs"], point["iodepth"])
        found.setdefault(key, {})[point["column"]] = point
    return found


def best(columns: dict[str, dict[str, Any]], names: Iterable[str]) -> float:
    """MiB/s of the fastest of these columns; 0 when there is none."""
    return max((columns[name]["mib_s"] for name in names if name in columns), default=0.0)


def title(bs: int, depth: int) -> str:
    return Shape(bs, depth, 0).title


def speed(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def align(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                      for index, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def progress(work: Work, points: list[dict[str, Any]], start: dict[str, Any], seconds: float) -> str:
    if not points and start:
        return f"{work.name}: {start['running']:,} instructions, {start['xenstore_waits']} waits ({seconds:.0f} s)"
    figures = " ".join(f"{point['rw']} {title(point['bs'], point['iodepth'])} {speed(point['mib_s'])}"
                       for point in points[:3])
    more = f" and {len(points) - 3} more" if len(points) > 3 else ""
    return f"{work.name}: {figures}{more} ({seconds:.0f} s)"


def _ratio(value: float, reference: float) -> str:
    return f"{value / reference:.2f}" if value and reference else "-"


def _grid(bench: dict[str, Any], guest: str, disk: str) -> list[str]:
    names = [column.name for column in COLUMNS]
    rows = [["point", *names, "x dom0", "x linux"]]
    for (its_guest, its_disk, rw, bs, depth), columns in by_point(bench).items():
        if (its_guest, its_disk) != (guest, disk):
            continue
        mine = best(columns, RINGLET)
        rows.append([f"{rw} {title(bs, depth)}",
                     *(speed(columns[name]["mib_s"]) if name in columns else "-" for name in names),
                     _ratio(mine, best(columns, ["dom0"])), _ratio(mine, best(columns, LINUX))])
    return align(rows)


def _counts(bench: dict[str, Any], guest: str, disk: str) -> list[str]:
    fields = [("ring requests", "ring_requests"), ("notifications", "notifications"), ("hypercalls", "hypercalls"),
              ("events", "events"), ("grant operations", "grant_operations"), ("copied per byte", "bytes_copied_per_byte")]
    chosen = [item for item in bench["counters"] if (item["guest"], item["disk"]) == (guest, disk)]
    if not chosen:
        return []
    fields = [field for field in fields if any(field[1] in item for item in chosen)]
    rows = [["per request", *(name for name, _ in fields), "dom0"]]
    for item in chosen:
        checks = item["dom0"].values()
        wrong = sum(check["status"] == "FAILED" for check in checks)
        same = sum(check["status"] == "ok" for check in checks)
        rows.append([f"{item['column']} {title(item['bs'], item['iodepth'])}",
                     *(f"{item[key]:.4g}" if key in item else "-" for _, key in fields),
                     f"{wrong} differ" if wrong else f"{same} agree" if same else "-"])
    return align(rows)


def _start(bench: dict[str, Any]) -> list[str]:
    """The cost of the start, up to the first completed read, and the sizes of the images."""
    rows = [["guest", "instructions", "outside XenStore", "in all", "XenStore waits", "requests", "memory, KiB"]]
    for item in bench["start"]:
        rows.append([f"{item['guest'].upper()} {item['image']}", f"{item['running']:,}", f"{item['outside']:,}", f"{item['ns']:,}",
                     str(item["xenstore_waits"]), str(item["xenstore_requests"]), str(item["memory_kib"])])
    sizes = [["image", "text", "data", "bss", "loaded, KiB"]]
    for item in bench["images"]:
        sizes.append([item["image"], str(item["text"]), str(item["data"]), str(item["bss"]),
                      f"{(item['text'] + item['data']) / 1024:.1f}"])
    lines = ["", "Start: from a guest's first instruction to its first completed read (null_blk), in instructions: of the "
             "guest and of Xen for it; of all but waits for XenStore, dom0's work at that time included; of all", *align(rows)] if bench["start"] else []
    return lines + (["", *align(sizes)] if bench["images"] else [])


def text(bench: dict[str, Any]) -> str:
    known = bench["versions"]
    lines = [f"Xen {known['xen']}, dom0 and Linux guests {known['dom0']}, QEMU {known['qemu']}, "
             f"Ringlet {known['ringlet_commit']}",
             "MiB/s of virtual time (1 ns an instruction); x dom0, x linux: the best column of Ringlet over dom0's own "
             "access and over the best column of Linux"]
    places = dict.fromkeys((point["guest"], point["disk"]) for point in bench["points"])
    for guest, disk in places:
        lines += ["", f"{guest.upper()} guests, {disk}", *_grid(bench, guest, disk)]
        counts = _counts(bench, guest, disk)
        lines += ["", *counts] if counts else []
    lines += _start(bench)
    lines += host.text(bench["host_cost"])
    for item in bench["absent"]:
        lines.append(f"absent: {item['guest']} {item['column']}: {item['why']}")
    return "\n".join(lines) + "\n"
