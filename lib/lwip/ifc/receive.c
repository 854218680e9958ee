/* SPDX-License-Identifier: MIT */
/*
 * Frames from netfront to lwIP. The first NETFRONT_HEAD bytes, which have all headers, are copied: what
 * lwIP decides by, a backend cannot change meanwhile. The rest stays in the backend's pages until the
 * application has read it.
 */
#include "lib/lwip/ifc/ifc.h"

#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "arch/hooks.h"
#include "lib/lwip/port/groups.h"
#include "lib/lwip/port/large.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "netif/ethernet.h"

/* Bytes of copies that applications have not read yet: from the first figure on there is little for each,
 * for which the second is enough; more are dropped. */
#define COPIES_SHARED (2u << 20)
#define COPIES_MAX    (4u << 20)
#define ARP_TYPE      0x0806u
#define SLAB          32u

_Static_assert(COPIES_SHARED + (MEMP_NUM_TCP_PCB + MEMP_NUM_UDP_PCB) * (IFC_SHORT_MAX - 200) +
                       2 * NETFRONT_FRAME_MAX <=
                   COPIES_MAX,
               "each socket gets what it may");

/* A part of a frame in a page of the backend's. */
struct part {
    struct pbuf_custom custom;
    union {
        struct netfront_buffer *buffer;
        struct part *next;
    };
};

/* The rest of a frame whose pages cannot be kept. */
struct copy {
    struct pbuf_custom custom;
    unsigned len;
    uint8_t data[];
};

static struct part *free_parts;
static size_t copies;

static struct part *part_get(void)
{
    struct part *p = free_parts;

    if (!p) {
        p = heap_alloc(SLAB * sizeof(*p), MEM_KERNEL);
        if (!p)
            return NULL;
        for (unsigned i = 0; i < SLAB; i++)
            p[i].next = i + 1 < SLAB ? &p[i + 1] : NULL;
    }
    free_parts = p->next;
    return p;
}

static void part_put(struct part *p)
{
    p->next = free_parts;
    free_parts = p;
}

static void part_free(struct pbuf *p)
{
    struct part *part = (struct part *)(void *)p;

    netfront_buffer_release(part->buffer);
    part_put(part);
}

static void copy_free(struct pbuf *p)
{
    struct copy *c = (struct copy *)(void *)p;

    copies -= c->len;
    heap_free(c);
}

/* The bytes of a fragment from `skip` on; NULL: it cannot be kept. */
static struct pbuf *keep(const struct netfront_rx_frag *f, unsigned skip)
{
    struct part *part = part_get();

    if (!part)
        return NULL;
    if (netfront_buffer_keep(f->buffer)) {
        part_put(part);
        return NULL;
    }
    part->buffer = f->buffer;
    part->custom.custom_free_function = part_free;
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)(f->len - skip), PBUF_REF, &part->custom,
                               (uint8_t *)f->data + skip, (u16_t)(f->len - skip));
}

static struct pbuf *copy_rest(struct netfront_dev *dev, const struct netfront_rx *frame,
                              unsigned from)
{
    const unsigned len = frame->len - from;
    struct copy *c = copies + len <= COPIES_MAX ? heap_alloc(sizeof(*c) + len, MEM_KERNEL) : NULL;

    if (!c)
        return NULL;
    if (!netfront_rx_copy(dev, frame, from, c->data, len)) {
        heap_free(c);
        return NULL;
    }
    c->len = len;
    copies += len;
    c->custom.custom_free_function = copy_free;
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)len, PBUF_REF, &c->custom, c->data, (u16_t)len);
}

/* Adds the bytes behind the first `from`, by reference as far as that is possible. */
static bool add_rest(struct netfront_dev *dev, const struct netfront_rx *frame, unsigned from,
                     struct pbuf *head)
{
    unsigned offset = 0;

    for (unsigned i = 0; i < frame->count; i++) {
        const struct netfront_rx_frag *f = &frame->frag[i];
        const unsigned skip = offset < from ? MIN(from - offset, f->len) : 0;
        struct pbuf *p;

        offset += f->len;
        if (skip == f->len)
            continue;
        p = keep(f, skip);
        if (!p) {
            p = copy_rest(dev, frame, offset - f->len + skip);
            if (!p)
                return false;
            pbuf_cat(head, p);
            return true;
        }
        pbuf_cat(head, p);
    }
    return true;
}

