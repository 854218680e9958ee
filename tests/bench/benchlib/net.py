# SPDX-License-Identifier: MIT
"""The network: nettest as a guest of Ringlet's, in a Linux guest, and in dom0 with itself, each with the same server in
dom0. The cheapest of some rounds counts, as interrupts of dom0's only add."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Iterable

from lablib import boot, cpio, jobs, results
from lablib.terminal import Terminal

from . import host, run, table, work
from .plan import MIB

FORMAT = 1              # of net.json
IMAGE = "nettest"       # of Ringlet
LINUX = "nettest-linux" # the same for Linux
INITRD = "linux-net.cpio"
MEMORY = 64
LINUX_MEMORY = 256
ROUNDS = 3
BLOCK = 64 << 10
DATAGRAM = 64

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
insmod /xen-netfront.ko || echo "insmod failed"
ip link set lo up
tries=0
until [ -e /sys/class/net/eth0 ] || [ $tries -ge 300 ]; do usleep 100000; tries=$((tries + 1)); done
ip addr add 10.0.0.2/24 dev eth0
ip link set eth0 up
sleep 2     # what the kernel still does after booting is not measured
for word in $(cat /proc/cmdline); do
    case $word in idle=*) sleep ${word#idle=} ;; esac     # only its interface is looked at, from outside
    case $word in nettest=*) /nettest $(echo "${word#nettest=}" | tr + ' ') ;; esac
done
sleep 1
poweroff -f
"""


@dataclass(frozen=True)
class Column:
    """Where the client runs."""
    name: str
    note: str


DOM0 = Column("dom0", "dom0 with itself, by its loopback interface")
GUEST_COLUMNS = [Column("linux", "a Linux guest with one vCPU and the same kernel as dom0's"),
                 Column("ringlet", "Ringlet")]


@dataclass(frozen=True)
class Part:
    """Tests that one start of a client does; args are nettest's."""
    name: str
    args: str
    tests: tuple[str, ...]


def parts(short: bool) -> list[Part]:
    stream, count, rounds = ("16m", 5000, 500) if short else ("64m", 20000, 2000)
    common = f"verify=0 repeat={ROUNDS} seed=1"
    return [Part("paced", f"{common} bytes={stream} bs={BLOCK} count={count} size={DATAGRAM} window=64 rounds={rounds} message=1",
                 ("send", "receive", "rr", "udp_send", "udp_receive", "udp_rr")),
            Part("flood", f"{common} test=udp_send,udp_receive count={count} size={DATAGRAM} window=0", ("udp_send", "udp_receive"))]


@dataclass(frozen=True)
class Job:
    """One start of a client. guest: the kind of guest; of dom0, of which there is one, the first kind of this run."""
    guest: str
    column: Column
    part: Part

    @property
    def name(self) -> str:
        return f"{self.guest}-net-{self.column.name}-{self.part.name}"


def all_jobs(guests: list[str], short: bool, only: str = "") -> dict[str, Job]:
    """By name, in the order in which they run. Raises re.error."""
    found = [Job(guests[0], DOM0, part) for part in parts(short)]
    found += [Job(guest, column, part) for guest in guests for column in GUEST_COLUMNS for part in parts(short)]
    return {job.name: job for job in found if re.search(only, job.name)}


def script(job: Job) -> str:
    """The shell script of a job."""
    setup = f"[ -e /tmp/{LINUX} ] || cp /lab/images/{LINUX} /tmp/; {{ network && {{ /tmp/{LINUX} services=0 >/dev/null 2>&1 & }}; }}"
    if job.column is DOM0:
        return work.in_memory(setup, [], f"/tmp/{LINUX} peer=127.0.0.1 {job.part.args} >$OUT/console.log\n"
                              "sed -n 's/^RESULT //p' $OUT/console.log >$OUT/results.jsonl\n"
                              "sed -n 's/^Test result: //p' $OUT/console.log >$OUT/verdict\n"
                              'read -r verdict <$OUT/verdict && [ "$verdict" = SUCCESS ]')
    guest = jobs.Guest(image=f"/tmp/{IMAGE}", type=job.guest, memory=MEMORY, options=" --vif",
                       args=f"ip=10.0.0.2/24 peer=10.0.0.1 {job.part.args}")
    files = [IMAGE]
    if job.column.name == "linux":
        files = ["vmlinux", INITRD]
        guest.image, guest.memory = "/tmp/vmlinux", LINUX_MEMORY
        guest.args = "console=hvc0 quiet nettest=" + "+".join(["peer=10.0.0.1", *job.part.args.split()])
        guest.options += f" --ramdisk /tmp/{INITRD}"
    return work.in_memory(setup, files, work.guest_run(guest))


