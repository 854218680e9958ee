# SPDX-License-Identifier: MIT
"""HVM guests whose device model is Ringlet in a stubdomain (apps/stubdm; tests/lab/dom0/hvm)."""

from __future__ import annotations

from typing import Any

from lablib.hvm_disk import Plan
from matrix import Case


def stubdom(name: str, lines: str, linux: Plan | None = None, **more: Any) -> Case:
    """One type only: the device model is always a PV guest, and its own guest HVM."""
    return Case(f"stubdom-{name}", image="stubdm", app=True, types=("pv",), hvm=lines, linux=linux, **more)


def linux(name: str, lines: str, plan: Plan, **more: Any) -> Case:
    """Debian's Linux: most of a minute."""
    return stubdom(name, lines, plan, full=True, timeout=420, **more)


def arguments(*words: str) -> str:
    return f"hvm || exit 4; HVM_EXTRA=$(hvm_argument {' '.join(words)})"


CASES = [
    # A boot sector of our own reads and writes by the BIOS.
    stubdom("hello", "hvm_hello stubdom", says=("HELLO from the boot sector", "SECTOR 1 of the disk", "DONE"), silent=("FAILED",)),
    # A hostile guest.
    stubdom("nonsense", "hvm_nonsense 3", timeout=180, full=True, says=("NONSENSE begins", "NONSENSE ends", "DONE")),
    stubdom("nonsense-minute", "hvm_nonsense 60", timeout=400, full=True, says=("NONSENSE begins", "NONSENSE ends", "DONE")),
    # What is wrong in the configuration.
    stubdom("no-disk", "hvm_no_disk", full=True),
    stubdom("argument-named", f"{arguments('-nonsense', 'value')}; hvm_hello stubdom", full=True, says=("-nonsense", "DONE")),
    stubdom("argument-refused", f"{arguments('-hdb', '/dev/xvdb')}; hvm_config stubdom; hvm_refused 'argument refused: -hdb'", full=True),
    Case("stubdom-no-target", image="stubdm", app=True, types=("pv",), options="-v", expect="EXIT 1|CRASH", says=("this domain has no target",)),
    # A domain that is neither this one nor its guest.
    stubdom("third-domain", "hvm_third", full=True, also=("neighbour", "idle")),
    # Linux.
    linux("linux", "hvm_everything", Plan(steps="ask,dma,pio,cdrom", seed=1001),
          says=("2 CPU$", r"GUEST dma result=ok mode=XFER_(UDMA|MW_DMA)", "GUEST pio result=ok mode=XFER_PIO", "GUEST cdrom result=ok")),
    linux("unplugged", "hvm_linux pv", Plan(steps="pv", seed=1002, unplug=True), says=("GUEST pv result=ok device=xvda",),
          silent=("the emulated disk is there",)),
    linux("reboot", "hvm_reboot", Plan(steps="reboot"), says=("GUEST reboots", "GUEST reboot result=ok")),
    linux("backend-gone", "hvm_backend_gone", Plan(steps="hold"), says=("GUEST hold result=error",)),
]
