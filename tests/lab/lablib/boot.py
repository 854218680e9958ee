# SPDX-License-Identifier: MIT
"""Boots Xen and dom0 in QEMU (without KVM) and follows dom0's reports.

The host and dom0 share one folder by 9p, mounted as /lab in dom0:
    bin/      the scripts of tests/lab      images/   the guests
    jobs/     the jobs for dom0             out/      consoles and results      events   progress
    backends.cpio, network.cpio   programs that dom0 unpacks for jobs that need them
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from .pulse import Pulse

HERE = Path(__file__).resolve().parent
SCRIPTS = [HERE.parent / "ringlet-run", *sorted((HERE.parent / "dom0").iterdir())]

# One CPU: guest, dom0 and backend mostly wait for each other. On a busy host two emulated CPUs spend most of their time
# spinning for a lock whose owner is not running.
CPUS = 1
SILENCE = 60          # seconds; dom0's agent gives a sign of life every 5 seconds
BOOT_TIMEOUT = 180      # from power-on to dom0's first report; some 10 s on an idle machine
BOOT_TIMEOUT_COUNTED = 600      # with -icount
XEN_ARGS = "console=com1 com1=115200 dom0_mem=768M,max:768M bootscrub=0 conring_size=512k loglvl=warning guest_loglvl=warning noreboot"
DOM0_ARGS = "console=hvc0 quiet panic=5"
PR_SET_PDEATHSIG = 1
# Virtual time is then the number of instructions, 1 ns each, and idle time costs nothing: a
# measurement does not depend on the host's load. Needs one CPU.
ICOUNT = ["-icount", "shift=0,sleep=off"]


class BootError(Exception):
    """The machine failed; the text is for the user."""


class Stopped(BootError):
    """dom0 as a whole has stopped."""


@dataclass
class Drive:
    """A file of the host as a disk of dom0: /dev/vda, /dev/vdb, ... in the order given."""
    path: Path
    readonly: bool = True


def _escape(value: str | Path) -> str:
    """QEMU's option syntax doubles commas."""
    return str(value).replace(",", ",,")


def make_share(lab: Path, share: Path, images: list[Path]) -> None:
    """Makes a new share with the scripts and the guests in it."""
    shutil.rmtree(share, ignore_errors=True)
    for name in ("bin", "images", "jobs", "out"):
        (share / name).mkdir(parents=True)
    for script in SCRIPTS:
        shutil.copy(script, share / "bin" / script.name)
        (share / "bin" / script.name).chmod(0o755)
    for image in images:
        shutil.copy(image, share / "images" / image.name)
    nettest = lab.parent / "nettest-linux"      # dom0's side of a network; not every command needs it
    if nettest.is_file():
        shutil.copy(nettest, share / "bin" / "nettest")
    for name in ("backends.cpio", "network.cpio", "vmlinux", "driver-domain.cpio", "linux-guest.cpio", "hvm.cpio"):
        os.link(lab / name, share / name)       # both are in the build folder
    (share / "events").touch()


def command(lab: Path, share: Path, drives: list[Drive], serial: list[str], options: Sequence[str] = ()) -> list[str]:
    args = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64,+svm,+npt,+rdrand",
            "-smp", str(CPUS), "-m", "2048", "-display", "none", "-no-reboot", "-monitor", "none",
            "-nodefaults", "-net", "none", "-kernel", str(lab / "xen"), "-append", XEN_ARGS,
            "-initrd", f"{_escape(lab / 'vmlinux')} {DOM0_ARGS},{_escape(lab / 'initrd')}",
            "-virtfs", f"local,path={_escape(share)},mount_tag=lab,security_model=none,multidevs=remap",
            *serial, *options]
    for index, drive in enumerate(drives):
        mode = "on" if drive.readonly else "off"
        args += ["-drive", f"file={_escape(drive.path)},format=raw,if=none,id=drive{index},readonly={mode}",
                 "-device", f"virtio-blk-pci,drive=drive{index}"]
    return args


def _die_with_parent() -> None:
    """In the child: own process group (the lab handles ^C); QEMU ends when the lab does."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Machine:
    """One running QEMU. Use as a context manager, which always ends it."""

    def __init__(self, lab: Path, work: Path, share: Path, drives: list[Drive], options: Sequence[str] = ()) -> None:
        self.share = share
        # with -icount a second of dom0's may take any time on a busy host
        self._listens = "-icount" not in options
        self.console = work / "dom0-console.log"
        self._log = (work / "qemu.log").open("wb")
        self.console.unlink(missing_ok=True)
        serial = ["-serial", f"file:{_escape(self.console)}"]
        self._pulse = Pulse()
        self._qemu = subprocess.Popen(command(lab, share, drives, serial, [*self._pulse.options, *options]),
                                      stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                                      preexec_fn=_die_with_parent, pass_fds=self._pulse.fds)
        if "-icount" not in options:
            self._pulse.begin()
        self._events = (share / "events").open("r")
        self._partial = ""
        self._pending: deque[str] = deque()

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._qemu.poll() is None:
            self._qemu.kill()
        self._qemu.wait()
        self._pulse.end()
        self._events.close()
        self._log.close()

    def running(self) -> bool:
        return self._qemu.poll() is None

    def _read_events(self) -> None:
        """Reads the complete lines that dom0 has added since the last call."""
        self._partial += self._events.read()
        *lines, self._partial = self._partial.split("\n")
        self._pending.extend(lines)

    def silent_for(self) -> float:
        """Seconds since the last sign of life of dom0's agent; 0 before the first one."""
        try:
            return max(0.0, time.time() - (self.share / "alive").stat().st_mtime)
        except OSError:
            return 0.0

    def wait_events(self, deadline: float, tick: float = 0.1) -> Iterator[str | None]:
        """Yields each event, and None at every tick in between; ends when QEMU is gone.

        Events that the caller did not take stay for the next call. Raises BootError at the deadline
        (time.monotonic()), Stopped when dom0 has given no sign of life for SILENCE seconds.
        """
        while True:
            alive = self.running()
            self._read_events()
            while self._pending:
                yield self._pending.popleft()
            if not alive:
                return
            if self._listens and self.silent_for() > SILENCE:
                raise Stopped(self.explain(f"dom0 has stopped (silent for {SILENCE} s)"))
            if time.monotonic() > deadline:
                raise BootError(self.explain("dom0 took too long"))
            yield None
            time.sleep(tick)

    def wait_up(self) -> str:
        """Waits for dom0; returns its versions ("KERNEL XEN")."""
        deadline = time.monotonic() + (BOOT_TIMEOUT if self._listens else BOOT_TIMEOUT_COUNTED)
        for event in self.wait_events(deadline):
            if event and event.startswith("up "):
                return event[3:]
        raise BootError(self.explain("Xen or dom0 did not come up"))

    def finish(self, seconds: float = 20) -> None:
        """Gives dom0 time to power off by itself, then leaves it to __exit__."""
        end = time.monotonic() + seconds
        while self.running() and time.monotonic() < end:
            time.sleep(0.05)

    def explain(self, what: str) -> str:
        """The cause, the end of the machine's console, and the names of the logs."""
        lines = [f"{what}. The end of its console:"]
        for log in (self.console, Path(self._log.name)):
            try:
                text = log.read_text(errors="replace").replace("\r", "")
            except OSError:
                continue
            lines += ["    " + line for line in text.splitlines() if line.strip()][-15:]
        lines += [f"Whole console: {self.console}",
                  "To look around by hand: make lab.  To build the dom0 image afresh: remove the "
                  "folder build/lab and try again."]
        return "\n".join(lines)
