# SPDX-License-Identifier: MIT
"""Looks into a guest's memory, in a dump of `xl dump-core`."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import struct
from pathlib import Path

from . import elf

RINGLET_CORE = Path(__file__).resolve().parents[3] / "lib" / "sdk" / "ringlet-core"
TOTAL, FREE = 0, 2      # words of struct page_stats (ringlet/page.h)


def _ringlet_core():
    loader = importlib.machinery.SourceFileLoader("ringlet_core", str(RINGLET_CORE))
    spec = importlib.util.spec_from_loader("ringlet_core", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def pages_in_use(path: Path, image: Path) -> int:
    """How many pages of its memory the guest used, without those of its image. The image is not stripped."""
    core = _ringlet_core()
    address = elf.local_variable(image.read_bytes(), "page.c", "stats")
    with path.open("rb") as dump:
        parts = core.sections(dump)
        index = core.frames(dump, parts).index(address // core.PAGE)
        dump.seek(parts[".xen_pages"][0] + index * core.PAGE + address % core.PAGE)
        words = struct.unpack("<3Q", dump.read(24))
    return words[TOTAL] - words[FREE]
