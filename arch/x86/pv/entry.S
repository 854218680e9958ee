/* SPDX-License-Identifier: MIT */
/* The first instructions of a PV guest (rsi: start_info), and the boot stack of both kinds. */
#include "arch/x86/cpu.h"

    .section .text.entry, "ax"
    .code64
    .globl entry_pv
    .type entry_pv, @function
entry_pv:
    rdtsc
    mov %eax, entry_tsc(%rip)
    mov %edx, entry_tsc + 4(%rip)
    cld
    mov $boot_stack_end, %rsp
    xor %ebp, %ebp              /* the frame-pointer chain ends here */
    fninit
    ldmxcsr mxcsr_init(%rip)
    mov %rsi, %rdi
    call boot_pv
    ud2
    .size entry_pv, . - entry_pv

    .section .rodata.entry, "a"
    .globl mxcsr_init
    .balign 4
mxcsr_init:
    .long FPU_MXCSR_INIT

    /* The time stamp counter at the first instruction. */
    .section .data.entry, "aw"
    .globl entry_tsc
    .balign 8
entry_tsc:
    .quad 0

    .section .bss.boot_stack, "aw", @nobits
    .globl boot_stack_guard, boot_stack, boot_stack_end
    .balign 4096
boot_stack_guard:
    .skip 4096
boot_stack:
    .skip BOOT_STACK_SIZE
boot_stack_end:

    .section .note.GNU-stack, "", @progbits
