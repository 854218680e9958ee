/* SPDX-License-Identifier: MIT */
/*
 * A PVH guest's descriptor tables. Exceptions that a bad stack may have caused are handled on
 * stacks of their own (the interrupt stack table of the TSS): page faults on one, and on another
 * what can happen while a page fault is being reported.
 */
#include "arch/x86/boot.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"

#define PVH_ENTRY      3 /* bytes from a PV stub to its PVH part (traps.S) */
#define GATE_INTERRUPT 0x8e00
#define IST_PAGE_FAULT 1
#define IST_ABORT      2

struct gate {
    uint16_t offset_low, selector, ist_and_type, offset_mid;
    uint32_t offset_high, reserved;
};

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed));

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

_Static_assert(sizeof(struct gate) == 16, "gate");
_Static_assert(offsetof(struct tss, ist) == 36 && sizeof(struct tss) == 104, "TSS");

static struct gate idt[TRAPS];
static struct tss tss = {.io_map = sizeof(tss)};
static char fault_stack[TRAP_STACK_SIZE] __attribute__((aligned(16)));
char abort_stack[TRAP_STACK_SIZE] __attribute__((aligned(16)));

/* entry_pvh.S loads this one. */
extern uint64_t pvh_gdt[5];
uint64_t pvh_gdt[5] = {
    [SEL_CODE / 8] = 0x00af9b000000ffffULL,
    [SEL_DATA / 8] = 0x00cf93000000ffffULL,
};

static void set_gate(unsigned vector, uint16_t ist)
{
    uintptr_t address = (uintptr_t)trap_stubs + vector * TRAP_STUB_SIZE + PVH_ENTRY;

    idt[vector] = (struct gate){
        .offset_low = (uint16_t)address,
        .selector = SEL_CODE,
        .ist_and_type = ist | GATE_INTERRUPT,
        .offset_mid = (uint16_t)(address >> 16),
        .offset_high = (uint32_t)(address >> 32),
    };
}

/* Two 8-byte entries: limit, base, "available 64-bit TSS", present. */
static void set_tss_descriptor(void)
{
    uint64_t base = (uintptr_t)&tss, limit = sizeof(tss) - 1;

    pvh_gdt[SEL_TSS / 8] =
        limit | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
    pvh_gdt[SEL_TSS / 8 + 1] = base >> 32;
}

void traps_init_pvh(void)
{
    const struct table_register idtr = {sizeof(idt) - 1, (uintptr_t)idt};

    for (unsigned i = 0; i < TRAPS; i++)
        set_gate(i, i == TRAP_PF                                    ? IST_PAGE_FAULT
                    : i == TRAP_DF || i == TRAP_NMI || i == TRAP_MC ? IST_ABORT
                                                                    : 0);
    tss.ist[IST_PAGE_FAULT - 1] = (uintptr_t)fault_stack + TRAP_STACK_SIZE;
    tss.ist[IST_ABORT - 1] = (uintptr_t)abort_stack + TRAP_STACK_SIZE;
    set_tss_descriptor();
    __asm__ __volatile__("lidt %0; ltr %w1" ::"m"(idtr), "r"(SEL_TSS) : "memory");
}
