/* SPDX-License-Identifier: MIT */
/* Negotiation (negotiate.h): the transport when the backend has made its offers. */
#include "negotiate.h"

#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <xen/io/protocols.h>

/* More than the 40 s for which libxl waits for a hotplug script: a disk that is attached late has
 * arrived by then, or is gone. */
#define CONNECT_TIMEOUT_NS   (60 * NSEC_PER_SEC)
#define CLOSE_TIMEOUT_NS     (10 * NSEC_PER_SEC)
#define RECONNECT_TIMEOUT_NS (30 * NSEC_PER_SEC)
#define WATCHDOG_NS          (30 * NSEC_PER_SEC)
#define SHORTEST_NS          NSEC_PER_MSEC /* what is shorter is a mistake in the unit */
/*
 * What a host with a hundred guests can give to each disk. A backend sets aside memory for every
 * slot of every ring, whether it is used or not: Linux' takes about 40 KiB for each of the 32 slots
 * of a page. All segments that are offered are used, as they cost the host nothing more.
 */
#define RING_PAGES_DEFAULT 1
#define QUEUES_DEFAULT     1

/* Beyond these an offer is taken for nonsense rather than for generosity. */
#define RING_ORDER_CREDIBLE 20
#define QUEUES_CREDIBLE     4096

static const char *const offer_keys[OFFER_ITEMS] = {
    [OFFER_RING_ORDER] = "max-ring-page-order",
    [OFFER_RING_PAGES] = "max-ring-pages",
    [OFFER_INDIRECT] = "feature-max-indirect-segments",
    [OFFER_QUEUES] = "multi-queue-max-queues",
    [OFFER_PERSISTENT] = "feature-persistent",
    [OFFER_TRUSTED] = "trusted",
    [OFFER_SECTOR_SIZE] = "sector-size",
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
    if (out->queues > QUEUES_MAX) {
        pr_err("blkfront: queues=%u: at most %u\n", out->queues, QUEUES_MAX);
        return -EINVAL;
    }
    if (out->abi && out->abi != 32 && out->abi != 64) {
        pr_err("blkfront: abi=%u: neither 32 nor 64\n", out->abi);
        return -EINVAL;
    }
    if (out->max_segments > WIRE_SEGMENTS_MAX) {
        pr_err("blkfront: max_segments=%u: at most %u\n", out->max_segments,
               (unsigned)WIRE_SEGMENTS_MAX);
        return -EINVAL;
    }
    if (out->watchdog_ns && out->watchdog_ns < SHORTEST_NS) {
        pr_err("blkfront: watchdog_ns=%llu: at least %llu\n", (unsigned long long)out->watchdog_ns,
               SHORTEST_NS);
        return -EINVAL;
    }
    if (out->request_timeout_ns && out->request_timeout_ns < SHORTEST_NS) {
        pr_err("blkfront: request_timeout_ns=%llu: at least %llu\n",
               (unsigned long long)out->request_timeout_ns, SHORTEST_NS);
        return -EINVAL;
    }
    if (!out->watchdog_ns)
        out->watchdog_ns = WATCHDOG_NS;
    if (out->persistent < -1 || out->persistent > 1) {
        pr_err("blkfront: persistent=%d: -1, 0 or 1\n", out->persistent);
        return -EINVAL;
    }
    out->ring_pages = power_of_two_below(out->ring_pages ? out->ring_pages : RING_PAGES_DEFAULT);
    if (!out->abi)
        out->abi = 64;
    if (!out->queues)
        out->queues = QUEUES_DEFAULT;
    if (!out->max_segments)
        out->max_segments = WIRE_SEGMENTS_MAX;
    if (!out->connect_timeout_ns)
        out->connect_timeout_ns = CONNECT_TIMEOUT_NS;
    if (!out->close_timeout_ns)
        out->close_timeout_ns = CLOSE_TIMEOUT_NS;
    if (!out->reconnect_timeout_ns)
        out->reconnect_timeout_ns = RECONNECT_TIMEOUT_NS;
    return 0;
}

