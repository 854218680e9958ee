/* SPDX-License-Identifier: MIT */
#include "model_disk.h"

#include <ringlet/errno.h>
#include <ringlet/thread.h>
#include <stdlib.h>
#include <string.h>

#include "host/seam.h"

#define SECTOR 512u

struct written {
    uint64_t sector;
    uint64_t write; /* the number of the transfer */
    bool completed;
    uint8_t data[SECTOR];
};

static void out_of_memory(void)
{
    fprintf(stderr, "crash: no memory\n");
    exit(2);
}

static struct model_disk *model_of(struct ext4_disk *disk)
{
    return container_of(disk, struct model_disk, disk);
}

static void happens(struct model_disk *d)
{
    d->events++;
    if (d->event)
        d->event(d);
}

static void add_pending(struct model_disk *d, uint64_t sector, const uint8_t *data)
{
    struct written *w;

    if (d->pending_count == d->pending_size) {
        d->pending_size = d->pending_size ? d->pending_size * 2 : 1024;
        d->pending = realloc(d->pending, d->pending_size * sizeof(*d->pending));
        if (!d->pending)
            out_of_memory();
    }
    w = &d->pending[d->pending_count++];
    w->sector = sector;
    w->write = d->events;
    w->completed = false;
    memcpy(w->data, data, SECTOR);
}

static void submit(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    struct model_disk *d = model_of(disk);
    uint64_t at = io->offset;

    for (unsigned i = 0; i < io->iovcnt; i++) {
        const struct blkfront_iovec *v = &io->iov[i];

        if (at % SECTOR || v->len % SECTOR || at + v->len > disk->size) {
            fprintf(stderr, "crash: a transfer outside of the disk\n");
            abort();
        }
        if (io->write) {
            for (size_t n = 0; d->before && n < v->len; n += SECTOR)
                sectors_save(d->before, d->view, (at + n) / SECTOR);
            memcpy(d->view + at, v->base, v->len);
            for (size_t n = 0; n < v->len; n += SECTOR)
                add_pending(d, (at + n) / SECTOR, (uint8_t *)v->base + n);
        } else {
            memcpy(v->base, d->view + at, v->len);
        }
        at += v->len;
    }
    if (!io->write) {
        io->done = true;
        return;
    }
    io->aio.data = (void *)(uintptr_t)d->events; /* the transfer's number */
    happens(d);
}

static void wait_done(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    struct model_disk *d = model_of(disk);

    seam_now += 100 * NSEC_PER_USEC;
    if (d->yields && random_below(&d->random, 2))
        thread_yield();
    /* they are in the order of the transfers */
    for (size_t i = d->pending_count; i-- && d->pending[i].write >= (uintptr_t)io->aio.data;)
        if (d->pending[i].write == (uintptr_t)io->aio.data)
            d->pending[i].completed = true;
    io->done = true;
}

static void arrives_for_ever(struct model_disk *d, const struct written *w)
{
    if (!d->media) {
        sectors_add(d->stable, w->sector, w->data);
        return;
    }
    if (d->kept)
        sectors_save(d->kept, d->media, w->sector);
    memcpy(d->media + w->sector * SECTOR, w->data, SECTOR);
}

static int flush(struct ext4_disk *disk)
{
    struct model_disk *d = model_of(disk);
    size_t left = 0;

    happens(d);
    if (d->yields && random_below(&d->random, 2))
        thread_yield();
    for (size_t i = 0; i < d->pending_count; i++) {
        if (d->pending[i].completed)
            arrives_for_ever(d, &d->pending[i]);
        else if (left++ != i)
            d->pending[left - 1] = d->pending[i];
    }
    d->pending_count = left;
    happens(d);
    return 0;
}

static void close_disk(struct ext4_disk *disk)
{
    (void)disk;
}

static const struct ext4_disk_ops model_ops = {
    .submit = submit,
    .wait = wait_done,
    .flush = flush,
    .close = close_disk,
};

void model_disk_init(struct model_disk *d, const uint8_t *content, uint64_t size, uint64_t seed)
{
    *d = (struct model_disk){
        .disk = {.ops = &model_ops, .name = "model", .sector_size = SECTOR, .size = size},
        .view = malloc(size),
        .media = malloc(size),
        .random = {seed},
    };
    if (!d->view || !d->media)
        out_of_memory();
    memcpy(d->view, content, size);
    memcpy(d->media, content, size);
}

void model_disk_init_on(struct model_disk *d, uint8_t *image, uint64_t size, uint64_t seed,
                        struct sectors *before, struct sectors *stable)
{
    *d = (struct model_disk){
        .disk = {.ops = &model_ops, .name = "model", .sector_size = SECTOR, .size = size},
        .view = image,
        .before = before,
        .stable = stable,
        .random = {seed},
    };
}

void model_disk_exit(struct model_disk *d)
{
    if (d->media)
        free(d->view);
    free(d->media);
    free(d->pending);
}

/* ---- a crash ---- */

static bool arrives(struct model_disk *d, size_t i, unsigned mode, struct random *r, uint64_t pick)
{
    const struct written *w = &d->pending[i];

    switch (mode) {
    case 0: /* each sector may */
        return random_below(r, 2);
    case 1: /* each write, whole */
        return (w->write * 0x9e3779b97f4a7c15 ^ pick) >> 17 & 1;
    case 2: /* all that came until some write */
        return i < pick % (d->pending_count + 1);
    case 3: /* all but a few */
        return random_below(r, 16) != 0;
    case 4: /* a few */
        return random_below(r, 16) == 0;
    default: /* the newest write, and of the others some */
        return w->write == d->pending[d->pending_count - 1].write || random_below(r, 4) == 0;
    }
}

void model_disk_crash(struct model_disk *d, unsigned mode, struct random *r,
                      struct sectors *arrived)
{
    uint64_t pick = random_u64(r);
    /* of a sector that was written twice, the older content may be the one that arrives last */
    bool backwards = random_below(r, 4) == 0;

    for (size_t n = 0; n < d->pending_count; n++) {
        size_t i = backwards ? d->pending_count - 1 - n : n;

        if (arrives(d, i, mode, r, pick))
            sectors_add(arrived, d->pending[i].sector, d->pending[i].data);
    }
}
