/* SPDX-License-Identifier: MIT */
/* The workload's buffers: ordinary and registered ones, of which some are freed and allocated
 * again while the backend may still map them. */
#include "workload_check.h"

#include <ringlet/page.h>

uint8_t *workload_memory(struct workload *w, struct slot *s, bool registered)
{
    uint8_t *pages = registered ? blkfront_buf_alloc(w->dev, w->slot_pages * PAGE_SIZE) : NULL;

    s->registered = pages;
    if (!pages) {
        w->only_registered = false;
        return page_alloc(w->slot_pages, MEM_APP);
    }
    w->registered_pages += w->slot_pages;
    w->backend->registered = true;
    return pages;
}

void workload_swap(struct workload *w, struct slot *s)
{
    uint8_t *pages = workload_memory(w, s, true);

    if (!pages) {
        s->registered = true;
        return;
    }
    workload_canary(pages, w->slot_pages);
    blkfront_buf_free(w->dev, s->memory - PAGE_SIZE);
    w->swapped = true;
    s->memory = pages + PAGE_SIZE;
    invariants_now();
}

void workload_free(struct slot *s)
{
    if (s->registered)
        blkfront_buf_free(NULL, s->memory - PAGE_SIZE);
    else
        page_free(s->memory - PAGE_SIZE, s->w->slot_pages);
}
