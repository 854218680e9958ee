/* SPDX-License-Identifier: MIT */
/*
 * What ties the guest to the domain that it runs in. It is done at boot, and again when the guest
 * continues in another domain (suspend.c).
 */
#ifndef RINGLET_X86_DOMAIN_H
#define RINGLET_X86_DOMAIN_H

#include <kernel/arch.h>

/* PV: what the domain builder, or the toolstack after a restore, has written. */
extern struct start_info *pv_start_info;

/* Sets the ports and pages of console and XenStore in boot_info, from start_info (PV) or from Xen's
 * HVM parameters (PVH). */
void pv_find_shared_pages(void);
void pvh_find_shared_pages(void);

/* Maps shared_info at its address in the window. 0 or -errno. */
int pv_map_shared_info(void);
int pvh_map_shared_info(void);

/* Has Xen write down when it runs the vCPU. Before the clock is read the first time. */
void clock_init(void);
/* clock_now() goes on from its last value. */
void clock_continue(void);

#endif
