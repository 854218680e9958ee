/* SPDX-License-Identifier: MIT */
/*
 * Backtraces by frame pointers. After a crash a frame pointer may have any value: each is checked
 * to be mapped, aligned, and above the one before; the latter not where one stack leads to another.
 */
#include <kernel/arch.h>
#include <ringlet/printk.h>

#include "mmu.h"
#include "trap.h"

#define DEPTH_MAX 32

extern char context_stack_returned[]; /* context.S: where a call on another stack returns */

struct stack_frame {
    uint64_t caller_fp;
    uint64_t return_address;
};

/* ip is printed. `at` is an address within the instruction: a call may be the last instruction of
 * its function, and then the address that it returns to belongs to the next one. */
static void print_line(uint64_t ip, uint64_t at)
{
    uintptr_t offset;
    const char *name = symbol_find(at, &offset);

    if (name)
        print_raw("  %#lx %s+%#lx\n", ip, name, offset + (ip - at));
    else
        print_raw("  %#lx ?\n", ip);
}

void arch_print_frames(uintptr_t ip, uintptr_t fp)
{
    print_raw("backtrace:\n");
    if (ip)
        print_line(ip, ip);
    for (unsigned depth = 0; fp; depth++) {
        const struct stack_frame *frame = (const struct stack_frame *)fp;

        if (depth == DEPTH_MAX) {
            print_raw("  ...\n");
            return;
        }
        if (fp % 8 || !mmu_readable(fp, sizeof(*frame))) {
            print_raw("  (frame pointer %#lx is not one)\n", fp);
            return;
        }
        print_line(frame->return_address, frame->return_address - 1);
        if (frame->caller_fp && frame->caller_fp <= fp &&
            frame->return_address != (uintptr_t)context_stack_returned) {
            print_raw("  (frame pointer goes back to %#lx)\n", frame->caller_fp);
            return;
        }
        fp = frame->caller_fp;
    }
}

void arch_print_backtrace(void)
{
    arch_print_frames(0, (uintptr_t)__builtin_frame_address(0));
}
