# SPDX-License-Identifier: MIT
"""
Runs the tests in guests, in one boot of the lab. Its time is that of QEMU's instruction counter: a
test that sleeps costs nothing, and no result depends on how busy this machine is.
"""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path

from lablib import boot

from .collect import Test

LIMIT = 60          # seconds for a test, of the guest's time
TIMEOUT = 6 * 3600  # of ours, for all
END = re.compile(r"^@end (\d+) (.*?)\r?$", re.M)
BEGIN = re.compile(r"^@begin (\d+) ", re.M)


def ranges(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def results_of(text: str, tests: list[Test], wanted: set[int]) -> dict[str, str]:
    return {tests[int(number)].name: how for number, how in END.findall(text) if int(number) in wanted}


def run(lab: Path, work: Path, image: Path, tests: list[Test], wanted: list[int], kind: str, alone: bool) -> dict[str, str]:
    """
    The results of the tests with these numbers: exit status, "timeout", "hang" or "exit N" of the
    domain. alone: each in a domain of its own.
    """
    share = work / "share"
    boot.make_share(lab, share, [image])
    shutil.copy(Path(__file__).parent.parent / "worker", share / "bin" / "suites-worker")
    parts = [(number, number) for number in wanted] if alone else ranges(wanted)
    (share / "ranges").write_text("".join(f"{first} {last}\n" for first, last in parts))
    (share / "jobs" / "0-suites.sh").write_text(
        f"sh /lab/bin/suites-worker /lab/images/{image.name} {kind} {LIMIT} /lab/ranges >$OUT/console\n")
    console = share / "out" / "suites" / "console"
    shown = 0.0
    with boot.Machine(lab, work, share, [], boot.ICOUNT) as machine:
        machine.wait_up()
        for event in machine.wait_events(time.monotonic() + TIMEOUT, tick=0.5):
            if event and event.startswith("end suites "):
                machine.finish()
                break
            if time.monotonic() - shown > 20 and console.exists():
                shown = time.monotonic()
                begun = BEGIN.findall(console.read_text(errors="replace"))
                if begun:
                    print(f"  guest {kind}: {tests[int(begun[-1])].name}", file=sys.stderr, flush=True)
        else:
            raise boot.BootError(machine.explain("dom0 went away"))
    text = console.read_text(errors="replace")
    with (work / "console.log").open("a") as log:
        log.write(text)
    shutil.rmtree(share, ignore_errors=True)
    return results_of(text, tests, set(wanted))
