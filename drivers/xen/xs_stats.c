/* SPDX-License-Identifier: MIT */
/*
 * The cost of XenStore in time: the number of sequential waits, and the time spent waiting. The
 * count needs no clock: a wait during which none was counted is one more link of the chain, as it
 * began when the link before was complete.
 */
#include "xs_private.h"

#include <kernel/xenstore.h>
#include <ringlet/clock.h>

void xs_block_begin(void)
{
    if (!xs_conn.blocked++)
        xs_conn.blocked_since = clock_now();
}

void xs_block_end(void)
{
    if (!--xs_conn.blocked)
        xs_conn.stats.wait_ns += clock_now() - xs_conn.blocked_since;
}

uint64_t xs_chain(void)
{
    return xs_conn.stats.waits;
}

void xs_chain_add(uint64_t before)
{
    if (xs_conn.stats.waits == before)
        xs_conn.stats.waits++;
}

uint64_t xs_wait_begin(void)
{
    xs_block_begin();
    return xs_chain();
}

void xs_wait_end(uint64_t before)
{
    xs_block_end();
    xs_chain_add(before);
}

void xs_get_stats(struct xs_stats *out)
{
    *out = xs_conn.stats;
    if (xs_conn.blocked)
        out->wait_ns += clock_now() - xs_conn.blocked_since;
}
