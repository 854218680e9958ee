/* SPDX-License-Identifier: MIT */
/*
 * XenStore's values for a network interface (store_lines.h), also while it is connected. Either it
 * opens with consistent limits, or the open fails; nothing is left of it.
 */
#include "store_lines.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/xenstore.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/netfront.h>

static unsigned rings, ports, done_calls;

/* The values of a sane toolstack and backend. The frontend writes Connected with its keys. */
static const char *default_value(const char *key)
{
    static const char *const state[] = {"2", "4", "5", "6"};
    static const char *const defaults[][2] = {
        {"list", "0"},
        {"f/backend", "/local/domain/0/backend/vif/3/0"},
        {"f/backend-id", "0"},
        {"f/state", "1"},
        {"f/mac", "00:16:3e:01:02:03"},
        {"f/handle", "0"},
        {"b/feature-rx-copy", "1"},
        {"b/feature-sg", "1"},
        {"b/feature-gso-tcpv4", "1"},
        {"b/carrier", "1"},
    };

    if (!strcmp(key, "b/state"))
        return state[MIN(phase, (unsigned)ARRAY_SIZE(state) - 1)];
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        if (!strcmp(key, defaults[i][0]))
            return defaults[i][1];
    return "!ENOENT";
}

/* The published values must be valid: the grants are for the backend, the ports exist. */
static void check_written(const char *name, const char *value)
{
    uint64_t n;

    if (strstr(name, "ring-ref")) {
        must(parse_u64(value, strlen(value), &n) == 0 && n < 32 * 512);
        must(seam_grants[n].flags & GTF_permit_access);
        must(!(seam_grants[n].flags & GTF_readonly));
        rings++;
    } else if (!strncmp(name, "event-channel", 13)) {
        must(parse_u64(value, strlen(value), &n) == 0 && n >= 3);
        ports++;
    }
}

static void check_limits(const struct netfront_limits *l)
{
    must(l->mtu >= 68 && l->mtu <= 65521);
    must(l->queues >= 1 && l->queues <= 4 && l->queues_offered >= 1);
    must(l->sg || !(l->gso_v4 || l->gso_v6));
    must(l->csum_v4 || !l->gso_v4);
    must(l->csum_v6 || !l->gso_v6);
    must(!(l->mac[0] & 1));
    must(l->mac[0] | l->mac[1] | l->mac[2] | l->mac[3] | l->mac[4] | l->mac[5]);
    must(!strncmp(l->name, "vif", 3) && l->tx_slots == 256 && l->rx_slots == 256);
    must(rings >= 2 * l->queues && ports >= l->queues);
}

static void done(void *arg, int status)
{
    (void)arg;
    must(status == 0 || status == -ENODEV); /* no backend exists that could have answered */
    done_calls++;
}

/* A frame that is copied, and one that is not; no backend serves the rings. */
static void use(struct netfront_dev *dev)
{
    struct netfront_tx_frag frag = {.len = 1000};
    struct netfront_tx tx = {.count = 1, .frag = &frag, .header = 54, .done = done};
    struct netfront_limits l;
    char text[4096];
    unsigned accepted = 0;

    netfront_get_limits(dev, &l);
    check_limits(&l);
    frag.data = netfront_mem_alloc(frag.len);
    must(frag.data);
    memset((void *)(uintptr_t)frag.data, 0, frag.len);
    done_calls = 0;
    for (unsigned i = 0; i < 4; i++) {
        int ret = netfront_send(dev, &tx);

        must(ret == 0 || ret == -EMSGSIZE || ret == -ENETDOWN || ret == -ENODEV || ret == -ENOBUFS);
        accepted += !ret;
        thread_sleep(NSEC_PER_MSEC);
        netfront_poll(dev, 16);
        netfront_get_limits(dev, &l);
        check_limits(&l);
        frag.len = 14;
        tx.header = 14;
    }
    must(netfront_stats_json(dev, text, sizeof(text)) > 0);
    shutdown_netfront(dev);
    must(done_calls == accepted);
    netfront_mem_free((void *)(uintptr_t)frag.data);
}

static int count_interface(const char *name, void *arg)
{
    int64_t *last = arg;
    uint64_t number;

    must(parse_u64(name, strlen(name), &number) == 0);
    must((int64_t)number > *last);
    *last = (int64_t)number;
    return 0;
}

static void check_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    must(!heap.in_use[MEM_NET] && !heap.in_use[MEM_XENSTORE] && !heap.in_use[MEM_THREAD]);
    must(!page.in_use[MEM_NET] && !page.in_use[MEM_THREAD] && !page.in_use[MEM_XENSTORE]);
    must(!grants.in_use);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct netfront_config config = {.queues = 4, .rx_pages = 64, .multicast = 1};
    struct netfront_dev *dev;
    int64_t last = -1;
    int ret;

    seam_init(4 << 20);
    rings = ports = 0;
    lines_default = default_value;
    lines_written = check_written;
    lines_begin(data, size);
    must(evtchn_init() == 0 && gnttab_init() == 0 && xs_init() == 0);

    ret = netfront_enumerate(count_interface, &last);
    must(ret < 0 || (ret > 0) == (last >= 0));
    ret = netfront_open_device(NULL, &config, &dev);
    must(ret <= 0 && !ret == !!dev);
    if (dev)
        use(dev);

    check_nothing_left();
    seam_exit();
    return 0;
}
