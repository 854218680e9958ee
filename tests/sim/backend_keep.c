/* SPDX-License-Identifier: MIT */
/*
 * The persistent mappings of a backend, for each of its queues: up to a limit, and not without end.
 * It maps everything for writing, and maps a reference that another request uses now a second time,
 * as Linux' backend does.
 */
#include "backend_ring.h"

static struct kept_map *find(struct backend_queue *q, grant_ref_t ref)
{
    for (unsigned i = 0; i < q->kept_count; i++) {
        if (q->kept[i].ref == ref)
            return &q->kept[i];
    }
    return NULL;
}

static void drop(struct backend_queue *q, struct kept_map *k)
{
    sim_grant_unmap(k->ref, true);
    *k = q->kept[--q->kept_count];
}

static void drop_oldest(struct backend_queue *q)
{
    struct kept_map *oldest = NULL;

    for (unsigned i = 0; i < q->kept_count; i++) {
        struct kept_map *k = &q->kept[i];

        if (!k->users && (!oldest || k->used < oldest->used))
            oldest = k;
    }
    if (oldest)
        drop(q, oldest);
}

uint8_t *backend_map_page(struct backend_queue *q, grant_ref_t ref, bool write, bool *kept)
{
    struct backend *b = q->backend;
    struct kept_map *k;
    uint8_t *page;

    *kept = false;
    if (!b->persistent)
        return sim_grant_map(b->peer.domid, ref, write);
    k = find(q, ref);
    if (k && !k->users) {
        k->users = 1;
        k->used = ++q->uses;
        *kept = true;
        return k->page;
    }
    page = sim_grant_map(b->peer.domid, ref, true);
    if (!page || k)
        return page;
    if (q->kept_count == b->profile.keep_max && one_in(2))
        drop_oldest(q);
    if (q->kept_count < b->profile.keep_max) {
        q->kept[q->kept_count++] = (struct kept_map){ref, page, 1, ++q->uses};
        *kept = true;
    }
    return page;
}

void backend_unmap_page(struct backend_queue *q, grant_ref_t ref, bool write, bool kept)
{
    if (kept)
        find(q, ref)->users--;
    else
        sim_grant_unmap(ref, write || q->backend->persistent);
}

void backend_drop_some(struct backend *b)
{
    struct backend_queue *q = &b->queue[below(b->queues)];

    for (unsigned n = one_in(64) ? q->kept_count : one_in(8); n--;)
        drop_oldest(q);
}

void backend_drop_all(struct backend *b)
{
    for (unsigned i = 0; i < BACKEND_QUEUES_MAX; i++) {
        while (b->queue[i].kept_count)
            drop(&b->queue[i], b->queue[i].kept);
    }
}
