/* SPDX-License-Identifier: MIT */
/*
 * Switching between threads. It is a function call, so only what the ABI preserves across calls is
 * saved: rbx, rbp, r12-r15, and the control words of SSE and x87 (applications use floating point);
 * and the FS base is loaded if threads have variables of their own.
 */
    .section .text.arch_context_switch, "ax"
    .globl arch_context_switch
    .type arch_context_switch, @function
arch_context_switch:            /* rdi: from, rsi: to; in both sp is at 0, priv at 8 */
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
    mov 8(%rsi), %rdi
    test %rdi, %rdi
    jnz tls_load
    ret
    .size arch_context_switch, . - arch_context_switch

    /* The caller's frame is the last on its stack, and the callee's frame leads to it: the chain of
     * frame pointers goes from one stack to the other here. */
    .section .text.arch_call_on_stack, "ax"
    .globl arch_call_on_stack, context_stack_returned
    .type arch_call_on_stack, @function
arch_call_on_stack:             /* rdi: stack, rsi: bytes, rdx: function, rcx: its argument */
    push %rbp
    mov %rsp, %rbp
    lea (%rdi, %rsi), %rsp
    and $-16, %rsp
    mov %rcx, %rdi
    call *%rdx
context_stack_returned:
    leave
    ret
    .size arch_call_on_stack, . - arch_call_on_stack

    /* A new thread's first switch returns to here; arch_context_init has put its entry into rbx. */
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
