/* SPDX-License-Identifier: MIT */
#include "lib/lwip/port/groups.h"

#include <ringlet/compiler.h>

#include "lwip/igmp.h"
#include "lwip/mld6.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"

_Static_assert(IGMP_TMR_INTERVAL == MLD6_TMR_INTERVAL, "both have the same timer");

static bool runs;

static bool is_pending(void)
{
    const struct netif *netif;

    NETIF_FOREACH(netif)
    {
        for (const struct igmp_group *g = netif_igmp_data(netif); g; g = g->next)
            if (g->timer)
                return true;
        for (const struct mld_group *g = netif_mld6_data(netif); g; g = g->next)
            if (g->timer)
                return true;
    }
    return false;
}

static void tick(void *arg)
{
    (void)arg;
    igmp_tmr();
    mld6_tmr();
    runs = is_pending();
    if (runs)
        sys_timeout(IGMP_TMR_INTERVAL, tick, NULL);
}

void net_groups_look(void)
{
    if (runs)
        return;
    runs = true;
    sys_timeout(IGMP_TMR_INTERVAL, tick, NULL);
}

void net_groups_check(void)
{
    if (is_pending())
        net_groups_look();
}

uint32_t net_groups_random(void)
{
    net_groups_look();
    return net_random();
}
