/* SPDX-License-Identifier: MIT */
/*
 * Adapts the domain's memory to the toolstack's settings: maxmem of its configuration, and `xl
 * mem-set`, which writes memory/target (in KiB) to XenStore.
 *
 * A PVH guest whose maxmem is above its memory is populated on demand: its memory map shows maxmem,
 * Xen holds less, and crashes the domain when it touches more. So the difference is returned to Xen
 * before anything touches it. A PV guest has the memory that it was started with, and room for the
 * rest of its memory map.
 *
 * Later a thread follows memory/target, a bounded step at a time. To shrink, it clears free pages
 * and returns them to Xen, except for BALLOON_KEEP pages that the guest needs to work with; pages
 * in use stay. To grow, it asks Xen for pages up to the size of the memory map. A target that
 * cannot be reached is reported once, and tried again at intervals of at most BALLOON_RETRY_MAX.
 */
#ifndef RINGLET_KERNEL_BALLOON_H
#define RINGLET_KERNEL_BALLOON_H

#include <ringlet/clock.h>
#include <ringlet/compiler.h>

#define BALLOON_KEEP      128 /* free pages that are never returned */
#define BALLOON_RETRY     NSEC_PER_SEC
#define BALLOON_RETRY_MAX (32 * NSEC_PER_SEC)
/* A guest manages at most this multiple of the memory it was started with: absent pages need
 * bookkeeping and page tables, too. */
#define BALLOON_GROWTH 16

/* Returns the pages beyond the domain's memory to Xen, and lowers boot_info.populated
 * accordingly. On the boot stack, before page_init_partly(). */
void balloon_boot(void);

/* Follows memory/target from a thread of its own. 0 or -ENOMEM. Thread context, after xs_init;
 * once. */
int balloon_init(void);

#endif
