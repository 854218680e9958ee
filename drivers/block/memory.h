/* SPDX-License-Identifier: MIT */
/* What a request is made of and where its data lie: requests and parts, bounce pages, grants. */
#ifndef RINGLET_BLOCK_MEMORY_H
#define RINGLET_BLOCK_MEMORY_H

#include "block.h"

/* ---- pool.c: requests and parts, last in first out; freed when the device closes ---- */

/* In no list, about nothing, and nothing has become of it yet; what it is, and of whom, is for the
 * caller to say: queue, number, aiocb, op, epoch. */
static inline void request_init(struct blkfront_request *r)
{
    list_init(&r->link);
    list_init(&r->barrier);
    r->covers = 0;
    r->offset = 0;
    r->left = 0;
    r->parts = 0;
    r->result = 0;
    r->sent = false;
    r->secure = false;
    r->fua = false;
    r->joined = false;
    r->alone = false;
    r->merged = false;
    r->waited_slot = false;
    r->waited_grant = false;
}
/* One that is init. NULL: no memory. */
struct blkfront_request *request_get(struct blkfront_dev *dev);
static inline void request_put(struct blkfront_dev *dev, struct blkfront_request *r)
{
    r->next_free = dev->free_requests;
    dev->free_requests = r;
}
/* A part for at least one segment, with indirect pages when want is more than a ring entry holds
 * and memory and grants allow. NULL: no memory. (part_find: when no small one is at hand that
 * does.)
 */
struct part *part_find(struct blkfront_dev *dev, unsigned want);
static inline struct part *part_get(struct blkfront_dev *dev, unsigned want)
{
    struct part *p = dev->free_parts;

    if (!p || want > WIRE_SEGMENTS)
        return part_find(dev, want);
    dev->free_parts = p->next_free;
    return p;
}
static inline void part_put(struct blkfront_dev *dev, struct part *p)
{
    struct part **list = p->indirect_pages ? &dev->free_large : &dev->free_parts;

    p->next_free = *list;
    *list = p;
}
/* The peer is gone and took the grants of free parts' indirect pages with it. */
void pool_void(struct blkfront_dev *dev);
/* Ends the grants of indirect pages and frees it all. */
void pool_destroy(struct blkfront_dev *dev);

/* A backend that holds back more bounce pages than this is not slow but hostile. */
#define HELD_BACK_MAX 64

/* ---- buffer.c: bounce pages, grants of segments, quarantine ---- */

/* Segments without a kept grant that a part of this queue can have now. */
unsigned buffer_room(const struct blkfront_dev *dev, const struct blk_queue *q);
/* Gives bounce segments their pages; how many segments, from the first, are complete, or, for none,
 * the error: -ENOMEM, -ENOSPC. */
int buffer_take_pages(struct blkfront_dev *dev, struct part *p);
/* Copies what is to be written into bounce pages; what was read out of them. */
void buffer_fill(struct blkfront_dev *dev, struct part *p);
void buffer_drain(struct blkfront_dev *dev, struct part *p);
/* Grants segments that have no kept grant, in order; how many segments are granted then (possibly
 * fewer than there are), or, for none, the error. */
int buffer_grant(struct blkfront_dev *dev, struct part *p, bool readonly);
/* Drops segments from the count-th on, none of them granted, and adjusts bytes and sectors. */
void buffer_trim(struct blkfront_dev *dev, struct part *p, unsigned count);
/* After the response, of a part with `fresh` grants: ends them, one attempt each. 0, or -EIO when
 * the peer kept a page that its data was or will be read from (quarantined). */
int buffer_end(struct blkfront_dev *dev, struct part *p);
/* Without a response, and after registry_end: ends what can be ended; true when nothing is left.
 * final: what cannot be ended is quarantined, so always true. */
bool buffer_revoke(struct blkfront_dev *dev, struct part *p, bool final);
/* The grants are void (the grant table is another one): forgets those of a part without asking; it
 * then has pages and no grants. */
void buffer_void(struct blkfront_dev *dev, struct part *p);
/* Returns bounce pages to the pool; no segment is granted any more, but by kept grants. */
void buffer_drop_pages(struct blkfront_dev *dev, struct part *p);
/* Ends or quarantines the grants of registered buffers and of bounce pages, and frees the latter.
 * Nothing is in flight. */
void buffer_destroy(struct blkfront_dev *dev);
/*
 * The device is connected, to dev->peer, perhaps not for the first time: what is kept from an
 * earlier connection is given up (buffer_destroy), and registered buffers are granted. dev->memory
 * is set.
 */
void buffer_regrant(struct blkfront_dev *dev);
/* As buffer_void, for registered buffers and bounce pages that no part has. buffer_regrant follows
 * when the device is connected. */
void buffer_void_kept(struct blkfront_dev *dev);

/* ---- kept.c: bounce pages whose grants stay ---- */

/* Pages that kept_take can be expected to give the queue. */
unsigned kept_available(const struct blkfront_dev *dev, const struct blk_queue *q);
static inline unsigned kept_in_use(const struct blk_queue *q)
{
    return q->kept_count - q->kept_free;
}
/* How many the queue may have beside the registered buffers that its ring sees; at least
 * limits.max_segments. */
static inline unsigned kept_limit(const struct blkfront_dev *dev, const struct blk_queue *q)
{
    const struct registry *g = &dev->registry;

    return dev->kept_max - (g->affine ? g->queue_granted[q - dev->queues] : g->granted);
}
/* 0, -ENOMEM, or -ENOSPC (no grants, or as many pages as there may be). */
int kept_take(struct blkfront_dev *dev, struct blk_queue *q, struct kept_page *out);
void kept_give(struct blk_queue *q, struct kept_page page);
/* A page that was taken does not come back: its grant is over. */
void kept_forget(struct blkfront_dev *dev, struct blk_queue *q);
/* Ends or quarantines all that is not taken; is_void: there is nothing to end. */
void kept_destroy(struct blkfront_dev *dev, bool is_void);

#endif
