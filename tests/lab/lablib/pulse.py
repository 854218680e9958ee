# SPDX-License-Identifier: MIT
"""Presses a key of the emulated keyboard twice a second, which no program reads.

QEMU's emulation of AMD SVM can lose an interrupt: at the end of a guest's time slice it clears a
bit in the CPU's word of pending interrupts without the lock under which other threads set theirs
(seen with 7.2: the APIC has vector 250, Xen's timer, in its IRR and the CPU sleeps with interrupts
on). If that was Xen's timer, everything waits forever. Any later interrupt makes QEMU check again,
and both are delivered. With -icount timers run in the CPU's own thread, and this is not needed.
"""

from __future__ import annotations

import json
import socket
import threading

EVERY = 0.5         # longest delay by a lost interrupt, in seconds
PRESS = {"execute": "send-key", "arguments": {"keys": [{"type": "qcode", "data": "shift"}], "hold-time": 1}}


class Pulse:
    """For one QEMU: start it with `options` and `fds`, then optionally begin(); end() after its end."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._press, daemon=True)
        self.fds = [self._theirs.fileno()]
        self.options = ["-chardev", f"socket,id=pulse,fd={self.fds[0]}", "-mon", "chardev=pulse,mode=control"]

    def begin(self) -> None:
        self._theirs.close()
        self._thread.start()

    def end(self) -> None:
        self._theirs.close()
        self._ours.shutdown(socket.SHUT_RDWR)       # wakes the thread
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        self._ours.close()

    def _press(self) -> None:
        command = {"execute": "qmp_capabilities"}
        try:
            while self._ours.recv(65536):       # the greeting, then a reply to each command
                self._ours.sendall(json.dumps(command).encode())
                command = PRESS
                if self._over.wait(EVERY):
                    return
        except OSError:
            return                              # QEMU is gone
