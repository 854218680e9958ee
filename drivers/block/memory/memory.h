/* SPDX-License-Identifier: MIT */
/* What of a device belongs to its memory: only files of this room change it. */
#ifndef RINGLET_BLOCK_MEMORY_H
#define RINGLET_BLOCK_MEMORY_H

#include "map.h"
#include "persistent.h"
#include "pool.h"
#include "registered.h"
#include "segment.h"

struct device_memory {
    struct direct_memory direct; /* what need not be bounced */
    struct registered registered;
    struct pool pool;
    unsigned grants_left; /* of the budget, for segments and persistent bounce pages */
    /* What a backend with persistent grants can be expected to keep mapped for a ring, pages that
     * describe segments apart, and how much of it may be registered buffers. */
    unsigned persistent_max, registered_max;
    void *free_pages; /* bounce pages, linked through their first word */
    unsigned free_page_count;
    unsigned pages_held_back; /* bounce pages that backends map though they have answered */
    const char *violation;    /* what map.c found and its caller has to report; NULL: nothing */
};

#endif
