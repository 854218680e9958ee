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
#define TRAP_MF        16
#define TRAP_MC        18
#define TRAP_XM        19
#define TRAP_STUB_SIZE 16

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss; /* the processor's, or Xen's for PV */
};

/* Stubs for vectors 0..31, TRAP_STUB_SIZE bytes each; a PVH guest's begin 3 bytes later (traps.S).
 */
extern char trap_stubs[];

/* The stack for NMIs and for what can hit while an exception is being reported. */
extern char abort_stack[];

/* Called by the stubs. Returns from an NMI only. */
void trap_handle(const struct trap_frame *frame);

/* "function+0x12", or "?"; the name is NULL where the image has none. */
const char *symbol_find(uintptr_t address, uintptr_t *offset);

#endif
