/* SPDX-License-Identifier: MIT */
#include "sectors.h"

#include <ringlet/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u

void sectors_add(struct sectors *s, uint64_t at, const uint8_t *data)
{
    if (s->count == s->size) {
        s->size = s->size ? s->size * 2 : 1024;
        s->at = realloc(s->at, s->size * sizeof(*s->at));
        s->data = realloc(s->data, s->size * SECTOR);
        if (!s->at || !s->data) {
            fprintf(stderr, "crash: no memory\n");
            exit(2);
        }
    }
    s->at[s->count] = at;
    memcpy(s->data + s->count * SECTOR, data, SECTOR);
    s->count++;
}

void sectors_save(struct sectors *s, const uint8_t *image, uint64_t at)
{
    sectors_add(s, at, image + at * SECTOR);
}

void sectors_put(const struct sectors *s, uint8_t *image, struct sectors *undo)
{
    for (size_t i = 0; i < s->count; i++) {
        if (undo)
            sectors_save(undo, image, s->at[i]);
        memcpy(image + s->at[i] * SECTOR, s->data + i * SECTOR, SECTOR);
    }
}

void sectors_undo(struct sectors *s, uint8_t *image)
{
    while (s->count) {
        s->count--;
        memcpy(image + s->at[s->count] * SECTOR, s->data + s->count * SECTOR, SECTOR);
    }
}

void sectors_free(struct sectors *s)
{
    free(s->at);
    free(s->data);
    *s = (struct sectors){.count = 0};
}

/* ---- a disk ---- */

static void submit(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    struct image_disk *d = container_of(disk, struct image_disk, disk);
    uint64_t at = io->offset;

    for (unsigned i = 0; i < io->iovcnt; i++) {
        const struct blkfront_iovec *v = &io->iov[i];

        if (at + v->len > disk->size) {
            io->result = -EIO;
            break;
        }
        if (io->write) {
            for (size_t n = 0; n < v->len; n += SECTOR)
                sectors_save(d->undo, d->image, (at + n) / SECTOR);
            memcpy(d->image + at, v->base, v->len);
        } else {
            memcpy(v->base, d->image + at, v->len);
        }
        at += v->len;
    }
    io->done = true;
}

static void close_disk(struct ext4_disk *disk)
{
    (void)disk;
}

static const struct ext4_disk_ops image_ops = {
    .submit = submit,
    .close = close_disk,
};

void image_disk_init(struct image_disk *d, uint8_t *image, uint64_t size, struct sectors *undo)
{
    *d = (struct image_disk){
        .disk = {.ops = &image_ops, .name = "crashed", .sector_size = SECTOR, .size = size},
        .image = image,
        .undo = undo,
    };
}