def cost_script(guest: str, column: Column) -> str:
    """The shell script of the job that looks at what an idle interface takes of dom0."""
    lines = ['name="cost"', f'type="{guest}"', 'on_crash="preserve"', 'vif=[""]']
    files = [IMAGE]
    if column.name == "linux":
        files = ["vmlinux", INITRD]
        lines += ['kernel="/tmp/vmlinux"', f'ramdisk="/tmp/{INITRD}"', f"memory={LINUX_MEMORY}", f'extra="console=hvc0 quiet idle={host.HOLD}"']
    else:
        lines += [f'kernel="/tmp/{IMAGE}"', f"memory={MEMORY}", f'extra="ip=10.0.0.2/24 serve={host.HOLD}"']
    config = "\n".join(lines)
    return work.in_memory("network", files, f"cat >/tmp/cost.cfg <<'END'\n{config}\nEND\n( host_cost /tmp/cost.cfg 1 vif >$OUT/cost )")


def cost_jobs(guests: list[str], only: str) -> dict[str, tuple[str, Column]]:
    found = {f"{guest}-net-cost-{column.name}": (guest, column) for guest in guests for column in GUEST_COLUMNS}
    return {name: item for name, item in found.items() if re.search(only, name)}


def linux_initrd(base: Path, nettest: Path, out: BinaryIO) -> None:
    """The lab's archive with busybox and the module, followed by one with the bench's own files."""
    out.write(base.read_bytes())
    archive = cpio.Writer(out)
    archive.file("init", INIT.encode(), 0o755)
    archive.file("nettest", nettest.read_bytes(), 0o755)
    archive.close()


@dataclass
class Found:
    """The results of one start."""
    job: Job
    points: list[dict[str, Any]] = field(default_factory=list)
    interface: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, Any] = field(default_factory=dict)
    failed: str = ""


