# SPDX-License-Identifier: MIT
"""The disk from which an HVM guest boots: SYSLINUX, Debian's kernel and an initramfs whose init is tests/lab/hvm/init.

One partition has these on FAT, the other one is the guest's to write. The same inputs give the same bytes. What the
guest is to do is in the boot loader's configuration, which is the only difference between two disks.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import cpio, image

HERE = Path(__file__).resolve().parent
INIT = HERE.parent / "hvm" / "init"
MBR = Path("/usr/lib/SYSLINUX/mbr.bin")
SECTOR = 512
BOOT_AT, BOOT_SIZE = 1 << 20, 16 << 20       # bytes; FAT16
DATA_AT, DATA_SIZE = 17 << 20, 16 << 20
SIZE = DATA_AT + DATA_SIZE
PROGRAMS = ("syslinux", "mkfs.fat", "mcopy")


@dataclass
class Plan:
    """What the guest is to do."""
    steps: str = "dma"          # of tests/lab/hvm/init, separated by commas
    mib: int = 2                # of each pattern
    seed: int = 1
    rounds: int = 1             # how often dma writes and reads its pattern
    unplug: bool = False        # to Xen's own disks
    kernel: str = ""            # further options of the kernel

    def command_line(self) -> str:
        unplug = "" if self.unplug else " xen_emul_unplug=never"
        return (f"console=ttyS0,115200 loglevel=4 panic=1 mitigations=off{unplug} steps={self.steps} mib={self.mib} seed={self.seed}"
                f"{f' rounds={self.rounds}' if self.rounds > 1 else ''}"
                f"{' ' + self.kernel if self.kernel else ''}")


# the place of a step's data in the second partition, in patterns; as tests/lab/hvm/init has it
INDEX = {"dma": 0, "pio": 1, "pv": 2}


def pattern(plan: Plan, step: str) -> bytes:
    """The bytes that the guest writes in a step."""
    first = plan.seed + INDEX[step] * 1000000
    size = plan.mib << 20
    return "".join(f"{number}\n" for number in range(first, first + plan.mib * 200000 + 1)).encode()[:size]


def pattern_at(plan: Plan, step: str) -> int:
    """The byte of the disk at which they begin."""
    return DATA_AT + INDEX[step] * (plan.mib << 20)


def _run(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=120, check=False,
                          env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "SOURCE_DATE_EPOCH": "315532800",
                               "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"})
    if done.returncode != 0:
        raise image.ImageError(f"{done.stdout.strip()}\n{Path(command[0]).name} failed with status {done.returncode}")


def _initramfs(lab: Path) -> bytes:
    part = lab / "hvm-init.cpio"
    with part.open("wb") as out:
        archive = cpio.Writer(out)
        archive.file("init", INIT.read_bytes().replace(b"#!/bin/sh", b"#!/bin/busybox sh", 1), 0o755)
        archive.close()
    data = (lab / "hvm-guest.cpio").read_bytes() + part.read_bytes()
    part.unlink()
    return gzip.compress(data, mtime=0)


def _syslinux_config(plan: Plan) -> str:
    return f"SERIAL 0 115200\nSAY Ringlet's test disk\nDEFAULT linux\nPROMPT 0\nLABEL linux\n  KERNEL vmlinuz\n  INITRD initrd\n  APPEND {plan.command_line()}\n"


def _partition_table() -> bytes:
    def entry(active: int, kind: int, at: int, size: int) -> bytes:
        return struct.pack("<B3sB3sII", active, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", at // SECTOR, size // SECTOR)
    return entry(0x80, 0x0E, BOOT_AT, BOOT_SIZE) + entry(0, 0x83, DATA_AT, DATA_SIZE) + bytes(32) + b"\x55\xaa"


def _stamp(lab: Path) -> str:
    digest = hashlib.sha256()
    for path in (Path(__file__), INIT, MBR, lab / "hvm-vmlinuz", lab / "hvm-guest.cpio"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _base(lab: Path, say: Callable[[str], None]) -> Path:
    """The disk without a configuration, made once."""
    for program in PROGRAMS:
        os.environ["PATH"] += "" if shutil.which(program) else ":/usr/sbin:/sbin"
        image.require(program)
    disk, stamp = lab / "hvm-disk.img", lab / "hvm-disk.stamp"
    now = _stamp(lab)
    if disk.exists() and stamp.exists() and stamp.read_text() == now:
        return disk
    say("lab: building the HVM guest's disk")
    stamp.unlink(missing_ok=True)
    boot, initrd = lab / "hvm-boot.img", lab / "hvm-initrd"
    initrd.write_bytes(_initramfs(lab))
    with boot.open("wb") as out:
        out.truncate(BOOT_SIZE)
    _run("mkfs.fat", "--invariant", "-F", "16", "-s", "8", "-n", "RINGLET", "-h", str(BOOT_AT // SECTOR), boot)
    _run("syslinux", "--install", boot)
    _run("mcopy", "-i", boot, lab / "hvm-vmlinuz", "::vmlinuz")
    _run("mcopy", "-i", boot, initrd, "::initrd")
    with disk.open("wb") as out:
        out.truncate(SIZE)
        out.write(MBR.read_bytes().ljust(446, b"\0") + _partition_table())
        out.seek(BOOT_AT)
        out.write(boot.read_bytes())
    boot.unlink()
    initrd.unlink()
    stamp.write_text(now)
    return disk


def make(lab: Path, disk: Path, plan: Plan, say: Callable[[str], None], qcow2: bool = False) -> None:
    """Writes a guest's disk, a raw image or a qcow2 image."""
    base = _base(lab, say)
    raw = disk.with_suffix(".raw") if qcow2 else disk
    config = disk.with_suffix(".cfg")
    shutil.copyfile(base, raw)
    config.write_text(_syslinux_config(plan))
    _run("mcopy", "-o", "-i", f"{raw}@@{BOOT_AT}", config, "::syslinux.cfg")
    config.unlink()
    if qcow2:
        _run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, disk)
        raw.unlink()


def to_raw(disk: Path, raw: Path) -> None:
    _run("qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk, raw)
