# SPDX-License-Identifier: MIT
"""gdb commands for a Ringlet guest, running or as a dump (docs/debugging.md):

    ringlet threads             each thread, and the functions in which it is
    ringlet thread NUMBER       one of them, with the local address of each frame
    ringlet frames ADDRESS      the functions from a frame pointer on

Load it with `source ringlet-gdb.py`. Nothing of the guest is changed: the saved frame pointers are
read, with which all of an image is compiled.
"""

import gdb

DEPTH = 64
# arch_context_switch() saves, from the stack pointer on: control words, r15, r14, r13, r12, rbx, rbp, and
# the return address.
SAVED_RBP, SAVED_PC = 48, 56


def word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


def place(pc):
    """"function+offset at file:line" of an address, as far as the image knows."""
    name = gdb.execute(f"info symbol {pc:#x}", to_string=True).strip()
    name = "??" if name.startswith("No symbol") else name.split(" in section")[0]
    line = gdb.find_pc_line(pc)
    return f"{name} at {line.symtab.filename}:{line.line}" if line.symtab and line.line else name


def frames(pc, rbp):
    """The places from a program counter and a frame pointer on."""
    yield pc, rbp, place(pc)
    for _ in range(DEPTH):
        if not rbp or rbp % 8:
            return
        try:
            pc, above = word(rbp + 8), word(rbp)
        except gdb.MemoryError:
            return
        if not pc:
            return
        yield pc, rbp, place(pc - 1)        # the call, not what comes behind it
        rbp = above


def threads():
    """(number, struct thread *, name, state) of each."""
    head = gdb.parse_and_eval("&'lib/core/thread.c'::all")
    kind = gdb.lookup_type("struct thread")
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == "all_link")
    link, number = head["next"], 0
    while int(link) != int(head):
        thread = gdb.Value(int(link) - offset).cast(kind.pointer())
        number += 1
        state = "waits" if thread["waiting"] else "ended" if thread["ended"] else "ready"
        yield number, thread, thread["name"].string(errors="replace"), state
        link = link["next"]


def running():
    """The address of the thread that has the CPU."""
    # an exported variable has a prefix, and no type in some versions of gdb
    return word(int(gdb.parse_and_eval("(unsigned long)&ringlet_thread_running")))


def start_of(thread):
    """Where a thread is: (pc, rbp)."""
    if int(thread) == running():
        frame = gdb.newest_frame()
        return frame.pc(), int(frame.read_register("rbp"))
    sp = int(thread["ctx"]["sp"])
    return word(sp + SAVED_PC), word(sp + SAVED_RBP)


class Ringlet(gdb.Command):
    """Commands for a Ringlet guest: ringlet threads, ringlet thread NUMBER, ringlet frames ADDRESS."""

    def __init__(self):
        super().__init__("ringlet", gdb.COMMAND_STACK, prefix=True)


class Threads(gdb.Command):
    """ringlet threads: each thread of the guest, and the functions in which it is."""

    def __init__(self):
        super().__init__("ringlet threads", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for number, thread, name, state in threads():
            if int(thread) == running():
                state = "runs"
            print(f"{number}: {name} ({state})")
            try:
                for _, _, where in frames(*start_of(thread)):
                    print(f"    {where}")
            except gdb.MemoryError as error:
                print(f"    its stack cannot be read: {error}")


class Thread(gdb.Command):
    """ringlet thread NUMBER: a thread's frames with their addresses."""

    def __init__(self):
        super().__init__("ringlet thread", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for number, thread, name, state in threads():
            if argument.strip() == str(number):
                print(f"{name} ({state}), {thread}")
                for pc, rbp, where in frames(*start_of(thread)):
                    print(f"    pc {pc:#x} rbp {rbp:#x}: {where}")
                return
        raise gdb.GdbError(f"there is no thread {argument}; see ringlet threads")


class Frames(gdb.Command):
    """ringlet frames ADDRESS: the functions from a frame pointer on."""

    def __init__(self):
        super().__init__("ringlet frames", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        rbp = int(gdb.parse_and_eval(argument))
        for pc, _, where in frames(word(rbp + 8), word(rbp)):
            print(f"    {where}")


Ringlet()
Threads()
Thread()
Frames()
