# SPDX-License-Identifier: MIT
"""
The record: a line for each test that does not pass both on Linux and in a guest,

  NAME | HOW ON LINUX | HOW IN A GUEST

How: pass, fail, unresolved, unsupported, untested, status N, signal N, timeout; on Linux compile or
link where it did not get further; in a guest, too, with the reason, and "hang" (it has to be ended
from outside), crash, "exit N" (of the domain). One that does not end on
Linux is not run. Tests that are left out cannot be built with the host's library.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .build import Built
from .collect import Test

STATUS = {"0": "pass", "1": "fail", "2": "unresolved", "4": "unsupported", "5": "untested", "77": "unsupported"}


@dataclass
class Line:
    linux: str
    guest: str

    @property
    def is_built_no_further(self) -> bool:
        return self.guest.startswith(("compile", "link"))


PASS = Line("pass", "pass")


def word(how: str) -> str:
    if how in STATUS:
        return STATUS[how]
    if how.isdigit():
        return f"status {how}"
    # of ringlet-run --app
    if how == "exit 6":
        return "crash"
    ended = re.fullmatch(r"exit (\d+)", how)
    return f"signal {int(ended[1]) - 128}" if ended and int(ended[1]) > 128 else how


def read(path: Path) -> dict[str, Line]:
    if not path.exists():
        return {}
    lines = [line.split(" | ") for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: Line(linux, guest) for name, linux, guest in lines}


def judge(tests: list[Test], built: Built, on_linux: dict[str, str], in_guest: dict[str, str],
          recorded: dict[str, Line]) -> dict[str, Line]:
    lines = {}
    for test in tests:
        if test.name in on_linux:
            linux = word(on_linux[test.name])
        elif built.linux.get(test.name):
            linux = built.linux[test.name]
        else:
            linux = "pass"          # it is only compiled, or not run now
        if built.guest[test.name]:
            guest = built.guest[test.name]
        elif not test.runs:
            guest = "pass"
        elif test.name in in_guest:
            guest = word(in_guest[test.name])
        else:
            # only those that were left out because of the record
            guest = recorded[test.name].guest if test.name in recorded else "not run"
        lines[test.name] = Line(linux, guest)
    return lines


def write(path: Path, tests: list[Test], lines: dict[str, Line], left_out: list[Test]) -> None:
    text = ["# Written by `make suites UPDATE=1`; the meaning: suiteslib/report.py.",
            "# TEST | ON LINUX | IN A GUEST; every other test passes in both."]
    text += [f"{test.name} | {lines[test.name].linux} | {lines[test.name].guest}" for test in tests
             if lines[test.name] != PASS]
    text += [f"{test.name} | not built | left out" for test in left_out]
    path.write_text("\n".join(text) + "\n")


INTRODUCTION = """\
## Public test suites

Programs of posixtestsuite 1.5.2 (the conformance tests), of gnulib 20230209 (its tests of functions of
a C library, as far as they build with glibc alone) and of newlib 3.3.0, as they are, by `make suites`.
Each runs on Linux as an ordinary user first, then in a guest with others in one image, and again in a
domain of its own if it did not pass. It passes with exit status 0.
"""


def with_the_rest(every: list[Test], lines: dict[str, Line], recorded: dict[str, Line]) -> tuple[list[Test], dict[str, Line], list[Test]]:
    """After a run of some tests: all tests with their lines, those not run from the record; and those left out."""
    lines = {test.name: lines.get(test.name) or recorded.get(test.name, PASS) for test in every}
    left_out = [test for test in every if lines[test.name].guest == "left out"]
    return [test for test in every if test not in left_out], lines, left_out


def table(tests: list[Test], lines: dict[str, Line]) -> str:
    """Per group: the tests, how many get how far, and those that pass on Linux but not in a guest."""
    rows = ["| suite | tests | pass on Linux | of these compile | link | pass in a guest | pass in a guest only |",
            "|---|---|---|---|---|---|---|"]
    total = [0] * 6

    for group in dict.fromkeys(test.group for test in tests):
        some = [test for test in tests if test.group == group]
        suite = some[0].name.split("/")[0]
        good = [lines[test.name] for test in some if lines[test.name].linux == "pass"]
        counts = [len(some), len(good), sum(not line.guest.startswith("compile") for line in good),
                  sum(not line.is_built_no_further for line in good), sum(line.guest == "pass" for line in good),
                  sum(lines[test.name].guest == "pass" for test in some if lines[test.name].linux != "pass")]
        total = [a + b for a, b in zip(total, counts)]
        rows.append(f"| {group if suite != 'pts' else f'posixtestsuite: {group}'} | " + " | ".join(map(str, counts)) + " |")
    rows.append("| **all** | " + " | ".join(f"**{count}**" for count in total) + " |")
    return "\n".join(rows) + "\n"


def counted(title: str, reasons: dict[str, int]) -> str:
    if not reasons:
        return ""
    words = [f"{reason} {count}" for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))]
    return f"\n{title}, with the number of tests:\n\n" + textwrap.fill(", ".join(words), 100, break_on_hyphens=False) + "\n"


def missing_name(message: str) -> str:
    """What a compiler's message misses."""
    header = re.match(r"(\S+\.h): No such file", message)
    name = re.match(r"‘(\w+)’ undeclared", message)
    return f"`{header[1]}`" if header else f"`{name[1]}`" if name else message


def causes(tests: list[Test], lines: dict[str, Line]) -> str:
    """Why tests that pass on Linux do not in a guest: what they need and is not there, and the others by name."""
    functions: Counter[str] = Counter()
    names: Counter[str] = Counter()
    others = []
    for test in tests:
        line = lines[test.name]
        if line.linux != "pass" or line.guest == "pass":
            continue
        if line.guest.startswith("link: "):
            functions.update(f"`{symbol}`" for symbol in line.guest[6:].split())
        elif line.guest.startswith("compile: "):
            names[missing_name(line.guest[9:])] += 1
        else:
            others.append(f"| `{test.name}` | {line.guest} |")
    text = counted("Functions that tests call and that are not there", functions)
    text += counted("Headers and names that tests do not compile without", names)
    if others:
        text += ("\nThe other tests that pass on Linux and not in a guest. \"hang\" is mostly a thread that computes, or asks again"
                 "\nand again, until another one has done something: threads are cooperative.\n"
                 "\n| test | in a guest |\n|---|---|\n" + "\n".join(others) + "\n")
    return text


def page(tests: list[Test], lines: dict[str, Line]) -> str:
    return INTRODUCTION + "\n" + table(tests, lines) + causes(tests, lines)


def compare(tests: list[Test], lines: dict[str, Line], recorded: dict[str, Line]) -> int:
    """What is worse than recorded fails. Prints the sum as tests/run-tests reads it."""
    good = bad = 0
    for test in tests:
        now, before = lines[test.name], recorded.get(test.name, PASS)
        if now.guest == "pass":
            good += 1
            if before.guest != "pass":
                print(f"better {test.name}: passes, recorded is {before.guest}")
        elif before.guest == "pass":
            bad += 1
            print(f"not ok {test.name}: {now.guest}; it passed")
    print(f"{good} passed, {bad} failed, {len(tests) - good - bad} skipped")
    return 1 if bad or not good else 0
