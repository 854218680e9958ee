/* SPDX-License-Identifier: MIT */
/*
 * Switching between threads. A call, so only what the ABI lets a function rely on across calls is
 * kept: rbx, rbp, r12-r15, and the control words of SSE and x87 (apps use floating point).
 */
    .section .text.arch_context_switch, "ax"
    .globl arch_context_switch
    .type arch_context_switch, @function
arch_context_switch:            /* rdi: from, rsi: to; sp is at offset 0 in both */
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    mov %rsp, (%rdi)
    mov (%rsi), %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    add $8, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size arch_context_switch, . - arch_context_switch

    /* Where a new thread's first switch "returns" to; arch_context_init left entry in rbx. */
    .section .text.context_start, "ax"
    .globl context_start
    .type context_start, @function
context_start:
    xor %ebp, %ebp              /* the frame-pointer chain ends here */
    call *%rbx
    call context_returned
    ud2
    .size context_start, . - context_start

    .section .note.GNU-stack, "", @progbits
