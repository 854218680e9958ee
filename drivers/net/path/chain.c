/* SPDX-License-Identifier: MIT */
#include "chain.h"

enum { FIRST, EXTRA, DATA };

void net_chain_reset(struct net_chain *c)
{
    c->frame.len = c->frame.count = c->frame.flags = c->frame.gso = c->frame.gso_size = 0;
    c->next = FIRST;
    c->more_data = c->error = false;
    c->slots = c->extras = 0;
}

static enum net_chain_result complete(const struct net_chain *c)
{
    const struct netfront_rx *f = &c->frame;

    return c->error || f->len < 14 || f->len > NETFRONT_FRAME_MAX ? NET_CHAIN_ERROR
                                                                  : NET_CHAIN_FRAME;
}

/* What follows an entry that was no extra, or the last extra. */
static enum net_chain_result follow(struct net_chain *c)
{
    if (!c->more_data)
        return complete(c);
    c->next = DATA;
    return NET_CHAIN_MORE;
}

static const char *check_gso(const struct net_chain_rules *rules, const struct wire_extra *e,
                             struct netfront_rx *f)
{
    if (e->gso.type == XEN_NETIF_GSO_TYPE_TCPV4 && rules->gso_v4)
        f->gso = NETFRONT_GSO_TCPV4;
    else if (e->gso.type == XEN_NETIF_GSO_TYPE_TCPV6 && rules->gso_v6)
        f->gso = NETFRONT_GSO_TCPV6;
    else
        return "a GSO type that was not offered";
    if (!e->gso.size)
        return "GSO segments of no bytes";
    f->gso_size = e->gso.size;
    return NULL;
}

static enum net_chain_result add_extra(struct net_chain *c, const struct net_chain_rules *rules,
                                       const struct wire_extra *e, const char **what)
{
    *what = NULL;
    if (e->type != XEN_NETIF_EXTRA_TYPE_GSO)
        *what = "an extra of a kind that was not asked for";
    else if (c->extras & 1u << e->type)
        *what = "an extra twice";
    else if (e->flags & ~XEN_NETIF_EXTRA_FLAG_MORE)
        *what = "an extra with unknown flags";
    else
        *what = check_gso(rules, e, &c->frame);
    if (*what)
        return NET_CHAIN_BROKEN;
    c->extras |= 1u << e->type;
    if (e->flags & XEN_NETIF_EXTRA_FLAG_MORE)
        return NET_CHAIN_MORE;
    return follow(c);
}

static const char *check(const struct net_chain *c, const struct net_chain_rules *rules,
                         const struct wire_rx_response *r, uint16_t id)
{
    if (r->id != id)
        return "a response with another id than its slot's request";
    if (r->status > 0 && (unsigned)r->offset + (unsigned)r->status > PAGE_SIZE)
        return "data beyond the end of a page";
    if (c->slots == WIRE_FRAME_SLOTS)
        return "a frame of too many slots";
    if (r->flags & NETRXF_more_data && !rules->sg)
        return "a frame of several slots, which was not offered";
    if (c->next == DATA && r->flags & NETRXF_extra_info)
        return "an extra behind a later slot";
    if (r->flags & NETRXF_gso_prefix)
        return "a GSO prefix, which was not offered";
    return NULL;
}

static void add_data(struct net_chain *c, const struct wire_rx_response *r,
                     struct netfront_buffer *buffer, void *page)
{
    struct netfront_rx *f = &c->frame;

    f->frag[f->count++] = (struct netfront_rx_frag){
        .data = (uint8_t *)page + r->offset, .len = (unsigned)r->status, .buffer = buffer};
    f->len += (unsigned)r->status;
}

static void first(struct net_chain *c, const struct net_chain_rules *rules,
                  const struct wire_rx_response *r)
{
    if (r->flags & NETRXF_csum_blank) {
        c->frame.flags |= NETFRONT_CSUM_BLANK;
        c->error |= !rules->csum; /* nobody here would complete it */
    }
    if (r->flags & NETRXF_data_validated)
        c->frame.flags |= NETFRONT_DATA_VALIDATED;
}

enum net_chain_result net_chain_add(struct net_chain *c, const struct net_chain_rules *rules,
                                    const union wire_rx_entry *entry, uint16_t id,
                                    struct netfront_buffer *buffer, void *page, bool *used,
                                    const char **what)
{
    const struct wire_rx_response *r = &entry->response;

    *used = false;
    if (c->next == EXTRA)
        return add_extra(c, rules, &entry->extra, what);
    *what = check(c, rules, r, id);
    if (*what)
        return NET_CHAIN_BROKEN;
    if (c->next == FIRST)
        first(c, rules, r);
    c->slots++;
    if (r->status > 0) {
        add_data(c, r, buffer, page);
        *used = true;
    } else if (r->status < 0) {
        c->error = true;
    }
    c->more_data = r->flags & NETRXF_more_data;
    if (r->flags & NETRXF_extra_info) {
        c->next = EXTRA;
        return NET_CHAIN_MORE;
    }
    return follow(c);
}
