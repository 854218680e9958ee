# SPDX-License-Identifier: MIT
"""The page that `lab run` prints: versions, negotiated limits, verification, dom0's checks and throughput."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Sequence

from . import features
from .terminal import Terminal

MIB = 1 << 20


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if count == int(count) else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def _time(ns: float | None) -> str:
    if ns is None:
        return "-"
    for limit, divisor, unit in ((1e4, 1, "ns"), (1e7, 1e3, "us"), (1e10, 1e6, "ms")):
        if ns < limit:
            return f"{ns / divisor:.0f} {unit}"
    return f"{ns / 1e9:.1f} s"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def _short(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def job_table(jobs: list[dict[str, Any]]) -> list[str]:
    rows = [("job", "MiB/s", "IOPS", "p50", "p99", "verified")]
    for job in jobs:
        seconds = job.get("ns", 0) / 1e9
        latency = job.get("lat_ns", {})
        rows.append((f"{job.get('rw')} {_bytes(job.get('bs', 0))} x {job.get('iodepth')}",
                     f"{job.get('bytes', 0) / MIB / seconds:.1f}" if seconds else "-",
                     f"{job.get('requests', 0) / seconds:.0f}" if seconds else "-",
                     _time(latency.get("p50")), _time(latency.get("p99")),
                     _bytes(job.get("verified_bytes", 0)) if job.get("verified_bytes") else "-"))
    return _columns(rows)


def net_table(tests: list[dict[str, Any]]) -> list[str]:
    """nettest's results."""
    rows = [("test", "rate", "p50", "p99", "lost", "verified")]
    for test in tests:
        seconds = test.get("ns", 0) / 1e9
        rate = lost = "-"
        if "bytes" in test:
            rate = f"{test['bytes'] / MIB / seconds:.1f} MiB/s" if seconds else "-"
        elif "received" in test:
            rate = f"{test['received'] / seconds:.0f}/s" if seconds else "-"
            lost = f"{100 * (1 - test['received'] / test['sent']):.1f} %" if test.get("sent") else "-"
        elif "rounds" in test:
            rate = f"{test['rounds'] / seconds:.0f}/s" if seconds else "-"
            lost = str(test.get("lost", 0))
        latency = test.get("lat_ns", {})
        rows.append((str(test.get("test", "?")), rate, _time(latency.get("p50")), _time(latency.get("p99")), lost,
                     "each byte" if test.get("verified") and not test.get("wrong") else f"{test.get('wrong', 0)} WRONG" if test.get("wrong") else "-"))
    return _columns(rows)


def net_counters(counters: dict[str, Any]) -> list[str]:
    """What the guest's driver has counted."""
    frames = counters.get("tx_frames", 0) + counters.get("rx_frames", 0)
    if not frames:
        return []
    lines = [f"{counters['tx_frames']} frames sent, {counters['rx_frames']} received; {counters.get('notifications', 0)} notifications, "
             f"{counters.get('grants', 0)} grant operations"]
    for way, verb in (("tx", "sent"), ("rx", "received")):
        if counters.get(f"{way}_bytes"):
            lines.append(f"{_bytes(counters[f'{way}_bytes'])} {verb}, of which {_bytes(counters.get(f'{way}_copied', 0))} were copied; "
                         f"{counters.get(f'{way}_gso', 0)} frames of several segments")
    return lines


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                      for column, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]


def confirmation(checks: list[dict[str, Any]]) -> list[str]:
    """The checks by dom0 and the host."""
    groups = {"digest": ("checksum of what is on the disk", "dom0"),
              "counters": ("request counter of the backend", "dom0"),
              "notifications": ("count of the frontend's interrupts", "dom0"),
              "host-digest": ("checksum of the disk's file", "host")}
    agree: dict[str, list[str]] = {"dom0": [], "host": []}
    lines = []
    for group, (what, who) in groups.items():
        mine = [check for check in checks if check["check"].split("/")[0] == group]
        good = sum(check["status"] == "ok" for check in mine)
        if good:
            agree[who].append(_plural(good, what) if good == 1 else f"{good} {what}".replace("counter ", "counters ")
                              .replace("checksum ", "checksums "))
        for check in mine:
            if check["status"] == "skipped":
                lines.append(f"not checked: {check['check']} ({check['why']})")
            elif check["status"] != "ok":
                lines.append(f"DISAGREES: {check['check']}: guest {check['guest']}, "
                             f"{who} {check.get(who)}")
    return [f"{who} agrees: " + ", ".join(found) for who, found in agree.items() if found] + lines


class Page:
    def __init__(self, terminal: Terminal) -> None:
        self._out = terminal

    def booted(self, up: str, disk: Path, size: int, notes: list[str], seconds: float) -> None:
        kernel, _, xen = up.partition(" ")
        out = self._out
        out.line(f"{out.bold('Xen ' + (xen or '?'))} with dom0 Linux {kernel} in QEMU, up after {seconds:.0f} s")
        out.line(f"disk {_short(disk)}, {_bytes(size)}")
        for note in notes:
            out.line("     " + note)

    def guest(self, guest: dict[str, Any], seconds: float, folder: Path) -> None:
        out = self._out
        probe = guest["probe"]
        out.line()
        out.line(f"{out.bold(guest['type'].upper() + ' guest')}, {guest['memory']} MiB"
                 + (f", on Xen {probe['xen']}" if "xen" in probe else ""))
        for disk in guest["disks"]:
            self._disk(disk)
        if "interface" in guest:
            self._interface(guest["interface"], guest["tests"], guest["addresses"])
            for line in net_counters(guest["counters"]):
                out.line("    " + line)
        for line in confirmation(guest["checks"]):
            out.line("  " + line)
        if guest["result"] != "SUCCESS":
            out.line("  " + guest["reason"])
            out.line(f"  its console: {_short(folder / 'console.log')}")
        out.line(f"  {out.verdict(guest['result'])} ({seconds:.1f} s)")

    def _disk(self, disk: dict[str, Any]) -> None:
        out = self._out
        out.line(f"  {disk.get('dev')}: {_plural(disk.get('sectors', 0), 'sector')} of {disk.get('sector_size')} bytes"
                 + (", read-only" if disk.get("readonly") else ""))
        out.line(f"  backend {disk.get('backend')}")
        for line in features.lines(features.of_disk(disk, disk["offers"])):
            out.line("    " + line)
        for line in job_table(disk["jobs"]) if disk["jobs"] else []:
            out.line("    " + line)
        out.line(f"  verified {_bytes(disk['verified_bytes'])}, {_plural(disk['errors'], 'error')}")

    def _interface(self, interface: dict[str, dict[str, str]], tests: list[dict[str, Any]], addresses: list[str]) -> None:
        out = self._out
        guest = interface["guest"]
        out.line(f"  vif0: Ethernet address {guest.get('mac', '?')}, MTU {guest.get('mtu', '1500')}" + ("" if guest else ": never connected"))
        for line in addresses:
            out.line("    " + line)
        for line in features.lines(features.of_vif(interface["backend"], guest)) if guest else []:
            out.line("    " + line)
        for line in net_table(tests) if tests else []:
            out.line("    " + line)

    def end(self, verdict: str, seconds: float, report: Path) -> None:
        out = self._out
        out.line()
        out.line(out.dim("The CPU is emulated: compare these figures with each other, not with hardware."))
        out.line(f"{out.verdict(verdict)} after {seconds:.0f} s; details in {_short(report.with_suffix('.html'))} and {report.name}")
