# SPDX-License-Identifier: MIT
"""Output for the user: colours and one updating line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time


class Terminal:
    def __init__(self, every: float = 4.0) -> None:
        self.is_tty = sys.stdout.isatty()
        self._colours = self.is_tty and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._every = every
        self._last = 0.0
        self._status = False

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colours else text

    def bold(self, text: str) -> str:
        return self._paint("1", text)

    def dim(self, text: str) -> str:
        return self._paint("2", text)

    def verdict(self, text: str) -> str:
        return self._paint("1;32" if text in ("SUCCESS", "ok") else "1;33" if text == "SKIP" else "1;31", text)

    def clear(self) -> None:
        if self._status:
            sys.stdout.write("\r\033[K")
            self._status = False

    def line(self, text: str = "") -> None:
        self.clear()
        print(text, flush=True)
        self._last = time.monotonic()

    def status(self, text: str) -> None:
        """Progress: replaces itself on a terminal, appears every few seconds elsewhere."""
        if self.is_tty:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r\033[K" + self.dim(text[:width]))
            sys.stdout.flush()
            self._status = True
        elif time.monotonic() - self._last >= self._every:
            self.line(text)
