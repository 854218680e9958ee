# SPDX-License-Identifier: MIT
"""Boots once for each kind of guest, runs all of its work there, and writes the figures to bench.json."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterable

from lablib import boot, results
from lablib.terminal import Terminal

from . import charts, host, targets, table, work
from .plan import COLUMNS, START_IMAGE, Plan

JOB_WALL = 500          # limit for one job, in seconds of the host
FORMAT = 1              # of bench.json


def _says(command: list[str], pattern: str) -> str:
    try:
        text = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
    except OSError:
        return "?"
    found = re.search(pattern, text)
    return found.group(1) if found else "?"


def versions(up: str, image: Path, root: Path) -> dict[str, str]:
    """Versions of all parts that influence the figures. up: dom0's report."""
    kernel, _, xen = up.partition(" ")
    return {"xen": xen, "dom0": "Linux " + kernel,
            "qemu": _says(["qemu-system-x86_64", "--version"], r"version (\S+)"),
            "ringlet": _says(["cat", str(root / "Makefile")], r"VERSION := (\S+)"),
            "ringlet_commit": _says(["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"], r"(\S+)"),
            "ringlet_compiler": _says(["readelf", "-p", ".comment", str(image)], r"\]\s+(.+)"),
            "aiobench_compiler": _says([os.environ.get("AIOBENCH_CC", "gcc"), "--version"], r"(.+)")}


def sizes(images: list[Path]) -> list[dict[str, Any]]:
    """The loaded size of each image, and its memory beside that."""
    found = []
    for image in images:
        said = subprocess.run(["size", str(image)], capture_output=True, text=True, check=True).stdout
        text, data, bss = said.splitlines()[1].split()[:3]
        found.append({"image": image.name, "text": int(text), "data": int(data), "bss": int(bss)})
    return found


def one_boot(lab: Path, folder: Path, share: Path, guest: str, scripts: dict[str, str],
             ended: Callable[[str, Path, float], Iterable[str]], terminal: Terminal) -> str:
    """Boots the lab and runs the jobs in scripts, by name, one after the other. ended is called with the name, the folder
    that the job left, and its wall time; it returns the names of jobs that are not wanted any more. Returns what dom0
    said about itself; the share is gone then. BootError: dom0 is gone, or a job took too long."""
    jobs = {name: share / "jobs" / f"{index:03d}-{name}.sh" for index, name in enumerate(scripts)}
    for name, path in jobs.items():
        path.write_text(scripts[name])
    done = 0
    terminal.status(f"{guest}: booting Xen and dom0 in QEMU")
    with boot.Machine(lab, folder, share, [], boot.ICOUNT) as machine:
        up = machine.wait_up()
        current, began = "", time.monotonic()
        for event in machine.wait_events(began + JOB_WALL * len(scripts)):
            if event is None:
                terminal.status(f"{guest}: {done} of {len(scripts)}: {current} ({time.monotonic() - began:.0f} s)")
                if time.monotonic() - began > JOB_WALL:
                    raise boot.BootError(machine.explain(f"{current} took too long"))
            elif event.startswith("begin "):
                current, began = event.split()[1], time.monotonic()
            elif event.startswith("end "):
                name = event.split()[1]
                left = folder / name
                shutil.rmtree(left, ignore_errors=True)
                shutil.copytree(share / "out" / name, left)
                done += 1
                for other in ended(name, left, time.monotonic() - began):
                    jobs[other].unlink(missing_ok=True)     # dom0 skips jobs that were removed
            elif event == "done":
                break
        else:
            raise boot.BootError(machine.explain("dom0 went away"))
        machine.finish()
    shutil.rmtree(share, ignore_errors=True)
    return up


