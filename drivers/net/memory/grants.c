/* SPDX-License-Identifier: MIT */
#include "grants.h"
#include "drivers/net/device.h"
#include "mem.h"

#include <ringlet/errno.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

/* References that are left to others: a page of net_mem that is not granted costs a copy only. */
#define SPARE 256u

static struct list users = LIST_INIT(users); /* of struct net_grants */

static int grant_staging(struct arena *a, struct arena_page *p)
{
    struct net_grants *g = container_of(a, struct net_grants, staging);
    int ref = gnttab_grant(g->peer, p->va, true);

    if (ref < 0)
        return ref;
    p->ref = (grant_ref_t)ref;
    return 0;
}

void net_grants_init(struct net_grants *g, unsigned pages)
{
    arena_init(&g->staging, pages, grant_staging);
    list_add_tail(&users, &g->link);
}

/* Room for the reference of page number index. */
static grant_ref_t *slot_of(struct net_grants *g, unsigned index)
{
    const unsigned c = index / GRANTS_CHUNK;

    if (c >= g->chunks) {
        const unsigned chunks = MAX(c + 1, 2 * g->chunks);
        grant_ref_t **chunk = heap_zalloc(chunks, sizeof(*chunk), MEM_NET);

        if (!chunk)
            return NULL;
        if (g->chunks)
            memcpy(chunk, g->chunk, g->chunks * sizeof(*chunk));
        heap_free(g->chunk);
        g->chunk = chunk;
        g->chunks = chunks;
    }
    if (!g->chunk[c])
        g->chunk[c] = heap_zalloc(GRANTS_CHUNK, sizeof(**g->chunk), MEM_NET);
    return g->chunk[c] ? &g->chunk[c][index % GRANTS_CHUNK] : NULL;
}

static RINGLET_COLD grant_ref_t make(struct netfront_dev *dev, const struct arena_page *p)
{
    struct net_grants *g = &dev->grants;
    grant_ref_t *slot = gnttab_available() > SPARE ? slot_of(g, p->index) : NULL;
    int ref = slot ? gnttab_grant(g->peer, p->va, true) : 0;

    if (ref <= 0)
        return 0;
    *slot = (grant_ref_t)ref;
    dev->stats.grants++;
    return *slot;
}

grant_ref_t net_grants_get(struct netfront_dev *dev, const struct arena_page *p)
{
    const struct net_grants *g = &dev->grants;
    const unsigned c = p->index / GRANTS_CHUNK;
    grant_ref_t ref = 0;

    if (c < g->chunks && g->chunk[c])
        ref = g->chunk[c][p->index % GRANTS_CHUNK];
    return ref ? ref : make(dev, p);
}

void *net_grants_stage(struct netfront_dev *dev, size_t bytes, struct arena_page **page)
{
    struct arena *a = &dev->grants.staging;
    const unsigned before = a->count;
    void *block = arena_alloc(a, bytes, page);

    dev->stats.grants += a->count - before;
    return block;
}

/* The references of net_mem's pages, one after the other; *index is a page's. */
static grant_ref_t *next_ref(struct net_grants *g, unsigned *index)
{
    for (; *index < net_mem.count && *index / GRANTS_CHUNK < g->chunks; ++*index) {
        grant_ref_t *chunk = g->chunk[*index / GRANTS_CHUNK];

        if (chunk && chunk[*index % GRANTS_CHUNK])
            return &chunk[*index % GRANTS_CHUNK];
    }
    return NULL;
}

void net_grants_end(struct netfront_dev *dev)
{
    struct net_grants *g = &dev->grants;
    grant_ref_t *ref;

    for (unsigned i = 0; (ref = next_ref(g, &i)); i++) {
        if (gnttab_end(*ref) == -EBUSY)
            arena_quarantine(&net_mem, arena_at(&net_mem, i), *ref);
        *ref = 0;
        dev->stats.grants++;
    }
    for (unsigned i = 0; i < g->staging.count; i++) {
        struct arena_page *p = arena_at(&g->staging, i);

        if (p->ref)
            gnttab_end_or_quarantine(p->ref, p->va);
        dev->stats.grants += p->ref != 0;
        p->ref = 0;
    }
    arena_destroy(&g->staging); /* (a page that is still mapped is free when it is not any more) */
}

void net_grants_forget(const struct arena_page *p)
{
    const unsigned c = p->index / GRANTS_CHUNK, i = p->index % GRANTS_CHUNK;

    list_for_each (at, &users) {
        struct net_grants *g = list_entry(at, struct net_grants, link);

        if (c >= g->chunks || !g->chunk[c] || !g->chunk[c][i])
            continue;
        gnttab_end_or_quarantine(g->chunk[c][i], p->va);
        g->chunk[c][i] = 0;
        container_of(g, struct netfront_dev, grants)->stats.grants++;
    }
}

void net_grants_invalidate(struct netfront_dev *dev)
{
    struct net_grants *g = &dev->grants;

    for (unsigned i = 0; i < g->chunks; i++) {
        if (g->chunk[i])
            memset(g->chunk[i], 0, GRANTS_CHUNK * sizeof(*g->chunk[i]));
    }
    arena_destroy(&g->staging);
}

void net_grants_destroy(struct net_grants *g)
{
    for (unsigned i = 0; i < g->chunks; i++)
        heap_free(g->chunk[i]);
    heap_free(g->chunk);
    g->chunk = NULL;
    g->chunks = 0;
    list_del(&g->link);
}
