# SPDX-License-Identifier: MIT
"""Builds the dom0 image: Xen, a Linux kernel and a small initramfs, all from Debian's packages.

mmdebstrap unpacks the packages into one tar file, without a chroot and without running any of them;
dom0's files are picked out of it. A stamp (a hash of the recipe) tells whether the image is up to
date.
"""

from __future__ import annotations

import fcntl
import fnmatch
import gzip
import hashlib
import lzma
import os
import re
import shutil
import struct
import subprocess
import tarfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from . import cpio, elf, recipe

HERE = Path(__file__).resolve().parent
INIT = HERE.parent / "dom0" / "init"
FILES = ("xen", "vmlinux", "initrd", "backends.cpio", "network.cpio", "linux-guest.cpio", "linux-nbd.cpio", "driver-domain.cpio",
         "hvm.cpio", "hvm-vmlinuz", "hvm-guest.cpio")


class ImageError(Exception):
    """The image could not be made; the text is the reason."""


def require(program: str) -> None:
    """Raises if a program is missing: the Makefile installs it, but the user may not have used make."""
    if shutil.which(program) is None:
        raise ImageError(f"there is no {program} here; `make run` and the other commands of the Makefile install it")


def stamp() -> str:
    digest = hashlib.sha256()
    for path in [HERE / name for name in ("recipe.py", "image.py", "cpio.py", "elf.py")] + [INIT]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current(lab: Path) -> bool:
    try:
        if (lab / "stamp").read_text() != stamp():
            return False
    except OSError:
        return False
    return all((lab / name).exists() for name in FILES)


def ensure(lab: Path, say: Callable[[str], None]) -> None:
    """Makes the files of lab if they are missing or older than the recipe."""
    if is_current(lab):
        return
    started = time.monotonic()
    lab.mkdir(parents=True, exist_ok=True)
    require("mmdebstrap")
    say("lab: fetching and unpacking Xen and Linux packages (about 15 s)")
    tree = lab / "tree.tar"
    try:
        _unpack(tree)
        say("lab: building the dom0 image")
        (lab / "stamp").unlink(missing_ok=True)
        with tarfile.open(tree) as tar:
            _build(tar, lab)
    finally:
        tree.unlink(missing_ok=True)
    (lab / "stamp").write_text(stamp())
    size = sum((lab / name).stat().st_size for name in FILES) / 2**20
    say(f"lab: dom0 image ready ({size:.0f} MiB, {time.monotonic() - started:.0f} s)")


@contextmanager
def held(lab: Path, say: Callable[[str], None], alone: bool = True) -> Iterator[None]:
    """The image, made if necessary, for one user of the build directory, or for several that are not alone."""
    lab.mkdir(parents=True, exist_ok=True)
    with (lab / "lock").open("w") as lock:
        wanted = fcntl.LOCK_EX if alone or not is_current(lab) else fcntl.LOCK_SH
        try:
            fcntl.flock(lock, wanted | fcntl.LOCK_NB)
        except OSError:
            say("lab: waiting for another lab that uses this build directory")
            fcntl.flock(lock, wanted)
        ensure(lab, say)
        if not alone:
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _apt_sources() -> list[str]:
    """The machine's own source files that have the suite."""
    candidates = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    suite = re.compile(rf"(^|\s){recipe.SUITE}(\s|$)", re.M)
    found = []
    for path in candidates:
        if path.suffix in (".list", ".sources") and path.is_file():
            lines = [line for line in path.read_text(errors="replace").splitlines()
                     if not line.lstrip().startswith("#")]
            if suite.search("\n".join(lines)):
                found.append(str(path))
    return found        # none: mmdebstrap uses its default mirror for the suite


def _unpack(tree: Path) -> None:
    # Unpacking needs no chroot, so the chrootless mode works for every user: without root, without
    # the user namespaces of the default mode (and newuidmap for them), and in containers.
    command = ["mmdebstrap", "--mode=chrootless", "--variant=extract", "--format=tar", "--quiet",
               "--include=" + ",".join(recipe.PACKAGES), recipe.SUITE, str(tree), *_apt_sources()]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=900, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        fetching = re.search(r"Could not (resolve|connect)|Failed to fetch|Unable to (fetch|locate)", done.stdout)
        hint = "; is the package mirror reachable?" if fetching else ""
        raise ImageError(f"{tail}\nmmdebstrap failed with status {done.returncode} (above){hint}")


