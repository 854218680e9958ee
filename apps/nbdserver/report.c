/* SPDX-License-Identifier: MIT */
/* What it has served, and the drivers' counters of what that took. */
#include "report.h"

#include <ringlet/net.h>
#include <ringlet/netfront.h>
#include <ringlet/page.h>
#include <stdio.h>

#define INTERFACES 8u

typedef unsigned long long ull;

struct cost {
    uint64_t sent, received; /* bytes copied of frames */
    uint64_t disk;           /* bytes copied of the disks' */
    uint64_t grants;         /* made and ended */
};

static void add_disks(struct cost *c)
{
    list_for_each (at, &disks) {
        const struct disk *d = list_entry(at, struct disk, link);
        struct blkfront_stats stats;

        if (!d->dev)
            continue;
        blkfront_get_stats(d->dev, &stats);
        c->disk += stats.bytes_copied;
        c->grants += stats.grants_made + stats.grants_ended;
    }
}

static void add_interfaces(struct cost *c)
{
    static struct net_interface all[INTERFACES];
    const int n = net_interfaces(all, INTERFACES);

    for (int i = 0; i < n && i < (int)INTERFACES; i++) {
        struct netfront_stats stats;

        if (net_driver(all[i].name, NULL, &stats))
            continue;
        c->sent += stats.tx_copied;
        c->received += stats.rx_copied;
        c->grants += stats.grants;
    }
}

void report_print(const struct connections *server)
{
    struct cost c = {0};
    struct page_stats pages;

    add_disks(&c);
    add_interfaces(&c);
    page_get_stats(&pages);
    printf("nbdserver: %llu connections, %llu refused, %llu cut; %llu reads, %llu writes, "
           "%llu others, %llu errors\n",
           (ull)server->accepted, (ull)server->refused, (ull)server->cut, (ull)server->reads,
           (ull)server->writes, (ull)server->others, (ull)server->errors);
    printf("nbdserver: %llu bytes read, %llu written; copied by drivers: %llu sent, %llu received, "
           "%llu of disks; %llu grant operations; %llu KiB of memory at most\n",
           (ull)server->bytes_read, (ull)server->bytes_written, (ull)c.sent, (ull)c.received,
           (ull)c.disk, (ull)c.grants, (ull)pages.high_water * 4);
}
