# SPDX-License-Identifier: MIT
"""Compares two bench.json."""

from __future__ import annotations

import json
from typing import Any

from . import UsageError
from .plan import RINGLET
from .table import align, speed, title

SLOWER = 2.0        # percent by which a point of Ringlet may be slower; repeated runs differed by at most 0.35


def load(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            bench = json.load(file)
        points = {(point["guest"], point["disk"], point["column"], point["rw"], point["bs"], point["iodepth"]):
                  (float(point["mib_s"]), point["bytes"]) for point in bench["points"]}
        return {"format": bench["format"], "points": points, "versions": dict(bench["versions"]),
                "absent": {(item["guest"], item["column"]): item["why"] for item in bench["absent"]}}
    except OSError as error:
        raise UsageError(f"cannot read {path or 'A= or B='}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no bench.json: {error!r}") from None


def rows(old: dict[str, Any], new: dict[str, Any]) -> tuple[list[list[str]], list[str]]:
    """The table, and the list of points that are slower."""
    table = [["point", "old", "new", "change"]]
    wrong = []
    for key, (before, size) in old["points"].items():
        if key not in new["points"]:
            continue
        after, new_size = new["points"][key]
        guest, disk, column, rw, bs, depth = key
        name = f"{guest} {disk} {column} {rw} {title(bs, depth)}"
        change = (after / before - 1) * 100
        mark = ""
        if column in RINGLET and change < -SLOWER:
            mark = "  SLOWER"
            wrong.append(f"{name}: {-change:.1f} % slower")
        table.append([name, speed(before), speed(after), f"{change:+.2f} %{mark}"])
        if size != new_size:
            wrong.append(f"{name}: not the same amount of data: {size} and {new_size} bytes")
    for (guest, column), why in new["absent"].items():
        if any(key[0] == guest and key[2] == column for key in old["points"]):
            wrong.append(f"{guest} {column}: no longer there: {why}")
    return table, wrong


def compare(old_path: str, new_path: str) -> int:
    """0: no point of Ringlet is slower. 1: one is. UsageError: they cannot be compared."""
    old, new = load(old_path), load(new_path)
    if old["format"] != new["format"]:
        raise UsageError(f"{old_path} has format {old['format']}, {new_path} {new['format']}")
    table, wrong = rows(old, new)
    if len(table) == 1:
        raise UsageError(f"{old_path} and {new_path} have no point in common")
    print("\n".join(align(table)))
    for name in sorted(old["versions"].keys() | new["versions"].keys()):
        before, after = old["versions"].get(name, "-"), new["versions"].get(name, "-")
        if before != after:
            print(f"{name}: {before} and {after}")
    only = len(old["points"].keys() ^ new["points"].keys())
    if only:
        print(f"{only} points are in one of the two only")
    for line in wrong:
        print(line)
    print(f"{len(table) - 1} points compared: " + ("WORSE" if wrong else "nothing of Ringlet is more than "
                                                   f"{SLOWER:g} % slower"))
    return 1 if wrong else 0
