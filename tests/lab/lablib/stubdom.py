# SPDX-License-Identifier: MIT
"""`lab stubdom`: an HVM guest boots Linux from its own disk, with Ringlet (apps/stubdm) as its device model in a stubdomain, or QEMU."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import boot, elf, hvm_disk
from .terminal import Terminal

TIMEOUT = 420           # seconds of a guest
MEMORY_LIMIT = 32       # MiB of the stubdomain, as xl list has it
IMAGE_LIMIT = 512 << 10
FOUND = re.compile(r"^STUBDOM (.*)$", re.M)
TIME = re.compile(r"^time (\w+) (-?[\d.]{1,12}) s$")
STEP = re.compile(r"^step (\w+) result=(\w+) (.*)$")
# What a guest says in its steps, of which dom0 looks after each.
DMA_COMMANDS = 4        # interrupts that a DMA transfer of 256 KiB may take; by PIO there are at least 32, one for 16 sectors


@dataclass
class Boot:
    """One start of the guest."""
    name: str
    model: str              # stubdom or qemu
    format: str             # raw: a file of the host, by blkback; qcow2: by qdisk; ram: a RAM disk of dom0's, by blkback
    steps: str
    unplug: bool = False
    mib: int = 2
    rounds: int = 1         # of dma


@dataclass
class Outcome:
    boot: Boot
    seconds: float
    status: int
    found: list[str]            # what dom0 says
    host_agrees: bool
    wrong: list[str] = field(default_factory=list)
    output: str = ""

    @property
    def good(self) -> bool:
        return self.status == 0 and self.host_agrees and not self.wrong

    def number(self, what: str) -> int | None:
        """From a line "WHAT NUMBER ..."."""
        found = (re.match(re.escape(what) + r" (\d{1,15})\b", text) for text in self.found)
        return next((int(match.group(1)) for match in found if match), None)

    def memory(self) -> int | None:
        return self.number("memory")

    def times(self) -> dict[str, float]:
        return {match.group(1): float(match.group(2)) for match in map(TIME.match, self.found) if match}

    def steps(self) -> dict[str, dict[str, str]]:
        return {match.group(1): {"result": match.group(2), **dict(word.split("=", 1) for word in match.group(3).split() if "=" in word)}
                for match in map(STEP.match, self.found) if match}


def plan(one: Boot) -> hvm_disk.Plan:
    # another pattern in each boot
    seed = 1 + int.from_bytes(hashlib.sha256(one.name.encode()).digest()[:2], "big") * 7
    return hvm_disk.Plan(steps=one.steps, mib=one.mib, seed=seed, rounds=one.rounds, unplug=one.unplug)


def file_name(one: Boot) -> str:
    return f"{one.name}.{'qcow2' if one.format == 'qcow2' else 'img'}"


def make_disk(lab: Path, folder: Path, one: Boot, terminal: Terminal) -> Path:
    disk = folder / file_name(one)
    hvm_disk.make(lab, disk, plan(one), terminal.line, one.format == "qcow2")
    return disk


def script(one: Boot, drive: str) -> str:
    """dom0's job. QEMU needs a file of dom0's own for qcow2: the guest's disk comes as a drive."""
    mine = f"/lab/disks/{file_name(one)}"
    before = after = ""
    target = drive
    if one.format == "qcow2":
        target = "/tmp/hvm.qcow2"
        before, after = f"cp {mine} {target} || exit 4\n", f"mv {target} {mine}\n"
    elif one.format == "ram":
        target = "/dev/ram0"
        before = f"modprobe brd rd_nr=1 rd_size={hvm_disk.SIZE // 1024} && dd if={mine} of={target} bs=1M 2>/dev/null || exit 4\n"
        after = f"dd if={target} of={mine} bs=1M 2>/dev/null\n"
    return (f"{before}hvm_run {one.model} {'qcow2' if one.format == 'qcow2' else 'raw'} {target} {one.steps or 'none'} {TIMEOUT - 60}\n"
            f"status=$?\n{after}exit $status\n")


