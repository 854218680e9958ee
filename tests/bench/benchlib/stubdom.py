# SPDX-License-Identifier: MIT
"""An HVM guest that boots Linux from its disk (tests/lab/hvm/init): Ringlet as its device model, in a stubdomain, beside QEMU in dom0."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

from lablib import boot, elf, stubdom
from lablib.stubdom import Boot, Outcome
from lablib.terminal import Terminal

from . import table

FORMAT = 1
IMAGE = "stubdm"
WALL = 2400             # seconds for one guest, under the instruction counter on a busy host; on an idle one 1 to 3 minutes
NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?")
MIB = 1                 # of each pattern: by PIO each MiB is some thousand ioreqs
ROUNDS = 8              # of DMA
STEPS = "dma,pio"
# Instructions are the clock, so ratios are of them: at most so many times QEMU's. Throughput is 1 / time.
TARGETS = {"time serial": 1.0, "time init": 1.0, "dma write": 1.0, "dma read": 1.0, "pio write": 1.0, "pio read": 1.0}


def plan(short: bool, only: str) -> list[Boot]:
    wanted = [Boot(model, model, "ram", STEPS, mib=MIB, rounds=2 if short else ROUNDS) for model in ("stubdom", "qemu")]
    return [one for one in wanted if not only or one.name in only.split("|")]


def figures(outcome: Outcome) -> dict[str, Any]:
    """What one guest has shown: seconds, MiB/s, memory."""
    found: dict[str, Any] = {f"time {name}": seconds for name, seconds in outcome.times().items()}
    for name, step in outcome.steps().items():
        for way in ("write", "read"):
            ms, size, rounds = step.get(f"{way}_ms", ""), step.get("bytes", ""), step.get("rounds", "1")
            if NUMBER.fullmatch(ms) and size.isdigit() and rounds.isdigit() and float(ms):
                found[f"{name} {way}"] = round(int(size) * int(rounds) / (1 << 20) / (float(ms) / 1000), 2)
            for count in ("irqs",):
                if step.get(f"{way}_{count}", "").isdigit():
                    found[f"{name} {way} interrupts"] = int(step[f"{way}_{count}"])
    for name, what in (("stubdomain MiB", "memory"), ("QEMU in dom0 KiB", "qemu"), ("ioreqs", "ioreqs")):
        value = outcome.number(what)
        if value is not None:
            found[name] = value
    return found


def judge(ours: dict[str, Any], theirs: dict[str, Any]) -> list[dict[str, Any]]:
    """The targets, as how many times QEMU's time."""
    judged = []
    for name, limit in TARGETS.items():
        if ours.get(name) and theirs.get(name):
            value = ours[name] / theirs[name] if name.startswith("time") else theirs[name] / ours[name]
            judged.append({"target": f"{name}: at most {limit:g} times QEMU's time", "value": round(value, 3), "holds": value <= limit})
    return judged


def text(bench: dict[str, Any]) -> str:
    names = list(dict.fromkeys(name for item in bench["guests"] for name in item["figures"]))
    rows = [["", *(item["name"] for item in bench["guests"])]]
    rows += [[name, *(f"{item['figures'][name]:g}" if name in item["figures"] else "-" for item in bench["guests"])] for name in names]
    lines = ["Times in s and throughput in MiB/s of virtual time (1 ns for each instruction):", *table.align(rows), "",
             f"The stubdomain's image: {bench['image_bytes']} bytes without debug information.", "", "Targets:"]
    lines += [f"  {item['target']}: {item['value']:.3f} {'holds' if item['holds'] else 'MISSED'}" for item in bench["targets"]]
    return "\n".join(lines) + "\n"


def measure(lab: Path, folder: Path, images: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """0, or 1 when a figure is missing. A missed target is reported and no failure. images: the guests' folder, beside that of programs."""
    del guests, root        # the device model is always a PV guest
    terminal = Terminal(every=30)
    began = time.monotonic()
    image = images.parent / "apps" / IMAGE
    if not image.is_file():
        raise boot.BootError(f"no {image}; `make bench APP=stubdom` builds it")
    outcomes = stubdom.boots(lab, folder / "stubdom", [image], plan(short, only), terminal, boot.ICOUNT, WALL)
    found = {outcome.boot.name: figures(outcome) for outcome in outcomes}
    bench = {"format": FORMAT, "parameters": {"qemu": " ".join(boot.ICOUNT), "xen": boot.XEN_ARGS, "steps": STEPS, "mib": MIB},
             "image_bytes": elf.loaded_size(image.read_bytes()), "guests": [{"name": name, "figures": item} for name, item in found.items()],
             "targets": judge(found.get("stubdom", {}), found.get("qemu", {})),
             "failed": [{"guest": outcome.boot.name, "why": outcome.wrong or f"status {outcome.status}"} for outcome in outcomes if not outcome.good]}
    (folder / "stubdom.json").write_text(json.dumps(bench, indent=1) + "\n")
    said = text(bench)
    (folder / "stubdom.txt").write_text(said)
    terminal.line()
    terminal.line(said)
    terminal.line(f"{len(outcomes)} guests after {time.monotonic() - began:.0f} s: " + os.path.relpath(folder / "stubdom.json"))
    for item in bench["failed"]:
        terminal.line(f"NOT MEASURED: {item['guest']}: {item['why']}")
    return 1 if bench["failed"] else 0
