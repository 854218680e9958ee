/* SPDX-License-Identifier: MIT */
/* The report of an exception: what, where, what it probably means, registers, callers. Then the
 * domain ends as crashed. */
#include <ringlet/arch.h>
#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include "boot.h"
#include "mmu.h"
#include "trap.h"

/* Page fault error code. */
#define PF_PRESENT  0x1
#define PF_WRITE    0x2
#define PF_RESERVED 0x8
#define PF_EXEC     0x10

#define STACK_REACH 16384

static const char *trap_name(uint64_t vector)
{
    static const char *const names[TRAPS] = {
        [0] = "divide error",
        [1] = "debug",
        [2] = "non-maskable interrupt",
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
        [16] = "x87 error",
        [17] = "alignment check",
        [18] = "machine check",
        [19] = "SIMD error",
        [20] = "virtualization exception",
        [21] = "control protection",
    };

    return vector < TRAPS && names[vector] ? names[vector] : "exception";
}

static bool in(uint64_t address, const char *start, const char *end)
{
    return address >= (uintptr_t)start && address < (uintptr_t)end;
}

/* A push or a frame's worth below the stack pointer, or a variable just above it. */
static bool near_stack_pointer(uint64_t address, uint64_t sp)
{
    return address + STACK_REACH >= sp && address <= sp + STACK_REACH;
}

/* What a person would say. */
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
    /* Xen hands a PV guest's cr2 over in memory; before that is mapped it is not known. */
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

/* Above the 16 bits of a selector Xen keeps notes of its own. */
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

/* Memory or the console may be what is broken: as little as possible of either. */
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
    static struct trap_frame first; /* a copy: the second may come in on the same stack */
    struct sched_shutdown crash = {.reason = SHUTDOWN_crash};

    if (depth++ == 0) {
        first = *f;
        if (!shared_info) /* still booting: there is no console driver yet */
            printk_set_sink(early_console_write, early_console_drain);
        print_raw("\nexception %lu: %s, error code %#lx, in thread %s, %s guest\n", f->vector,
                  trap_name(f->vector), f->error, thread_name(thread_current()),
                  boot_info.type == GUEST_PV ? "PV" : "PVH");
        if (f->vector == TRAP_PF)
            print_page_fault(f);
        print_registers(f);
        backtrace_print(f->rip, f->rbp);
        printk_drain();
    } else if (depth == 2) {
        report_nested(f, &first);
    }
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &crash);
}
