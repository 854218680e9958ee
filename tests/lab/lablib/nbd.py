# SPDX-License-Identifier: MIT
"""`lab nbd`: a guest serves a disk by NBD (apps/nbdserver), dom0's clients read and write it, and dom0 and the host compare."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import boot, jobs
from .terminal import Terminal

SIZE = 16 << 20
MEMORY = 32
TIMEOUT = 300
KILLS = 3
ADDRESS = "ip=10.0.0.2/24,gw=10.0.0.1"
STEP = re.compile(r"^NBD (.*)$", re.M)
SUM = re.compile(r"^copy_out .* sha256 ([0-9a-f]{64})$")


@dataclass
class Outcome:
    kind: str
    seconds: float
    status: int
    steps: list[str]        # what dom0/nbd says
    passed: bool            # all of them were as they should be
    host_agrees: bool
    output: str

    @property
    def good(self) -> bool:
        return self.status == 0 and self.passed and self.host_agrees


def _sum(path: Path) -> str:
    with path.open("rb") as disk:
        return hashlib.file_digest(disk, "sha256").hexdigest()


def _guest(image: Path, kind: str) -> jobs.Guest:
    return jobs.Guest(image=image.name, type=kind, args=ADDRESS, memory=MEMORY, timeout=TIMEOUT, app=True,
                      disks=["device /dev/vda w"], setup="network && NBD_DISK=/dev/vda || exit 4", options="--vif -v",
                      meanwhile=f'nbd_serves {KILLS} || xl destroy "$NAME"')


def _follow(machine: boot.Machine, kind: str, out: Path, disk: Path, terminal: Terminal) -> Outcome:
    """Shows each step as dom0 does it, until the guest has ended."""
    began = time.monotonic()
    shown = 0
    for event in machine.wait_events(began + TIMEOUT, tick=0.2):
        text = (out / "output").read_text(errors="replace") if (out / "output").exists() else ""
        steps = STEP.findall(text)
        for step in steps[shown:]:
            terminal.line(f"  {time.monotonic() - began:5.1f} s  {step}")
        shown = len(steps)
        terminal.status(f"{kind} guest, {time.monotonic() - began:.0f} s")
        if event and event.startswith(f"end {kind} "):
            sums = [found.group(1) for found in map(SUM.match, steps) if found]
            return Outcome(kind, time.monotonic() - began, int(event.split()[-1]), steps, (out / "passed").exists(),
                           bool(sums) and sums[-1] == _sum(disk), text)
    raise boot.BootError(machine.explain(f"dom0 went away during the {kind} guest"))


def _describe(outcome: Outcome, image: Path) -> dict[str, Any]:
    return {"type": outcome.kind, "result": "SUCCESS" if outcome.good else "FAILURE", "seconds": round(outcome.seconds, 1),
            "memory_mib": MEMORY, "image_bytes": image.stat().st_size, "steps": outcome.steps, "host_agrees": outcome.host_agrees}


def run(lab: Path, work: Path, image: Path, kinds: list[str]) -> int:
    """Returns 0 if each kind of guest has passed, else 1."""
    if not image.is_file():
        raise boot.BootError(f"no image {image}; `make apps` builds it")
    started = time.monotonic()
    terminal = Terminal()
    work.mkdir(parents=True, exist_ok=True)
    report = work / "nbdserver.json"
    report.unlink(missing_ok=True)
    disk = work / "nbd-disk.img"
    disk.write_bytes(os.urandom(SIZE))
    share = work / "share"
    boot.make_share(lab, share, [image])
    for index, kind in enumerate(kinds):
        (share / "jobs" / f"{index}-{kind}.sh").write_text(jobs.script(_guest(image, kind)))
    outcomes = []
    terminal.status("booting Xen and dom0 in QEMU")
    try:
        with boot.Machine(lab, work, share, [boot.Drive(disk, readonly=False)]) as machine:
            machine.wait_up()
            for kind in kinds:
                terminal.line(f"\n{kind.upper()} guest, {MEMORY} MiB, serves {SIZE >> 20} MiB; dom0's clients:")
                outcome = _follow(machine, kind, share / "out" / kind, disk, terminal)
                outcomes.append(outcome)
                if not outcome.good:
                    terminal.line(outcome.output)
                terminal.line(f"  host {'agrees' if outcome.host_agrees else 'DISAGREES'}: checksum of the disk's file")
                terminal.line(f"  {'SUCCESS' if outcome.good else 'FAILURE'} ({outcome.seconds:.1f} s)")
            machine.finish()
    finally:
        shutil.rmtree(share, ignore_errors=True)
        disk.unlink(missing_ok=True)
    good = all(outcome.good for outcome in outcomes)
    report.write_text(json.dumps({"result": "SUCCESS" if good else "FAILURE", "seconds": round(time.monotonic() - started, 1),
                                  "disk_bytes": SIZE, "guests": [_describe(outcome, image) for outcome in outcomes]}, indent=1) + "\n")
    terminal.line(f"\nThe CPU is emulated: compare these figures with each other, not with hardware.\n"
                  f"{'SUCCESS' if good else 'FAILURE'} after {time.monotonic() - started:.0f} s; details in {report}")
    return 0 if good else 1
