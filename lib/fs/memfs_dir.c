/* SPDX-License-Identifier: MIT */
/* Directories of memfs. `order` is sorted by seq: new entries go to its end. */
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "lib/fs/memfs_node.h"

#define ROOM_MIN 8u

static uint32_t hash_of(const char *name, size_t len)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash;
}

static struct mementry **bucket(const struct memdir *d, uint32_t hash)
{
    return &d->buckets[hash & (d->room - 1)];
}

/* Where the entry is linked, or NULL. */
static struct mementry **find_link(const struct memdir *d, const char *name, size_t len)
{
    uint32_t hash = hash_of(name, len);

    if (!d->room)
        return NULL;
    for (struct mementry **e = bucket(d, hash); *e; e = &(*e)->next)
        if ((*e)->hash == hash && (*e)->len == len && !memcmp((*e)->name, name, len))
            return e;
    return NULL;
}

struct memnode *memdir_find(struct memnode *dir, const char *name, size_t len)
{
    struct mementry **e = find_link(&dir->dir, name, len);

    return e ? (*e)->node : NULL;
}

/* Both tables in one block: order, then buckets. */
static int grow(struct memnode *dir)
{
    struct memfs *fs = memfs_of(dir);
    struct memdir *d = &dir->dir;
    unsigned room = d->room ? d->room * 2 : ROOM_MIN;
    struct mementry **order;
    int err = 0;

    order = memfs_alloc(fs, room * 2 * sizeof(struct mementry *), &err);
    if (!order)
        return err;
    if (d->count)
        memcpy(order, d->order, d->count * sizeof(struct mementry *));
    memfs_free(fs, d->order);
    d->order = order;
    d->buckets = order + room;
    d->room = room;
    for (unsigned i = 0; i < d->count; i++) {
        struct mementry **b = bucket(d, order[i]->hash);

        order[i]->next = *b;
        *b = order[i];
    }
    return 0;
}

static bool is_dir(const struct memnode *n)
{
    return (n->node.mode & MODE_TYPE) == MODE_DIR;
}

/* While a directory is renamed it has two names for a moment: its parent is that of the newer one. */
static void name_added(struct memnode *dir, struct memnode *n)
{
    n->nlink++;
    if (is_dir(n)) {
        dir->dir.subdirs++;
        n->dir.parent = dir;
    }
}

static void name_removed(struct memnode *dir, struct memnode *n)
{
    n->nlink--;
    if (is_dir(n)) {
        dir->dir.subdirs--;
        if (n->nlink == 0)
            n->dir.parent = NULL;
    }
}

int memdir_add(struct memnode *dir, const char *name, size_t len, struct memnode *n)
{
    struct memdir *d = &dir->dir;
    struct mementry *e, **b;
    int ret = 0;

    if (d->count == d->room)
        ret = grow(dir);
    if (ret)
        return ret;
    e = memfs_alloc(memfs_of(dir), sizeof(*e) + len, &ret);
    if (!e)
        return ret;
    e->node = n;
    e->seq = d->next_seq++;
    e->hash = hash_of(name, len);
    e->len = (uint8_t)len;
    memcpy(e->name, name, len);
    b = bucket(d, e->hash);
    e->next = *b;
    *b = e;
    d->order[d->count++] = e;
    name_added(dir, n);
    return 0;
}

struct memnode *memdir_replace(struct memnode *dir, const char *name, size_t len, struct memnode *n)
{
    struct mementry *e = *find_link(&dir->dir, name, len);
    struct memnode *before = e->node;

    name_removed(dir, before);
    e->node = n;
    name_added(dir, n);
    return before;
}

/* The index in `order` of the first entry with at least this seq. */
static unsigned search(const struct memdir *d, int64_t seq)
{
    unsigned low = 0, high = d->count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (d->order[middle]->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct memnode *memdir_remove(struct memnode *dir, const char *name, size_t len)
{
    struct memdir *d = &dir->dir;
    struct mementry **link = find_link(d, name, len), *e = *link;
    unsigned at = search(d, e->seq);
    struct memnode *n = e->node;

    *link = e->next;
    d->count--;
    memmove(&d->order[at], &d->order[at + 1], (d->count - at) * sizeof(struct mementry *));
    memfs_free(memfs_of(dir), e);
    name_removed(dir, n);
    return n;
}

struct mementry *memdir_at(struct memnode *dir, int64_t seq)
{
    unsigned at = search(&dir->dir, seq);

    return at < dir->dir.count ? dir->dir.order[at] : NULL;
}

void memdir_free(struct memnode *dir)
{
    memfs_free(memfs_of(dir), dir->dir.order);
    dir->dir = (struct memdir){.order = NULL};
}
