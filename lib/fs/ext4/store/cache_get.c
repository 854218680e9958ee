/* SPDX-License-Identifier: MIT */
/* A block, from the cache or the disk, also while somebody else reads it. */
#include "lib/fs/ext4/store/private.h"

void cache_used(struct store *s, struct buf *b)
{
    s->stats.hits++;
    if (b->meta || b->dirty || list_empty(&b->list))
        return;
    list_del(&b->list);
    list_add_tail(&s->lru, &b->list);
}

int cache_get(struct store *s, uint64_t block, bool read, struct buf **out)
{
    struct buf *b;
    int ret;

    for (;;) {
        b = cache_find(s, block);
        if (!b || b->valid)
            break;
        if (!b->io) {
            /* a reader that failed left it, or nobody fills it yet */
            break;
        }
        if (!readahead_await(s, b))
            wait_on(&s->io_done, DEADLINE_NEVER);
    }
    if (b && b->valid) {
        cache_used(s, b);
        *out = b;
        return 0;
    }
    if (!b) {
        s->stats.misses++;
        b = cache_add(s, block);
        if (!b)
            return -ENOMEM;
    }
    if (read) {
        b->io++;
        ret = block_io_one(s, block, 1, b->data, false);
        b->valid = ret == 0;
        if (ret && !b->doomed) {
            list_del(&b->list);
            b->freed = true; /* gone with the transfer */
        }
        if (ret || b->doomed) {
            cache_io_end(s, b);
            return ret ? ret : cache_get(s, block, read, out);
        }
        cache_io_end(s, b);
    }
    *out = b;
    return 0;
}
