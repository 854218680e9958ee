# SPDX-License-Identifier: MIT
"""`lab shell`: a shell in dom0 on this terminal, or the commands from a pipe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from . import boot
from .pulse import Pulse

SCRIPT_TIMEOUT = 24 * 3600


def guest_images(folder: Path) -> list[Path]:
    """The images, without the other files of that folder (NAME.cfg, ...)."""
    return sorted(path for path in folder.glob("*")
                  if path.is_file() and "." not in path.name and os.access(path, os.X_OK))


def run(lab: Path, work: Path, images: Path) -> int:
    share = work / "share"
    boot.make_share(lab, share, guest_images(images))
    if not sys.stdin.isatty():
        return _script(lab, work, share, sys.stdin.read())
    (share / "shell").touch()
    print("lab: booting Xen and dom0 (about 10 s); poweroff or exit in dom0 comes back here", flush=True)
    return interactive(lab, work, share, [], [])


def interactive(lab: Path, work: Path, share: Path, drives: list[boot.Drive], options: list[str]) -> int:
    """Boots with this terminal as dom0's second serial port; returns QEMU's exit status.

    Xen's and Linux's messages go to a file: only what dom0's agent runs uses the terminal. All keys, ^C included, go to
    dom0. QEMU restores the terminal when it ends.
    """
    console = work / "dom0-console.log"
    console.unlink(missing_ok=True)
    serial = ["-serial", f"file:{console}", "-chardev", "stdio,id=tty,signal=off", "-serial", "chardev:tty"]
    settings = subprocess.run(["stty", "-g"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    pulse = Pulse()
    qemu = subprocess.Popen(boot.command(lab, share, drives, serial, [*pulse.options, *options]), pass_fds=pulse.fds)
    pulse.begin()
    try:
        deadline = time.monotonic() + boot.BOOT_TIMEOUT
        while qemu.poll() is None and not (share / "events").stat().st_size:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        if not (share / "events").stat().st_size:
            raise boot.BootError(f"Xen or dom0 did not come up; their console: {console}")
        return qemu.wait()
    finally:
        if qemu.poll() is None:
            qemu.kill()
            qemu.wait()
        pulse.end()
        if settings:
            subprocess.run(["stty", settings], check=False)


def follow(machine: boot.Machine, job: str, texts: dict[Path, BinaryIO], deadline: float) -> int:
    """Shows what is added to the files until the job ends; returns its exit status."""
    shown = {path: 0 for path in texts}
    for event in machine.wait_events(deadline):
        for path, to in texts.items():
            if path.exists():
                with path.open("rb") as text:
                    text.seek(shown[path])
                    news = text.read()
                shown[path] += len(news)
                to.write(news)
                to.flush()
        if event and event.startswith(f"end {job} "):
            machine.finish()
            return int(event.split()[-1])
    raise boot.BootError(machine.explain("dom0 went away"))


def _script(lab: Path, work: Path, share: Path, commands: str) -> int:
    """Runs the commands in dom0 and shows their output; returns their exit status."""
    if not commands.strip():
        print("ringlet: a shell in dom0 wants a terminal, or commands on standard input", file=sys.stderr)
        return 2
    (share / "commands").write_text(commands)
    (share / "jobs" / "0-shell.sh").write_text("ln -sfn /lab/images /guests\ncd /guests\nsh /lab/commands\n")
    try:
        with boot.Machine(lab, work, share, []) as machine:
            machine.wait_up()
            return follow(machine, "shell", {share / "out" / "shell" / "output": sys.stdout.buffer},
                          time.monotonic() + SCRIPT_TIMEOUT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())     # Python flushes it at exit
        return 141
    finally:
        shutil.rmtree(share, ignore_errors=True)
