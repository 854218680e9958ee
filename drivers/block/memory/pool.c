/* SPDX-License-Identifier: MIT */
/*
 * Requests and ring requests in free lists: allocated when first needed, reused last in first out
 * (what was used last is in the cache), freed when the device closes. In the steady state nothing
 * is allocated.
 *
 * A ring request comes in two sizes: for what fits in a ring entry, and for all segments that were
 * negotiated, with the indirect pages that describe them. So 512 requests of 4 KiB in flight do not
 * cost 512 arrays for 1 MiB.
 */
#include "pool.h"

#include <ringlet/heap.h>
#include <ringlet/string.h>

struct blkfront_request *pool_get_request(struct pool *pool)
{
    struct blkfront_request *r = pool->requests;

    if (r)
        pool->requests = r->next_free;
    else
        r = heap_alloc(sizeof(*r), MEM_BLOCK);
    if (r)
        pool_init_request(r);
    return r;
}

static void destroy_ring_request(struct ring_request *p)
{
    for (unsigned i = 0; i < p->indirect_pages; i++) {
        if (p->indirect_ref[i])
            gnttab_end_or_quarantine(p->indirect_ref[i], p->indirect + i * WIRE_SEGMENTS_PER_PAGE);
    }
    page_free(p->indirect, p->indirect_pages);
    heap_free(p);
}

static struct ring_request *create_ring_request(unsigned capacity)
{
    struct ring_request *p = heap_zalloc(1, sizeof(*p) + capacity * sizeof(p->seg[0]), MEM_BLOCK);

    if (p) {
        p->capacity = capacity;
        list_init(&p->rmw);
        list_init(&p->ready);
    }
    return p;
}

/* The pages that describe the segments are granted once and stay granted, read-only: the backend
 * cannot change what it was asked. But one that keeps its mappings maps everything writable; these
 * pages are never read back, so it can only lie to itself. */
static struct ring_request *create_large(const struct pool *pool)
{
    unsigned pages = DIV_ROUND_UP(pool->max_segments, (unsigned)WIRE_SEGMENTS_PER_PAGE);
    struct ring_request *p = create_ring_request(pool->max_segments);

    if (!p)
        return NULL;
    p->indirect = page_alloc_zeroed(pages, MEM_BLOCK);
    if (!p->indirect)
        goto fail;
    p->indirect_pages = pages;
    for (unsigned i = 0; i < pages; i++) {
        int ref = gnttab_grant(pool->peer, p->indirect + i * WIRE_SEGMENTS_PER_PAGE,
                               pool->indirect_readonly);

        if (ref < 0)
            goto fail;
        p->indirect_ref[i] = (grant_ref_t)ref;
    }
    return p;
fail:
    destroy_ring_request(p);
    return NULL;
}

static struct ring_request *take(struct ring_request **list)
{
    struct ring_request *p = *list;

    if (p)
        *list = p->next_free;
    return p;
}

struct ring_request *pool_find_ring_request(struct pool *pool, unsigned want)
{
    struct ring_request *p;

    if (want > WIRE_SEGMENTS && pool->max_segments > WIRE_SEGMENTS) {
        p = take(&pool->large);
        if (!p)
            p = create_large(pool);
        if (p)
            return p;
        /* short of memory or grants: smaller ring requests do as well */
    }
    p = take(&pool->small);
    return p ? p : create_ring_request(MIN(pool->max_segments, (unsigned)WIRE_SEGMENTS));
}

void pool_setup(struct pool *pool, domid_t peer, unsigned max_segments, bool indirect_readonly)
{
    pool->peer = peer;
    pool->max_segments = max_segments;
    pool->indirect_readonly = indirect_readonly;
}

void pool_invalidate(struct pool *pool)
{
    for (struct ring_request *p = pool->large; p; p = p->next_free)
        memset(p->indirect_ref, 0, sizeof(p->indirect_ref));
}

void pool_destroy(struct pool *pool)
{
    struct ring_request *p;

    while ((p = take(&pool->small)))
        destroy_ring_request(p);
    while ((p = take(&pool->large)))
        destroy_ring_request(p);
    while (pool->requests) {
        struct blkfront_request *r = pool->requests;

        pool->requests = r->next_free;
        heap_free(r);
    }
}
