/* SPDX-License-Identifier: MIT */
/*
 * Connections that the program has closed, with data that the peer has not acknowledged. Their memory is
 * bounded in time, whatever the peer does, and in number.
 */
#include <ringlet/clock.h>

#include "lib/lwip/socket/tcp.h"

#define STALL 120 /* half seconds: a peer that keeps its window closed */
/* A full send buffer (256 KiB) goes in this time with 440 bytes/s. */
#define AGE_MAX     (600 * NSEC_PER_SEC)
#define ORPHANS_MAX (MEMP_NUM_TCP_PCB / 4u)

static struct list orphans = LIST_INIT(orphans); /* the oldest first */
static unsigned count;

void tcp_orphan_begin(struct tcp_socket *t)
{
    tcp_recv(t->pcb, NULL);
    tcp_err(t->pcb, NULL);
    t->idle_ticks = 0;
    t->orphan = true;
    t->orphan_since = clock_recent();
    list_add_tail(&orphans, &t->link);
    if (++count > ORPHANS_MAX)
        tcp_abort(list_entry(orphans.next, struct tcp_socket, link)->pcb);
}

bool tcp_orphan_tick(struct tcp_socket *t)
{
    if (t->idle_ack !=
        t->pcb->lastack) { /* also a part of a segment, of which lwIP does not tell */
        t->idle_ack = t->pcb->lastack;
        t->idle_ticks = 0;
    }
    return ++t->idle_ticks >= STALL || clock_recent() - t->orphan_since >= AGE_MAX;
}

void tcp_orphan_end(struct tcp_socket *t)
{
    list_del(&t->link);
    count--;
}
