/* SPDX-License-Identifier: MIT */
/* The processor: bits of page table entries, the registers that the kernel uses, cpuid. Assembler
 * files include it, too, and see only the numbers. */
#ifndef RINGLET_X86_CPU_H
#define RINGLET_X86_CPU_H

#define CR4_PAE        0x20       /* CR4 */
#define CR4_OSFXSR     0x200      /* SSE instructions are allowed */
#define CR4_OSXMMEXCPT 0x400      /* SSE errors are #XM */
#define CR4_FSGSBASE   0x10000    /* wrfsbase is allowed */
#define CR0_MP         0x2        /* fwait obeys TS */
#define CR0_EM         0x4        /* no x87 */
#define CR0_TS         0x8        /* x87 and SSE trap */
#define CR0_NE         0x20       /* x87 errors are #MF */
#define CR0_WP         0x10000    /* read-only pages are so for the kernel, too */
#define CR0_PG         0x80000000 /* paging */
#define MSR_EFER       0xc0000080
#define EFER_LME       0x100 /* long mode */
#define EFER_NXE       0x800 /* PTE_NX has an effect */
#define MSR_FS_BASE    0xc0000100
#define CPUID_EXTENDED 7
#define CPUID_FSGSBASE 0x1 /* ebx */
#define CPUID_FEATURES 0x80000001
#define CPUID_NX       0x100000 /* edx */
#define FPU_MXCSR_INIT 0x1f80
#define FPU_CW_INIT    0x37f

/* Bits of a page table entry. */
#define PTE_PRESENT  0x1
#define PTE_RW       0x2
#define PTE_USER     0x4
#define PTE_ACCESSED 0x20
#define PTE_DIRTY    0x40
#define PTE_PSE      0x80 /* a 2 MiB page */
/* Software's own, in an entry that is not present: a guard page. */
#define PTE_GUARD 0x200

/* Selectors of the GDT that a PVH guest makes (pvh/traps.c). */
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS  0x18

/* The stack that the guest boots on, and that handlers run on later. */
#define BOOT_STACK_SIZE 32768
/* The stacks that faults of a bad stack, and NMIs, are handled on. */
#define TRAP_STACK_SIZE 8192

#ifndef __ASSEMBLER__

#include <ringlet/compiler.h>

#define PTE_NX    (1ULL << 63)
#define PTE_FRAME 0x000ffffffffff000ULL

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;

    __asm__ __volatile__("cpuid"
                         : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                         : "a"(leaf), "c"(0));
    return r;
}

/* Xen's answer to a PV guest. Without the prefix (ud2, "xen") the hardware may answer. */
static inline struct cpuid cpuid_xen_pv(uint32_t leaf)
{
    struct cpuid r;

    __asm__ __volatile__(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e; cpuid"
                         : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                         : "a"(leaf), "c"(0));
    return r;
}

/* The time stamp counter, read after all loads that precede it in the program. */
static inline uint64_t rdtsc_ordered(void)
{
    uint32_t lo, hi;

    __asm__ __volatile__("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
    return (uint64_t)hi << 32 | lo;
}

static inline void tlb_flush_page(uintptr_t va)
{
    __asm__ __volatile__("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void tlb_flush(void)
{
    uint64_t cr3;

    __asm__ __volatile__("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}

static inline uint64_t read_cr4(void)
{
    uint64_t cr4;

    __asm__ __volatile__("mov %%cr4, %0" : "=r"(cr4));
    return cr4;
}

static inline void write_cr4(uint64_t cr4)
{
    __asm__ __volatile__("mov %0, %%cr4" ::"r"(cr4) : "memory");
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ __volatile__("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t read_cr2(void)
{
    uint64_t cr2;

    __asm__ __volatile__("mov %%cr2, %0" : "=r"(cr2));
    return cr2;
}

#endif
#endif
