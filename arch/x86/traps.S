/* SPDX-License-Identifier: MIT */
/*
 * Where exceptions arrive. No exception is expected and none returns. A PV guest finds rcx and r11,
 * which Xen needs for itself, on top of the processor's frame: its stubs take these off and go on as
 * those of a PVH guest, 3 bytes further.
 */
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
    and $-16, %rsp
    call trap_handle
    ud2
    .size trap_common, . - trap_common

    /*
     * Xen delivers an event although delivery is never switched on. On the stack: rcx, r11, rip, cs,
     * rflags, rsp, ss. Goes back with delivery off: Xen takes it from rflags.IF, and the code
     * selector must get back the privilege level that Xen hid.
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

    /* Xen could not go back to where we wanted it to. */
    .globl pv_failsafe_callback
    .type pv_failsafe_callback, @function
pv_failsafe_callback:
    and $-16, %rsp
    cld
    call pv_failsafe
    ud2
    .size pv_failsafe_callback, . - pv_failsafe_callback

    .section .note.GNU-stack, "", @progbits
