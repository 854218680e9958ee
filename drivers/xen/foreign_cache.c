/* SPDX-License-Identifier: MIT */
/*
 * Pages of another domain that stay mapped. A group is GROUP frames of consecutive numbers, the first a
 * multiple of GROUP. Where one of them has no page (the border of memory, a hole, ballooned pages) only
 * the frame that is wanted is mapped, as a group of one. Groups are found by a hash of their first
 * frame, and given up in order of their last use.
 */
#include <kernel/foreign.h>
#include <ringlet/foreign_cache.h>
#include <ringlet/heap.h>
#include <ringlet/list.h>
#include <ringlet/string.h>

#define GROUP   FOREIGN_CACHE_GROUP
#define BUCKETS 64u

_Static_assert((GROUP & (GROUP - 1)) == 0 && (BUCKETS & (BUCKETS - 1)) == 0, "powers of two");

struct foreign_group {
    struct list hashed; /* in a bucket, or alone: not mapped */
    struct list used;   /* by last use, the oldest first */
    uint64_t gfn;
    unsigned count; /* GROUP or 1 */
    char *va;
};

struct foreign_cache {
    domid_t domid;
    unsigned groups;
    struct list bucket[BUCKETS];
    struct list lru;
    struct foreign_group *last; /* the group that was used last */
    unsigned suspends;          /* that were when they were mapped */
    struct foreign_cache_stats stats;
    struct foreign_group group[];
};

int foreign_cache_create(domid_t domid, unsigned pages, struct foreign_cache **cache)
{
    const unsigned groups = pages / GROUP;
    struct foreign_cache *c;

    *cache = NULL;
    if (!groups || pages > FOREIGN_PAGES)
        return -EINVAL;
    c = heap_zalloc(1, sizeof(*c) + groups * sizeof(c->group[0]), MEM_GRANT);
    if (!c)
        return -ENOMEM;
    c->domid = domid;
    c->suspends = foreign_suspends();
    c->groups = groups;
    list_init(&c->lru);
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&c->bucket[i]);
    for (unsigned i = 0; i < groups; i++) {
        list_init(&c->group[i].hashed);
        list_add_tail(&c->lru, &c->group[i].used);
    }
    *cache = c;
    return 0;
}

static void group_drop(struct foreign_cache *c, struct foreign_group *g)
{
    if (g->va) {
        foreign_unmap(g->va, g->count);
        c->stats.mapped -= g->count;
        list_del(&g->hashed);
        g->va = NULL;
    }
    if (c->last == g)
        c->last = NULL;
}

void foreign_cache_invalidate(struct foreign_cache *cache)
{
    cache->stats.invalidations++;
    for (unsigned i = 0; i < cache->groups; i++)
        group_drop(cache, &cache->group[i]);
}

void foreign_cache_destroy(struct foreign_cache *cache)
{
    if (!cache)
        return;
    foreign_cache_invalidate(cache);
    heap_free(cache);
}

static bool group_has(const struct foreign_group *g, uint64_t gfn)
{
    return gfn - g->gfn < g->count;
}

static struct list *bucket_of(struct foreign_cache *c, uint64_t gfn)
{
    const uint64_t n = gfn / GROUP;

    return &c->bucket[(n ^ n >> 6) & (BUCKETS - 1)];
}

static struct foreign_group *group_find(struct foreign_cache *c, uint64_t gfn)
{
    if (c->last && group_has(c->last, gfn))
        return c->last;
    list_for_each (l, bucket_of(c, gfn)) {
        struct foreign_group *g = list_entry(l, struct foreign_group, hashed);

        if (group_has(g, gfn))
            return g;
    }
    return NULL;
}

/* A group that was taken by the whole is never there beside one of its frames alone: the frame is only
 * mapped alone when the whole was not to be had, and then it is found first. */
static int group_map(struct foreign_cache *c, uint64_t gfn, struct foreign_group **out)
{
    struct foreign_group *g = list_first(&c->lru, struct foreign_group, used);
    void *va;
    int ret;

    group_drop(c, g);
    g->gfn = ROUND_DOWN(gfn, (uint64_t)GROUP);
    g->count = GROUP;
    ret = foreign_map(c->domid, g->gfn, GROUP, &va);
    if (ret) {
        g->gfn = gfn;
        g->count = 1;
        ret = foreign_map(c->domid, gfn, 1, &va);
    }
    if (ret) {
        c->stats.failures++;
        return ret;
    }
    g->va = va;
    c->stats.mapped += g->count;
    list_add_head(bucket_of(c, gfn), &g->hashed);
    *out = g;
    return 0;
}

/* The page's address, for use before the next call. */
static int page_of(struct foreign_cache *c, uint64_t gfn, char **page)
{
    struct foreign_group *g = group_find(c, gfn);
    int ret;

    if (g) {
        c->stats.hits++;
    } else {
        ret = group_map(c, gfn, &g);
        if (ret)
            return ret;
        c->stats.misses++;
    }
    if (c->last != g) {
        list_del(&g->used);
        list_add_tail(&c->lru, &g->used);
        c->last = g;
    }
    *page = g->va + ((gfn - g->gfn) << PAGE_SHIFT);
    return 0;
}

static int copy(struct foreign_cache *c, uint64_t addr, char *own, size_t bytes, bool write)
{
    if (addr + bytes < addr)
        return -EINVAL;
    if (c->suspends != foreign_suspends()) {
        c->suspends = foreign_suspends();
        foreign_cache_invalidate(c);
    }
    while (bytes) {
        const size_t offset = addr & PAGE_MASK, n = MIN(bytes, PAGE_SIZE - offset);
        char *page;
        int ret = page_of(c, addr >> PAGE_SHIFT, &page);

        if (ret)
            return ret;
        if (write)
            memcpy(page + offset, own, n);
        else
            memcpy(own, page + offset, n);
        addr += n;
        own += n;
        bytes -= n;
    }
    return 0;
}

int foreign_read(struct foreign_cache *cache, uint64_t addr, void *to, size_t bytes)
{
    return copy(cache, addr, to, bytes, false);
}

int foreign_write(struct foreign_cache *cache, uint64_t addr, const void *from, size_t bytes)
{
    return copy(cache, addr, (char *)(uintptr_t)from, bytes, true);
}

void foreign_cache_get_stats(const struct foreign_cache *cache, struct foreign_cache_stats *out)
{
    *out = cache->stats;
}
