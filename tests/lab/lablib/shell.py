# SPDX-License-Identifier: MIT
"""`lab shell`: an interactive shell in dom0, on this terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import boot


def run(lab: Path, work: Path, images: Path) -> int:
    if not sys.stdin.isatty():
        print("ringlet: a shell wants a terminal", file=sys.stderr)
        return 2
    share = work / "share"
    boot.make_share(share, sorted(path for path in images.glob("*") if path.is_file()))
    (share / "shell").touch()
    print("lab: booting Xen and dom0 (about 10 s); poweroff or exit in dom0 comes back here", flush=True)
    # Keys, ^C included, belong to dom0; QEMU puts the terminal back when it ends.
    serial = ["-chardev", "stdio,id=tty,signal=off", "-serial", "chardev:tty"]
    settings = subprocess.run(["stty", "-g"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    qemu = subprocess.Popen(boot.command(lab, share, [], serial))
    try:
        return qemu.wait()
    finally:
        if qemu.poll() is None:
            qemu.kill()
            qemu.wait()
        if settings:
            subprocess.run(["stty", settings], check=False)
