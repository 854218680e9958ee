/* SPDX-License-Identifier: MIT */
/* Included before all of timeouts.c (lwip.mk): lwIP's table looks after groups once a second, with its other
 * timers, and not ten times (groups.h). */
#include "lib/lwip/port/groups.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"

#undef IGMP_TMR_INTERVAL
#undef MLD6_TMR_INTERVAL
#define IGMP_TMR_INTERVAL 1000
#define MLD6_TMR_INTERVAL 1000
#define igmp_tmr          net_groups_check
#define mld6_tmr          net_groups_check
