/* SPDX-License-Identifier: MIT */
/*
 * Where lwIP would do wrong with a segment larger than the mss, and what is done about it:
 *
 * - tcp_write() asserts that the last unsent segment is not larger than the mss: the one that it is told
 *   is never less.
 * - tcp_output() sends whole segments: one that does not fit in the window, of the peer or of congestion,
 *   would wait, perhaps for ever. fit() cuts it, after each packet and each tick.
 * - The persist timer asserts that what it splits leaves no more than an mss. It expires at its third tick
 *   at the earliest: fit() comes before, and when it can do nothing the timer begins anew.
 * - A duplicate acknowledgement has the first segment in flight sent again: at the second, before lwIP does
 *   that at the third, lost() leaves an mss of it. After a timeout the window is an mss.
 */
#include "lib/lwip/port/large.h"
#include "lib/lwip/socket/tcp.h"
#include "lib/lwip/socket/tcp_cut.h"
#include "lib/lwip/socket/tcp_hold.h"
#include "lwip/ip.h"

/* What a frame has room for beside its headers; wherever it begins in a page, in 18 pieces of memory with
 * the headers (NETFRONT_FRAGS_MAX). */
#define BYTES  (65535u - 128u)
#define PIECES 18u

static struct list look = LIST_INIT(look);

/* ---- changes to what is queued ---- */

/* The acknowledged part of the first segment, of which lwIP will not tell. */
static void free_acked(struct tcp_socket *t, struct tcp_seg *first)
{
    const uint16_t n = first ? tcp_cut_acked(t->pcb, first) : 0;

    if (n)
        tcp_socket_acked(t, n);
}

/* Something is lost, perhaps: only that is sent again. */
static void lost(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    free_acked(t, pcb->unacked);
    if (pcb->unacked && pcb->unacked->len > pcb->mss)
        tcp_cut(pcb, pcb->unacked, pcb->mss);
}

/* The bytes that go out of the first unsent segment, if it is larger; 0: it waits. */
static uint32_t window_for(const struct tcp_pcb *pcb, const struct tcp_seg *seg)
{
    const uint32_t wnd = MIN(pcb->snd_wnd, pcb->cwnd);
    const uint32_t used = lwip_ntohl(seg->tcphdr->seqno) - pcb->lastack;
    const uint32_t room = used < wnd ? (wnd - used) / pcb->mss * pcb->mss : 0;

    /* while more is in flight, more room will come: not in ever smaller frames */
    return pcb->unacked && room < wnd / 2 ? 0 : room;
}

/* Whether more of the first unsent segment can be sent than lwIP would send. */
static bool fit(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;
    struct tcp_seg *seg = pcb->unsent;
    uint32_t n;

    if (!seg || seg->len <= pcb->mss)
        return false;
    if (TCP_SEQ_LT(lwip_ntohl(seg->tcphdr->seqno), pcb->lastack))
        free_acked(t, seg);
    n = window_for(pcb, seg);
    if (!n || n >= seg->len)
        return false;
    if (tcp_cut(pcb, seg, (uint16_t)n))
        return true;
    pcb->persist_cnt = 0;
    return false;
}

/* ---- writing ---- */

void tcp_large_begin(struct tcp_socket *t, size_t want)
{
    const struct tcp_pcb *pcb = t->pcb;
    const struct netif *netif;

    if (want <= pcb->mss) /* not worth to be looked for */
        return;
    t->large.taken = false;
    if (!net_large_taken || inet_is_ours(&pcb->remote_ip))
        return;
    netif = pcb->netif_idx != NETIF_NO_INDEX ? netif_get_by_index(pcb->netif_idx)
                                             : ip_route(&pcb->local_ip, &pcb->remote_ip);
    t->large.taken = netif && net_large_taken(netif, IP_IS_V6_VAL(pcb->remote_ip));
}

static const struct tcp_seg *last_unsent(const struct tcp_pcb *pcb)
{
    const struct tcp_seg *last = pcb->unsent;

    while (last && last->next)
        last = last->next;
    return last;
}

uint16_t tcp_large_size(const struct tcp_socket *t)
{
    const struct tcp_pcb *pcb = t->pcb;
    const struct tcp_seg *last = last_unsent(pcb);
    uint32_t size = pcb->mss;

    if (t->large.taken) {
        size = MIN(pcb->snd_wnd_max / 2, BYTES) / pcb->mss * pcb->mss;
        size = MAX(size, (uint32_t)pcb->mss);
    }
    if (last && (last->len > size || (last->len > pcb->mss && pbuf_clen(last->p) >= PIECES)))
        size = last->len; /* it is full */
    return (uint16_t)size;
}

