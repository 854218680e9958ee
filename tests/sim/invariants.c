/* SPDX-License-Identifier: MIT */
/* Invariants that hold at any time, and those that hold when nothing is open any more. */
#include "sim.h"

#include <ringlet/event_channel.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>

static size_t pages_in_use(const struct page_stats *s)
{
    size_t n = 0;

    for (unsigned i = 0; i < MEM_CLASSES; i++)
        n += s->in_use[i];
    return n;
}

void invariants_now(void)
{
    struct page_stats page;
    struct gnttab_stats grants;
    struct evtchn_stats events;

    page_get_stats(&page);
    CHECK(page.total == page.free + pages_in_use(&page) + page.quarantined,
          "pages: %zu in all, %zu free + %zu in use + %zu in quarantine", page.total, page.free,
          pages_in_use(&page), page.quarantined);
    gnttab_get_stats(&grants);
    CHECK(grants.made - grants.ended == grants.in_use && grants.quarantined <= grants.in_use,
          "grants: %llu made, %llu ended, %u in use, %u in quarantine",
          (unsigned long long)grants.made, (unsigned long long)grants.ended, grants.in_use,
          grants.quarantined);
    grant_check_mapped();
    evtchn_get_stats(&events);
    CHECK(events.bound >= 1 && events.bound <= sim_ports_open(),
          "event channels: %u bound, %u open", events.bound, sim_ports_open());
}

void baseline_take(struct baseline *b)
{
    struct page_stats page;
    struct heap_stats heap;
    struct gnttab_stats grants;

    page_get_stats(&page);
    heap_get_stats(&heap);
    gnttab_get_stats(&grants);
    b->pages_in_use = pages_in_use(&page) + page.quarantined;
    b->heap_blocks = heap.blocks;
    b->grants = grants.in_use;
    b->ports = sim_ports_open();
    b->watches = store_used(QUOTA_WATCHES);
    b->transactions = store_used(QUOTA_TRANSACTIONS);
}

void baseline_check(const struct baseline *b, const char *when)
{
    struct baseline now;
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    invariants_now();
    baseline_take(&now);
    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    CHECK(!grants.quarantined && !page.quarantined && !page.pinned,
          "%s: still in quarantine: %u grants, %zu pages", when, grants.quarantined,
          page.quarantined);
    CHECK(now.grants == b->grants, "%s: %u grants in use, %u before", when, now.grants, b->grants);
    CHECK(now.ports == b->ports, "%s: %u event channels, %u before", when, now.ports, b->ports);
    CHECK(now.watches == b->watches && now.transactions == b->transactions,
          "%s: %u watches and %u transactions in XenStore, %u and %u before", when, now.watches,
          now.transactions, b->watches, b->transactions);
    CHECK(!heap.in_use[MEM_BLOCK] && !page.in_use[MEM_BLOCK],
          "%s: the block driver keeps %zu bytes and %zu pages", when, heap.in_use[MEM_BLOCK],
          page.in_use[MEM_BLOCK]);
    CHECK(!heap.in_use[MEM_NET] && !page.in_use[MEM_NET],
          "%s: the network driver keeps %zu bytes and %zu pages", when, heap.in_use[MEM_NET],
          page.in_use[MEM_NET]);
    CHECK(now.heap_blocks == b->heap_blocks, "%s: %zu heap blocks, %zu before", when,
          now.heap_blocks, b->heap_blocks);
    CHECK(now.pages_in_use <= b->pages_in_use + 8, "%s: %zu pages in use, %zu before", when,
          now.pages_in_use, b->pages_in_use);
}
