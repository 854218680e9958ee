# SPDX-License-Identifier: MIT
"""The files of one run of ringlet-run in its output directory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RANK = {"SUCCESS": 0, "SKIP": 3, "ERROR": 4, "FAILURE": 5, "CRASH": 6}
NOISE = re.compile(r"RESULT \{|Test result:|^\s*$")


def printable(text: str) -> str:
    """A guest's text without control characters."""
    return "".join(char if " " <= char <= "~" or char in "\t\n" else "" for char in text)


def _clean(value: Any) -> Any:
    """The same for all strings in a JSON value, which may contain escaped control characters."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {printable(key): _clean(item) for key, item in value.items()}
    return value


def worst(verdicts: list[str]) -> str:
    return max(verdicts, key=lambda verdict: RANK.get(verdict, 6), default="ERROR")


@dataclass
class Outcome:
    verdict: str = "ERROR"
    reason: str = "ringlet-run left no verdict"
    console: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    bad_lines: list[str] = field(default_factory=list)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [result for result in self.results if result.get("type") == kind]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def load(folder: Path) -> Outcome:
    """Reads the existing files: an interrupted run leaves only some of them."""
    outcome = Outcome(console=printable(_text(folder / "console.log")))
    verdict = _text(folder / "verdict").splitlines()
    if verdict:
        outcome.verdict = verdict[0]
        outcome.reason = verdict[1] if len(verdict) > 1 else ""
    else:
        tail = [line for line in _text(folder / "output").splitlines() if line.strip()]
        if tail:
            outcome.reason += ": " + tail[-1]
    for name, into in (("results.jsonl", outcome.results), ("checks.jsonl", outcome.checks)):
        for line in _text(folder / name).splitlines():
            try:
                value = _clean(json.loads(line))
            except ValueError:
                value = None
            if isinstance(value, dict):
                into.append(value)
            else:
                outcome.bad_lines.append(line)
    return outcome


def last_plain_line(console: str) -> str:
    """The last line that is no RESULT line."""
    for line in reversed(printable(console).splitlines()):
        if not NOISE.search(line):
            return line.strip()
    return ""