class _Tree:
    """The unpacked packages, by path, with symbolic links followed."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members = {member.name.removeprefix("./").strip("/"): member for member in tar}

    def match(self, pattern: str) -> list[str]:
        found = sorted(fnmatch.filter(self._members, pattern))
        if not found:
            raise ImageError(f"nothing matches {pattern} in the packages")
        return found

    def read(self, path: str) -> bytes:
        for _ in range(10):
            member = self._members[path]
            if member.issym():
                target = member.linkname
                path = target.strip("/") if target.startswith("/") else \
                    os.path.normpath(os.path.join(os.path.dirname(path), target))
                continue
            data = self._tar.extractfile(member)
            if data is None:
                break
            return data.read()
        raise ImageError(f"{path} in the packages is not a file")

    def library(self, name: str) -> str:
        for folder in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64",
                       "usr/lib/xen-*/lib/x86_64-linux-gnu"):
            found = fnmatch.filter(self._members, f"{folder}/{name}")
            if found:
                return found[0]
        raise ImageError(f"shared object {name} is in none of the packages")


def _build(tar: tarfile.TarFile, lab: Path) -> None:
    tree = _Tree(tar)
    (lab / "xen").write_bytes(gzip.decompress(tree.read(tree.match("boot/xen-*-amd64.gz")[-1])))
    (lab / "vmlinux").write_bytes(_vmlinux(tree.read(tree.match("boot/vmlinuz-*")[-1])))
    with (lab / "initrd").open("wb") as out:
        archive = cpio.Writer(out)
        for folder in "bin dev etc/xen/scripts lib64 proc root run sys tmp var/log/xen lab".split():
            archive.directory(folder)
        archive.file("init", INIT.read_bytes(), 0o755)
        libraries = _add_programs(tree, archive, recipe.PROGRAMS, set())
        _add_files(tree, archive, recipe.FILES)
        _add_modules(tree, archive, recipe.MODULES_AT_BOOT, recipe.MODULES_ON_DEMAND)
        archive.close()
    with (lab / "backends.cpio").open("wb") as out:
        archive = cpio.Writer(out)
        _add_programs(tree, archive, recipe.BACKEND_PROGRAMS, libraries)
        _add_files(tree, archive, recipe.BACKEND_FILES)
        archive.close()
    with (lab / "network.cpio").open("wb") as out:
        archive = cpio.Writer(out)
        _add_programs(tree, archive, recipe.NETWORK_PROGRAMS, libraries)
        archive.close()
    with (lab / "hvm.cpio").open("wb") as out:
        archive = cpio.Writer(out)
        _add_programs(tree, archive, recipe.HVM_PROGRAMS, libraries)
        _add_files(tree, archive, recipe.HVM_FILES)
        archive.close()
    _build_hvm_guest(tree, lab)
    with (lab / "linux-guest.cpio").open("wb") as out:
        archive = cpio.Writer(out)
        for folder in "bin dev proc sys".split():
            archive.directory(folder)
        for pattern in recipe.LINUX_GUEST_FILES:
            for path in tree.match(pattern):
                archive.file(path, tree.read(path), 0o755)
        for name in recipe.LINUX_GUEST_MODULES:
            (path,) = tree.match(f"lib/modules/*/{name}.ko")
            archive.file(f"{name}.ko", tree.read(path))
        archive.close()
    with (lab / "linux-nbd.cpio").open("wb") as out:
        archive = cpio.Writer(out)
        for folder in "etc lib lib/x86_64-linux-gnu lib64 run tmp var".split():
            archive.directory(folder)
        _add_programs(tree, archive, recipe.LINUX_NBD_PROGRAMS, set())
        archive.close()
    with (lab / "driver-domain.cpio").open("wb") as out:
        archive = cpio.Writer(out)
        for folder in "bin dev lib64 proc run sys tmp var/log/xen".split():
            archive.directory(folder)
        _add_programs(tree, archive, recipe.DRIVER_DOMAIN_PROGRAMS, set())
        _add_modules(tree, archive, recipe.DRIVER_DOMAIN_MODULES, [])
        archive.close()


def _build_hvm_guest(tree: _Tree, lab: Path) -> None:
    (lab / "hvm-vmlinuz").write_bytes(tree.read(tree.match("boot/vmlinuz-*")[-1]))
    with (lab / "hvm-guest.cpio").open("wb") as out:
        archive = cpio.Writer(out)
        for folder in "bin dev proc sys tmp".split():
            archive.directory(folder)
        for pattern in recipe.HVM_GUEST_FILES:
            for path in tree.match(pattern):
                archive.file(path, tree.read(path), 0o755)
        _add_modules(tree, archive, recipe.HVM_GUEST_MODULES, [])
        archive.close()


def _vmlinux(bzimage: bytes) -> bytes:
    """The kernel inside a bzImage: unpacking it here saves the emulated CPU seconds per boot."""
    setup_sectors = bzimage[0x1F1] or 4
    offset, length = struct.unpack_from("<II", bzimage, 0x248)     # payload, in the boot protocol
    start = (setup_sectors + 1) * 512 + offset
    try:
        kernel = lzma.LZMADecompressor().decompress(bzimage[start:start + length])
    except lzma.LZMAError:
        return bzimage          # some other compression: Xen unpacks it itself
    return kernel if kernel[:4] == b"\x7fELF" else bzimage


def _add_programs(tree: _Tree, archive: cpio.Writer, patterns: list[str], there: set[str]) -> set[str]:
    """Adds programs and the shared objects that they name; returns all objects added so far."""
    wanted = list(recipe.EXTRA_LIBRARIES)
    for pattern in patterns:
        for path in tree.match(pattern):
            data = tree.read(path)
            archive.file(path, data, 0o755)
            wanted += elf.needed(data)
    done = set(there)
    while wanted:
        name = wanted.pop()
        if name in done:
            continue
        done.add(name)
        data = tree.read(tree.library(name))
        # One flat folder that the loader searches by default; the loader itself has a fixed place.
        folder = "lib64" if name.startswith("ld-linux") else "lib/x86_64-linux-gnu"
        archive.file(f"{folder}/{name}", data, 0o755)
        wanted += elf.needed(data)
    return done


def _add_files(tree: _Tree, archive: cpio.Writer, patterns: list[str]) -> None:
    for pattern in patterns:
        for path in tree.match(pattern):
            archive.file(path, tree.read(path))


def _add_modules(tree: _Tree, archive: cpio.Writer, at_boot: list[str], on_demand: list[str]) -> None:
    """Modules, a modules.dep for busybox's modprobe (which loads the rightmost first), and the list of what init loads."""
    by_name = {_module_name(path): path for path in tree.match("lib/modules/*.ko")}
    todo = at_boot + on_demand
    depends: dict[str, list[str]] = {}
    while todo:
        name = todo.pop().replace("-", "_")
        if name in depends:
            continue
        if name not in by_name:
            raise ImageError(f"the kernel package has no module {name}")
        data = tree.read(by_name[name])
        archive.file(by_name[name], data)
        found = re.search(rb"\0depends=([^\0]*)\0", data)
        words = found.group(1).decode().split(",") if found else []
        depends[name] = [word.replace("-", "_") for word in words if word]
        todo += depends[name]

    def load_order(name: str) -> list[str]:
        ordered: list[str] = []
        for other in depends[name]:
            ordered += [*load_order(other), other]
        return list(dict.fromkeys(ordered))

    version = by_name["xen_privcmd"].split("/")[2]
    base = f"lib/modules/{version}/"
    lines = [f"{by_name[name].removeprefix(base)}: "
             + " ".join(by_name[other].removeprefix(base) for other in reversed(load_order(name)))
             for name in sorted(depends)]
    archive.file(f"{base}modules.dep", ("\n".join(lines) + "\n").encode())
    archive.file("etc/modules-at-boot", ("\n".join(at_boot) + "\n").encode())


def _module_name(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".ko").replace("-", "_")
