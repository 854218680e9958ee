/* SPDX-License-Identifier: MIT */
/* Negotiation (negotiate.h): the transport when the backend has made its offers. */
#include "negotiate_private.h"

#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <xen/io/protocols.h>

#define CONNECT_TIMEOUT_NS (30 * NSEC_PER_SEC)
#define CLOSE_TIMEOUT_NS   (10 * NSEC_PER_SEC)

/* Beyond these an offer is taken for nonsense rather than for generosity. */
#define RING_ORDER_CREDIBLE 20
#define QUEUES_CREDIBLE     4096

static const char *const offer_keys[OFFER_ITEMS] = {
    [OFFER_RING_ORDER] = "max-ring-page-order",         [OFFER_RING_PAGES] = "max-ring-pages",
    [OFFER_INDIRECT] = "feature-max-indirect-segments", [OFFER_QUEUES] = "multi-queue-max-queues",
    [OFFER_PERSISTENT] = "feature-persistent",          [OFFER_TRUSTED] = "trusted",
};

void negotiate_offer_items(struct xs_batch_item items[OFFER_ITEMS], const char *frontend,
                           const char *backend)
{
    for (unsigned i = 0; i < OFFER_ITEMS; i++) {
        items[i] = (struct xs_batch_item){
            .op = XS_OP_READ,
            .dir = i == OFFER_TRUSTED ? frontend : backend,
            .node = offer_keys[i],
        };
    }
}

static unsigned power_of_two_below(uint64_t n)
{
    unsigned p = 1;

    while (p < WIRE_RING_PAGES_MAX && 2 * p <= n)
        p *= 2;
    return p;
}

int negotiate_config(const struct blkfront_config *config, struct blkfront_config *out)
{
    if (config)
        *out = *config;
    else
        memset(out, 0, sizeof(*out));

    if (out->ring_pages > WIRE_RING_PAGES_MAX) {
        pr_err("blkfront: ring_pages=%u: at most %u\n", out->ring_pages, WIRE_RING_PAGES_MAX);
        return -EINVAL;
    }
    if (out->max_segments > WIRE_SEGMENTS_MAX) {
        pr_err("blkfront: max_segments=%u: at most %u\n", out->max_segments,
               (unsigned)WIRE_SEGMENTS_MAX);
        return -EINVAL;
    }
    out->ring_pages =
        out->ring_pages ? power_of_two_below(out->ring_pages) : (unsigned)WIRE_RING_PAGES_MAX;
    if (!out->max_segments)
        out->max_segments = WIRE_SEGMENTS_MAX;
    if (!out->connect_timeout_ns)
        out->connect_timeout_ns = CONNECT_TIMEOUT_NS;
    if (!out->close_timeout_ns)
        out->close_timeout_ns = CLOSE_TIMEOUT_NS;
    return 0;
}

/* Fewer than 12 indirect segments are no gain over the 11 that a ring entry has anyway. */
void negotiate_segments(const struct xs_batch_item *item, const struct blkfront_config *config,
                        struct blkfront_limits *limits)
{
    uint64_t offered;

    /* what is malformed was reported and is then 0 */
    xs_item_u64(item, 0, UINT16_MAX, 0, &offered);
    limits->indirect_offered = (unsigned)offered;
    limits->max_segments =
        MIN((unsigned)MAX(offered, (uint64_t)WIRE_SEGMENTS), config->max_segments);
    if (offered > WIRE_SEGMENTS_MAX)
        pr_info("%s: %s=%u, of which %u can be described\n", limits->name, item->node,
                limits->indirect_offered, (unsigned)WIRE_SEGMENTS_MAX);
}

void negotiate_offers(const struct xs_batch_item items[OFFER_ITEMS],
                      const struct blkfront_config *config, struct blkfront_limits *limits,
                      enum ring_scheme *scheme)
{
    uint64_t order, pages, queues, persistent, trusted;

