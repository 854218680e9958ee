/* SPDX-License-Identifier: MIT */
#include "lib/lwip/socket/tcp_cut.h"

#include <ringlet/string.h>

/* A chain of a pbuf with headers, which lwIP puts in front, and perhaps the first data that it has copied; and such that
 * refer to data, or are copies. */
static bool can_be_cut(const struct tcp_seg *seg)
{
    return seg->p->ref == 1 && !seg->flags;
}

/* Where the data begin in the first pbuf. */
static uint16_t headers_of(const struct tcp_seg *seg)
{
    return (uint16_t)(seg->p->tot_len - seg->len);
}

/* A pbuf for the bytes of q from `from` on, q's followers not counted; NULL: none. Copies are copied again. */
static struct pbuf *tail_of(const struct pbuf *q, uint16_t from)
{
    const bool copy = q->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS;
    const uint16_t len = (uint16_t)(q->len - from);
    struct pbuf *p = q->ref == 1 ? pbuf_alloc(PBUF_RAW, len, copy ? PBUF_RAM : PBUF_ROM) : NULL;

    if (p && copy)
        memcpy(p->payload, (uint8_t *)q->payload + from, len);
    else if (p)
        p->payload = (uint8_t *)q->payload + from;
    return p;
}

/* A segment without data as lwIP makes it, behind `seg`. */
static struct tcp_seg *empty_segment(const struct tcp_seg *seg, uint16_t at)
{
    const struct tcp_hdr *from = seg->tcphdr;
    struct tcp_seg *made = memp_malloc(MEMP_TCP_SEG);

    if (!made)
        return NULL;
    *made = (struct tcp_seg){.p = pbuf_alloc(PBUF_IP, TCP_HLEN, PBUF_RAM)};
    if (!made->p) {
        memp_free(MEMP_TCP_SEG, made);
        return NULL;
    }
    made->tcphdr = made->p->payload;
    *made->tcphdr = (struct tcp_hdr){
        .src = from->src, .dest = from->dest, .seqno = lwip_htonl(lwip_ntohl(from->seqno) + at)};
    TCPH_HDRLEN_FLAGS_SET(made->tcphdr, TCP_HLEN / 4, TCPH_FLAGS(from) & (TCP_FIN | TCP_PSH));
    return made;
}

bool tcp_cut(struct tcp_pcb *pcb, struct tcp_seg *seg, uint16_t at)
{
    const uint16_t rest = (uint16_t)(seg->len - at);
    struct tcp_seg *second;
    struct pbuf *q, *data;

    if (!can_be_cut(seg))
        return false;
    second = empty_segment(seg, at);
    if (!second)
        return false;
    at = (uint16_t)(at + headers_of(seg));
    /* q: the last one that the first part needs some of */
    for (q = seg->p; at > q->len; q = q->next)
        at = (uint16_t)(at - q->len);
    data = q->next;
    if (at < q->len) {
        data = tail_of(q, at);
        if (!data) {
            tcp_seg_free(second);
            return false;
        }
        data->next = q->next;
        data->tot_len = rest;
        pcb->snd_queuelen++;
    }
    q->next = NULL;
    q->len = at;
    for (struct pbuf *p = seg->p; p; p = p->next)
        p->tot_len = (uint16_t)(p->tot_len - rest);
    seg->len = (uint16_t)(seg->len - rest);
    TCPH_UNSET_FLAG(seg->tcphdr, TCP_FIN | TCP_PSH);

    pbuf_cat(second->p, data);
    second->len = rest;
    pcb->snd_queuelen++;
    second->next = seg->next;
    seg->next = second;
    return true;
}

bool tcp_cut_all(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
    bool all = true;

    for (; seg; seg = seg->next)
        all = (seg->len <= pcb->mss || tcp_cut(pcb, seg, pcb->mss)) && all;
    return all;
}

/* Of the data that lie with the headers, up to n bytes: how many. */
static uint16_t drop_first(struct pbuf *head, uint16_t headers, uint16_t n)
{
    uint8_t *data = (uint8_t *)head->payload + headers;

    n = MIN(n, (uint16_t)(head->len - headers));
    head->len = (uint16_t)(head->len - n);
    memmove(data, data + n, head->len - headers);
    return n;
}

uint16_t tcp_cut_acked(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
    const uint32_t acked = pcb->lastack - lwip_ntohl(seg->tcphdr->seqno);
    struct pbuf *head = seg->p;
    uint16_t left = (uint16_t)acked;

    if ((int32_t)acked <= 0 || acked >= seg->len || !can_be_cut(seg))
        return 0;
    left = (uint16_t)(left - drop_first(head, headers_of(seg), left));
    while (left && left >= head->next->len) {
        struct pbuf *q = head->next;

        left = (uint16_t)(left - q->len);
        head->next = q->next;
        q->next = NULL;
        pbuf_free(q);
        pcb->snd_queuelen--;
    }
    if (left)
        pbuf_remove_header(head->next, left);
    head->tot_len = (uint16_t)(head->tot_len - acked);
    seg->len = (uint16_t)(seg->len - acked);
    seg->tcphdr->seqno = lwip_htonl(pcb->lastack);
    pcb->snd_buf += acked;
    return (uint16_t)acked;
}
