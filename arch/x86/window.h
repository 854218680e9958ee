/* SPDX-License-Identifier: MIT */
/* Addresses above the guest's memory, for pages that Xen and other domains lend: shared_info, the
 * grant table, and grants of other domains. */
#ifndef RINGLET_X86_WINDOW_H
#define RINGLET_X86_WINDOW_H

#include <ringlet/compiler.h>

/* Pages of addresses that are wanted, given what Xen allows the grant table to grow to. Before
 * window_init. */
unsigned window_pages(void);
/* Makes the page tables for the window at base, a multiple of 2 MiB, but not for arch_grant_area()'s
 * and arch_foreign_area()'s parts of it. 0, -ENOMEM, or Xen's error. */
int window_init(uintptr_t base);
uintptr_t window_shared_info(void);
/* The addresses for memory of other domains, FOREIGN_PAGES (foreign.c). */
uintptr_t window_foreign(void);

/* Forgets the grant table's frames, which can be mapped anew then. PV: also takes them out of the
 * page tables, which may hold only the domain's own memory when it is saved. */
void window_drop_grants(void);
/* Maps as many frames as there were (window_grants). 0 or -errno. */
int window_restore_grants(unsigned frames);
/* Frames that are mapped. */
unsigned window_grants(void);

#endif
