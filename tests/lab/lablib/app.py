# SPDX-License-Identifier: MIT
"""`lab app`: an ordinary program as a guest, with this process's input, output and exit status.

From a terminal the guest's console is this terminal, by dom0's second serial port. Otherwise the
input and the output pass through files of the share: they are faster and hold any byte.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from . import boot, shell

TIMEOUT = 24 * 3600
GDB = ["-gdb", "tcp:127.0.0.1:1234"]

# Gives the program what arrives in the file, until the file "input.end" says that this was all.
FEED = """\
feed() {
    shown=0
    while :; do
        end=; [ ! -e /lab/input.end ] || end=yes
        size=$(wc -c </lab/input)
        if [ "$size" -gt "$shown" ]; then
            tail -c +$((shown + 1)) /lab/input | head -c $((size - shown))
            shown=$size
        elif [ -n "$end" ]; then
            return
        else
            usleep 200000
        fi
    done
}
"""


class ArgumentError(Exception):
    """A mistake in the command line."""


@dataclass
class App:
    image: Path
    types: list[str]                                    # one run each
    args: list[str] = field(default_factory=list)
    env: list[str] = field(default_factory=list)        # NAME=VALUE
    disk: Path | None = None
    memory: int = 64
    verbose: bool = False
    net: bool = False                                   # a network interface
    options: list[str] = field(default_factory=list)    # more of ringlet-run's


# dom0's side of a network: addresses for guests that ask for them, and echo, discard and chargen.
NETWORK = ". /lab/bin/network; network && dhcp_server; nettest >/dev/null 2>&1 &"


def gdb_help(image: Path) -> str:
    return ("lab: gdb's port is open; type in another terminal:\n"
            f"  gdb {shlex.quote(str(image))} -ex 'target remote 127.0.0.1:1234' -ex 'hbreak main' -ex continue")


def command(app: App, kind: str) -> str:
    words = ["ringlet-run", "--app", f"/lab/images/{app.image.name}", "--type", kind, "--memory", str(app.memory)]
    words += [word for value in app.env for word in ("--env", value)]
    if app.disk:
        words += ["--disk", "phy:/dev/vda,w"]
    if app.net:
        words += ["--vif"]
    if app.verbose:
        words += ["--verbose"]
    return shlex.join([*words, *app.options, "--", *app.args])


def run(lab: Path, work: Path, app: App, machine: list[str]) -> int:
    """Returns the program's exit status, of several runs the first that is not 0, and writes build/run/NAME.json.
    `machine`: options of QEMU."""
    if not app.image.is_file():
        raise boot.BootError(f"no image {app.image}; `make apps` builds it")
    share = work / "share"
    boot.make_share(lab, share, [app.image])
    drives = [boot.Drive(app.disk, readonly=False)] if app.disk else []
    began = time.monotonic()
    follow = _on_terminal if sys.stdin.isatty() else _through_files
    try:
        status = follow(lab, work, share, app, drives, machine)
        report = work.parent / "run" / f"{app.image.name}.json"
        report.parent.mkdir(exist_ok=True)
        report.write_text(json.dumps(
            {"program": app.image.name, "arguments": app.args, "result": "FAILURE" if status else "SUCCESS", "status": status,
             "seconds": round(time.monotonic() - began, 1), "guests": app.types, "memory_mib": app.memory,
             "image_bytes": app.image.stat().st_size}, indent=1) + "\n")
        return status
    finally:
        shutil.rmtree(share, ignore_errors=True)


def _on_terminal(lab: Path, work: Path, share: Path, app: App, drives: list[boot.Drive], machine: list[str]) -> int:
    lines = [NETWORK] * app.net + ["status=0"]
    for kind in app.types:
        lines += [f"{command(app, kind)} || status=$?", "echo $status >/lab/out/status"]
    (share / "app").write_text("\n".join(lines) + "\n")
    print("lab: booting Xen and dom0 (about 10 s), then the program; ^] ends it", file=sys.stderr, flush=True)
    shell.interactive(lab, work, share, drives, machine)
    try:
        return int((share / "out" / "status").read_text())
    except (OSError, ValueError):
        raise boot.BootError("dom0 ended before the program did") from None


def _through_files(lab: Path, work: Path, share: Path, app: App, drives: list[boot.Drive], machine: list[str]) -> int:
    lines = [NETWORK] * app.net + [FEED, "status=0"]
    for kind in app.types:
        lines += ["rm -f /tmp/input; mkfifo /tmp/input; feed >/tmp/input & feeder=$!",
                  f"{command(app, kind)} </tmp/input || status=$?", "kill $feeder 2>/dev/null"]
    lines += ["exit $status"]
    (share / "jobs" / "0-app.sh").write_text(
        '( ' + "\n".join(lines) + '\n) >"$OUT/stdout" 2>"$OUT/stderr"\n')
    (share / "input").touch()
    threading.Thread(target=_copy_input, args=(share,), daemon=True).start()
    out = share / "out" / "app"
    try:
        with boot.Machine(lab, work, share, drives, machine) as qemu:
            qemu.wait_up()
            return shell.follow(qemu, "app", {out / "stdout": sys.stdout.buffer, out / "stderr": sys.stderr.buffer},
                                time.monotonic() + TIMEOUT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())     # Python flushes it at exit
        return 141


def _copy_input(share: Path) -> None:
    with (share / "input").open("ab", buffering=0) as to:
        source: BinaryIO = sys.stdin.buffer
        while True:
            piece = os.read(source.fileno(), 65536)
            if not piece:
                break
            to.write(piece)
    try:
        (share / "input.end").touch()
    except FileNotFoundError:
        pass        # the program has ended before
