# SPDX-License-Identifier: MIT
"""`lab xenstore`: a dom0 whose XenStore is a Ringlet domain, xenstored's stub domain (docs/xenstore-domain.md)."""

from __future__ import annotations

import json
import re
import shutil
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import boot, memory
from .terminal import Terminal

MEMORY = 16         # MiB
GUESTS = ("blktest", "hello", "idle")
STEP = re.compile(r"^XENSTORE (.*)$", re.M)
NOTE_PHYS32_ENTRY = 18      # xen/elfnote.h
GROWTH = 8          # pages that it may use more after many guests
PER_CYCLE = 15              # seconds that a guest may take from its start to its end


@dataclass
class Outcome:
    kind: str
    seconds: float = 0
    status: int = -1
    steps: list[str] = field(default_factory=list)      # what dom0 says
    answered: float | None = None                       # seconds from init-xenstore-domain to its end
    pages: list[int] = field(default_factory=list)      # in use after six guests and after all
    output: str = ""

    @property
    def good(self) -> bool:
        return self.status == 0 and not any(step.startswith("WRONG") for step in self.steps) and \
            (not self.pages or self.pages[1] <= self.pages[0] + GROWTH)


def without_pvh(image: bytes) -> bytes:
    """The image without the note that says where it starts as PVH, which init-xenstore-domain would prefer."""
    changed = bytearray(image)
    at = -1
    while (at := changed.find(b"Xen\0", at + 1)) >= 12:
        name, size, kind = struct.unpack_from("<III", changed, at - 12)
        if (name, kind) == (4, NOTE_PHYS32_ENTRY) and size in (4, 8):
            struct.pack_into("<I", changed, at - 4, 0x7fffffff)
    if changed == image:
        raise boot.BootError("the image of XenStore's domain has no entry as PVH")
    return bytes(changed)


def prepare(share: Path, image: Path, kind: str, memory: int = MEMORY) -> None:
    """Has the dom0 of this share start the image as a domain (kind pv or pvh) that has XenStore."""
    data = image.read_bytes()
    (share / "images" / "xenstored").write_bytes(without_pvh(data) if kind == "pv" else data)
    (share / "xenstore-domain").write_text(f"--memory {memory}\n")


def _follow(machine: boot.Machine, share: Path, outcome: Outcome, limit: float, terminal: Terminal) -> None:
    began = time.monotonic()
    shown = 0
    for event in machine.wait_events(began + limit, tick=0.2):
        output = share / "out" / "xenstore" / "output"
        outcome.output = output.read_text(errors="replace") if output.exists() else ""
        outcome.steps = STEP.findall(outcome.output)
        for step in outcome.steps[shown:]:
            terminal.line(f"  {time.monotonic() - began:5.1f} s  {step}")
        shown = len(outcome.steps)
        terminal.status(f"XenStore in a {outcome.kind} domain, {time.monotonic() - began:.0f} s")
        if event and event.startswith("end xenstore "):
            outcome.status = int(event.split()[-1])
            outcome.seconds = time.monotonic() - began
            machine.finish()
            return
    raise boot.BootError(machine.explain("dom0 went away"))


def _pages(out: Path, image: Path) -> list[int]:
    """From the dumps, which are removed."""
    dumps = [out / "memory-first", out / "memory-last"]
    found = [memory.pages_in_use(dump, image) for dump in dumps if all(other.exists() for other in dumps)]
    for dump in dumps:
        dump.unlink(missing_ok=True)
    return found


def _one(lab: Path, work: Path, image: Path, images: Path, kind: str, mib: int, cycles: int, several: int, lost: bool,
         terminal: Terminal) -> Outcome:
    outcome = Outcome(kind)
    share = work / "share"
    boot.make_share(lab, share, [images / name for name in GUESTS])
    prepare(share, image, kind, mib)
    (share / "jobs" / "0-xenstore.sh").write_text(f"xenstore_all {cycles} {several} pv pvh{' && xenstore_lost pv pvh' if lost else ''}\n")
    terminal.line(f"\nXenStore in a {kind.upper()} domain of {mib} MiB")
    terminal.status("booting Xen and dom0 in QEMU")
    out = work / f"xenstore-{kind}"
    try:
        with boot.Machine(lab, work, share, []) as machine:
            machine.wait_up()
            _follow(machine, share, outcome, 240 + PER_CYCLE * cycles + 20 * several + 240 * lost, terminal)
        outcome.answered = float((share / "out" / "xenstore-domain").read_text())
    finally:
        shutil.rmtree(out, ignore_errors=True)
        if (share / "out" / "xenstore").exists():
            shutil.move(share / "out" / "xenstore", out)
            outcome.pages = _pages(out, image)
        shutil.rmtree(share, ignore_errors=True)
    if outcome.pages:
        terminal.line("  its memory in use: {} pages after 6 guests, {} after all".format(*outcome.pages))
    if not outcome.good:
        terminal.line(outcome.output)
    terminal.line(f"  {'SUCCESS' if outcome.good else 'FAILURE'} ({outcome.seconds:.1f} s); consoles: {out}")
    return outcome


def _describe(outcome: Outcome) -> dict[str, Any]:
    return {"type": outcome.kind, "result": "SUCCESS" if outcome.good else "FAILURE", "seconds": round(outcome.seconds, 1),
            "answered_s": outcome.answered, "pages_in_use": outcome.pages, "steps": outcome.steps}


def run(lab: Path, work: Path, image: Path, images: Path, kinds: list[str], mib: int, cycles: int, several: int,
        lost: bool) -> int:
    """Returns 0 if all is well with each kind of domain, else 1."""
    if not image.is_file():
        raise boot.BootError(f"no image {image}; `make xenstored-stub` builds it")
    started = time.monotonic()
    terminal = Terminal()
    work.mkdir(parents=True, exist_ok=True)
    report = work / "xenstore.json"
    report.unlink(missing_ok=True)
    outcomes = [_one(lab, work, image, images, kind, mib, cycles, several, lost, terminal) for kind in kinds]
    good = all(outcome.good for outcome in outcomes)
    seconds = time.monotonic() - started
    report.write_text(json.dumps({"result": "SUCCESS" if good else "FAILURE", "seconds": round(seconds, 1), "memory_mib": mib,
                                  "image_bytes": image.stat().st_size, "domains": list(map(_describe, outcomes))}, indent=1) + "\n")
    terminal.line("\nThe CPU is emulated: compare these figures with each other, not with hardware.\n"
                  f"{len(outcomes)} of XenStore's domains, {cycles} guests that came and went, image {image.stat().st_size >> 10} KiB; "
                  f"details in {report}\n{'SUCCESS' if good else 'FAILURE'} after {seconds:.0f} s")
    return 0 if good else 1
