/* SPDX-License-Identifier: MIT */
/*
 * Requests and parts in free lists: allocated when first needed, reused last in first out (what was
 * used last is in the cache), freed when the device closes. In the steady state nothing is
 * allocated.
 *
 * A part comes in two sizes: for what fits in a ring entry, and for all segments that were
 * negotiated, with the indirect pages that describe them. So 512 requests of 4 KiB in flight do not
 * cost 512 arrays for 1 MiB.
 */
#include "memory.h"
#include "request.h"

#include <ringlet/heap.h>
#include <ringlet/string.h>

struct blkfront_request *request_get(struct blkfront_dev *dev)
{
    struct blkfront_request *r = dev->free_requests;

    if (r)
        dev->free_requests = r->next_free;
    else
        r = heap_alloc(sizeof(*r), MEM_BLOCK);
    if (r)
        request_init(r);
    return r;
}

static void part_destroy(struct part *p)
{
    for (unsigned i = 0; i < p->indirect_pages; i++) {
        if (p->indirect_ref[i])
            gnttab_end_or_quarantine(p->indirect_ref[i], p->indirect + i * WIRE_SEGMENTS_PER_PAGE);
    }
    page_free(p->indirect, p->indirect_pages);
    heap_free(p);
}

static struct part *part_create(unsigned capacity)
{
    struct part *p = heap_zalloc(1, sizeof(*p) + capacity * sizeof(p->seg[0]), MEM_BLOCK);

    if (p) {
        p->capacity = capacity;
        list_init(&p->merge);
        list_init(&p->ready);
    }
    return p;
}

/* The pages that describe the segments are granted once and stay granted, read-only: the backend
 * cannot change what it was asked. But one that keeps its mappings maps everything writable; these
 * pages are never read back, so it can only lie to itself. */
static struct part *part_create_large(struct blkfront_dev *dev)
{
    unsigned pages = DIV_ROUND_UP(dev->max_segments, (unsigned)WIRE_SEGMENTS_PER_PAGE);
    struct part *p = part_create(dev->max_segments);

    if (!p)
        return NULL;
    p->indirect = page_alloc_zeroed(pages, MEM_BLOCK);
    if (!p->indirect)
        goto fail;
    p->indirect_pages = pages;
    for (unsigned i = 0; i < pages; i++) {
        int ref = gnttab_grant(dev->peer, p->indirect + i * WIRE_SEGMENTS_PER_PAGE,
                               !dev->limits.persistent);

        if (ref < 0)
            goto fail;
        p->indirect_ref[i] = (grant_ref_t)ref;
    }
    return p;
fail:
    part_destroy(p);
    return NULL;
}

static struct part *take(struct part **list)
{
    struct part *p = *list;

    if (p)
        *list = p->next_free;
    return p;
}

struct part *part_find(struct blkfront_dev *dev, unsigned want)
{
    struct part *p;

    if (want > WIRE_SEGMENTS && dev->max_segments > WIRE_SEGMENTS) {
        p = take(&dev->free_large);
        if (!p)
            p = part_create_large(dev);
        if (p)
            return p;
        /* short of memory or grants: smaller parts do as well */
    }
    p = take(&dev->free_parts);
    return p ? p : part_create(MIN(dev->max_segments, (unsigned)WIRE_SEGMENTS));
}

void pool_void(struct blkfront_dev *dev)
{
    for (struct part *p = dev->free_large; p; p = p->next_free)
        memset(p->indirect_ref, 0, sizeof(p->indirect_ref));
}

void pool_destroy(struct blkfront_dev *dev)
{
    struct part *p;

    while ((p = take(&dev->free_parts)))
        part_destroy(p);
    while ((p = take(&dev->free_large)))
        part_destroy(p);
    join_destroy(dev);
    while (dev->free_requests) {
        struct blkfront_request *r = dev->free_requests;

        dev->free_requests = r->next_free;
        heap_free(r);
    }
}
