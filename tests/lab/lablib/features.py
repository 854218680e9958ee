# SPDX-License-Identifier: MIT
"""A backend's offers, the guest's use of them, and the reasons for unused ones.

The offers are the backend's directory in XenStore, which dom0 read while the disk was connected
(offers-DEVID, written by ringlet-run). The use is from the guest's RESULT line about the disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RING_SEGMENTS = 11      # that a ring entry without indirect pages has room for
LINE = re.compile(r'^(\S+) = "(.*)"$')


@dataclass
class Feature:
    name: str
    offered: str        # "16 pages", "yes", "no"
    used: str
    why: str = ""       # empty: all that is offered is used


def load_offers(folder: Path, devid: int) -> dict[str, str]:
    """The backend's keys; empty if dom0 did not read them."""
    return _load(folder / f"offers-{devid}")


def load_vif(folder: Path, number: int) -> tuple[dict[str, str], dict[str, str]]:
    """The keys of an interface's backend, and the guest's."""
    return _load(folder / f"vif-{number}-backend"), _load(folder / f"vif-{number}-guest")


def _load(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(errors="replace")
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
    if used >= offered:
        return Feature(name, f"{offered}{unit}", f"{used}{unit}")
    return Feature(name, f"{offered}{unit}", str(used), fewer)


def _choice(name: str, offered: bool, used: bool, unused: str) -> Feature:
    why = "" if used else unused if offered else "the backend does not offer it"
    return Feature(name, "yes" if offered else "no", "yes" if used else "no", why)


def of_disk(disk: dict[str, Any], offers: dict[str, str]) -> list[Feature]:
    features = disk.get("features", {})
    used = disk.get("used", {})         # from the guest, with a reason (text) instead of false

    def chosen(name: str, offered: bool, default: bool, unused: str) -> Feature:
        value = used.get(name, default)
        return _choice(name, offered, value is True, value if isinstance(value, str) else unused)

    ring = _ring_pages(offers) if offers else disk.get("ring_pages", 1)
    indirect = features.get("indirect", 0)
    flush = features.get("flush") is True
    barrier = features.get("barrier") is True
    discard = features.get("discard") is True
    return [
        _limit("ring", " pages", ring, disk.get("ring_pages", 1), "each page costs the host memory; ring_order= asks for more"),
        _limit("queues", "", disk.get("queues_offered", 1), disk.get("queues", 1), "each costs the host memory; queues= asks for more"),
        _limit("segments", "", max(indirect, RING_SEGMENTS), disk.get("max_segments", 0), "fewer were asked for"),
        chosen("persistent", features.get("persistent") is True, False,
               "each request's pages are granted for that request alone"),
        chosen("flush", flush, flush, ""),
        chosen("barrier", barrier, barrier and not flush, "a flush does what is needed and costs less"),
        chosen("discard", discard, discard, ""),
        Feature("sector size", f"{offers.get('sector-size', disk.get('sector_size'))}", f"{disk.get('sector_size')}"),
    ]


def of_vif(backend: dict[str, str], guest: dict[str, str]) -> list[Feature]:
    """What the backend offers, and what the guest has asked for in XenStore."""
    def asked(name: str, key: str, unused: str, *, offer: str = "", negative: bool = False) -> Feature:
        offered = not offer or backend.get(offer) == "1"
        used = guest.get(key, "0") == "0" if negative else guest.get(key, "0") not in ("0", "")
        return _choice(name, offered, offered and used, unused)

    return [
        _limit("queues", "", max(_number(backend, "multi-queue-max-queues"), 1), max(_number(guest, "multi-queue-num-queues"), 1),
               "each costs the host memory; queues= asks for more"),
        asked("frames of several pages", "feature-sg", "the guest takes only small ones", offer="feature-sg"),
        asked("TCP/IPv4 segments joined", "feature-gso-tcpv4", "the guest takes single segments", offer="feature-gso-tcpv4"),
        asked("TCP/IPv6 segments joined", "feature-gso-tcpv6", "the guest takes single segments", offer="feature-gso-tcpv6"),
        asked("IPv4 checksums left out", "feature-no-csum-offload", "the guest wants them", negative=True),
        asked("IPv6 checksums left out", "feature-ipv6-csum-offload", "the guest wants them", offer="feature-ipv6-csum-offload"),
        asked("an event channel for each direction", "event-channel-tx", "one is enough", offer="feature-split-event-channels"),
        asked("multicast filter", "request-multicast-control", "the guest takes all", offer="feature-multicast-control"),
    ]


def lines(found: list[Feature]) -> list[str]:
    """One line for each feature, such as "persistent: offered, not used: REASON"."""
    text = []
    for feature in found:
        if feature.used == "no":
            text.append(f"{feature.name}: {'offered, not used' if feature.offered == 'yes' else 'not used'}: {feature.why}")
        elif feature.why:
            text.append(f"{feature.name}: {feature.used} of {feature.offered}: {feature.why}")
        else:
            text.append(f"{feature.name}: {'used' if feature.used == 'yes' else feature.used}")
    return text
