/* SPDX-License-Identifier: MIT */
/*
 * Frames from lwIP to netfront. TCP segments wait in ifc->join until the core lock is released, or
 * until something that does not fit follows; all others are sent at once. What is small and no data of a
 * connection does not wait behind these (is_urgent).
 */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/port/large.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

#define FRAGS_MAX  32u
#define HEADER_MAX 128u /* bytes: what a backend copies in any case */
#define URGENT_MAX 512u /* bytes: what netfront keeps slots for */

/* ---- frames of one pbuf ---- */

static void sent(void *arg, int status)
{
    (void)status; /* counted by netfront, and TCP will notice */
    pbuf_free(arg);
}

static err_t result(struct ifc *ifc, int ret)
{
    switch (ret) {
    case 0:
        LINK_STATS_INC(link.xmit);
        return ERR_OK;
    case -ENOBUFS:
        ifc->full = true;
        return ERR_MEM;
    default:
        LINK_STATS_INC(link.drop);
        ifc->tx_dropped++;
        return ERR_IF;
    }
}

static unsigned fragments(const struct pbuf *p, struct netfront_tx_frag *frag)
{
    unsigned n = 0;

    for (; p; p = p->next) {
        if (n == FRAGS_MAX)
            return 0;
        frag[n++] = (struct netfront_tx_frag){.data = p->payload, .len = p->len};
    }
    return n;
}

/* tx: what the frame needs but its bytes. */
static err_t send_alone(struct ifc *ifc, struct pbuf *p, struct netfront_tx tx)
{
    struct netfront_tx_frag frag[FRAGS_MAX];
    int ret;

    tx.frag = frag;
    tx.done = sent;
    tx.count = fragments(p, frag);
    if (tx.count) {
        pbuf_ref(p);
    } else {
        p = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
        if (!p)
            return ERR_MEM;
        tx.count = fragments(p, frag);
    }
    tx.arg = p;
    ret = netfront_send(ifc->dev, &tx);
    if (ret)
        pbuf_free(p);
    return result(ifc, ret);
}

/* ---- frames of several ---- */

struct held {
    unsigned count;
    struct pbuf *p[JOIN_SEGMENTS];
};

static void joined_sent(void *arg, int status)
{
    struct held *h = arg;

    (void)status;
    for (unsigned i = 0; i < h->count; i++)
        pbuf_free(h->p[i]);
    heap_free(h);
}

/* 0, or netfront_send's error: then the join is as before. */
static int send_join(struct ifc *ifc)
{
    struct join *j = &ifc->join;
    struct netfront_tx tx;
    struct held *h;
    int ret;

    join_finish(j, &tx);
    if (j->segments == 1) {
        tx.done = sent;
        tx.arg = j->held[0];
        return netfront_send(ifc->dev, &tx);
    }
    h = heap_alloc(sizeof(*h), MEM_KERNEL);
    if (!h)
        return -ENOMEM;
    h->count = j->segments;
    memcpy(h->p, j->held, j->segments * sizeof(h->p[0]));
    tx.done = joined_sent;
    tx.arg = h;
    ret = netfront_send(ifc->dev, &tx);
    if (ret)
        heap_free(h);
    return ret;
}

bool ifc_send_joined(struct ifc *ifc)
{
    struct join *j = &ifc->join;
    int ret;

    if (!j->segments)
        return true;
    if (ifc->full)
        return false;
    ret = send_join(ifc);
    if (ret == -ENOBUFS) {
        ifc->full = true;
        return false;
    }
    if (ret) { /* as if they were lost on their way */
        ifc->tx_dropped += join_drop(j);
        LINK_STATS_INC(link.drop);
    } else {
        LINK_STATS_INC(link.xmit);
        j->segments = 0; /* the references are the frame's */
    }
    return true;
}

/* ---- what lwIP sends ---- */

/* Of IPv4, or of IPv6 without other headers before. */
static bool is_fragment(const struct pbuf *p)
{
    const uint8_t *f = p->payload;

    if (p->len >= 34 && f[12] == 0x08 && f[13] == 0x00)
        return (f[20] & 0x3f) || f[21];
    return p->len >= 55 && f[12] == 0x86 && f[13] == 0xdd && f[20] == 44;
}

/* Such are only made when the MTU became smaller. */
static bool is_tcp_fragment(const struct pbuf *p)
{
    const uint8_t *f = p->payload;

    return is_fragment(p) && f[f[12] == 0x08 ? 23 : 54] == 6;
}

/* True: the segment is taken. */
static bool join(struct ifc *ifc, struct pbuf *p, const struct join_headers *h, unsigned size)
{
    const bool gso = h->v6 ? ifc->limits.gso_v6 : ifc->limits.gso_v4;

    if (gso && join_add(&ifc->join, p, h, size))
        return true;
    return ifc_send_joined(ifc) && join_add(&ifc->join, p, h, size);
}

