/* SPDX-License-Identifier: MIT */
/* The medium: its present content, and with a volatile write cache the content that a crash may
 * leave. */
#include "sim.h"

#include <stdlib.h>

static struct version *free_versions;

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

void disk_init(struct sim_disk *d, uint64_t sectors)
{
    memset(d, 0, sizeof(*d));
    d->sectors = sectors;
    d->data = must(calloc(sectors, 512));
}

void disk_set_cached(struct sim_disk *d, bool cached)
{
    CHECK(!d->dirty_count, "simulation: the cache changes while it is dirty");
    d->cached = cached;
    if (!cached)
        return;
    if (!d->stable) {
        d->stable = must(malloc(d->sectors * 512));
        d->newer = must(calloc(d->sectors, sizeof(*d->newer)));
        d->dirty = must(malloc(d->sectors * sizeof(*d->dirty)));
    }
    memcpy(d->stable, d->data, d->sectors * 512);
}

void disk_write(struct sim_disk *d, uint64_t sector, const uint8_t *data)
{
    memcpy(d->data + sector * 512, data, 512);
    if (!d->cached)
        return;

    struct version *v = free_versions;

    if (v)
        free_versions = v->next;
    else
        v = must(malloc(sizeof(*v)));
    if (!d->newer[sector])
        d->dirty[d->dirty_count++] = (uint32_t)sector;
    memcpy(v->bytes, data, 512);
    v->next = d->newer[sector];
    d->newer[sector] = v;
}

static void forget_versions(struct sim_disk *d, uint64_t sector)
{
    struct version *v = d->newer[sector], *next;

    for (; v; v = next) {
        next = v->next;
        v->next = free_versions;
        free_versions = v;
    }
    d->newer[sector] = NULL;
}

void disk_flush(struct sim_disk *d)
{
    for (unsigned i = 0; i < d->dirty_count; i++) {
        uint64_t at = d->dirty[i];

        memcpy(d->stable + at * 512, d->data + at * 512, 512);
        forget_versions(d, at);
    }
    d->dirty_count = 0;
}

void disk_crash(struct sim_disk *d)
{
    for (unsigned i = 0; i < d->dirty_count; i++) {
        uint64_t at = d->dirty[i];
        unsigned versions = 0, pick;
        const struct version *v = d->newer[at];

        for (; v; v = v->next)
            versions++;
        pick = below(versions + 1);
        for (v = d->newer[at]; v && pick; v = v->next)
            pick--;
        if (v)
            memcpy(d->stable + at * 512, v->bytes, 512);
        memcpy(d->data + at * 512, d->stable + at * 512, 512);
        forget_versions(d, at);
    }
    d->dirty_count = 0;
}

void disk_survivors(struct sim_disk *d, uint64_t sector,
                    void (*fn)(uint64_t sector, const uint8_t *bytes, void *arg), void *arg)
{
    if (!d->cached) {
        fn(sector, d->data + sector * 512, arg);
        return;
    }
    fn(sector, d->stable + sector * 512, arg);
    for (const struct version *v = d->newer[sector]; v; v = v->next)
        fn(sector, v->bytes, arg);
}
