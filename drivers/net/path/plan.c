/* SPDX-License-Identifier: MIT */
/*
 * Copies cost the guest instructions for each byte; a slot costs both sides some hundred, and the
 * backend a grant to map. So small frames are one copy, small fragments join their neighbours'
 * copy, and what lies in memory of netfront_mem_alloc is referred to. Headers are in the first
 * slot, where they must not be split (XSA-423): by a copy, unless they are there already.
 */
#include "plan.h"
#include "drivers/net/device.h"

#include <ringlet/errno.h>

#define COPY_FRAGMENT 128u /* fragments up to this are copied */

static bool is_copy(const struct net_piece *p)
{
    return !p->page;
}

static bool add_copy(struct net_plan *plan, unsigned len)
{
    while (len) {
        struct net_piece *p = plan->count ? &plan->piece[plan->count - 1] : NULL;
        unsigned n;

        if (!p || !is_copy(p) || p->len == PAGE_SIZE) {
            if (plan->count == WIRE_FRAME_SLOTS)
                return false;
            p = &plan->piece[plan->count++];
            *p = (struct net_piece){0};
        }
        n = MIN(len, (unsigned)PAGE_SIZE - p->len);
        p->len = (uint16_t)(p->len + n);
        len -= n;
    }
    return true;
}

static bool add_reference(struct net_plan *plan, struct arena_page *page, grant_ref_t ref,
                          const void *data, unsigned len)
{
    const uint16_t offset = (uint16_t)((uintptr_t)data & PAGE_MASK);
    struct net_piece *p = plan->count ? &plan->piece[plan->count - 1] : NULL;

    plan->refers = true;
    if (p && p->page == page && p->offset + p->len == offset) {
        p->len = (uint16_t)(p->len + len);
        return true;
    }
    if (plan->count == WIRE_FRAME_SLOTS)
        return false;
    plan->piece[plan->count++] =
        (struct net_piece){.page = page, .ref = ref, .offset = offset, .len = (uint16_t)len};
    return true;
}

/* Some bytes of the caller's within a page, all of which lie in one fragment. */
static bool add_in_page(struct netfront_dev *dev, struct net_plan *plan, const void *data,
                        unsigned len)
{
    struct arena_page *page = len > COPY_FRAGMENT ? net_mem_page(data) : NULL;
    const grant_ref_t ref = page ? net_grants_get(dev, page) : 0;

    return ref ? add_reference(plan, page, ref, data, len) : add_copy(plan, len);
}

/* The same, in several pages: those of netfront_mem_add may lie side by side. */
static bool add(struct netfront_dev *dev, struct net_plan *plan, const uint8_t *data, unsigned len)
{
    while (len) {
        const unsigned n = MIN(len, (unsigned)(PAGE_SIZE - ((uintptr_t)data & PAGE_MASK)));

        if (!add_in_page(dev, plan, data, n))
            return false;
        data += n;
        len -= n;
    }
    return true;
}

/* False: it takes more slots than a frame may have. */
static bool plan_references(struct netfront_dev *dev, const struct netfront_tx *tx,
                            struct net_plan *plan)
{
    unsigned header = MIN(MAX(tx->header, 14u), plan->len);

    for (unsigned i = 0; i < tx->count; i++) {
        const uint8_t *data = tx->frag[i].data;
        unsigned len = tx->frag[i].len, head;

        /* headers that are not all at the beginning of the first fragment are copied */
        head = plan->count == 0 && len >= header ? 0 : MIN(header, len);
        header -= plan->count == 0 && len >= header ? header : head;
        if (head && !add_copy(plan, head))
            return false;
        if (len > head && !add(dev, plan, data + head, len - head))
            return false;
    }
    return true;
}

int net_plan_measure(const struct netfront_dev *dev, const struct netfront_tx *tx)
{
    const struct netfront_limits *l = &dev->limits;
    const unsigned max = tx->gso ? WIRE_TX_MAX : l->mtu + 18;
    uint64_t sum = 0;

    for (unsigned i = 0; i < tx->count; i++)
        sum += tx->frag[i].len;
    if (sum > max)
        return -EMSGSIZE;
    if (sum < 14 || tx->header > sum)
        return -EINVAL;
    if (tx->flags & NETFRONT_CSUM_BLANK && !l->csum_v4 && !l->csum_v6)
        return -EINVAL;
    if (tx->gso == NETFRONT_GSO_NONE)
        return (int)sum;
    if (!(tx->gso == NETFRONT_GSO_TCPV4 && l->gso_v4) &&
        !(tx->gso == NETFRONT_GSO_TCPV6 && l->gso_v6))
        return -EINVAL;
    if (!(tx->flags & NETFRONT_CSUM_BLANK) || !tx->gso_size || tx->gso_size > UINT16_MAX)
        return -EINVAL;
    return (int)sum;
}

int net_plan_make(struct netfront_dev *dev, const struct netfront_tx *tx, unsigned len,
                  struct net_plan *plan)
{
    plan->len = len;
    plan->count = 0;
    plan->refers = false;
    if (plan->len > NET_PLAN_SMALL && dev->limits.sg && dev->limits.trusted &&
        plan_references(dev, tx, plan))
        return 0;
    plan->count = 0;
    plan->refers = false;
    add_copy(plan, plan->len); /* WIRE_TX_MAX fits */
    return plan->count == 1 || dev->limits.sg ? 0 : -EMSGSIZE;
}