/* Alone, with a checksum that the backend computes. */
static err_t send_blank(struct ifc *ifc, struct pbuf *p, const struct join_headers *h,
                        struct netfront_tx tx)
{
    uint8_t *frame = p->payload;
    const uint16_t sum = join_pseudo_sum(frame, h, p->tot_len - h->tcp);

    memcpy(frame + h->tcp + 16, &sum, sizeof(sum));
    tx.flags = NETFRONT_CSUM_BLANK;
    tx.header = h->payload;
    return send_alone(ifc, p, tx);
}

static err_t send_offloaded(struct ifc *ifc, struct pbuf *p, const struct join_headers *h)
{
    struct netfront_tx tx = {0};
    uint8_t *frame = p->payload;

    if (p->tot_len > h->ip + ifc->netif.mtu) {
        tx.gso = h->v6 ? NETFRONT_GSO_TCPV6 : NETFRONT_GSO_TCPV4;
        tx.gso_size = ifc_segment_size(&ifc->netif, frame + h->ip, p->len - h->ip, ifc->netif.mtu);
        if (!tx.gso_size) /* it has waited for its neighbour's address, and its connection is gone */
            return result(ifc, -ENOTCONN);
    }
    if (join(ifc, p, h, tx.gso_size))
        return ERR_OK;
    if (ifc->join.segments)
        return ERR_MEM;               /* no room */
    return send_blank(ifc, p, h, tx); /* of too many pieces */
}

/*
 * Whether a frame is sent though the ring is full of large ones, and before those that wait to be joined:
 * ARP, neighbour discovery, pings, small datagrams, SYN. A peer whose questions get no answer for some seconds
 * takes this host for gone, while lwIP sends the data of connections again as soon as there is room.
 * h: of a TCP segment; NULL: it is none.
 */
static bool is_urgent(const struct pbuf *p, const struct join_headers *h)
{
    if (p->tot_len > URGENT_MAX)
        return false;
    return h ? ((const uint8_t *)p->payload)[h->tcp + 13] & TCP_SYN : !is_fragment(p);
}

err_t ifc_send(struct netif *netif, struct pbuf *p)
{
    struct ifc *ifc = ifc_of(netif);
    const bool offloaded = !(netif->chksum_flags & NETIF_CHECKSUM_GEN_TCP);
    struct join_headers h;
    const bool tcp = join_parse(p, &h);
    const bool urgent = is_urgent(p, tcp ? &h : NULL);

    if (ifc->full && !urgent)
        return ERR_MEM;
    if (offloaded && !tcp && is_tcp_fragment(p)) {
        /* without a checksum, which is too late for this one: lwIP computes them from now on */
        netif->chksum_flags |= NETIF_CHECKSUM_GEN_TCP;
        return ERR_OK;
    }
    if (offloaded && tcp)
        return urgent ? send_blank(ifc, p, &h, (struct netfront_tx){0})
                      : send_offloaded(ifc, p, &h);
    if (!urgent && !ifc_send_joined(ifc)) /* the order */
        return ERR_MEM;
    return send_alone(ifc, p, (struct netfront_tx){.header = MIN(p->tot_len, HEADER_MAX)});
}

static bool cuts_less(const struct netfront_limits *was, const struct netfront_limits *is)
{
    return (was->gso_v4 && !is->gso_v4) || (was->gso_v6 && !is->gso_v6) || is->mtu < was->mtu;
}

/* UDP's and ICMP's are lwIP's, as it may have to cut their packets into fragments. */
void ifc_set_offloads(struct ifc *ifc)
{
    const struct netfront_limits was = ifc->limits;

    netfront_get_limits(ifc->dev, &ifc->limits);
    ifc->netif.mtu = (u16_t)MIN(ifc->limits.mtu, (unsigned)UINT16_MAX);
    if (ifc->limits.csum_v4 && ifc->limits.csum_v6)
        ifc->netif.chksum_flags &= (u16_t)~NETIF_CHECKSUM_GEN_TCP;
    else
        ifc->netif.chksum_flags |= NETIF_CHECKSUM_GEN_TCP;
    if (net_large && cuts_less(&was, &ifc->limits))
        net_large->cut();
}

void ifc_send_again(struct ifc *ifc)
{
    if (!ifc_send_joined(ifc))
        return;
    for (struct tcp_pcb *pcb = tcp_active_pcbs, *next; pcb && !ifc->full; pcb = next) {
        next = pcb->next;
        if (pcb->unsent)
            tcp_output(pcb);
    }
}
