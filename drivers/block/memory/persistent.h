/* SPDX-License-Identifier: MIT */
/*
 * Bounce pages whose grants stay: for backends that keep mapped what they have seen
 * ("feature-persistent").
 */
#ifndef RINGLET_BLOCK_PERSISTENT_H
#define RINGLET_BLOCK_PERSISTENT_H

#include <ringlet/grant_table.h>

struct queue;
struct blkfront_dev;

struct persistent_page {
    uint8_t *page;
    grant_ref_t gref;
};

/* A queue's. page[]: those that are not in use, the one used last on top. */
struct persistent_pages {
    struct persistent_page *page;
    unsigned free;  /* in page[] ... */
    unsigned count; /* ... of the queue's in all ... */
    unsigned room;  /* ... and that it has place for */
};

static inline unsigned persistent_in_use(const struct persistent_pages *k)
{
    return k->count - k->free;
}
/* How many the queue may have beside the registered buffers that its ring sees; at least
 * limits.max_segments. */
unsigned persistent_limit(const struct blkfront_dev *dev, const struct queue *q);
/* Pages that persistent_take can be expected to give the queue. */
unsigned persistent_available(const struct blkfront_dev *dev, const struct queue *q);
/* 0, -ENOMEM, or -ENOSPC (no grants, or as many pages as there may be). */
int persistent_take(struct blkfront_dev *dev, struct queue *q, struct persistent_page *out);
void persistent_give(struct queue *q, struct persistent_page page);
/* A page that was taken does not come back: its grant is over. */
void persistent_forget(struct blkfront_dev *dev, struct queue *q);
/* Ends or quarantines all that is not taken; invalidated: there is nothing to end. */
void persistent_destroy(struct blkfront_dev *dev, bool invalidated);

#endif
