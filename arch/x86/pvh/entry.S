/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of a PVH guest (ebx: hvm_start_info): from flat 32-bit mode without paging
 * to 64-bit mode with the first 4 GiB identity mapped, which pvh/mmu.c refines later.
 */
#include "arch/x86/cpu.h"

#define TABLE_FLAGS (PTE_PRESENT | PTE_RW)

    .section .text.entry, "ax"
    .code32
    .globl entry_pvh
    .type entry_pvh, @function
entry_pvh:
    rdtsc
    mov %eax, entry_tsc
    mov %edx, entry_tsc + 4
    cld
    mov $boot_stack_end, %esp
    call pvh_check_cpu

    /* four tables of 2 MiB pages: entry n maps n * 2 MiB */
    mov $pvh_l2, %edi
    mov $(PTE_PRESENT | PTE_RW | PTE_PSE), %eax
1:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $8, %edi
    add $0x200000, %eax
    jnc 1b

    mov $pvh_l3, %edi
    mov $(pvh_l2 + TABLE_FLAGS), %eax
    mov $4, %ecx
2:  mov %eax, (%edi)
    add $8, %edi
    add $4096, %eax
    loop 2b
    movl $(pvh_l3 + TABLE_FLAGS), pvh_l4

    mov %cr4, %eax
    or $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    mov %eax, %cr4
    mov $pvh_l4, %eax
    mov %eax, %cr3

    mov %ebx, %esi              /* cpuid overwrites ebx */
    mov $CPUID_FEATURES, %eax
    cpuid
    mov $EFER_LME, %edi
    test $CPUID_NX, %edx
    jz 3f
    or $EFER_NXE, %edi
3:  mov $MSR_EFER, %ecx
    rdmsr
    or %edi, %eax
    wrmsr

    mov %cr0, %eax
    and $~(CR0_EM | CR0_TS), %eax
    or $(CR0_PG | CR0_WP | CR0_MP | CR0_NE), %eax
    mov %eax, %cr0
    lgdt boot_gdtr
    ljmp $SEL_CODE, $4f

    .code64
4:  mov $SEL_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov $boot_stack_end, %rsp
    xor %ebp, %ebp              /* the frame-pointer chain ends here */
    fninit
    ldmxcsr mxcsr_init(%rip)
    mov %esi, %edi
    call boot_pvh
    ud2
    .size entry_pvh, . - entry_pvh

    .section .rodata.entry, "a"
boot_gdtr:
    .word 5 * 8 - 1
    .long pvh_gdt

    .section .bss.page_tables, "aw", @nobits
    .globl pvh_l4, pvh_l3, pvh_l2
    .balign 4096
pvh_l4:
    .skip 4096
pvh_l3:
    .skip 4096
pvh_l2:
    .skip 4 * 4096

    .section .note.GNU-stack, "", @progbits