def host_agrees(disk: Path, one: Boot) -> bool:
    """What the guest wrote is in the disk's file, as the host makes the pattern itself."""
    raw = disk
    if one.format == "qcow2":
        raw = disk.with_suffix(".raw")
        hvm_disk.to_raw(disk, raw)
    with raw.open("rb") as data:
        for step in one.steps.split(","):
            if step in hvm_disk.INDEX:
                want = hvm_disk.pattern(plan(one), step)
                data.seek(hvm_disk.pattern_at(plan(one), step))
                if data.read(len(want)) != want:
                    return False
    return True


def judge(outcome: Outcome) -> list[str]:
    """What a guest's steps must show, beside the data."""
    wrong = []
    steps = outcome.steps()
    for name in filter(None, outcome.boot.steps.split(",")):
        step = steps.get(name)
        if step is None:
            wrong.append(f"no step {name}")
            continue
        pieces = int(step.get("bytes", "0")) * int(step.get("rounds", "1")) // (256 << 10)
        irqs = [int(step.get(key, "-1")) for key in ("write_irqs", "read_irqs")]
        if name == "dma" and not (re.fullmatch(r"XFER_(UDMA|MW_DMA)_\d", step.get("mode", "")) and all(0 < count <= pieces * DMA_COMMANDS + 8 for count in irqs)):
            wrong.append(f"not by DMA: mode {step.get('mode')}, {irqs} interrupts for {pieces} pieces of 256 KiB")
        if name == "pio" and not (step.get("mode", "").startswith("XFER_PIO") and all(count >= pieces * 32 for count in irqs)):
            wrong.append(f"not by PIO: mode {step.get('mode')}, {irqs} interrupts for {pieces} pieces of 256 KiB")
    if outcome.boot.model == "stubdom":
        memory = outcome.memory()
        if memory is None or memory > MEMORY_LIMIT:
            wrong.append(f"the stubdomain has {memory} MiB, the limit is {MEMORY_LIMIT}")
    flushes = outcome.number("blkback flushes")
    if outcome.boot.model == "stubdom" and outcome.boot.format == "raw" and "dma" in outcome.boot.steps.split(",") and not flushes:
        wrong.append("the disk was never flushed")
    return wrong


def follow(machine: boot.Machine, one: Boot, out: Path, terminal: Terminal, seconds: float) -> tuple[int, str, float]:
    """Shows what dom0 finds, and the guest's serial port, until the job ends: its status, its output, seconds."""
    began = time.monotonic()
    shown = heard = 0
    progress = ""
    for event in machine.wait_events(began + seconds, tick=0.2):
        text = (out / "output").read_text(errors="replace") if (out / "output").exists() else ""
        serial = (out / "serial.log").read_text(errors="replace").splitlines() if (out / "serial.log").exists() else []
        for line in serial[heard:]:
            if "GUEST" in line or "SYSLINUX" in line:
                terminal.line(f"  {time.monotonic() - began:5.1f} s  guest: {hide(line.partition(' ')[2])}")
        heard = len(serial)
        found = FOUND.findall(text)
        for line in found[shown:]:
            if line.startswith("progress "):
                progress = ", " + hide(line[9:])
            elif not line.startswith("step "):
                terminal.line(f"  {time.monotonic() - began:5.1f} s  {hide(line)}")
        shown = len(found)
        terminal.status(f"{one.name}, {time.monotonic() - began:.0f} s{progress}{': ' + hide(serial[-1].partition(' ')[2]) if serial else ''}")
        if event and event.startswith(f"end {one.name} "):
            return int(event.split()[-1]), text, time.monotonic() - began
    raise boot.BootError(machine.explain(f"dom0 went away during {one.name}"))


def hide(text: str) -> str:
    """A guest's text without control characters, not too long."""
    return "".join(char for char in text if " " <= char <= "~")[:230]