static struct pbuf *take(struct netfront_dev *dev, const struct netfront_rx *frame)
{
    const unsigned len = MIN(frame->len, NETFRONT_HEAD);
    struct pbuf *head;

    if (frame->len > UINT16_MAX)
        return NULL;
    head = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (!head)
        return NULL;
    if (!netfront_rx_copy(dev, frame, 0, head->payload, len) ||
        (frame->len > len && !add_rest(dev, frame, len, head))) {
        pbuf_free(head);
        return NULL;
    }
    return head;
}

/*
 * lwIP checks the checksum of a frame that nobody has checked, also when it is the last fragment of
 * a datagram: a fragment is never said to be good.
 */
static void set_checks(struct netif *netif, bool checked)
{
    const u16_t checks = NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP;

    if (checked)
        netif->chksum_flags &= (u16_t)~checks;
    else
        netif->chksum_flags |= checks;
}

static bool is_igmp(const uint8_t *frame)
{
    return frame[12] == 0x08 && frame[13] == 0 && frame[23] == 2;
}

void ifc_receive(struct netfront_dev *dev, const struct netfront_rx *frame, void *arg)
{
    struct ifc *ifc = arg;
    struct pbuf *p = take(dev, frame);
    const uint8_t *head;

    if (!p) {
        ifc->rx_dropped++;
        LINK_STATS_INC(link.drop);
        return;
    }
    LINK_STATS_INC(link.recv);
    head = p->payload;
    if (p->len >= 14 && head[12] == ARP_TYPE >> 8 && head[13] == (ARP_TYPE & 0xff))
        ifc_arp_seen(ifc, head, p->len);
    else if (p->len >= 34 && head[0] & 1 && is_igmp(head))
        net_groups_look();
    set_checks(&ifc->netif, frame->flags & (NETFRONT_CSUM_BLANK | NETFRONT_DATA_VALIDATED));
    if (ifc->netif.input(p, &ifc->netif) != ERR_OK)
        pbuf_free(p);
    /* of a packet to itself lwIP computes none */
    set_checks(&ifc->netif, true);
}

bool ifc_buffers_are_short(void)
{
    return lwip_stats.memp[MEMP_PBUF_POOL]->used > PBUF_POOL_SHARED || copies > COPIES_SHARED;
}

/*
 * Whether a connection may have the data of a segment. When buffers are short, it gets what it can read at
 * once, and a little; what is old, or beyond a closed window, only makes lwIP answer. One that is closed
 * keeps nothing.
 */
static bool may_have(const struct tcp_pcb *pcb, uint32_t seq, const struct pbuf *p)
{
    const bool early = TCP_SEQ_GT(seq, pcb->rcv_nxt);

    if (!p->tot_len || !pcb->rcv_wnd || TCP_SEQ_LEQ(seq + p->tot_len, pcb->rcv_nxt))
        return true;
    if (early && !pcb->recv)
        return false;
    if (!ifc_buffers_are_short() ||
        !pbuf_match_allocsrc(p, PBUF_TYPE_ALLOC_SRC_MASK_STD_MEMP_PBUF_POOL))
        return true;
    return !early && pcb->rcv_wnd == TCP_WND_MAX(pcb) && p->tot_len <= IFC_SHORT_MAX;
}

/* A large frame is answered at once: the sender may have sent all that it may. */
err_t net_tcp_input(struct tcp_pcb *pcb, const struct tcp_hdr *header, const struct pbuf *p)
{
    if (pcb->state < SYN_RCVD || pcb->state == TIME_WAIT)
        return ERR_OK;
    if (!may_have(pcb, header->seqno, p))
        return ERR_MEM;
    if (pcb->state < ESTABLISHED)
        return ERR_OK;
    if (net_large)
        net_large->arrives(pcb);
    if (p->tot_len > 2 * TCP_MSS)
        tcp_set_flags(pcb, TF_ACK_DELAY); /* the next acknowledgement is not delayed */
    return ERR_OK;
}