int negotiate_offers(const struct xs_batch_item items[OFFER_ITEMS],
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
    limits->polled = config->polled;
    limits->abi = config->abi;

    negotiate_segments(&items[OFFER_INDIRECT], config, limits);

    xs_item_u64(&items[OFFER_QUEUES], 1, QUEUES_CREDIBLE, 1, &queues);
    limits->queues_offered = (unsigned)queues;
    limits->queues = MIN(limits->queues_offered, config->queues);
    xs_item_u64(&items[OFFER_PERSISTENT], 0, 1, 0, &persistent);
    limits->persistent_offered = persistent;

    /* a value that cannot be understood counts as untrusted */
    if (xs_item_u64(&items[OFFER_TRUSTED], 0, 1, 1, &trusted))
        trusted = 0;
    limits->trusted = trusted;
    limits->persistent = config->persistent >= 0 && limits->trusted;

    /* QEMU says it now, and with other sectors than of 512 bytes does not connect at all unless the
     * frontend promises to count as it does. All others say it when they are Connected. */
    if (!strcmp(limits->backend, "qdisk"))
        return negotiate_sector_size(&items[OFFER_SECTOR_SIZE], limits);
    return 0;
}

struct key_list {
    struct frontend_key *keys;
    unsigned count;
};

/* dir: "" or "queue-N/" */
static struct frontend_key *new_key(struct key_list *l, const char *dir, const char *name)
{
    struct frontend_key *k = &l->keys[l->count++];

    format(k->name, sizeof(k->name), "%s%s", dir, name);
    return k;
}

static void add_key(struct key_list *l, const char *dir, const char *name, unsigned value)
{
    struct frontend_key *k = new_key(l, dir, name);

    format(k->value, sizeof(k->value), "%u", value);
}

/* An empty value: the key goes, if an earlier life of the device has left it. */
static void drop_key(struct key_list *l, const char *name)
{
    new_key(l, "", name)->value[0] = '\0';
}

static void queue_keys(struct key_list *l, const char *dir, const struct queue_keys *q,
                       unsigned ring_pages)
{
    char name[16];

    if (ring_pages == 1)
        add_key(l, dir, "ring-ref", q->ring_refs[0]);
    for (unsigned i = 0; i < ring_pages && ring_pages > 1; i++) {
        format(name, sizeof(name), "ring-ref%u", i);
        add_key(l, dir, name, q->ring_refs[i]);
    }
    add_key(l, dir, "event-channel", q->port);
}

unsigned negotiate_keys(const struct blkfront_limits *limits, enum ring_scheme scheme,
                        const struct queue_keys *queues, struct frontend_key *keys)
{
    struct key_list l = {keys, 0};
    char dir[16];

    if (limits->queues == 1)
        queue_keys(&l, "", &queues[0], limits->ring_pages);
    for (unsigned i = 0; i < limits->queues && limits->queues > 1; i++) {
        format(dir, sizeof(dir), "queue-%u/", i);
        queue_keys(&l, dir, &queues[i], limits->ring_pages);
    }

    struct frontend_key *protocol = new_key(&l, "", "protocol");

    format(protocol->value, sizeof(protocol->value), "%s",
           limits->abi == 32 ? XEN_IO_PROTO_ABI_X86_32 : XEN_IO_PROTO_ABI_NATIVE);

    /* A backend believes a size or number that it finds, also one that is not ours. */
    if (limits->ring_pages > 1 && scheme == RING_PAGE_ORDER)
        add_key(&l, "", "ring-page-order", (unsigned)__builtin_ctz(limits->ring_pages));
    else
        drop_key(&l, "ring-page-order");
    if (limits->ring_pages > 1 && scheme == RING_NUM_PAGES)
        add_key(&l, "", "num-ring-pages", limits->ring_pages);
    else
        drop_key(&l, "num-ring-pages");
    if (limits->queues > 1)
        add_key(&l, "", "multi-queue-num-queues", limits->queues);
    else
        drop_key(&l, "multi-queue-num-queues");
    if (limits->persistent)
        add_key(&l, "", "feature-persistent", 1);
    else
        drop_key(&l, "feature-persistent");
    return l.count;
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
