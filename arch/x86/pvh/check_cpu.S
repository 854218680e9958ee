/* SPDX-License-Identifier: MIT */
/*
 * Before a PVH guest enters 64-bit mode: whether the domain's CPU has what that takes. The domain's
 * configuration can take features away (cpuid=), and then the instructions that follow would end in
 * a triple fault and a loop of reboots. Here a line on the console says which one is missing, and
 * the domain ends as crashed. Flat 32-bit mode, without paging, interrupts or a driver.
 */
#define __ASSEMBLY__ /* what Xen's headers look at */
#include <xen/xen.h>

#include "arch/x86/cpu.h"

/* From headers that are C only; pvh/boot.c and early_console.c check these. */
#define EVTCHNOP_SEND    4
#define HVMOP_GET_PARAM  1
#define PARAM_CONSOLE_PFN 17
#define PARAM_CONSOLE_EVTCHN 18
#define SCHEDOP_YIELD    0
#define SCHEDOP_SHUTDOWN 2
#define SHUTDOWN_CRASH   3
#define CONSOLE_OUT      1024
#define CONSOLE_OUT_SIZE 2048
#define CONSOLE_OUT_CONS 3080
#define CONSOLE_OUT_PROD 3084

#define TURNS 200000 /* of other domains, for the console to be read: some seconds */

    .section .text.entry, "ax"
    .code32

/* Returns if nothing is missing. Keeps ebx. */
    .globl pvh_check_cpu
    .type pvh_check_cpu, @function
pvh_check_cpu:
    push %ebx
    mov $1, %eax
    cpuid
    mov %edx, %esi
    mov $0x80000000, %eax
    cpuid
    xor %edx, %edx
    cmp $CPUID_FEATURES, %eax
    jb 1f
    mov $CPUID_FEATURES, %eax
    cpuid
1:  mov $needed, %edi
2:  mov (%edi), %eax
    test %eax, %eax
    jz 4f
    mov %esi, %ecx
    cmpl $0, 4(%edi)
    je 3f
    mov %edx, %ecx
3:  test %eax, %ecx
    jz cpu_lacks
    add $12, %edi
    jmp 2b
4:  pop %ebx
    ret
    .size pvh_check_cpu, . - pvh_check_cpu

/* edi: the entry of `needed`. */
    .type cpu_lacks, @function
cpu_lacks:
    xor %eax, %eax
    cpuid
    cmp $0x68747541, %ebx       /* Authentic AMD */
    sete by_vmmcall
    je 1f
    cmp $0x6f677948, %ebx       /* Hygon Genuine */
    sete by_vmmcall
1:  mov $PARAM_CONSOLE_EVTCHN, %eax
    call hvm_param
    mov %eax, console_port
    mov $PARAM_CONSOLE_PFN, %eax
    call hvm_param
    shl $12, %eax
    mov %eax, %ebp
    mov $text_before, %esi
    call write
    mov 8(%edi), %esi
    call write
    mov $text_after, %esi
    call write

    mov $__HYPERVISOR_event_channel_op, %eax
    mov $EVTCHNOP_SEND, %ebx
    mov $console_port, %ecx
    call enter_xen
    mov $TURNS, %edi
2:  test %ebp, %ebp
    jz 3f
    mov CONSOLE_OUT_CONS(%ebp), %eax
    cmp CONSOLE_OUT_PROD(%ebp), %eax
    je 3f
    mov $__HYPERVISOR_sched_op, %eax
    mov $SCHEDOP_YIELD, %ebx
    xor %ecx, %ecx
    call enter_xen
    dec %edi
    jnz 2b
3:  mov $__HYPERVISOR_sched_op, %eax
    mov $SCHEDOP_SHUTDOWN, %ebx
    mov $shutdown_reason, %ecx
    call enter_xen
    jmp 3b
    .size cpu_lacks, . - cpu_lacks

/* Writes the text at esi, NUL-terminated, to the console page at ebp, if there is one, and to Xen's
 * own console. The ring is empty and larger than all that is written. */
    .type write, @function
write:
    mov %esi, %edx
1:  lodsb
    test %al, %al
    jz 2f
    test %ebp, %ebp
    jz 1b
    mov CONSOLE_OUT_PROD(%ebp), %ecx
    and $(CONSOLE_OUT_SIZE - 1), %ecx
    mov %al, CONSOLE_OUT(%ebp, %ecx)
    incl CONSOLE_OUT_PROD(%ebp)
    jmp 1b
2:  mov %esi, %ecx
    sub %edx, %ecx
    dec %ecx
    mov $__HYPERVISOR_console_io, %eax
    mov $CONSOLEIO_write, %ebx
    jmp enter_xen
    .size write, . - write

/* eax: the number of a parameter; then its value, 0 when it cannot be had. */
    .type hvm_param, @function
hvm_param:
    mov %eax, param_index
    mov $__HYPERVISOR_hvm_op, %eax
    mov $HVMOP_GET_PARAM, %ebx
    mov $param, %ecx
    call enter_xen
    test %eax, %eax
    mov $0, %eax
    jnz 1f
    mov param_value, %eax
1:  ret
    .size hvm_param, . - hvm_param

/* The hypercall eax with ebx, ecx and edx. A debug build of Xen overwrites those. */
    .type enter_xen, @function
enter_xen:
    push %ebx
    push %ecx
    push %edx
    cmpb $0, by_vmmcall
    je 1f
    vmmcall
    jmp 2f
1:  vmcall
2:  pop %edx
    pop %ecx
    pop %ebx
    ret
    .size enter_xen, . - enter_xen

    .section .rodata.entry, "a"
/* Bit of edx, whether that is of leaf 0x80000001 (else 1), text. NX is not needed. */
    .balign 4
needed:
    .long 1 << 6, 0, text_pae
    .long 1 << 24, 0, text_fxsr
    .long 1 << 25, 0, text_sse
    .long 1 << 26, 0, text_sse2
    .long 1 << 29, 1, text_lm
    .long 0
shutdown_reason:
    .long SHUTDOWN_CRASH
text_before:
    .asciz "Ringlet cannot start: the domain's CPU has no "
text_after:
    .asciz " (see cpuid= in its configuration)\r\n"
text_pae:
    .asciz "pae"
text_fxsr:
    .asciz "fxsr"
text_sse:
    .asciz "sse"
text_sse2:
    .asciz "sse2"
text_lm:
    .asciz "lm, the 64-bit mode"

    .section .data.entry, "aw"
/* struct xen_hvm_param */
    .balign 8
param:
    .word DOMID_SELF, 0
param_index:
    .long 0
param_value:
    .quad 0
console_port:
    .long 0
by_vmmcall:
    .byte 0

    .section .note.GNU-stack, "", @progbits
