/* SPDX-License-Identifier: MIT */
/* Reads into the cache that nobody waits for yet. */
#include "lib/fs/ext4/store/private.h"

#define RUN         32u /* blocks of one of them */
#define OUTSTANDING 4u

struct readahead {
    struct list link; /* in store.readaheads */
    struct ext4_disk_io io;
    struct blkfront_iovec iov[RUN];
    struct buf *buf[RUN];
    bool awaited; /* by a thread, which ends it */
};

static void finish(struct store *s, struct readahead *r)
{
    list_del(&r->link);
    s->readahead_count--;
    for (unsigned i = 0; i < r->io.iovcnt; i++) {
        struct buf *b = r->buf[i];

        b->valid = r->io.result == 0;
        if (!b->valid)
            b->freed =
                true; /* out of the cache, with the transfer: a reader sees the error itself */
        cache_io_end(s, b);
    }
    heap_free(r);
}

static void wait_for(struct store *s, struct readahead *r)
{
    r->awaited = true;
    ext4_disk_wait(s->disk, &r->io);
    finish(s, r);
}

void readahead_reap(struct store *s)
{
    list_for_each_safe (l, &s->readaheads) {
        struct readahead *r = list_entry(l, struct readahead, link);

        if (r->io.done && !r->awaited)
            finish(s, r);
    }
}

bool readahead_await(struct store *s, const struct buf *b)
{
    list_for_each (l, &s->readaheads) {
        struct readahead *r = list_entry(l, struct readahead, link);

        for (unsigned i = 0; i < r->io.iovcnt; i++)
            if (r->buf[i] == b && !r->awaited) {
                wait_for(s, r);
                return true;
            }
    }
    return false;
}

void readahead_end(struct store *s)
{
    while (!list_empty(&s->readaheads))
        wait_for(s, list_first(&s->readaheads, struct readahead, link));
}

void store_data_readahead(struct store *s, blk64_t block, unsigned count)
{
    struct readahead *r;

    readahead_reap(s);
    while (count && block < s->blocks && cache_find(s, block)) {
        block++;
        count--;
    }
    count = (unsigned)MIN(count, MIN(RUN, s->limit / 8));
    if (!count || s->readahead_count == OUTSTANDING)
        return;
    r = heap_zalloc(1, sizeof(*r), MEM_APP);
    if (!r)
        return;
    while (r->io.iovcnt < count && block + r->io.iovcnt < s->blocks &&
           !cache_find(s, block + r->io.iovcnt)) {
        struct buf *b = cache_add(s, block + r->io.iovcnt);

        if (!b)
            break;
        b->io++;
        r->buf[r->io.iovcnt] = b;
        r->iov[r->io.iovcnt++] = (struct blkfront_iovec){b->data, s->block_size};
    }
    if (!r->io.iovcnt) {
        heap_free(r);
        return;
    }
    r->io.offset = block * s->block_size;
    r->io.iov = r->iov;
    list_add_tail(&s->readaheads, &r->link);
    s->readahead_count++;
    s->stats.misses += r->io.iovcnt;
    ext4_disk_submit(s->disk, &r->io);
    readahead_reap(s);
}
