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
#include "lib/lwip/socket/tcp_large.h"

#include "lib/lwip/port/large.h"
#include "lib/lwip/socket/private.h"
#include "lib/lwip/socket/tcp_cut.h"
#include "lib/lwip/socket/tcp_hold.h"
#include "lwip/ip.h"

/* What a frame has room for beside its headers; wherever it begins in a page, in 18 pieces of memory with
 * the headers (NETFRONT_FRAGS_MAX). */
#define BYTES  (65535u - 128u)
#define PIECES 18u
#define SHORT  128u /* bytes: netfront copies such a piece */

static struct list look = LIST_INIT(look);

/* ---- changes to what is queued ---- */

/* The acknowledged part of the first segment, of which lwIP will not tell. */
static void free_acked(struct tcp_large *l, struct tcp_seg *first)
{
    const uint16_t n = first ? tcp_cut_acked(l->pcb, first) : 0;

    if (n)
        l->user->acked(l, n);
}

/* Something is lost, perhaps: only that is sent again. */
static void lost(struct tcp_large *l)
{
    struct tcp_pcb *pcb = l->pcb;

    free_acked(l, pcb->unacked);
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
static bool fit(struct tcp_large *l)
{
    struct tcp_pcb *pcb = l->pcb;
    struct tcp_seg *seg = pcb->unsent;
    uint32_t n;

    if (!seg || seg->len <= pcb->mss)
        return false;
    if (TCP_SEQ_LT(lwip_ntohl(seg->tcphdr->seqno), pcb->lastack))
        free_acked(l, seg);
    n = window_for(pcb, seg);
    if (!n || n >= seg->len)
        return false;
    if (tcp_cut(pcb, seg, (uint16_t)n))
        return true;
    pcb->persist_cnt = 0;
    return false;
}

/* ---- writing ---- */

void tcp_large_begin(struct tcp_large *l, size_t want)
{
    const struct tcp_pcb *pcb = l->pcb;
    const struct netif *netif;

    if (want <= pcb->mss) /* not worth to be looked for */
        return;
    l->taken = false;
    if (!net_large_taken || inet_is_ours(&pcb->remote_ip))
        return;
    netif = pcb->netif_idx != NETIF_NO_INDEX ? netif_get_by_index(pcb->netif_idx)
                                             : ip_route(&pcb->local_ip, &pcb->remote_ip);
    l->taken = netif && net_large_taken(netif, IP_IS_V6_VAL(pcb->remote_ip));
}

static const struct tcp_seg *last_unsent(const struct tcp_pcb *pcb)
{
    const struct tcp_seg *last = pcb->unsent;

    while (last && last->next)
        last = last->next;
    return last;
}

uint16_t tcp_large_size(const struct tcp_large *l)
{
    const struct tcp_pcb *pcb = l->pcb;
    const struct tcp_seg *last = last_unsent(pcb);
    uint32_t size = pcb->mss;

    if (l->taken) {
        size = MIN(pcb->snd_wnd_max / 2, BYTES) / pcb->mss * pcb->mss;
        size = MAX(size, (uint32_t)pcb->mss);
    }
    if (last && (last->len > size || (last->len > pcb->mss && pbuf_clen(last->p) >= PIECES)))
        size = last->len; /* it is full */
    return (uint16_t)size;
}

size_t tcp_large_left(const struct tcp_large *l)
{
    const struct tcp_seg *last = last_unsent(l->pcb);
    const size_t size = tcp_large_size(l);

    return last && last->len < size ? size - last->len : size;
}

size_t tcp_large_whole(const struct tcp_large *l, size_t room, size_t limit)
{
    const struct tcp_pcb *pcb = l->pcb;
    const size_t size = tcp_large_size(l), first = tcp_large_left(l);
    size_t n = first < size ? first : 0; /* it is begun */

    /* (a small buffer stays small) */
    if (!l->taken || !pcb->unacked || size > limit / 4)
        return room;
    while (n < room)
        n += size;
    return MIN(n, (size_t)pcb->snd_buf);
}

/* What is short is copied, in one piece. */
static unsigned pieces_of(const void *data, unsigned len)
{
    return len <= SHORT ? 1 : ((uintptr_t)data % PAGE_SIZE + len + PAGE_SIZE - 1) / PAGE_SIZE;
}

/* The same, for data that may be anywhere: a frame of more pieces than it may have would be copied. */
static uint16_t size_for(const struct tcp_large *l, const void *data)
{
    const struct tcp_seg *last = last_unsent(l->pcb);
    const unsigned mss = l->pcb->mss;
    unsigned size = tcp_large_size(l), pieces = 0, most;

    if (!last || !l->scattered || size <= mss)
        return (uint16_t)size;
    for (const struct pbuf *p = last->p; p; p = p->next)
        pieces += pieces_of(p->payload, p->len);
    most = last->len;
    if (pieces < PIECES)
        most += (PIECES - pieces) * PAGE_SIZE - (uintptr_t)data % PAGE_SIZE;
    size = MIN(size, MAX(most / mss * mss, (unsigned)last->len));
    return (uint16_t)MAX(size, mss);
}

/* (lwIP would fill up the memory of what was copied, also with what is not to be.) */
err_t tcp_large_write(struct tcp_large *l, const void *data, uint16_t len, uint8_t flags)
{
    struct tcp_pcb *pcb = l->pcb;
    const uint16_t mss = pcb->mss;
    err_t err;

    pcb->mss = size_for(l, data);
    l->used |= pcb->mss > mss;
    err = tcp_write(pcb, data, len, flags);
    pcb->mss = mss;
    pcb->unsent_oversize = 0;
    return err;
}

/* ---- sending ---- */

void tcp_large_output(struct tcp_large *l)
{
    tcp_output(l->pcb);
    if (l->used && fit(l))
        tcp_output(l->pcb);
}

void tcp_large_full(struct tcp_large *l)
{
    const struct tcp_seg *last = l->taken ? last_unsent(l->pcb) : NULL;

    if (last && last->len >= tcp_large_size(l)) {
        tcp_hold_end(l);
        tcp_large_output(l);
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

void tcp_large_tick(struct tcp_large *l)
{
    struct tcp_pcb *pcb = l->pcb;

    if (l->used)
        fit(l);
    cut_to_window(pcb);
}

/*
 * Slow start: lwIP adds two mss at most for an acknowledgement (RFC 3465). One of a large frame, which the peer
 * got as it is, stands for those of every second segment: the rest is added. A packet is behind us; not
 * of one that ended a recovery.
 */
static bool grow(struct tcp_large *l)
{
    struct tcp_pcb *pcb = l->pcb;
    const uint32_t acked = pcb->lastack - l->acked, counted = 2u * pcb->mss;
    const bool grows = l->grows && acked > counted && pcb->cwnd < pcb->ssthresh;

    l->acked = pcb->lastack;
    l->grows = false;
    if (grows)
        pcb->cwnd += acked - counted;
    return grows;
}

static void arrives(struct tcp_pcb *pcb)
{
    struct tcp_large *l = tcp_large_of(pcb);

    if (!l || !l->used)
        return;
    grow(l);
    l->grows = !(pcb->flags & (TF_RTO | TF_INFR));
    if (pcb->dupacks >= 2 && !(pcb->flags & TF_INFR))
        lost(l);
    if (list_empty(&l->look))
        list_add_tail(&look, &l->look);
}

static void settle(void)
{
    while (!list_empty(&look)) {
        struct tcp_large *l = list_entry(look.next, struct tcp_large, look);
        bool more;

        list_del(&l->look);
        more = grow(l);
        if (fit(l) || more)
            tcp_output(l->pcb);
    }
    tcp_hold_settle();
}

static void forget(struct tcp_large *l)
{
    l->pcb = NULL;
    list_del(&l->look);
    tcp_hold_end(l);
}

static void cut(void)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        struct tcp_large *l = tcp_large_of(pcb);

        if (!l || !l->used)
            continue;
        l->taken = false;
        tcp_cut_all(pcb, pcb->unsent);
    }
}

static const struct net_large_ops ops = {.arrives = arrives, .settle = settle, .cut = cut};

/* ---- life ---- */

static void destroyed(u8_t id, void *arg)
{
    struct tcp_large *l = arg;

    (void)id;
    forget(l);
    l->user->ended(l);
}

static const struct tcp_ext_arg_callbacks callbacks = {.destroy = destroyed}, nothing;

static uint8_t argument(void)
{
    static uint8_t id = LWIP_TCP_PCB_NUM_EXT_ARG_ID_INVALID;

    if (id == LWIP_TCP_PCB_NUM_EXT_ARG_ID_INVALID)
        id = tcp_ext_arg_alloc_id();
    return id;
}

struct tcp_large *tcp_large_of(const struct tcp_pcb *pcb)
{
    const struct tcp_pcb_ext_args *arg = &pcb->ext_args[argument()];

    return arg->callbacks == &callbacks ? arg->data : NULL;
}

void tcp_large_init(struct tcp_large *l, const struct tcp_large_user *user)
{
    *l = (struct tcp_large){.user = user};
    list_init(&l->look);
    list_init(&l->held);
    net_large = &ops;
}

void tcp_large_attach(struct tcp_large *l, struct tcp_pcb *pcb)
{
    l->pcb = pcb;
    tcp_ext_arg_set_callbacks(pcb, argument(), &callbacks);
    tcp_ext_arg_set(pcb, argument(), l);
}

void tcp_large_detach(struct tcp_large *l)
{
    tcp_ext_arg_set_callbacks(l->pcb, argument(), &nothing);
    forget(l);
}
