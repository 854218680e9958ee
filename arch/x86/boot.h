/* SPDX-License-Identifier: MIT */
/* The steps from the first instruction to kernel_main(); nothing here is for use after it. */
#ifndef RINGLET_X86_BOOT_H
#define RINGLET_X86_BOOT_H

#include <ringlet/arch.h>

/* The image (ringlet.lds.S); each border lies on a page boundary. */
extern char _text[], _etext[], _rodata[], _erodata[], _end[];

static inline size_t image_size(void)
{
    return (uintptr_t)_end - (uintptr_t)_text;
}

/* The main thread's stack and, below it, the page that stays unmapped. */
extern char boot_stack_guard[], boot_stack[];

/* entry_pvh.S maps this much, identity; the builder puts all it has for us below. */
#define PVH_BOOT_MAPPED (4UL << 30)

struct start_info;
struct hvm_start_info;

/* Where the two entry points (entry_*.S) lead. */
void boot_pv(struct start_info *si) RINGLET_NORETURN;
void boot_pvh(const struct hvm_start_info *si) RINGLET_NORETURN;

/* One line about why this guest cannot start, to its console and to Xen's, then a crash. */
void boot_fail(const char *fmt, ...) RINGLET_NORETURN RINGLET_PRINTF(1, 2);

/* The part that both ways of booting share, after the memory is mapped. */
void boot_finish(void) RINGLET_NORETURN;

/* ---- boot_memory.c: the free memory, boot_info.ram, in order of address ---- */

void boot_ram_add(uint64_t start, uint64_t bytes);
void boot_ram_remove(uint64_t start, uint64_t bytes);
/* The lowest free page, which is no longer free then; NULL when it would end above limit. */
void *boot_ram_take(uint64_t limit);

/* ---- early_console.c: for what must be said before, or without, the console driver ---- */

void early_console_write(const char *text, size_t len);
/* Waits, for a bounded time, until the other side has taken it. */
void early_console_drain(void);

/* ---- hypercall.c ---- */

void hypercall_init_pv(void);
void hypercall_init_pvh(void);

/* ---- clock.c ---- */

/* The counter at the first instruction (entry_pv.S); sets boot_info.started from it. */
extern uint64_t entry_tsc;
void clock_begin(void);

/* ---- traps_*.c ---- */

int traps_init_pv(void);
void traps_init_pvh(void);

/* ---- what is done again when the domain continues as another one (suspend.c) ---- */

/* clock.c: has Xen say when it runs the vCPU, before the clock is asked the first time. */
void clock_init(void);
/* clock.c: clock_now() goes on from where it was asked last. */
void clock_continue(void);
/* boot_pv.c: ports and pages as start_info, which the toolstack has written anew, says. */
void pv_find_shared_pages(void);
/* boot_pvh.c: the same from Xen's parameters. */
void pvh_find_shared_pages(void);
/* Maps the shared page at its old address. 0 or -errno. */
int pv_map_shared_info(void);
int pvh_map_shared_info(void);
extern struct start_info *pv_start_info;

/* ---- grant.c: addresses above the guest's memory, for the shared page and the grant table ---- */

/* Pages that are wanted, given what Xen allows the grant table to grow to. */
unsigned window_pages(void);
/* Makes page tables for the window at base and maps the grant table there later, above its first
 * page. */
int window_init(uintptr_t base);
uintptr_t window_shared_info(void);
/* Forgets the grant table's frames, after which they can be mapped anew. PV: takes all of the
 * window out of the page tables first, which may hold only the domain's own memory when it is
 * saved. */
void window_drop_grants(void);
/* Maps as many frames as there were. 0 or -errno. */
int window_restore_grants(unsigned frames);
unsigned window_grants(void);

#endif
