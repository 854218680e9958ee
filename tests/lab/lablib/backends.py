# SPDX-License-Identifier: MIT
"""`lab backends`: writes a page for docs/ with each kind of backend's offers and the guest's use of them."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from . import boot, features, jobs, results
from .terminal import Terminal

MIB = 1 << 20
ARGS = "dev=xvda write=1 rw=write bs=64k iodepth=8 size=256k"
TIMEOUT = 120
SLACK = 60


@dataclass
class Kind:
    title: str
    disk: str
    blkback: str = ""


KINDS = [
    Kind("blkback on a RAM disk", f"ram {4 * MIB}"),
    Kind("blkback on a loop device, 4096-byte sectors", f"loop {4 * MIB} 4096"),
    Kind("blkback on a SCSI disk that discards", f"scsi {8 * MIB} 512 discard"),
    Kind("blkback on NBD", f"nbd {4 * MIB}"),
    Kind("blkback, one ring page, no persistent grants", f"ram {4 * MIB}", "max_ring_page_order=0 feature_persistent=N"),
    Kind("qdisk, raw image", f"qdisk raw {4 * MIB}"),
    Kind("qdisk, qcow2 image", f"qdisk qcow2 {4 * MIB}"),
    Kind("qdisk without discard", f"qdisk raw {4 * MIB} no-discard"),
]

HEAD = """# Offers of backends, and their use by Ringlet

Written by `make backends` from a run on a real Xen: do not edit. Each cell is the backend's offer
and, behind the arrow, the part in use; a single value means that all of it is used. dom0 read the
offers from XenStore; the guest printed the part in use.

"""


def _cell(feature: features.Feature) -> str:
    return feature.offered if feature.offered == feature.used else f"{feature.offered} → {feature.used}"


def page(up: str, qemu: str, found: list[tuple[str, list[features.Feature]]]) -> str:
    kernel, _, xen = up.partition(" ")
    names = [feature.name for feature in found[0][1]]
    text = HEAD + f"Xen {xen}, blkback of Linux {kernel}, {qemu}.\n\n"
    text += "| backend | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|\n"
    for title, row in found:
        text += f"| {title} | " + " | ".join(map(_cell, row)) + " |\n"
    text += "\n## Why not all\n\n"
    reasons: dict[tuple[str, str], list[str]] = {}
    for title, row in found:
        for feature in row:
            if feature.why and feature.offered != "no":
                reasons.setdefault((feature.name, feature.why), []).append(title)
    for (name, why), titles in reasons.items():
        where = "everywhere that it is offered" if len(titles) == len(found) else "; ".join(titles)
        text += f"* **{name}**: {why} ({where}).\n"
    text += "\n" + NOTES
    return text


NOTES = """## Other observations

* A 4096-byte qdisk of QEMU 7.2 never connects to a frontend that does not declare that it counts
  the ring's sectors in this unit: the disk stays in InitWait, and no byte of it is accessed.
* QEMU 7.2 does not start a read-only qdisk at all ("Block node is read-only").
"""


def run(lab: Path, work: Path, image: Path, out: Path) -> int:
    terminal = Terminal()
    if not image.is_file():
        raise boot.BootError(f"no image {image}; `make guests` builds it")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    share = work / "share"
    boot.make_share(lab, share, [image])
    for index, kind in enumerate(KINDS):
        guest = jobs.Guest(image=image.name, type="pv", args=ARGS, timeout=TIMEOUT, disks=[kind.disk],
                           blkback=kind.blkback)
        (share / "jobs" / f"{index}-kind{index}.sh").write_text(jobs.script(guest))
    (share / "jobs" / "9-qemu.sh").write_text("backends && qemu-img --version\n")
    with boot.Machine(lab, work, share, []) as machine:
        up = machine.wait_up()
        for name in [*(f"kind{index}" for index in range(len(KINDS))), "qemu"]:
            for event in machine.wait_events(time.monotonic() + TIMEOUT + SLACK):
                if event and event.startswith(f"end {name} "):
                    break
                terminal.status(f"asking each kind of backend: {name}")
            else:
                raise boot.BootError(machine.explain("dom0 went away"))
        machine.finish()
    found = []
    for index, kind in enumerate(KINDS):
        folder = share / "out" / f"kind{index}"
        outcome = results.load(folder)
        disks = outcome.of_type("disk")
        if outcome.verdict != "SUCCESS" or not disks:
            terminal.line(f"{kind.title}: {outcome.verdict}: {outcome.reason}")
            return results.RANK.get(outcome.verdict, 6) or 4
        offers = features.load_offers(folder, int(disks[0]["devid"]))
        if not offers:
            terminal.line(f"{kind.title}: dom0 could not read what it offers")
            return 4
        found.append((kind.title, features.of_disk(disks[0], offers)))
    version = (share / "out" / "qemu" / "output").read_text().splitlines()[0]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(up, version.replace("qemu-img version", "qdisk of QEMU"), found))
    terminal.line(f"{len(found)} backends: {out}")
    return 0