    xs_item_u64(&items[OFFER_RING_ORDER], 0, RING_ORDER_CREDIBLE, 0, &order);
    xs_item_u64(&items[OFFER_RING_PAGES], 1, 1ULL << RING_ORDER_CREDIBLE, 1, &pages);
    if (order) {
        *scheme = RING_PAGE_ORDER;
        pages = 1ULL << order;
    } else {
        *scheme = RING_NUM_PAGES;
    }
    limits->ring_pages = MIN(power_of_two_below(pages), config->ring_pages);
    if (limits->ring_pages == 1)
        *scheme = RING_ONE_PAGE;
    limits->ring_slots = limits->ring_pages * WIRE_SLOTS_PER_PAGE;

    negotiate_segments(&items[OFFER_INDIRECT], config, limits);

    /* one queue is used, which every backend has; the offer is only checked */
    xs_item_u64(&items[OFFER_QUEUES], 1, QUEUES_CREDIBLE, 1, &queues);
    xs_item_u64(&items[OFFER_PERSISTENT], 0, 1, 0, &persistent);
    limits->persistent_offered = persistent;

    /* whoever cannot say whether the backend is trusted gets the careful answer */
    if (xs_item_u64(&items[OFFER_TRUSTED], 0, 1, 1, &trusted))
        trusted = 0;
    limits->trusted = trusted;
}

static void add_key(struct frontend_key *keys, unsigned *count, const char *name, unsigned value)
{
    struct frontend_key *k = &keys[(*count)++];

    format(k->name, sizeof(k->name), "%s", name);
    format(k->value, sizeof(k->value), "%u", value);
}

/* An empty value: the key goes, if an earlier life of the device has left it. */
static void drop_key(struct frontend_key *keys, unsigned *count, const char *name)
{
    struct frontend_key *k = &keys[(*count)++];

    format(k->name, sizeof(k->name), "%s", name);
    k->value[0] = '\0';
}

unsigned negotiate_keys(const struct blkfront_limits *limits, enum ring_scheme scheme,
                        const grant_ref_t *ring_refs, evtchn_port_t port, struct frontend_key *keys)
{
    unsigned count = 0;

    if (limits->ring_pages == 1) {
        add_key(keys, &count, "ring-ref", ring_refs[0]);
    } else {
        if (scheme == RING_PAGE_ORDER)
            add_key(keys, &count, "ring-page-order", (unsigned)__builtin_ctz(limits->ring_pages));
        else
            add_key(keys, &count, "num-ring-pages", limits->ring_pages);
        for (unsigned i = 0; i < limits->ring_pages; i++) {
            char name[16];

            format(name, sizeof(name), "ring-ref%u", i);
            add_key(keys, &count, name, ring_refs[i]);
        }
    }
    add_key(keys, &count, "event-channel", port);

    struct frontend_key *protocol = &keys[count++];

    format(protocol->name, sizeof(protocol->name), "protocol");
    format(protocol->value, sizeof(protocol->value), "%s", XEN_IO_PROTO_ABI_NATIVE);

    /* A backend believes a size that it finds, also one that is not ours. */
    if (limits->ring_pages == 1 || scheme != RING_PAGE_ORDER)
        drop_key(keys, &count, "ring-page-order");
    if (limits->ring_pages == 1 || scheme != RING_NUM_PAGES)
        drop_key(keys, &count, "num-ring-pages");
    return count;
}

void negotiate_backend_type(const char *backend_path, char *type, size_t size)
{
    static const char folder[] = "/backend/";
    const char *p = backend_path;
    size_t len = 0;

    while (p && strncmp(p, folder, sizeof(folder) - 1))
        p = *p ? strchr(p + 1, '/') : NULL;
    if (p) {
        p += sizeof(folder) - 1;
        while (p[len] && p[len] != '/')
            len++;
    }
    if (len)
        format(type, size, "%.*s", (int)MIN(len, size - 1), p);
    else
        format(type, size, "?");
}
