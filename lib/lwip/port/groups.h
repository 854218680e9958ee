/* SPDX-License-Identifier: MIT */
/*
 * The timers of multicast groups (IGMP, MLD): reports that answer a router, or follow a join, after a random
 * time. lwIP would have them run ten times a second for ever; here they run while a group has a report to send
 * (timers.h). With the core lock.
 */
#ifndef RINGLET_LWIP_GROUPS_H
#define RINGLET_LWIP_GROUPS_H

#include <stdint.h>

#include "arch/symbols.h"

/* A group may get a report to send now: the timers run from now on, until no group has one. */
void net_groups_look(void);
/* The same, if one has: in lwIP's table of timers, in place of theirs. */
void net_groups_check(void);
/* LWIP_RAND() of igmp.c and mld6.c, which take a random number when they set the time of a report. (But IGMP's
 * for one within 200 ms, hence ifc_receive.) */
uint32_t net_groups_random(void);

#endif
