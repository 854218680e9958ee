/* SPDX-License-Identifier: MIT */
#include "lib/lwip/socket/tcp_hold.h"

#include <ringlet/clock.h>

#include "lib/lwip/port/core_lock.h"
#include "lib/lwip/socket/tcp_large.h"
#include "lwip/priv/tcp_priv.h"

/* About what the backend takes for what is in flight. */
#define LONGEST (200 * NSEC_PER_USEC)

static struct list held = LIST_INIT(held);
static struct timer timer;
static bool due;

static void wake(struct timer *unused)
{
    (void)unused;
    due = true;
    if (net_core_wake)
        net_core_wake();
}

/* With TCP_NODELAY only the end of a large write, as nearly always another one follows. */
static bool may_wait(const struct tcp_large *l, size_t written)
{
    const struct tcp_pcb *pcb = l->pcb;
    const struct tcp_seg *seg = pcb->unsent;
    const size_t full = tcp_large_size(l);

    return l->taken && net_core_wake && seg && !seg->next && pcb->unacked && seg->len < full &&
           (tcp_nagle_disabled(pcb) ? written >= full / 2 : seg->len >= pcb->mss) &&
           !(pcb->flags & (TF_NAGLEMEMERR | TF_FIN | TF_ACK_NOW | TF_INFR | TF_RTO));
}

bool tcp_hold(struct tcp_large *l, size_t written)
{
    if (!may_wait(l, written))
        return false;
    if (list_empty(&l->held))
        list_add_tail(&held, &l->held);
    if (!timer.armed) {
        timer_init(&timer, wake);
        timer_start(&timer, clock_recent() + LONGEST);
    }
    return true;
}

void tcp_hold_end(struct tcp_large *l)
{
    if (list_empty(&l->held))
        return;
    list_del(&l->held);
    if (list_empty(&held) && timer.armed)
        timer_stop(&timer);
}

void tcp_hold_settle(void)
{
    if (!due)
        return;
    due = false;
    while (!list_empty(&held)) {
        struct tcp_large *l = list_entry(held.next, struct tcp_large, held);

        tcp_hold_end(l);
        tcp_output(l->pcb);
    }
}