size_t tcp_large_left(const struct tcp_socket *t)
{
    const struct tcp_seg *last = last_unsent(t->pcb);
    const size_t size = tcp_large_size(t);

    return last && last->len < size ? size - last->len : size;
}

size_t tcp_large_whole(const struct tcp_socket *t, size_t room)
{
    const struct tcp_pcb *pcb = t->pcb;
    const size_t size = tcp_large_size(t), first = tcp_large_left(t);
    size_t n = first < size ? first : 0; /* it is begun */

    /* (a small buffer stays small) */
    if (!t->large.taken || !pcb->unacked || size > tcp_send_limit(t) / 4)
        return room;
    while (n < room)
        n += size;
    return MIN(n, (size_t)pcb->snd_buf);
}

err_t tcp_large_write(struct tcp_socket *t, const void *data, uint16_t len, uint8_t flags)
{
    struct tcp_pcb *pcb = t->pcb;
    const uint16_t mss = pcb->mss;
    err_t err;

    pcb->mss = tcp_large_size(t);
    t->large.used |= pcb->mss > mss;
    err = tcp_write(pcb, data, len, flags);
    pcb->mss = mss;
    return err;
}

/* ---- sending ---- */

void tcp_large_output(struct tcp_socket *t)
{
    tcp_output(t->pcb);
    if (t->large.used && fit(t))
        tcp_output(t->pcb);
}

void tcp_large_full(struct tcp_socket *t)
{
    const struct tcp_seg *last = t->large.taken ? last_unsent(t->pcb) : NULL;

    if (last && last->len >= tcp_large_size(t)) {
        tcp_hold_end(t);
        tcp_large_output(t);
    }
}

/* lwIP's window for what the peer has not acknowledged may be less than an mss: then FIN is not for the
 * first part (tcp_cut.h). */
static void cut_to_window(struct tcp_pcb *pcb)
{
    const struct tcp_seg *seg = pcb->unsent;

    if (pcb->persist_backoff && seg && pcb->snd_wnd && pcb->snd_wnd < seg->len)
        tcp_cut(pcb, pcb->unsent, (uint16_t)pcb->snd_wnd);
}

void tcp_large_tick(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (t->large.used)
        fit(t);
    cut_to_window(pcb);
}

/*
 * Slow start: lwIP adds two mss at most for an acknowledgement (RFC 3465). One of a large frame, which the peer
 * got as it is, stands for those of every second segment: the rest is added. A packet is behind us; not
 * of one that ended a recovery.
 */
static bool grow(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;
    const uint32_t acked = pcb->lastack - t->large.acked, counted = 2u * pcb->mss;
    const bool grows = t->large.grows && acked > counted && pcb->cwnd < pcb->ssthresh;

    t->large.acked = pcb->lastack;
    t->large.grows = false;
    if (grows)
        pcb->cwnd += acked - counted;
    return grows;
}

static void arrives(struct tcp_pcb *pcb)
{
    struct tcp_socket *t = tcp_socket_of(pcb);

    if (!t || !t->large.used)
        return;
    grow(t);
    t->large.grows = !(pcb->flags & (TF_RTO | TF_INFR));
    if (pcb->dupacks >= 2 && !(pcb->flags & TF_INFR))
        lost(t);
    if (list_empty(&t->large.look))
        list_add_tail(&look, &t->large.look);
}

static void settle(void)
{
    while (!list_empty(&look)) {
        struct tcp_socket *t = list_entry(look.next, struct tcp_socket, large.look);
        bool more;

        list_del(&t->large.look);
        more = grow(t);
        if (fit(t) || more)
            tcp_output(t->pcb);
    }
    tcp_hold_settle();
}

void tcp_large_end(struct tcp_socket *t)
{
    list_del(&t->large.look);
    tcp_hold_end(t);
}

static void cut(void)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        struct tcp_socket *t = tcp_socket_of(pcb);

        if (!t || !t->large.used)
            continue;
        t->large.taken = false;
        tcp_cut_all(pcb, pcb->unsent);
    }
}

static const struct net_large_ops ops = {.arrives = arrives, .settle = settle, .cut = cut};

void tcp_large_start(void)
{
    net_large = &ops;
}
