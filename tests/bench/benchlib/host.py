# SPDX-License-Identifier: MIT
"""What a frontend costs its host: dom0's memory, XenStore, grants and event channels, for each disk.

A guest is made paused, so that all of its disks wait for their frontend, and looked at; then it runs, connects them, and is
looked at again. The difference is what the frontends made of the backends' offers: four queues, rings of 16 pages, 256
segments.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lablib import results

from . import work
from .plan import KIB

DISKS = 4               # at once, for the average; four with all that is offered are 330 MiB of dom0's memory
BLKBACK = "max_queues=4"
LINUX_MEMORY = 256
HOLD = 100_000          # virtual seconds
COUNTS = ("keys", "watches", "grants", "maptrack", "ports", "ms")


@dataclass(frozen=True)
class Row:
    """One start of a guest."""
    name: str
    title: str
    kind: str           # linux or ringlet
    args: str = ""      # blktest's
    vcpus: int = 1
    disks: int = DISKS


ROWS = [
    Row("linux-1", "Linux, 1 vCPU", "linux"),
    Row("linux-4", "Linux, 4 vCPUs", "linux", vcpus=4),
    Row("default", "Ringlet", "ringlet"),
    Row("order-1", "Ringlet, ring_order=1", "ringlet", "ring_order=1"),
    Row("order-4", "Ringlet, ring_order=4", "ringlet", "ring_order=4"),
    Row("queues-4", "Ringlet, queues=4", "ringlet", "queues=4"),
    Row("most", "Ringlet, ring_order=4 queues=4", "ringlet", "ring_order=4 queues=4"),
]
# of make bench SCALING=1: is it as much for each disk, however many there are?
SCALING_ROWS = [Row(f"{kind}-{count}-disks", f"{title}, {count} disk{'s' * (count > 1)}", kind, disks=count)
                for kind, title in (("linux", "Linux, 1 vCPU"), ("ringlet", "Ringlet")) for count in (1, 8, 64)]


def job(guest: str, row: Row) -> str:
    return f"{guest}-host-{row.name}"


def vdev(index: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "xvd" + (letters[index // 26 - 1] if index >= 26 else "") + letters[index % 26]


def _config(guest: str, row: Row, image: str) -> str:
    """Of xl."""
    disks = ", ".join(f'"phy:/dev/nullb{index},{vdev(index)},w"' for index in range(row.disks))
    lines = ['name="cost"', f'type="{guest}"', f"vcpus={row.vcpus}", 'on_crash="preserve"', f"disk=[{disks}]"]
    if row.kind == "linux":
        lines += ['kernel="/tmp/vmlinux"', f'ramdisk="/tmp/{work.LINUX_INITRD}"', f"memory={LINUX_MEMORY}",
                  f'extra="console=hvc0 quiet idle={HOLD}"']
    else:
        lines += [f'kernel="/tmp/{image}"', f"memory={work.RINGLET_MEMORY + row.disks // 2}",
                  f'extra="{" ".join(f"dev=all rw=read bs=4k size=4k verify=0 hold={HOLD}s {row.args}".split())}"']
    return "\n".join(lines)


def script(guest: str, row: Row, image: str) -> str:
    """The shell script of its job, in dom0/host's words."""
    files = ["vmlinux", work.LINUX_INITRD] if row.kind == "linux" else [image]
    return work.in_memory(f"modprobe null_blk nr_devices={row.disks}", files,
                          f"cat >/tmp/cost.cfg <<'END'\n{_config(guest, row, image)}\nEND\n"
                          f"( blkback {BLKBACK} && host_cost /tmp/cost.cfg {row.disks} >$OUT/cost )")


def _last_words(folder: Path) -> str:
    try:
        return results.printable(results.last_plain_line((folder / "output").read_text(errors="replace")))
    except OSError:
        return "nothing was said"


def read(guest: str, row: Row, folder: Path) -> dict[str, Any]:
    """A line of bench.json's host_cost, per disk but for `disks`; or {"failed": why}."""
    found: dict[str, int] = {}
    try:
        lines = (folder / "cost").read_text().split("\n")
    except OSError:
        lines = []
    for words in filter(lambda words: len(words) == 2, map(str.split, lines)):
        try:
            found[words[0]] = int(words[1])
        except ValueError:
            pass
    missing = [name for name in ("memory", *COUNTS) if name not in found]
    if missing:
        return {"guest": guest, "row": row.name, "failed": f"no figure for {missing[0]}: {_last_words(folder)}"}
    cost: dict[str, Any] = {"guest": guest, "row": row.name, "title": row.title, "disks": row.disks, "options": row.args,
                            "vcpus": row.vcpus, "memory_kib": round(found["memory"] / row.disks)}
    cost.update({name: round(found[name] / row.disks, 2) for name in COUNTS})
    return cost


def failures(costs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"job": f"{item['guest']}-host-{item['row']}", "why": item["failed"]} for item in costs if "failed" in item]


def text(costs: list[dict[str, Any]]) -> list[str]:
    """A table."""
    rows = [["each disk costs its host", "dom0, MiB", "XenStore keys", "watches", "grants", "maptrack", "event channels", "ms to connect"]]
    for item in costs:
        if "failed" not in item:
            rows.append([f"{item['guest'].upper()} {item['title']}", f"{item['memory_kib'] / KIB:.2f}",
                         *(f"{item[name]:g}" for name in COUNTS)])
    if len(rows) == 1:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["", "Connected and idle, of a blkback that offers four queues, rings of 16 pages and 256 segments:",
            *("  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                        for index, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows)]