def _grid(lab: Path, folder: Path, image: Path, aiobench: Path, plan: Plan, guest: str,
          terminal: Terminal) -> tuple[str, list[work.Found], dict[str, Any], list[dict[str, Any]]]:
    share = folder / "share"
    boot.make_share(lab, share, [image, image.parent / START_IMAGE, aiobench])
    os.link(lab / "vmlinux", share / "images" / "vmlinux")
    with (share / "images" / work.LINUX_INITRD).open("wb") as out:
        work.linux_initrd(lab / "linux-guest.cpio", aiobench, plan, out)
    todo = {item.name: item for item in work.all_work(plan, guest)}
    found: list[work.Found] = []
    linux: dict[str, Any] = {}
    costs: list[dict[str, Any]] = []
    rows = {host.job(guest, row): row for row in host.ROWS if re.search(plan.only, host.job(guest, row))}

    def ended(name: str, left: Path, seconds: float) -> Iterable[str]:
        if name in rows:
            costs.append(host.read(guest, rows[name], left))
            terminal.line(f"{name}: " + (costs[-1].get("failed") or f"{costs[-1]['memory_kib']} KiB of dom0 for each disk ({seconds:.0f} s)"))
            return []
        item = todo[name]
        found.append(work.read(plan, item, left))
        linux.update({item.column.name: line for line in results.load(left).of_type("linux")})
        if found[-1].failed:
            terminal.line(f"{name}: {found[-1].failed} (see {left})")
        elif found[-1].absent:
            terminal.line(f"{guest}: no column {item.column.name}: {found[-1].absent}")
            # this guest refuses the option each time
            return [other.name for other in todo.values() if other.column is item.column]
        else:
            terminal.line(table.progress(item, found[-1].points, found[-1].start, seconds))
        return []

    scripts = {name: work.script(plan, item, image.name) for name, item in todo.items()}
    scripts.update({name: host.script(guest, row, image.name) for name, row in rows.items()})
    return one_boot(lab, folder, share, guest, scripts, ended, terminal), found, linux, costs


def run(lab: Path, folder: Path, image: Path, plan: Plan, root: Path) -> int:
    """0, or 1 when a figure is missing. Missed targets are reported and no failure."""
    terminal = Terminal(every=30)
    started = time.monotonic()
    aiobench = folder / "aiobench"
    for path in (image, image.parent / START_IMAGE, aiobench):
        if not path.is_file():
            raise boot.BootError(f"no {path}; `make bench` builds it")
    found, linux, up = [], {}, ""
    costs: list[dict[str, Any]] = []
    for guest in plan.guests:
        up, of_boot, said, of_host = _grid(lab, folder, image, aiobench, plan, guest, terminal)
        found += of_boot
        costs += of_host
        linux[guest] = said
    bench = collect(plan, found, versions(up, image, root), linux,
                    sizes([image.parent / START_IMAGE, image]), costs)
    (folder / "bench.json").write_text(json.dumps(bench, indent=1) + "\n")
    text = table.text(bench) + targets.text(bench)
    (folder / "bench.txt").write_text(text)
    terminal.line()
    terminal.line(text)
    drawn = charts.draw(bench, folder)
    failed = [item for item in found if item.failed]
    terminal.line(f"{len(bench['points'])} figures after {time.monotonic() - started:.0f} s: "
                  + ", ".join(os.path.relpath(path) for path in [folder / "bench.json", *drawn]))
    for item in failed:
        terminal.line(f"NOT MEASURED: {item.work.name}: {item.failed}")
    for line in bench["failed"][len(failed):]:
        terminal.line(f"NOT MEASURED: {line['job']}: {line['why']}")
    return 1 if bench["failed"] else 0


def collect(plan: Plan, found: list[work.Found], known: dict[str, str], linux: dict[str, Any],
            images: list[dict[str, Any]], costs: list[dict[str, Any]]) -> dict[str, Any]:
    """bench.json: without date and wall time, so that two runs differ only in the figures."""
    absent = {(item.work.guest, item.work.column.name): item.absent for item in found if item.absent}
    bench: dict[str, Any] = {
        "format": FORMAT, "versions": known,
        "parameters": {
            "qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS,
            "guests": plan.guests, "workloads": plan.workloads, "filter": plan.only,
            "disks": {disk.name: disk.setup for disk in plan.disks},
            "shapes": {shape.title: {"bs": shape.bs, "iodepth": shape.depth,
                                     "bytes": {disk.name: disk.bytes(shape) for disk in plan.disks}}
                       for shape in plan.shapes},
            "columns": {column.name: {"kind": column.kind, "options": column.args, "is": column.note, "linux_mib": column.memory}
                        for column in COLUMNS},
            "linux": linux},
        "points": [point for item in found for point in item.points],
        "counters": [item.counters for item in found if item.counters],
        "start": work.starts(found),
        "images": images,
        "host_cost": [item for item in costs if "failed" not in item],
        "absent": [{"guest": guest, "column": column, "why": why} for (guest, column), why in absent.items()],
        "failed": [{"job": item.work.name, "why": item.failed} for item in found if item.failed] + host.failures(costs)}
    bench["targets"] = targets.judge(bench)
    return bench