def _point(job: Job, rounds: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The best round of a test. None: a line is not what was asked for."""
    test = rounds[0]["test"]
    point: dict[str, Any] = {"guest": job.guest, "column": job.column.name, "part": job.part.name, "test": test}
    if any(line.get("wrong") or line.get("failed") or not line.get("ns") for line in rounds):
        return None
    if all(line.get("others_ns") for line in rounds):
        # of the whole time of the test, with the agreement before it
        amount = {"send": "bytes", "receive": "bytes", "udp_send": "received", "udp_receive": "received"}.get(test, "rounds")
        unit = BLOCK if amount == "bytes" else 1
        point["guest_ns"] = round(min(line["others_ns"] / max(line[amount], 1) for line in rounds) * unit)
    if test in ("send", "receive"):
        point["mib_s"] = round(max(line["bytes"] / line["ns"] * 1e9 / MIB for line in rounds), 2)
    elif test in ("udp_send", "udp_receive"):
        best = max(rounds, key=lambda line: float(line["received"] / line["ns"]))
        point["pps"] = round(best["received"] / best["ns"] * 1e9)
        point["sent"], point["received"] = best["sent"], best["received"]
    else:
        point["lat_ns"] = min(line["lat_ns"]["p50"] for line in rounds)
        point["p99_ns"] = min(line["lat_ns"]["p99"] for line in rounds)
        point["lost"] = sum(line["lost"] for line in rounds)
    return point


def read(job: Job, folder: Path) -> Found:
    """Reads the folder of a job. Without `failed` all points are there."""
    outcome = results.load(folder)
    found = Found(job)
    lines = outcome.of_type("net")
    for test in job.part.tests:
        rounds = [line for line in lines if line.get("test") == test]
        point = _point(job, rounds) if len(rounds) == ROUNDS else None
        if point is None:
            found.failed = found.failed or f"no figure for {test}"
        else:
            found.points.append(point)
    for kind, into in (("interface", found.interface), ("counters", found.counters)):
        for line in outcome.of_type(kind):
            into.update({key: value for key, value in line.items() if key != "type"})
    if outcome.verdict != "SUCCESS":
        found.failed = f"{outcome.verdict}: {outcome.reason}"
    return found


# Each row of the table: what the figure is called, its test and part, and whether less is better.
ROWS = [
    ("TCP send, MiB/s", "send", "paced", "mib_s"), ("TCP receive, MiB/s", "receive", "paced", "mib_s"),
    ("TCP 1 byte and back, us", "rr", "paced", "lat_ns"), ("UDP 1 byte and back, us", "udp_rr", "paced", "lat_ns"),
    ("UDP send, 64 bytes, 1/s", "udp_send", "paced", "pps"), ("UDP receive, 64 bytes, 1/s", "udp_receive", "paced", "pps"),
    ("UDP send, flood, 1/s", "udp_send", "flood", "pps"), ("UDP receive, flood, 1/s", "udp_receive", "flood", "pps"),
]
SHARES = [("64 KiB sent by TCP", "send", "paced"), ("64 KiB received by TCP", "receive", "paced"), ("1 byte and back, TCP", "rr", "paced"),
          ("1 byte and back, UDP", "udp_rr", "paced"), ("datagram sent", "udp_send", "paced"), ("datagram received", "udp_receive", "paced"),
          ("datagram delivered, flood sent", "udp_send", "flood"), ("datagram delivered, flood received", "udp_receive", "flood")]
# The test, the part, and what Ringlet's figure is to be of the Linux guest's.
TARGETS = [("send", "paced", "at least", 1.0), ("receive", "paced", "at least", 1.0), ("udp_send", "flood", "at least", 3.0),
           ("udp_receive", "flood", "at least", 3.0), ("rr", "paced", "at most", 0.5)]


def _point_of(points: list[dict[str, Any]], guest: str, column: str, test: str, part: str) -> dict[str, Any] | None:
    for point in points:
        if (point["column"], point["test"], point["part"]) == (column, test, part) and (column == DOM0.name or point["guest"] == guest):
            return point
    return None


def _figure(points: list[dict[str, Any]], guest: str, column: str, test: str, part: str) -> tuple[float, str] | None:
    """The number and the text for the table; the text of a flood has the loss, too."""
    point = _point_of(points, guest, column, test, part)
    if point is None:
        return None
    if "lat_ns" in point:
        return point["lat_ns"], f"{point['lat_ns'] / 1000:.1f}"
    if "mib_s" in point:
        return point["mib_s"], f"{point['mib_s']:.0f}"
    lost = 1 - point["received"] / point["sent"] if point["sent"] else 0.0
    return point["pps"], f"{point['pps']}" + (f" ({100 * lost:.0f} % lost)" if part == "flood" else "")


def judge(points: list[dict[str, Any]], guests: list[str]) -> list[dict[str, Any]]:
    """The targets for which there are both figures."""
    found = []
    for guest in guests:
        for test, part, how, wanted in TARGETS:
            ours, linux = (_figure(points, guest, column, test, part) for column in ("ringlet", "linux"))
            if ours and linux and linux[0]:
                value = ours[0] / linux[0]
                found.append({"target": f"{guest} {test}: {how} {wanted:g} x the Linux guest's", "value": round(value, 3), "wanted": wanted,
                              "holds": value >= wanted if how == "at least" else value <= wanted})
    return found


def text(bench: dict[str, Any]) -> str:
    """The tables, then the targets."""
    lines = []
    for guest in bench["parameters"]["guests"]:
        rows = [["", "dom0", "Linux", "Ringlet", "Ringlet / Linux"]]
        for title, test, part, _ in ROWS:
            figures = [_figure(bench["points"], guest, column, test, part) for column in ("dom0", "linux", "ringlet")]
            both = figures[1] and figures[2] and figures[1][0]
            rows.append([title, *(figure[1] if figure else "-" for figure in figures),
                         f"{figures[2][0] / figures[1][0]:.2f}" if both else "-"])
        lines += ["", f"{guest.upper()}:", *table.align(rows)]
        rows = [["of this the guest, and Xen for it: instructions for each", "Linux", "Ringlet"]]
        for title, test, part in SHARES:
            rows.append([title, *(f"{point['guest_ns']}" if (point := _point_of(bench["points"], guest, column, test, part)) and "guest_ns" in point
                                  else "-" for column in ("linux", "ringlet"))])
        lines += ["", *table.align(rows)]
        for counters in bench["counters"]:
            if counters["guest"] == guest:
                lines += [f"Ringlet's driver, {counters['part']}: " + ", ".join(
                    f"{counters[name]:g} {what}" for name, what in COUNTED if name in counters)]
    if bench["host_cost"]:
        rows = [["an idle interface takes of its host", "dom0, KiB", *(title for _, title in HOST_COSTS)]]
        rows += [[f"{item['guest'].upper()} {item['row']}", f"{item['memory_kib']}", *(f"{item[name]:g}" for name, _ in HOST_COSTS)]
                 for item in bench["host_cost"]]
        lines += ["", *table.align(rows)]
    if bench["targets"]:
        lines += ["", "Targets:"]
        lines += [f"  {item['target']}: {item['value']:.3f} {'holds' if item['holds'] else 'MISSED'}" for item in bench["targets"]]
    lines.append(f"{sum(item['holds'] for item in bench['targets'])} of {len(bench['targets'])} targets hold.")
    return "\n".join(lines) + "\n"


HOST_COSTS = (("keys", "XenStore keys"), ("watches", "watches"), ("grants", "grants mapped"), ("maptrack", "maptrack"),
              ("ports", "event channels"), ("ms", "ms to connect"))
COUNTED = (("notifications", "notifications per frame"), ("grants", "grant operations per frame"),
           ("tx_copied", "bytes copied per byte sent"), ("rx_copied", "bytes copied per byte received"),
           ("xenstore_waits", "waits for XenStore until the first frame"))


def counters(item: Found) -> dict[str, Any]:
    """What the driver has counted, per frame and byte."""
    line = item.counters
    frames = line.get("tx_frames", 0) + line.get("rx_frames", 0)
    if not frames:
        return {}
    found = {"guest": item.job.guest, "part": item.job.part.name, "raw": line,
             "notifications": round(line.get("notifications", 0) / frames, 4), "grants": round(line.get("grants", 0) / frames, 4)}
    for way in ("tx", "rx"):
        if line.get(f"{way}_bytes"):
            found[f"{way}_copied"] = round(line.get(f"{way}_copied", 0) / line[f"{way}_bytes"], 4)
    if "xenstore_waits" in line:
        found["xenstore_waits"] = line["xenstore_waits"]
    return found


def collect(guests: list[str], found: list[Found], known: dict[str, str], absent: list[str],
            costs: list[dict[str, Any]]) -> dict[str, Any]:
    """net.json: without date and wall time, as bench.json."""
    bench: dict[str, Any] = {
        "format": FORMAT, "versions": known,
        "parameters": {"qemu": " ".join(boot.ICOUNT), "cpus": boot.CPUS, "xen": boot.XEN_ARGS, "guests": guests,
                       "columns": {column.name: column.note for column in (DOM0, *GUEST_COLUMNS)},
                       "args": {item.job.part.name: item.job.part.args for item in found}},
        "points": [point for item in found for point in item.points],
        "interfaces": [{"guest": item.job.guest, **item.interface} for item in found if item.interface],
        "counters": [line for line in map(counters, found) if line],
        "failed": [{"job": item.job.name, "why": item.failed} for item in found if item.failed]
                  + [{"job": f"{item['guest']}-net-cost-{item['row']}", "why": item["failed"]} for item in costs if "failed" in item]
                  + [{"job": name, "why": "there is no image"} for name in absent],
        "host_cost": [item for item in costs if "failed" not in item]}
    bench["targets"] = judge(bench["points"], guests)
    return bench


def measure(lab: Path, folder: Path, images: Path, guests: list[str], short: bool, only: str, root: Path) -> int:
    """0, or 1 when a figure is missing. A missed target is reported and no failure. images: the folder that they are in."""
    terminal = Terminal(every=30)
    began = time.monotonic()
    nettest = folder.parent / LINUX
    if not nettest.is_file():
        raise boot.BootError(f"no {nettest}; `make bench APP=net` builds it")
    todo = all_jobs(guests, short, only)
    costs_todo = cost_jobs(guests, only)
    there = (images / IMAGE).is_file()
    absent = [name for name, column in [*((name, job.column) for name, job in todo.items()), *((name, item[1]) for name, item in costs_todo.items())]
              if column.name == "ringlet" and not there]
    costs: list[dict[str, Any]] = []
    found: list[Found] = []
    share = folder / "share"
    boot.make_share(lab, share, [nettest, *([images / IMAGE] if there else [])])
    os.link(lab / "vmlinux", share / "images" / "vmlinux")
    with (share / "images" / INITRD).open("wb") as out:
        linux_initrd(lab / "linux-guest.cpio", nettest, out)

    def ended(name: str, left: Path, seconds: float) -> Iterable[str]:
        if name in costs_todo:
            guest, column = costs_todo[name]
            costs.append(host.read(guest, host.Row(column.name, column.note, column.name, disks=1), left))
            terminal.line(f"{name}: " + (costs[-1].get("failed") or f"{costs[-1]['memory_kib']} KiB of dom0 ({seconds:.0f} s)"))
            return []
        found.append(read(todo[name], left))
        figures = ", ".join(f"{point['test']} {point.get('mib_s') or point.get('pps') or point.get('lat_ns')}" for point in found[-1].points)
        terminal.line(f"{name}: {found[-1].failed or figures} ({seconds:.0f} s)")
        return []

    scripts = {name: script(job) for name, job in todo.items() if name not in absent}
    scripts |= {name: cost_script(*item) for name, item in costs_todo.items() if name not in absent}
    up = run.one_boot(lab, folder, share, "+".join(guests), scripts, ended, terminal)
    bench = collect(guests, found, run.versions(up, images / IMAGE if there else nettest, root), absent, costs)
    (folder / "net.json").write_text(json.dumps(bench, indent=1) + "\n")
    said = text(bench)
    (folder / "net.txt").write_text(said)
    terminal.line()
    terminal.line(said)
    terminal.line(f"{len(bench['points'])} figures after {time.monotonic() - began:.0f} s: " + os.path.relpath(folder / "net.json"))
    for item in bench["failed"]:
        terminal.line(f"NOT MEASURED: {item['job']}: {item['why']}")
    return 1 if bench["failed"] else 0
