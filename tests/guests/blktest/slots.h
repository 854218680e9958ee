/* SPDX-License-Identifier: MIT */
/* A fixed number of requests with a buffer each, for one thread. */
#ifndef BLKTEST_SLOTS_H
#define BLKTEST_SLOTS_H

#include <ringlet/blkfront.h>
#include <ringlet/list.h>

enum slot_state { SLOT_FREE, SLOT_PREPARED, SLOT_IN_FLIGHT, SLOT_DONE };

struct slot {
    struct list link; /* in the list of free or of done slots, in the user's, or alone */
    struct blkfront_aiocb aiocb;
    uint8_t *buf;
    enum slot_state state;
    bool write;
    int ret;
    uint64_t sent, completed; /* in clock_now() time */
};

/*
 * Registered buffers of a disk, in chunks of one size. Each job reuses the buffers of the one
 * before, as a backend that keeps mappings has mapped them already, and would unmap them only much
 * later.
 */
struct buffers {
    struct blkfront_dev *dev; /* NULL: none */
    size_t chunk_bytes;
    struct list free;
};

/* For buffers of at most bs bytes. */
void buffers_init(struct buffers *b, struct blkfront_dev *dev, size_t bs, size_t misalign);
/* Call it before the device is closed; buffers in use are not freed. Harmless without
 * buffers_init. */
void buffers_free(struct buffers *b);

struct slots {
    struct slot *slot;
    unsigned depth;
    struct list free, done; /* done: in the order of completion */
    unsigned in_flight;
    /* memory of the buffers */
    struct buffers *registered; /* where they are from; NULL: plain memory */
    struct list chunks;
    unsigned chunk_pages;
};

/*
 * Makes up to depth slots with buffers of bs bytes, each misalign bytes behind a multiple of 512,
 * in at most budget bytes of memory. registered: the source of the buffers, each in pages of its
 * own, or NULL for ordinary memory. 0 with s->depth >= 1, perhaps fewer than depth; -ENOMEM.
 */
int slots_init(struct slots *s, unsigned depth, size_t bs, size_t misalign, uint64_t budget,
               struct buffers *registered);
/* Nothing may be in flight. */
void slots_free(struct slots *s);

/* Marks the slot as sent; the completion function (slot->aiocb.aio_cb) or slots_unsent does
 * the reverse. */
void slots_sent(struct slots *s, struct slot *slot);
void slots_unsent(struct slots *s, struct slot *slot);
/* As if it had completed with ret. */
void slots_complete(struct slots *s, struct slot *slot, int ret);
/* Takes a done slot back. */
void slots_release(struct slots *s, struct slot *slot);

#endif
