/* SPDX-License-Identifier: MIT */
/*
 * Contents of sectors of 512 bytes of an image, in some order; and a disk on an image that is changed for a
 * while. So what a crash leaves is looked at without a copy of the image.
 */
#ifndef RINGLET_TESTS_CRASH_SECTORS_H
#define RINGLET_TESTS_CRASH_SECTORS_H

#include "lib/fs/ext4/disk/disk.h"

struct sectors {
    uint64_t *at;  /* the sector's number */
    uint8_t *data; /* 512 bytes of each */
    size_t count, size;
};

/* The process ends if there is no memory. */
void sectors_add(struct sectors *s, uint64_t at, const uint8_t *data);
/* Adds what this sector of the image is. */
void sectors_save(struct sectors *s, const uint8_t *image, uint64_t at);
/* Writes all to the image, in order; undo, unless it is NULL, gets what was there. */
void sectors_put(const struct sectors *s, uint8_t *image, struct sectors *undo);
/* Writes all to the image, the last first, and empties the list. */
void sectors_undo(struct sectors *s, uint8_t *image);
void sectors_free(struct sectors *s);

/* A disk without a cache on an image; undo gets what was there. */
struct image_disk {
    struct ext4_disk disk;
    uint8_t *image;
    struct sectors *undo;
};
void image_disk_init(struct image_disk *d, uint8_t *image, uint64_t size, struct sectors *undo);

#endif
