# SPDX-License-Identifier: MIT
"""`lab test`: runs the cases of matrix.py in as few boots as possible and judges each."""

from __future__ import annotations

import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import matrix
import matrix_apps
import matrix_files
import matrix_net
import matrix_stubdom

from . import boot, hvm_disk, jobs, results, xenstore
from .terminal import Terminal

SLACK = 60          # seconds that a case may take beyond its guest's own timeout
MAX_BOOTS = 4       # a case that kills dom0 uses up one; beside those for each kind of dom0


class FilterError(Exception):
    """--filter or --part names no case; the text is the reason."""


@dataclass
class Run:
    case: matrix.Case
    type: str

    @property
    def name(self) -> str:
        return f"{self.case.name}-{self.type}"


def _part(runs: list[Run], part: str) -> list[Run]:
    """The K-th of N parts, by "K/N". A dom0 whose XenStore is a domain needs a boot of its own: those are together."""
    numbers = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", part)
    if not numbers or not 1 <= int(numbers[1]) <= int(numbers[2]):
        raise FilterError(f"--part {part}: not K/N with 1 <= K <= N")
    k, n = int(numbers[1]), int(numbers[2])
    found = sorted(runs, key=lambda run: run.case.xenstore)[len(runs) * (k - 1) // n:len(runs) * k // n]
    if not found:
        raise FilterError(f"--part {part}: there are only {len(runs)} cases")
    return found


def select(full: bool, pattern: str, part: str) -> list[Run]:
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise FilterError(f"--filter {pattern}: not a regular expression: {error}") from None
    runs = [Run(case, kind) for case in [*matrix.CASES, *matrix_net.CASES, *matrix_apps.CASES, *matrix_files.CASES, *matrix_stubdom.CASES] for kind in case.types]
    found = [run for run in runs if wanted.search(run.name)]
    if not found:
        raise FilterError(f"no case matches --filter {pattern}; `tests/lab/lab test --list` names them")
    found = [run for run in found if full or not run.case.is_full(run.type)]
    if not found:
        raise FilterError(f"what --filter {pattern} matches runs only with --full (make test-xen FULL=1)")
    return _part(found, part) if part else found


def write_job(share: Path, index: int, run: Run) -> None:
    case = run.case
    guest = jobs.Guest(image=case.image, type=run.type, args=case.args, memory=case.memory,
                       timeout=case.timeout, disks=case.disks, blkback=case.blkback,
                       options=case.options, setup=case.setup, meanwhile=case.meanwhile, after=case.after,
                       app=case.app, input=case.input, hvm=case.hvm)
    (share / "jobs" / f"{index:03d}-{run.name}.sh").write_text(jobs.script(guest))


def judge(case: matrix.Case, folder: Path) -> str:
    """The empty string if the case passed, otherwise the reason of the failure."""
    outcome = results.load(folder)
    if not re.fullmatch(case.expect, outcome.verdict):
        wanted = "" if case.expect == "SUCCESS" else f" instead of {case.expect}"
        return f"{outcome.verdict}{wanted}: {outcome.reason}"
    if outcome.bad_lines:
        return f"not JSON: {outcome.bad_lines[0][:100]}"
    text = outcome.console + "\n" + outcome.reason
    for pattern in case.says:
        if not re.search(pattern, text, re.M):
            return f"never said /{pattern}/; its last words: {results.last_plain_line(text)}"
    for pattern in case.silent:
        found = re.search(pattern, text, re.M)
        if found:
            return f"should not have said: {found.group(0)}"
    for kind in case.checks:
        made = [check for check in outcome.checks if check["check"].split("/")[0] == kind]
        if not made:
            return f"dom0 had no {kind} to check"
        for check in made:
            if check["status"] != "ok":
                return f"check {check['check']} {check['status']}: {check.get('why', '')}"
    if (folder / "after").exists():
        return "did not hold afterwards: " + (folder / "after").read_text().splitlines()[0]
    if (folder / "sweep").exists():
        return (folder / "sweep").read_text().strip().splitlines()[0]
    return ""


class Tally:
    def __init__(self, terminal: Terminal) -> None:
        self.passed = self.failed = self.number = 0
        self.again: list[Run] = []      # run a second time because dom0 stopped
        self._terminal = terminal

    def add(self, run: Run, why: str, seconds: float) -> None:
        self.number += 1
        if why:
            self.failed += 1
            head = self._terminal.verdict("not ok")
            self._terminal.line(f"{head} {self.number} {run.name}: {why}")
        else:
            self.passed += 1
            head = self._terminal.verdict("ok")
            self._terminal.line(f"{head} {self.number} {run.name} ({seconds:.1f} s)")


def _next_end(machine: boot.Machine, run: Run, terminal: Terminal) -> float:
    """Waits until the job has ended. Returns the seconds that it took."""
    began = time.monotonic()
    while True:
        for event in machine.wait_events(began + run.case.timeout + SLACK):
            if event is None:
                terminal.status(f"running {run.name} ({time.monotonic() - began:.0f} s)")
            elif event.startswith("begin "):
                began = time.monotonic()
                break       # the deadline is another one now
            elif event.startswith("end "):
                return time.monotonic() - began
        else:
            raise boot.BootError(machine.explain("dom0 went away"))


def _one_boot(lab: Path, work: Path, place: Path, images: list[Path], stored: Path, todo: list[Run], tally: Tally,
              terminal: Terminal) -> list[Run]:
    """Boots dom0 and runs the cases, all for one kind of dom0. Returns the remaining ones when dom0 ends early."""
    share = place / "share"
    boot.make_share(lab, share, images)
    (share / "disks").mkdir()
    if todo[0].case.xenstore:
        xenstore.prepare(share, stored, todo[0].case.xenstore)
    for index, run in enumerate(todo):
        write_job(share, index, run)
        if run.case.linux:
            hvm_disk.make(lab, share / "disks" / f"{run.case.name}.img", run.case.linux, terminal.line)
    left = list(todo)
    terminal.status("booting Xen and dom0 in QEMU")
    with boot.Machine(lab, place, share, []) as machine:
        machine.wait_up()
        try:
            while left:
                seconds = _next_end(machine, left[0], terminal)
                run = left.pop(0)
                folder = work / run.name
                shutil.rmtree(folder, ignore_errors=True)
                shutil.move(share / "out" / run.name, folder)
                tally.add(run, judge(run.case, folder), seconds)
            machine.finish()
        except boot.BootError as error:
            run = left.pop(0)
            (work / run.name).mkdir(exist_ok=True)
            (work / run.name / "dom0.log").write_text(str(error))
            why = f"{str(error).splitlines()[0]} see {work / run.name / 'dom0.log'}"
            # The whole machine stopped. Only if that happens again it is the case's fault.
            if isinstance(error, boot.Stopped) and run not in tally.again:
                terminal.line(f"{run.name}: {why}; it is run once more")
                tally.again.append(run)
                left.insert(0, run)
            else:
                tally.add(run, why, 0)
    return left


def run_tests(lab: Path, work: Path, images_dir: Path, full: bool, pattern: str, part: str) -> int:
    terminal = Terminal(every=15)
    todo = select(full, pattern, part)
    # where dom0's own files are: several parts may run at the same time
    place = work / f"part-{part.replace('/', '-of-')}" if part else work
    todo.sort(key=lambda run: run.case.xenstore)
    kinds = {run.case.xenstore for run in todo}
    images = sorted({images_dir.parent / ("apps" if run.case.app else "guests") / run.case.image for run in todo})
    images += sorted({images_dir / name for run in todo for name in run.case.also} - set(images))
    images += sorted({images_dir.parent / "apps" / name for run in todo for name in run.case.files})
    if any(run.case.hvm for run in todo):
        images += sorted((images_dir.parent / "hvm").glob("*.img"))
    stored = images_dir.parent / "packages" / "xenstored"
    for image in images + ([stored] if any(kinds) else []):
        if not image.is_file():
            print(f"ringlet: no image {image}; `make guests apps xenstored-stub` builds it", file=sys.stderr)
            return 1
    for run in todo:
        shutil.rmtree(work / run.name, ignore_errors=True)
    place.mkdir(parents=True, exist_ok=True)
    tally = Tally(terminal)
    boots = 0
    while todo and boots < MAX_BOOTS + len(kinds) - 1:
        boots += 1
        same = [run for run in todo if run.case.xenstore == todo[0].case.xenstore]
        try:
            todo = _one_boot(lab, work, place, images, stored, same, tally, terminal) + todo[len(same):]
        except boot.BootError as error:
            terminal.line(str(error))
            break
    for run in todo:
        tally.add(run, "not run: there was no dom0 to run it", 0)
    shutil.rmtree(place / "share", ignore_errors=True)
    if tally.failed:
        terminal.line(f"consoles and results: {work}/NAME; how to look into one: tests/lab/README.md")
    if tally.again:
        terminal.line("run twice, as dom0 stopped: " + ", ".join(run.name for run in tally.again))
    terminal.line(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0
