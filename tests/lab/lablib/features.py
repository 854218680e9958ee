# SPDX-License-Identifier: MIT
"""What a backend offers, what the guest's driver uses of it, and why not all of it.

The offers are the backend's directory in XenStore as dom0 has read it while the disk was connected
(offers-DEVID, written by ringlet-run); what is used is the guest's RESULT line about the disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RING_SEGMENTS = 11      # a ring entry has room for so many, whatever the backend says
LINE = re.compile(r'^(\S+) = "(.*)"$')


@dataclass
class Feature:
    name: str
    offered: str        # "16 pages", "yes", "no"
    used: str
    why: str = ""       # empty: all that is offered is used


def load_offers(folder: Path, devid: int) -> dict[str, str]:
    """The backend's keys; empty when dom0 had no occasion to read them."""
    try:
        text = (folder / f"offers-{devid}").read_text(errors="replace")
    except OSError:
        return {}
    found = filter(None, map(LINE.match, text.splitlines()))
    return {match.group(1): match.group(2) for match in found}


def _number(offers: dict[str, str], key: str) -> int:
    value = offers.get(key, "")
    return int(value) if value.isdecimal() and len(value) < 10 else 0


def _ring_pages(offers: dict[str, str]) -> int:
    if "max-ring-page-order" in offers:
        return 1 << min(_number(offers, "max-ring-page-order"), 20)
    return max(_number(offers, "max-ring-pages"), 1)


def _limit(name: str, unit: str, offered: int, used: int, fewer: str) -> Feature:
    why = "" if used >= offered else fewer
    return Feature(name, f"{offered}{unit}", f"{used}{unit}", why)


def _choice(name: str, offered: bool, used: bool, unused: str) -> Feature:
    why = "" if used else unused if offered else "the backend does not offer it"
    return Feature(name, "yes" if offered else "no", "yes" if used else "no", why)


def of_disk(disk: dict[str, Any], offers: dict[str, str]) -> list[Feature]:
    features = disk.get("features", {})
    used = disk.get("used", {})         # the guest's own word, with reasons as text instead of false

    def chosen(name: str, offered: bool, default: bool, unused: str) -> Feature:
        value = used.get(name, default)
        return _choice(name, offered, value is True, value if isinstance(value, str) else unused)

    ring = _ring_pages(offers) if offers else disk.get("ring_pages", 1)
    indirect = features.get("indirect", 0)
    flush = features.get("flush") is True
    barrier = features.get("barrier") is True
    discard = features.get("discard") is True
    return [
        _limit("ring", " pages", ring, disk.get("ring_pages", 1), "16 pages are the protocol's most, or fewer were asked for"),
        _limit("queues", "", disk.get("queues_offered", 1), disk.get("queues", 1), "one is enough for one vCPU, or fewer were asked for"),
        _limit("segments", "", max(indirect, RING_SEGMENTS), disk.get("max_segments", 0), "fewer were asked for"),
        chosen("persistent", features.get("persistent") is True, False,
               "each request's pages are granted for that request alone"),
        chosen("flush", flush, flush, ""),
        chosen("barrier", barrier, barrier and not flush, "a flush does what is needed and costs less"),
        chosen("discard", discard, discard, ""),
        Feature("sector size", f"{offers.get('sector-size', disk.get('sector_size'))}", f"{disk.get('sector_size')}"),
    ]


def lines(found: list[Feature]) -> list[str]:
    """For people: one line each, "persistent: offered, not used: REASON"."""
    text = []
    for feature in found:
        if feature.used == "no":
            text.append(f"{feature.name}: {'offered, not used' if feature.offered == 'yes' else 'not used'}: {feature.why}")
        elif feature.why:
            text.append(f"{feature.name}: {feature.used} of {feature.offered}: {feature.why}")
        else:
            text.append(f"{feature.name}: {'used' if feature.used == 'yes' else feature.used}")
    return text
