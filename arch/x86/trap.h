/* SPDX-License-Identifier: MIT */
/* Exceptions: what traps.S saves, and who reports it. */
#ifndef RINGLET_X86_TRAP_H
#define RINGLET_X86_TRAP_H

#include <ringlet/compiler.h>

#define TRAPS          32
#define TRAP_NMI       2
#define TRAP_BP        3
#define TRAP_OF        4
#define TRAP_DF        8
#define TRAP_PF        14
#define TRAP_MC        18
#define TRAP_STUB_SIZE 16

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss; /* the processor's, or Xen's for PV */
};

/* Stubs for vectors 0..31, TRAP_STUB_SIZE bytes each; a PVH guest's begin 3 bytes later (traps.S).
 */
extern char trap_stubs[];

/* Called by the stubs. */
void trap_handle(const struct trap_frame *frame) RINGLET_NORETURN;

/* Prints where ip is and the frames behind it, from a frame pointer that may be anything. */
void backtrace_print(uint64_t ip, uint64_t fp);

/* "function+0x12", or "?"; the name is NULL where the image has none. */
const char *symbol_find(uintptr_t address, uintptr_t *offset);

#endif
