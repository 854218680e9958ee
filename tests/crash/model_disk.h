/* SPDX-License-Identifier: MIT */
/*
 * A disk with a volatile cache, and what a crash leaves of it. What was flushed is on the media. Of the
 * sectors of 512 bytes that were written since, each may have arrived or not, whatever the order was, and
 * of one that was written several times any of its contents.
 */
#ifndef RINGLET_TESTS_CRASH_MODEL_DISK_H
#define RINGLET_TESTS_CRASH_MODEL_DISK_H

#include "lib/fs/ext4/disk/disk.h"
#include "unit/random.h"

struct written; /* a sector that is not on the media yet */

struct model_disk {
    struct ext4_disk disk;
    uint8_t *view;  /* what is read */
    uint8_t *media; /* what a crash leaves in any case */
    struct written *pending;
    size_t pending_count, pending_size;
    uint64_t events; /* writes and flushes so far */
    struct random random;
    /* Called at each event, between any two states that a crash may leave. */
    void (*event)(struct model_disk *d);
    bool yields; /* other threads may run while a transfer is in flight */
};

void model_disk_init(struct model_disk *d, const uint8_t *content, uint64_t size, uint64_t seed);
void model_disk_exit(struct model_disk *d);

/* What a crash now leaves is made of d->media; undo_all() makes it what it was. mode chooses how much
 * arrives: 0 .. CRASH_MODES - 1. */
#define CRASH_MODES 6
struct undo;
void model_disk_crash(struct model_disk *d, unsigned mode, struct random *r, struct undo *undo);

/* ---- an image that is changed for a while ---- */

struct undo {
    uint64_t *sector;
    uint8_t *old;
    size_t count, size;
};
void undo_save(struct undo *u, const uint8_t *image, uint64_t sector);
void undo_all(struct undo *u, uint8_t *image);

/* A disk on such an image. */
struct image_disk {
    struct ext4_disk disk;
    uint8_t *image;
    struct undo *undo;
};
void image_disk_init(struct image_disk *d, uint8_t *image, uint64_t size, struct undo *undo);

#endif
