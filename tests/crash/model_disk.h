/* SPDX-License-Identifier: MIT */
/*
 * A disk with a volatile cache, and what a crash leaves of it. What was flushed is on the media. Of the
 * sectors of 512 bytes that were written since, each may have arrived or not, whatever the order was, and
 * of one that was written several times any of its contents.
 */
#ifndef RINGLET_TESTS_CRASH_MODEL_DISK_H
#define RINGLET_TESTS_CRASH_MODEL_DISK_H

#include "lib/fs/ext4/disk/disk.h"
#include "sectors.h"
#include "unit/random.h"

struct written; /* a sector that is not on the media yet */

struct model_disk {
    struct ext4_disk disk;
    uint8_t *view;  /* what is read */
    uint8_t *media; /* what a crash leaves in any case, or NULL: see model_disk_init_on */
    /* without media: what view was, and what of it is on stable storage */
    struct sectors *before, *stable;
    struct sectors *kept; /* gets what the media was where it changes, or NULL */
    struct written *pending;
    size_t pending_count, pending_size;
    uint64_t events; /* writes and flushes so far */
    struct random random;
    /* Called at each event, between any two states that a crash may leave. */
    void (*event)(struct model_disk *d);
    bool yields; /* other threads may run while a transfer is in flight */
};

void model_disk_init(struct model_disk *d, const uint8_t *content, uint64_t size, uint64_t seed);
/* The disk is that image, and its content is changed; `before` takes what it was (sectors_undo), and `stable`, in
 * order, what was written and flushed. */
void model_disk_init_on(struct model_disk *d, uint8_t *image, uint64_t size, uint64_t seed,
                        struct sectors *before, struct sectors *stable);
void model_disk_exit(struct model_disk *d);

/* Adds to a list, in order, what arrives if there is a crash now: sectors_put(arrived, d->media, undo) makes
 * of the media what the crash leaves. mode chooses how much arrives: 0 .. CRASH_MODES - 1. */
#define CRASH_MODES 6
void model_disk_crash(struct model_disk *d, unsigned mode, struct random *r,
                      struct sectors *arrived);

#endif
