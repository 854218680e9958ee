/* SPDX-License-Identifier: MIT */
/* The simulated network backends: their offers and behaviour (netback.h). */
#include "netback.h"

static int maybe(int value)
{
    return one_in(3) ? ABSENT : value;
}

static void manners(struct net_profile *p)
{
    static const unsigned delays[] = {0, 200, 2000, 20000, 200000};
    static const unsigned events[] = {0, 100, 3000, 50000};
    static const int mtus[] = {1500, 1500, 1500, 9000, 68, 576, 1492, 4082, 65521};

    p->batch = 1 + below(one_in(3) ? 64 : 8);
    p->delay_ns = delays[below(ARRAY_SIZE(delays))];
    p->event_ns = events[below(ARRAY_SIZE(events))];
    p->spurious_in = one_in(4) ? 8 : 0;
    p->error_in = one_in(6) ? 20 + below(200) : 0;
    p->bad_in = one_in(6) ? 20 + below(200) : 0;
    p->hold_in = one_in(2) ? 1 + below(20) : 0;
    p->large_in = 1 + below(one_in(2) ? 4 : 40);
    p->mtu = maybe(mtus[below(ARRAY_SIZE(mtus))]);
    p->trusted = one_in(4) ? 0 : maybe(1);
    p->carrier = maybe(1);
    p->fills = one_in(2);
    p->offset = one_in(2) ? 2 : 0;
}

void net_profile_random(struct net_profile *p)
{
    *p = (struct net_profile){.rx_copy = 1};
    manners(p);
    p->sg = maybe((int)below(3) != 0);
    /* Linux' frontend wants sg for it */
    p->gso4 = p->sg == 1 ? maybe((int)below(2)) : ABSENT;
    p->gso6 = p->sg == 1 ? maybe((int)below(2)) : ABSENT;
    p->no_csum = one_in(2) ? ABSENT : (int)below(2);
    p->csum6 = maybe((int)below(2));
    p->split = maybe((int)below(2));
    p->queues = maybe(1 + (int)below(NETBACK_QUEUES_MAX));
    p->multicast = maybe((int)below(2));
    p->dynamic = p->multicast == 1 ? maybe((int)below(2)) : ABSENT;
    p->ctrl = maybe((int)below(2));
}

void net_profile_linux(struct net_profile *p)
{
    *p = (struct net_profile){.rx_copy = 1};
    manners(p);
    p->fills = true;
    p->sg = p->gso4 = p->gso6 = p->csum6 = p->split = p->multicast = p->dynamic = p->ctrl = 1;
    p->no_csum = ABSENT;
    p->queues = 1 + (int)below(4);
    p->carrier = 1;
}

/* xen_nic.c: one slot for a frame, two bytes behind the beginning of its page. */
void net_profile_qemu(struct net_profile *p)
{
    *p = (struct net_profile){.rx_copy = 1};
    manners(p);
    p->sg = p->gso4 = p->gso6 = p->csum6 = p->split = p->queues = p->multicast = ABSENT;
    p->dynamic = p->ctrl = p->carrier = ABSENT;
    p->no_csum = one_in(2) ? 1 : ABSENT;
    p->hold_in = 0;
    p->offset = 2;
}
