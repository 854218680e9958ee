/* SPDX-License-Identifier: MIT */
/* The steps from the first instruction to kernel_main(). Nothing here is used after booting. */
#ifndef RINGLET_X86_BOOT_H
#define RINGLET_X86_BOOT_H

#include <kernel/arch.h>

#include "arch/x86/early_console.h"

/* pvh/entry.S maps this much, identity; the builder puts all it has for us below. */
#define PVH_BOOT_MAPPED (4UL << 30)

struct start_info;
struct hvm_start_info;

/* Where the two entry points lead. */
void boot_pv(struct start_info *si) RINGLET_NORETURN;
void boot_pvh(const struct hvm_start_info *si) RINGLET_NORETURN;

/* One line about why this guest cannot start, to its console and to Xen's, then a crash. */
#define boot_fail(fmt, ...) early_fail("Ringlet cannot start: " fmt, ##__VA_ARGS__)

/* The part that both ways of booting share, after the memory is mapped. */
void boot_finish(void) RINGLET_NORETURN;

/* ---- boot_memory.c: the free memory, boot_info.ram, in order of address ---- */

void boot_ram_add(uint64_t start, uint64_t bytes);
void boot_ram_remove(uint64_t start, uint64_t bytes);
/* Takes the lowest run of that many free pages, not cleared. NULL when there is none, or when it
 * would end above limit (a byte address). */
void *boot_ram_take(unsigned pages, uint64_t limit);

/* boot_module.c, which is linked if the image mounts the toolstack's module: finds it, and calls keep(start,
 * bytes) for its memory if there is one. */
typedef void (*boot_keep)(uint64_t start, uint64_t bytes);
void ringlet_boot_module_pv(const struct start_info *si, boot_keep keep) RINGLET_WEAK;
void ringlet_boot_module_pvh(const struct hvm_start_info *si, boot_keep keep) RINGLET_WEAK;

/* ---- hypercall.c ---- */

void hypercall_init_pv(void);
void hypercall_init_pvh(void);

/* ---- clock.c ---- */

/* The counter at the first instruction (pv/entry.S, pvh/entry.S). */
extern uint64_t entry_tsc;
/* Sets boot_info.started from it. */
void clock_begin(void);

/* ---- pv/traps.c, pvh/traps.c ---- */

int traps_init_pv(void);
void traps_init_pvh(void);

#endif
