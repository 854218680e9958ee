# SPDX-License-Identifier: MIT
"""Writes the shell scripts that dom0 runs, one guest each (see dom0/agent and dom0/steps)."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass, field


@dataclass
class Guest:
    """One start of a guest by ringlet-run, and what has to be there before and happen meanwhile."""
    image: str                                          # in the share, or an absolute path in dom0
    type: str
    args: str = ""
    memory: int = 32
    timeout: int = 120
    disks: list[str] = field(default_factory=list)      # make_disk's words, then perhaps " r" or " w"
    blkback: str = ""                                   # parameters of dom0's xen-blkback
    setup: str = ""                                     # shell lines before the guest starts
    meanwhile: str = ""                                 # shell lines while it runs
    after: str = ""                                     # shell lines behind it, each of which must succeed
    options: str = ""                                   # more options of ringlet-run


def _disk(index: int, words: list[str], writes: bool) -> tuple[str, str]:
    """The shell line that makes a disk, and the --disk option that uses it."""
    mode = ""
    letter = "abcdefghijklmnop"[index]
    if words[-1] in ("r", "w"):
        mode = "," + words.pop()
    if words[0] == "device":
        return "", f"--disk {shlex.quote('phy:' + words[1] + mode)}"
    if words[0] == "stuck":
        spec = f"format=raw,vdev=xvd{letter},access=r,script=block-stuck,target=/dev/stuck"
        return "", f"--disk {spec}"
    if words[0] == "qdisk":
        extra = "," + words.pop() if len(words) > 3 else ""      # discard or no-discard
        access = mode.lstrip(",") or ("w" if writes else "r")
        return (f"d{index}=$(make_disk {' '.join(words)}) || exit 4\n",
                f'--disk "format={words[1]},backendtype=qdisk,vdev=xvd{letter},access={access}{extra},target=$d{index}"')
    prefix = "file:" if words[0] == "file" else "phy:"
    return f"d{index}=$(make_disk {' '.join(words)}) || exit 4\n", f'--disk "{prefix}$d{index}{mode}"'


def script(guest: Guest) -> str:
    lines = ""
    options = ""
    if guest.blkback:
        lines += f"blkback {guest.blkback} || exit 4\n"
    for index, disk in enumerate(guest.disks):
        made, option = _disk(index, disk.split(), "write=1" in guest.args.split())
        lines += made
        options += f" {option}"
    if guest.setup:
        lines += guest.setup.strip() + "\n"
    if guest.meanwhile:
        options += ' --moving "$MOVING"'
        lines += f"(\n{guest.meanwhile.strip()}\n) &\nmeanwhile=$!\n"
    lines += (f'ringlet-run "{posixpath.join("/lab/images", guest.image)}" --name "$NAME" --type {guest.type}'
              f" --memory {guest.memory} --timeout {guest.timeout} --out \"$OUT\"{options}"
              f"{' ' + guest.options if guest.options else ''} -- {guest.args}\n")
    lines += "status=$?\n"
    if guest.meanwhile:
        lines += "kill $meanwhile 2>/dev/null\n"
    for line in filter(None, map(str.strip, guest.after.splitlines())):
        lines += f"{{ {line}; }} || echo {shlex.quote(line)} >>\"$OUT/after\"\n"
    lines += "exit $status\n"
    return lines
