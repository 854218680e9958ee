/* SPDX-License-Identifier: MIT */
/* What the stack has got, and what the driver has counted: of Ringlet's interfaces. */
#include "report.h"

#ifdef __ringlet__

#include <errno.h>
#include <inttypes.h>
#include <ringlet/net.h>
#include <ringlet/netfront.h>
#include <ringlet/xenstore.h>
#include <stdio.h>

#define INTERFACES 8
#define ADDRESS_NS 20000000000u

static uint64_t waits_at_start;

/* The stack, before the first test: what it takes of XenStore belongs to the start. */
void report_start(void)
{
    struct xs_stats store;
    int ret = net_wait_address(ADDRESS_NS);

    if (ret != 0)
        printf("nettest: no address: -%s\n", ret == -ENODEV ? "ENODEV" : "ETIMEDOUT");
    xs_get_stats(&store);
    waits_at_start = store.waits;
}

static void report_driver(const struct net_interface *i)
{
    struct netfront_limits l;
    struct netfront_stats s;

    if (net_driver(i->name, &l, &s) != 0)
        return;
    printf(
        "RESULT {\"type\":\"interface\",\"dev\":\"%s\",\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\","
        "\"mtu\":%u,\"addresses\":\"%s\",\"queues\":%u,\"queues_offered\":%u,\"tx_slots\":%u,"
        "\"rx_slots\":%u,\"rx_pages\":%u,\"sg\":%d,\"gso_v4\":%d,\"gso_v6\":%d,\"csum_v4\":%d,"
        "\"csum_v6\":%d,\"multicast\":%d,\"split_channels\":%d,\"trusted\":%d}\n",
        i->name, i->mac[0], i->mac[1], i->mac[2], i->mac[3], i->mac[4], i->mac[5], i->mtu,
        i->addresses, l.queues, l.queues_offered, l.tx_slots, l.rx_slots, l.rx_pages, l.sg,
        l.gso_v4, l.gso_v6, l.csum_v4, l.csum_v6, l.multicast, l.split_channels, l.trusted);
#define N(field) printf(",\"" #field "\":%" PRIu64, s.field)
    printf("RESULT {\"type\":\"counters\",\"dev\":\"%s\"", i->name);
    N(tx_frames), N(tx_bytes), N(tx_slots), N(tx_copied), N(tx_gso), N(tx_errors), N(tx_dropped);
    N(tx_full), N(rx_frames), N(rx_bytes), N(rx_slots), N(rx_copied), N(rx_gso), N(rx_errors);
    N(rx_dropped), N(rx_blank), N(rx_validated), N(rx_unchecked), N(events), N(spurious), N(polls);
    N(notifications), N(grants), N(violations), N(reconnects);
    printf(",\"xenstore_waits\":%" PRIu64 "}\n", waits_at_start);
}

void report_interface(void)
{
    struct net_interface found[INTERFACES];
    int n = net_interfaces(found, INTERFACES);

    for (int i = 0; i < n && i < INTERFACES; i++)
        report_driver(&found[i]);
}

#else

void report_start(void)
{
}

void report_interface(void)
{
}

#endif
