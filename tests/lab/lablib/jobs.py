# SPDX-License-Identifier: MIT
"""Writes the shell scripts that dom0 runs, one guest each (see dom0/agent and dom0/steps)."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass, field


@dataclass
class Guest:
    """One start of a guest by ringlet-run, with its setup and the actions beside it."""
    image: str                                          # in the share, or an absolute path in dom0
    type: str
    args: str = ""
    memory: int = 32
    timeout: int = 120
    disks: list[str] = field(default_factory=list)      # make_disk's arguments, then optionally " r" or " w"
    blkback: str = ""                                   # parameters of dom0's xen-blkback
    setup: str = ""                                     # shell lines before the guest starts
    meanwhile: str = ""                                 # shell lines while it runs
    after: str = ""                                     # shell lines after it, each of which must succeed
    options: str = ""                                   # more options of ringlet-run
    app: bool = False                                   # a program, whose exit status counts
    input: str = ""                                     # what it reads from standard input
    hvm: str = ""                                       # shell lines that do all of it, instead of ringlet-run


def _access(mode: str, writes: bool) -> str:
    return mode.lstrip(",") or ("w" if writes else "r")


def _disk(index: int, words: list[str], writes: bool) -> tuple[str, str]:
    """The shell line that makes a disk, and the --disk option that uses it."""
    mode = ""
    letter = chr(ord("a") + index) if index < 26 else ""        # only where the disk's name must be given
    if words[-1] in ("r", "w"):
        mode = "," + words.pop()
    if words[0] == "device":
        return "", f"--disk {shlex.quote('phy:' + words[1] + mode)}"
    if words[0] == "stuck":
        spec = f"format=raw,vdev=xvd{letter},access=r,script=block-stuck,target=/dev/stuck"
        return "", f"--disk {spec}"
    if words[0] == "qdisk":
        extra = "," + words.pop() if len(words) > 3 else ""      # discard or no-discard
        return (f"d{index}=$(make_disk {' '.join(words)}) || exit 4\n",
                f'--disk "format={words[1]},backendtype=qdisk,vdev=xvd{letter},access={_access(mode, writes)}{extra},'
                f'target=$d{index}"')
    if words[0] == "driver":
        return (f"d{index}=$(make_disk {' '.join(words[1:])}) && driver_domain start $d{index} || exit 4\n",
                f'--disk "format=raw,backendtype=phy,backend=$DRIVER,vdev=xvd{letter},access={_access(mode, writes)},'
                f'target=/dev/xvda" --data xvd{letter}=$d{index}')
    if words[0] == "cdrom":
        return (f"d{index}=$(make_disk {' '.join(words[1:])}) || exit 4\n",
                f'--disk "format=raw,backendtype=phy,vdev=hdc,access=r,devtype=cdrom,target=$d{index}"')
    prefix = "file:" if words[0] == "file" else "phy:"
    return f"d{index}=$(make_disk {' '.join(words)}) || exit 4\n", f'--disk "{prefix}$d{index}{mode}"'


def _hvm_script(guest: Guest) -> str:
    """A job with an HVM guest (dom0/hvm): the verdict is that of its lines, the console what its serial port and its device model said."""
    return (f"(\n{guest.hvm.strip()}\n)\nstatus=$?\n"
            'cat "$OUT"/serial*.log "$OUT"/qemu-dm-*.log >"$OUT/console.log" 2>/dev/null\n'
            'if [ $status -eq 0 ]; then echo SUCCESS; else printf "FAILURE\\n%s\\n" "$(tail -n 1 "$OUT/output")"; fi >"$OUT/verdict"\n'
            "exit $status\n")


def script(guest: Guest) -> str:
    if guest.hvm:
        return _hvm_script(guest)
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
    if guest.app:
        options += " --app"
        lines += f"printf %s {shlex.quote(guest.input)} | "
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
