# SPDX-License-Identifier: MIT
"""`lab shell`: a shell in dom0 on this terminal, or the commands that come by a pipe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import boot
from .pulse import Pulse

SCRIPT_TIMEOUT = 24 * 3600


def guest_images(folder: Path) -> list[Path]:
    """The images and nothing of what lies beside them (NAME.cfg, ...)."""
    return sorted(path for path in folder.glob("*")
                  if path.is_file() and "." not in path.name and os.access(path, os.X_OK))


def run(lab: Path, work: Path, images: Path) -> int:
    share = work / "share"
    boot.make_share(lab, share, guest_images(images))
    if not sys.stdin.isatty():
        return _script(lab, work, share, sys.stdin.read())
    (share / "shell").touch()
    print("lab: booting Xen and dom0 (about 10 s); poweroff or exit in dom0 comes back here", flush=True)
    # Xen's and Linux's messages go to a file; the terminal is the shell's alone. Its keys, ^C included,
    # belong to dom0; QEMU puts the terminal back when it ends.
    console = work / "dom0-console.log"
    console.unlink(missing_ok=True)
    serial = ["-serial", f"file:{console}", "-chardev", "stdio,id=tty,signal=off", "-serial", "chardev:tty"]
    settings = subprocess.run(["stty", "-g"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    pulse = Pulse()
    qemu = subprocess.Popen(boot.command(lab, share, [], serial, pulse.options), pass_fds=pulse.fds)
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


def _script(lab: Path, work: Path, share: Path, commands: str) -> int:
    """Runs the commands in dom0 and shows what they print; returns their exit status."""
    if not commands.strip():
        print("ringlet: a shell in dom0 wants a terminal, or commands on standard input", file=sys.stderr)
        return 2
    (share / "commands").write_text(commands)
    (share / "jobs" / "0-shell.sh").write_text("ln -sfn /lab/images /guests\ncd /guests\nsh /lab/commands\n")
    output = share / "out" / "shell" / "output"
    shown = 0
    try:
        with boot.Machine(lab, work, share, []) as machine:
            machine.wait_up()
            for event in machine.wait_events(time.monotonic() + SCRIPT_TIMEOUT):
                if output.exists():
                    with output.open("rb") as text:
                        text.seek(shown)
                        news = text.read()
                    shown += len(news)
                    sys.stdout.buffer.write(news)
                    sys.stdout.flush()
                if event and event.startswith("end shell "):
                    machine.finish()
                    return int(event.split()[-1])
            raise boot.BootError(machine.explain("dom0 went away"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())     # for what Python flushes at exit
        return 141
    finally:
        shutil.rmtree(share, ignore_errors=True)
