/* SPDX-License-Identifier: MIT */
#include "negotiate.h"
#include "drivers/net/device.h"

#include <kernel/ratelimit.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

/* More than the 40 s for which libxl waits for a hotplug script. */
#define CONNECT_TIMEOUT_NS (60 * NSEC_PER_SEC)
#define CLOSE_TIMEOUT_NS   (10 * NSEC_PER_SEC)
#define FOREVER_NS         (UINT64_MAX - 1)
#define QUEUES_DEFAULT     1u
#define RX_PAGES_DEFAULT   512u
#define RX_PAGES_SMALL     128u
#define SMALL_GUEST        ((64u << 20) >> PAGE_SHIFT) /* pages */
#define RX_PAGES_MIN       64u
#define RX_PAGES_MAX       1024u

#define QUEUES_CREDIBLE 4096 /* beyond it an offer is taken for nonsense */
#define MTU_MIN         68   /* RFC 791 */
#define MTU_MAX         (WIRE_TX_MAX - 14)
#define MTU_DEFAULT     1500
#define MTU_ONE_SLOT    (PAGE_SIZE - 18) /* a frame with a VLAN tag is in one page */
#define SHOWN           40               /* characters of a value in a message */

static const char *const offer_keys[NET_OFFERS] = {
    [NET_OFFER_RX_COPY] = "feature-rx-copy",
    [NET_OFFER_SG] = "feature-sg",
    [NET_OFFER_GSO_V4] = "feature-gso-tcpv4",
    [NET_OFFER_GSO_V6] = "feature-gso-tcpv6",
    [NET_OFFER_NO_CSUM] = "feature-no-csum-offload",
    [NET_OFFER_CSUM_V6] = "feature-ipv6-csum-offload",
    [NET_OFFER_SPLIT] = "feature-split-event-channels",
    [NET_OFFER_QUEUES] = "multi-queue-max-queues",
    [NET_OFFER_MULTICAST] = "feature-multicast-control",
    [NET_OFFER_TRUSTED] = "trusted",
    [NET_OFFER_MAC] = "mac",
};

void net_negotiate_offer_items(struct xs_batch_item items[NET_OFFERS], const char *frontend,
                               const char *backend)
{
    for (unsigned i = 0; i < NET_OFFERS; i++) {
        const bool ours = i == NET_OFFER_TRUSTED || i == NET_OFFER_MAC;

        items[i] = (struct xs_batch_item){
            .op = XS_OP_READ, .dir = ours ? frontend : backend, .node = offer_keys[i]};
    }
}

void net_negotiate_property_items(struct xs_batch_item items[NET_PROPERTIES], const char *frontend,
                                  const char *backend)
{
    items[NET_PROPERTY_CARRIER] =
        (struct xs_batch_item){.op = XS_OP_READ, .dir = backend, .node = "carrier"};
    items[NET_PROPERTY_MTU] =
        (struct xs_batch_item){.op = XS_OP_READ, .dir = frontend, .node = "mtu"};
    items[NET_PROPERTY_BACKEND_MTU] =
        (struct xs_batch_item){.op = XS_OP_READ, .dir = backend, .node = "mtu"};
}

/* ---- the configuration ---- */

static int refuse(const char *what, unsigned value, unsigned min, unsigned max)
{
    pr_err("netfront: %s=%u: %u to %u\n", what, value, min, max);
    return -EINVAL;
}

static unsigned default_rx_pages(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.total - s.away < SMALL_GUEST ? RX_PAGES_SMALL : RX_PAGES_DEFAULT;
}

int net_negotiate_config(const struct netfront_config *config, struct netfront_config *out)
{
    if (config)
        *out = *config;
    else
        memset(out, 0, sizeof(*out));
    if (out->queues > NET_QUEUES_MAX)
        return refuse("queues", out->queues, 1, NET_QUEUES_MAX);
    if (!out->rx_pages)
        out->rx_pages = default_rx_pages();
    if (out->rx_pages < RX_PAGES_MIN || out->rx_pages > RX_PAGES_MAX)
        return refuse("rx_pages", out->rx_pages, RX_PAGES_MIN, RX_PAGES_MAX);
    if (!out->queues)
        out->queues = QUEUES_DEFAULT;
    if (!out->connect_timeout_ns)
        out->connect_timeout_ns = CONNECT_TIMEOUT_NS;
    if (!out->close_timeout_ns)
        out->close_timeout_ns = CLOSE_TIMEOUT_NS;
    if (!out->reconnect_timeout_ns)
        out->reconnect_timeout_ns = FOREVER_NS;
    return 0;
}

/* ---- offers ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool net_negotiate_mac(const char *text, size_t len, uint8_t mac[6])
{
    uint8_t any = 0;

    if (len != 17)
        return false;
    for (unsigned i = 0; i < 6; i++) {
        const int high = hex(text[3 * i]), low = hex(text[3 * i + 1]);

        if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':'))
            return false;
        mac[i] = (uint8_t)(high << 4 | low);
        any |= mac[i];
    }
    return any && !(mac[0] & 1);
}

static int read_mac(const struct xs_batch_item *item, struct netfront_limits *limits)
{
    char text[SHOWN + 1];

    if (!item->ret && item->value && net_negotiate_mac(item->value, item->len, limits->mac))
        return 0;
    if (item->ret && item->ret != -ENOENT)
        return item->ret;
    pr_err_limited(item->limit, "%s: mac=\"%s\": no address of an interface\n", limits->name,
                   xs_printable(item->value, item->value ? item->len : 0, text, sizeof(text)));
    return -EINVAL;
}

/* A feature key: 0 or 1, absent or malformed means not offered. */
static bool offered(const struct xs_batch_item *item)
{
    uint64_t value;

    xs_item_u64(item, 0, 1, 0, &value);
    return value;
}

