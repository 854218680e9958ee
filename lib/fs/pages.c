/* SPDX-License-Identifier: MIT */
/* A radix tree of pages, whose tables are pages, too. */
#include "lib/fs/pages.h"

#include <ringlet/errno.h>
#include <ringlet/page.h>

#define BITS 9u

/* Pages below one slot of a table of this height (1: of data pages). */
static unsigned shift_of(unsigned height)
{
    return (height - 1) * BITS;
}

static bool in_range(const struct pages *p, uint64_t index)
{
    return index >> (p->height * BITS) == 0;
}

static int take(struct pages *p, bool zeroed, void **page)
{
    if (p->budget->used >= p->budget->limit)
        return -ENOSPC;
    *page = zeroed ? page_alloc_zeroed(1, MEM_APP) : page_alloc(1, MEM_APP);
    if (!*page)
        return -ENOMEM;
    p->budget->used++;
    return 0;
}

static void give(struct pages *p, void *page)
{
    page_free(page, 1);
    p->budget->used--;
}

char *pages_get(const struct pages *p, uint64_t index)
{
    void *at = p->root;

    if (!in_range(p, index))
        return NULL;
    for (unsigned h = p->height; h && at; h--)
        at = ((void **)at)[index >> shift_of(h) & (PAGES_FANOUT - 1)];
    return at;
}

/* Puts tables above the root until the index is in range. */
static int raise(struct pages *p, uint64_t index)
{
    while (!in_range(p, index)) {
        void *table;
        int ret;

        if (p->root) {
            ret = take(p, true, &table);
            if (ret)
                return ret;
            ((void **)table)[0] = p->root;
            p->root = table;
        }
        p->height++;
    }
    return 0;
}

int pages_make(struct pages *p, uint64_t index, bool whole, char **page)
{
    void **slot = &p->root;
    int ret;

    if (index >= PAGES_MAX)
        return -EFBIG;
    ret = raise(p, index);
    for (unsigned h = p->height; ret == 0 && h; h--) {
        if (!*slot)
            ret = take(p, true, slot);
        if (ret == 0)
            slot = (void **)*slot + (index >> shift_of(h) & (PAGES_FANOUT - 1));
    }
    if (ret == 0 && !*slot) {
        ret = take(p, !whole, slot);
        p->count += ret == 0;
    }
    if (ret == 0)
        *page = *slot;
    else /* tables that were made on the way and are empty */
        pages_drop(p, index, index);
    return ret;
}

static bool is_empty(void *const *table)
{
    for (unsigned i = 0; i < PAGES_FANOUT; i++)
        if (table[i])
            return false;
    return true;
}

/*
 * Frees what is in first..last of the tree at *slot, whose first page has index `base`. The recursion is
 * as deep as the tree is high: PAGES_LEVELS.
 */
static void drop(struct pages *p, void **slot, unsigned height, uint64_t base, uint64_t first,
                 uint64_t last)
{
    void **table = *slot;

    if (!table)
        return;
    if (height == 0) {
        give(p, table);
        p->count--;
        *slot = NULL;
        return;
    }
    for (unsigned i = 0; i < PAGES_FANOUT; i++) {
        uint64_t from = base + ((uint64_t)i << shift_of(height));
        uint64_t to = from + (1ULL << shift_of(height)) - 1;

        if (table[i] && to >= first && from <= last)
            drop(p, &table[i], height - 1, from, first, last);
    }
    if (is_empty(table)) {
        give(p, table);
        *slot = NULL;
    }
}

void pages_drop(struct pages *p, uint64_t first, uint64_t last)
{
    if (p->height == 0 && first > 0)
        return;
    drop(p, &p->root, p->height, 0, first, last);
    if (!p->root)
        p->height = 0;
}
