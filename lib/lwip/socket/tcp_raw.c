/* SPDX-License-Identifier: MIT */
/* Large segments of connections by lwIP's own interface: ringlet/net.h. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/net.h>

#include "lib/lwip/socket/tcp_large.h"

struct raw {
    struct tcp_large large;
    tcp_poll_fn poll;
    size_t untold; /* bytes that are acknowledged */
};

static void acked(struct tcp_large *l, size_t bytes)
{
    container_of(l, struct raw, large)->untold += bytes;
}

static void ended(struct tcp_large *l)
{
    heap_free(container_of(l, struct raw, large));
}

static const struct tcp_large_user user = {.acked = acked, .ended = ended};

/* Tells of what lwIP does not tell. What it returns lwIP wants to know. */
static err_t tell(struct raw *r, struct tcp_pcb *pcb)
{
    while (r->untold && pcb->sent) {
        const u16_t n = (u16_t)MIN(r->untold, (size_t)UINT16_MAX);
        err_t err;

        r->untold -= n;
        err = pcb->sent(pcb->callback_arg, pcb, n);
        if (err != ERR_OK)
            return err; /* perhaps there is no r any more */
    }
    return ERR_OK;
}

static err_t tick(void *arg, struct tcp_pcb *pcb)
{
    struct raw *r = container_of(tcp_large_of(pcb), struct raw, large);
    const tcp_poll_fn poll = r->poll;
    err_t err;

    tcp_large_tick(&r->large);
    err = tell(r, pcb);
    return err == ERR_OK && poll ? poll(arg, pcb) : err;
}

int net_tcp_large(struct tcp_pcb *pcb, tcp_poll_fn poll)
{
    struct raw *r = heap_alloc(sizeof(*r), MEM_KERNEL);

    if (!r)
        return -ENOMEM;
    r->poll = poll;
    r->untold = 0;
    tcp_large_init(&r->large, &user);
    r->large.scattered = true;
    tcp_large_attach(&r->large, pcb);
    tcp_poll(pcb, tick, 1);
    return 0;
}

err_t net_tcp_write(struct tcp_pcb *pcb, const void *data, uint16_t len, uint8_t flags)
{
    struct tcp_large *l = tcp_large_of(pcb);
    err_t err;

    if (!(flags & TCP_WRITE_FLAG_COPY))
        tcp_large_begin(l, len);
    err = tcp_large_write(l, data, len, flags);
    if (err == ERR_OK)
        tcp_large_full(l);
    return err;
}

void net_tcp_output(struct tcp_pcb *pcb)
{
    tcp_large_output(tcp_large_of(pcb));
}