int net_negotiate_offers(const struct xs_batch_item items[NET_OFFERS],
                         const struct netfront_config *config, unsigned fewer,
                         struct netfront_limits *limits, struct net_chain_rules *rules)
{
    const bool csum = !config->no_csum, sg = !config->no_sg, gso = !config->no_gso && csum && sg;
    uint64_t value;

    if (!offered(&items[NET_OFFER_RX_COPY])) {
        pr_err_limited(items[NET_OFFER_RX_COPY].limit,
                       "%s: backend %u does not offer feature-rx-copy, and flips pages no more\n",
                       limits->name, limits->backend_domid);
        return -EOPNOTSUPP;
    }
    *rules = (struct net_chain_rules){
        .sg = sg, .gso_v4 = gso, .gso_v6 = gso && fewer < FRONTEND_FEWEST_KEYS, .csum = csum};
    limits->sg = sg && offered(&items[NET_OFFER_SG]);
    limits->csum_v4 = csum && !offered(&items[NET_OFFER_NO_CSUM]);
    limits->csum_v6 = csum && offered(&items[NET_OFFER_CSUM_V6]);
    limits->gso_v4 = gso && limits->sg && limits->csum_v4 && offered(&items[NET_OFFER_GSO_V4]);
    limits->gso_v6 = gso && limits->sg && limits->csum_v6 && offered(&items[NET_OFFER_GSO_V6]);
    limits->split_channels =
        config->split_channels >= 0 && !fewer && offered(&items[NET_OFFER_SPLIT]);
    limits->multicast = config->multicast && offered(&items[NET_OFFER_MULTICAST]);

    xs_item_u64(&items[NET_OFFER_QUEUES], 1, QUEUES_CREDIBLE, 1, &value);
    limits->queues_offered = (unsigned)value;
    limits->queues = fewer ? 1 : MIN(limits->queues_offered, config->queues);

    /* a value that cannot be understood counts as untrusted */
    if (xs_item_u64(&items[NET_OFFER_TRUSTED], 0, 1, 1, &value))
        value = 0;
    limits->trusted = value;
    limits->tx_slots = limits->rx_slots = WIRE_SLOTS;
    return read_mac(&items[NET_OFFER_MAC], limits);
}

/* ---- keys ---- */

struct key_list {
    struct frontend_key *keys;
    unsigned count;
};

/* dir: "" or "queue-N/" */
static void add(struct key_list *l, const char *dir, const char *name, unsigned value)
{
    struct frontend_key *k = &l->keys[l->count++];

    format(k->name, sizeof(k->name), "%s%s", dir, name);
    format(k->value, sizeof(k->value), "%u", value);
}

/* Removed if an earlier life of the device has left it. */
static void drop(struct key_list *l, const char *dir, const char *name)
{
    add(l, dir, name, 0);
    l->keys[l->count - 1].value[0] = '\0';
}

static void add_flag(struct key_list *l, const char *name, bool set)
{
    if (set)
        add(l, "", name, 1);
    else
        drop(l, "", name);
}

static void add_queue(struct key_list *l, const char *dir, const struct net_queue_keys *q,
                      bool split)
{
    add(l, dir, "tx-ring-ref", q->tx_ref);
    add(l, dir, "rx-ring-ref", q->rx_ref);
    if (split) {
        add(l, dir, "event-channel-tx", q->tx_port);
        add(l, dir, "event-channel-rx", q->rx_port);
    } else {
        add(l, dir, "event-channel", q->tx_port);
        /* a backend prefers these two */
        drop(l, dir, "event-channel-tx");
        drop(l, dir, "event-channel-rx");
    }
}

unsigned net_negotiate_keys(const struct netfront_limits *limits,
                            const struct net_chain_rules *rules,
                            const struct net_queue_keys *queues, struct frontend_key *keys)
{
    struct key_list l = {keys, 0};
    char dir[16];

    if (limits->queues == 1)
        add_queue(&l, "", &queues[0], limits->split_channels);
    for (unsigned i = 0; i < limits->queues && limits->queues > 1; i++) {
        format(dir, sizeof(dir), "queue-%u/", i);
        add_queue(&l, dir, &queues[i], limits->split_channels);
    }
    if (limits->queues > 1)
        add(&l, "", "multi-queue-num-queues", limits->queues);
    else
        add_flag(&l, "multi-queue-num-queues", false);
    add_flag(&l, "request-rx-copy", true);
    add_flag(&l, "feature-rx-notify", true);
    add_flag(&l, "feature-sg", rules->sg);
    add_flag(&l, "feature-gso-tcpv4", rules->gso_v4);
    add_flag(&l, "feature-gso-tcpv6", rules->gso_v6);
    add_flag(&l, "feature-no-csum-offload", !rules->csum);
    add_flag(&l, "feature-ipv6-csum-offload", rules->csum);
    add_flag(&l, "request-multicast-control", limits->multicast);
    return l.count;
}

/* ---- properties ---- */

void net_negotiate_properties(const struct xs_batch_item items[NET_PROPERTIES],
                              struct netfront_limits *limits)
{
    uint64_t value;

    xs_item_u64(&items[NET_PROPERTY_CARRIER], 0, 1, 1, &value);
    limits->carrier = value;
    xs_item_u64(&items[NET_PROPERTY_BACKEND_MTU], MTU_MIN, MTU_MAX, MTU_DEFAULT, &value);
    xs_item_u64(&items[NET_PROPERTY_MTU], MTU_MIN, MTU_MAX, value, &value);
    limits->mtu = (unsigned)value;
    if (!limits->sg)
        limits->mtu = MIN(limits->mtu, (unsigned)MTU_ONE_SLOT);
}
