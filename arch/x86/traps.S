/* SPDX-License-Identifier: MIT */
/*
 * The entry points of exceptions. No exception is expected, and only an NMI returns. For a PV guest
 * Xen pushes rcx and r11 on top of the processor's frame: its stubs pop them and go on as those of
 * a PVH guest, 3 bytes further.
 */
#include "arch/x86/cpu.h"

#define __ASSEMBLY__ /* what Xen's headers look at */
#include <xen/xen.h>

/* trap_report.c checks these */
#define GUEST_TYPE_PV 0
#define TRAP_NMI      2

    .section .text.traps, "ax"
    .globl trap_stubs
    .type trap_stubs, @function
    .balign 16
trap_stubs:
    .Lvector = 0
    .rept 32
    .balign 16
    pop %rcx
    pop %r11
    /* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX have an error code */
    .if ((1 << .Lvector) & 0x60227d00) == 0
    push $0
    .endif
    push $.Lvector
    jmp trap_common
    .Lvector = .Lvector + 1
    .endr
    .balign 16
    .size trap_stubs, . - trap_stubs

    .type trap_common, @function
trap_common:
    push %rax
    push %rbx
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %rbp
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    mov %rsp, %rbx
    /* A PV guest's NMI comes in on the stack of a thread, which may have no room for the report. */
    cmpq $TRAP_NMI, 15 * 8(%rsp)
    jne 2f
    cmpl $GUEST_TYPE_PV, boot_info(%rip)
    jne 2f
    mov $abort_stack + TRAP_STACK_SIZE, %rsp
2:  and $-16, %rsp
    call trap_handle
    /* An NMI: back to what it has interrupted, with everything as it was. */
    mov %rbx, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rbp
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rbx
    cmpl $GUEST_TYPE_PV, boot_info(%rip)
    pop %rax
    lea 16(%rsp), %rsp          /* vector and error code; flags stay */
    je 1f
    iretq
    /* Xen has to hear of it, or it delivers no further NMI: struct iret_context (xen/arch-x86). */
1:  push $0
    push %rcx
    push %r11
    push %rax
    mov $__HYPERVISOR_iret, %eax
    syscall
    ud2
    .size trap_common, . - trap_common

    /*
     * Xen delivers an event although delivery is never switched on. On the stack: rcx, r11, rip,
     * cs, rflags, rsp, ss. Returns with delivery off, which Xen takes from rflags.IF. The code
     * selector must get back the privilege level, which Xen has cleared.
     */
    .globl pv_event_callback
    .type pv_event_callback, @function
pv_event_callback:
    push %rax
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %rbp
    mov %rsp, %rbp
    and $-16, %rsp
    cld
    call pv_unexpected_event
    mov %rbp, %rsp
    pop %rbp
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rax
    pop %rcx
    pop %r11
    orb $3, 8(%rsp)
    iretq
    .size pv_event_callback, . - pv_event_callback

    /* Xen could not return to the guest with the segments that it had. */
    .globl pv_failsafe_callback
    .type pv_failsafe_callback, @function
pv_failsafe_callback:
    and $-16, %rsp
    cld
    call pv_failsafe
    ud2
    .size pv_failsafe_callback, . - pv_failsafe_callback

    .section .note.GNU-stack, "", @progbits