def boots(lab: Path, work: Path, images: list[Path], wanted: list[Boot], terminal: Terminal, options: list[str],
          seconds: float = TIMEOUT + 60) -> list[Outcome]:
    """Boots Xen and dom0 once, and each guest there."""
    work.mkdir(parents=True, exist_ok=True)
    share = work / "share"
    boot.make_share(lab, share, images)
    (share / "disks").mkdir()
    drives, disks, outcomes = [], [], []
    for index, one in enumerate(wanted):
        disk = make_disk(lab, share / "disks", one, terminal)
        disks.append(disk)
        drive = ""
        if one.format == "raw":
            drive = f"/dev/vd{chr(ord('a') + len(drives))}"
            drives.append(boot.Drive(disk, readonly=False))
        (share / "jobs" / f"{index}-{one.name}.sh").write_text(script(one, drive))
    terminal.status("booting Xen and dom0 in QEMU")
    try:
        with boot.Machine(lab, work, share, drives, options) as machine:
            machine.wait_up()
            for one, disk in zip(wanted, disks):
                how = "Ringlet in a stubdomain" if one.model == "stubdom" else "QEMU in dom0"
                terminal.line(f"\n{one.name}: HVM guest, disk {one.format} ({'qdisk' if one.format == 'qcow2' else 'blkback'}), device model: {how}")
                status, text, took = follow(machine, one, share / "out" / one.name, terminal, seconds)
                outcome = Outcome(one, took, status, FOUND.findall(text), False, output=text)
                outcome.host_agrees = status == 0 and host_agrees(disk, one)
                outcome.wrong = judge(outcome) if status == 0 else []
                outcomes.append(outcome)
                _keep(share / "out" / one.name, work / one.name)
                if status != 0:
                    terminal.line(text)
                for line in outcome.wrong:
                    terminal.line(f"  {line}")
                terminal.line(f"  host {'agrees' if outcome.host_agrees else 'DISAGREES'}: what the guest wrote is in the disk's file")
                terminal.line(f"  {terminal.verdict('SUCCESS' if outcome.good else 'FAILURE')} ({took:.1f} s)")
            machine.finish()
    finally:
        shutil.rmtree(share, ignore_errors=True)
    return outcomes


def _keep(out: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(out, folder)


def describe(outcome: Outcome) -> dict[str, Any]:
    return {"name": outcome.boot.name, "device_model": outcome.boot.model, "disk": outcome.boot.format,
            "result": "SUCCESS" if outcome.good else "FAILURE", "seconds": round(outcome.seconds, 1), "stubdomain_mib": outcome.memory(),
            "times": outcome.times(), "steps": outcome.steps(), "host_agrees": outcome.host_agrees, "wrong": outcome.wrong}


ALL = [Boot("raw", "stubdom", "raw", "dma,pio"), Boot("qcow2", "stubdom", "qcow2", "dma"), Boot("unplugged", "stubdom", "raw", "pv", unplug=True)]


def run(lab: Path, work: Path, image: Path, model: str, only: str) -> int:
    """Returns 0 if each guest has passed, else 1. only: the names of some boots, separated by commas."""
    wanted = [Boot(one.name, model, one.format, one.steps, one.unplug) for one in ALL if not only or one.name in only.split(",")]
    if not wanted:
        raise boot.BootError(f"no boot is called {only}; there are {', '.join(one.name for one in ALL)}")
    images = []
    if model == "stubdom":
        if not image.is_file():
            raise boot.BootError(f"no image {image}; `make apps` builds it")
        images = [image]
    started = time.monotonic()
    terminal = Terminal()
    work.mkdir(parents=True, exist_ok=True)
    report = work / "stubdom.json"
    report.unlink(missing_ok=True)
    outcomes = boots(lab, work, images, wanted, terminal, [])
    size = elf.loaded_size(image.read_bytes()) if images else 0
    good = all(outcome.good for outcome in outcomes) and size <= IMAGE_LIMIT
    if images:
        terminal.line(f"\nThe image has {size} bytes without debug information{'' if size <= IMAGE_LIMIT else f', which is more than {IMAGE_LIMIT}'}.")
    result = "SUCCESS" if good else "FAILURE"
    report.write_text(json.dumps({"result": result, "seconds": round(time.monotonic() - started, 1), "device_model": model,
                                  "image_bytes": size, "guests": [describe(outcome) for outcome in outcomes]}, indent=1) + "\n")
    terminal.line(f"The CPU is emulated: compare these figures with each other, not with hardware.\n"
                  f"Serial ports and logs: {work}/NAME; details in {report}\n{result} after {time.monotonic() - started:.0f} s")
    return 0 if good else 1
