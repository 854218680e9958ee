/* SPDX-License-Identifier: MIT */
/* The report of an exception: what, where, what it probably means, registers, callers. Then the
 * domain ends as crashed. An NMI is none: it asks for a look into the guest, which goes on. */
#include <kernel/arch.h>
#include <kernel/nmi.h>
#include <kernel/printk.h>
#include <ringlet/format.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include "early_console.h"
#include "image.h"
#include "mmu.h"
#include "trap.h"

/* Page fault error code. */
#define PF_PRESENT  0x1
#define PF_WRITE    0x2
#define PF_RESERVED 0x8
#define PF_EXEC     0x10

#define STACK_REACH 16384

_Static_assert(offsetof(struct boot_info, type) == 0 && GUEST_PV == 0, "traps.S");
_Static_assert(TRAP_NMI == 2, "traps.S");

static const char *trap_name(uint64_t vector)
{
    static const char *const names[TRAPS] = {
        [0] = "divide error",
        [1] = "debug",
        [3] = "breakpoint",
        [4] = "overflow",
        [5] = "bound range",
        [6] = "invalid opcode",
        [7] = "device not available",
        [8] = "double fault",
        [10] = "invalid TSS",
        [11] = "segment not present",
        [12] = "stack segment fault",
        [13] = "general protection fault",
        [14] = "page fault",
        [16] = "x87 floating-point error",
        [17] = "alignment check",
        [18] = "machine check",
        [19] = "SSE floating-point error",
        [20] = "virtualization exception",
        [21] = "control protection",
    };

    return vector < TRAPS && names[vector] ? names[vector] : "exception";
}

static bool in(uint64_t address, const char *start, const char *end)
{
    return address >= (uintptr_t)start && address < (uintptr_t)end;
}

/* Below the stack pointer by a push or a frame, or above it by a variable. */
static bool near_stack_pointer(uint64_t address, uint64_t sp)
{
    return address + STACK_REACH >= sp && address <= sp + STACK_REACH;
}

/* The probable cause, in words. */
static const char *fault_meaning(uint64_t address, uint64_t error, uint64_t sp)
{
    unsigned level;
    const uint64_t *entry = mmu_find(address, &level);

    if (error & PF_RESERVED)
        return "damaged page tables";
    if (address < PAGE_SIZE)
        return error & PF_EXEC ? "call of a null pointer" : "null pointer";
    if (!(error & PF_PRESENT)) {
        bool guard = entry && !(*entry & PTE_PRESENT) && (*entry & PTE_GUARD);

        if (!guard)
            return "nothing is mapped there";
        return near_stack_pointer(address, sp) ? "stack guard page: the stack has overflowed"
                                               : "stack guard page, but not by this stack";
    }
    if (error & PF_EXEC)
        return "data is not executable";
    if (in(address, _text, _etext))
        return "write to read-only text";
    if (in(address, _rodata, _erodata))
        return "write to read-only data";
    return "not allowed there";
}

static void print_page_fault(const struct trap_frame *f)
{
    /* A PV guest gets cr2 in shared_info; before that is mapped it is not known. */
    uint64_t address;

    if (boot_info.type == GUEST_PVH)
        address = read_cr2();
    else if (shared_info)
        address = READ_ONCE(shared_info->vcpu_info[0].arch.cr2);
    else
        return;
    print_raw("%s at address %#lx (%s): %s\n",
              f->error & PF_EXEC    ? "execution"
              : f->error & PF_WRITE ? "write"
                                    : "read",
              address, f->error & PF_PRESENT ? "protected page" : "no page",
              fault_meaning(address, f->error, f->rsp));
}

/* The low six bits of both say what has happened: invalid operation, denormal, division by zero,
 * overflow, underflow, inexact result. */
static void print_float(void)
{
    uint32_t mxcsr;
    uint16_t status;

    __asm__ __volatile__("stmxcsr %0; fnstsw %1" : "=m"(mxcsr), "=m"(status));
    print_raw("mxcsr %#x, x87 status %#x\n", mxcsr, status);
}

/* Xen uses the bits above the 16 of a selector for itself. */
static void print_registers(const struct trap_frame *f)
{
    print_raw("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n"
              "rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n"
              "r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n"
              "r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n"
              "rip %016lx cs %lx rflags %lx ss %lx\n",
              f->rax, f->rbx, f->rcx, f->rdx, f->rsi, f->rdi, f->rbp, f->rsp, f->r8, f->r9, f->r10,
              f->r11, f->r12, f->r13, f->r14, f->r15, f->rip, f->cs & 0xffff, f->rflags,
              f->ss & 0xffff);
}

/* Memory or the console may be broken, so as little as possible is used of both. */
static void report_nested(const struct trap_frame *f, const struct trap_frame *first)
{
    char line[120];

    format(line, sizeof(line), "\nexception %lu at %#lx while reporting exception %lu at %#lx\n",
           f->vector, f->rip, first->vector, first->rip);
    early_console_write(line, strlen(line));
    early_console_drain();
}

void trap_handle(const struct trap_frame *f)
{
    static unsigned depth;
    static struct trap_frame first; /* a copy, as the second may arrive on the same stack */
    struct sched_shutdown crash = {.reason = SHUTDOWN_crash};

    if (f->vector == TRAP_NMI) {
        if (!depth) /* else the last report is under way */
            nmi_handle(f->rip, f->rbp);
        return;
    }
    if (depth++ == 0) {
        first = *f;
        if (!shared_info) /* still booting: there is no console driver yet */
            printk_set_sink(early_console_write, early_console_drain);
        print_raw("\nexception %lu: %s, error code %#lx, in thread %s, %s guest\n", f->vector,
                  trap_name(f->vector), f->error, thread_name(thread_current()),
                  boot_info.type == GUEST_PV ? "PV" : "PVH");
        if (f->vector == TRAP_PF)
            print_page_fault(f);
        if (f->vector == TRAP_MF || f->vector == TRAP_XM)
            print_float();
        print_registers(f);
        arch_print_frames(f->rip, f->rbp);
        printk_drain();
    } else if (depth == 2) {
        report_nested(f, &first);
    }
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &crash);
}
