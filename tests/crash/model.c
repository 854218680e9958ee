/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *m)
{
    memset(m, 0, sizeof(*m));
    m->dir[0].base = m->dir[0].now = true;
}

void model_exit(struct model *m)
{
    for (unsigned f = 0; f < FILES; f++)
        free(m->file[f].events);
}

static void apply(struct file_state *s, const struct event *e)
{
    switch (e->kind) {
    case EV_CREATE:
        memset(s, 0, sizeof(*s));
        s->present = true;
        s->id = e->id;
        s->dir = e->dir;
        memcpy(s->name, e->name, NAME_BYTES);
        break;
    case EV_WRITE:
        for (unsigned i = e->first; i < e->first + e->count; i++)
            s->version[i] = e->version;
        if (s->sectors < e->first + e->count)
            s->sectors = e->first + e->count;
        break;
    case EV_TRUNCATE:
        for (unsigned i = e->first; i < SECTORS_MAX; i++)
            s->version[i] = 0;
        s->sectors = e->first;
        break;
    case EV_REMOVE:
        s->present = false;
        break;
    case EV_RENAME:
        s->dir = e->dir;
        memcpy(s->name, e->name, NAME_BYTES);
        break;
    }
}

struct event *model_event(struct model *m, unsigned file, struct event e)
{
    struct history *h = &m->file[file];

    if (h->count == h->size) {
        h->size = h->size ? h->size * 2 : 16;
        h->events = realloc(h->events, h->size * sizeof(*h->events));
        if (!h->events)
            exit(2);
    }
    apply(&h->now, &e);
    h->events[h->count] = e;
    return &h->events[h->count++];
}

void model_dir(struct model *m, unsigned dir, bool present)
{
    struct dir_history *h = &m->dir[dir];

    h->now = present;
    if (h->count == sizeof(h->events) / sizeof(h->events[0])) {
        fprintf(stderr, "crash: too many events of one directory\n");
        exit(2);
    }
    h->events[h->count].op = m->ops;
    h->events[h->count++].present = present;
}

void model_acknowledge(struct model *m, uint32_t op)
{
    if (op <= m->acknowledged)
        return;
    m->acknowledged = op;
    for (unsigned f = 0; f < FILES; f++) {
        struct history *h = &m->file[f];
        unsigned n = 0;

        while (n < h->count && h->events[n].op <= op)
            apply(&h->base, &h->events[n++]);
        if (n)
            memmove(h->events, h->events + n, (h->count - n) * sizeof(*h->events));
        h->count -= n;
    }
    for (unsigned d = 0; d < DIRS; d++) {
        struct dir_history *h = &m->dir[d];
        unsigned n = 0;

        while (n < h->count && h->events[n].op <= op)
            h->base = h->events[n++].present;
        memmove(h->events, h->events + n, (h->count - n) * sizeof(h->events[0]));
        h->count -= n;
    }
}

void model_file_at(const struct model *m, unsigned file, uint32_t op, struct file_state *out)
{
    const struct history *h = &m->file[file];

    *out = h->base;
    for (unsigned i = 0; i < h->count && h->events[i].op <= op; i++)
        apply(out, &h->events[i]);
}

bool model_dir_at(const struct model *m, unsigned dir, uint32_t op)
{
    const struct dir_history *h = &m->dir[dir];
    bool present = h->base;

    for (unsigned i = 0; i < h->count && h->events[i].op <= op; i++)
        present = h->events[i].present;
    return present;
}

bool model_may_be(const struct model *m, unsigned file, uint32_t op, const struct file_state *at,
                  unsigned sector, uint32_t version)
{
    const struct history *h = &m->file[file];

    if (at->version[sector] == version)
        return true;
    for (unsigned i = 0; i < h->count; i++) {
        const struct event *e = &h->events[i];

        if (e->op <= op)
            continue;
        if (e->kind == EV_REMOVE || (e->kind == EV_TRUNCATE && e->first <= sector))
            return false; /* the blocks were free then: nobody writes to them before the commit */
        if (e->kind == EV_WRITE && e->version == version && sector >= e->first &&
            sector < e->first + e->count)
            return true;
    }
    return false;
}

/* ---- sectors ---- */

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void sector_fill(uint8_t data[SECTOR], uint32_t id, unsigned sector, uint32_t version)
{
    uint64_t words[SECTOR / 8], first;

    words[0] = (uint64_t)id << 32 | sector;
    words[1] = (uint64_t)version << 32 | 0x52494e47;
    first = mix(words[0] + mix(words[1]));
    for (unsigned i = 2; i < SECTOR / 8; i++)
        words[i] = first + i * 0x9e3779b97f4a7c15;
    /* some look like blocks of a journal */
    if (version % 16 == 0) {
        static const uint8_t magic[4] = {0xc0, 0x3b, 0x39, 0x98};

        memcpy(words, magic, sizeof(magic));
    }
    memcpy(data, words, SECTOR);
}

bool sector_version(const uint8_t data[SECTOR], uint32_t id, unsigned sector, uint32_t *version)
{
    static const uint8_t zeroes[SECTOR];
    uint8_t expected[SECTOR];
    uint64_t word;

    *version = 0;
    if (memcmp(data, zeroes, SECTOR) == 0)
        return true;
    memcpy(&word, data + 8, sizeof(word));
    *version = (uint32_t)(word >> 32);
    sector_fill(expected, id, sector, *version);
    return memcmp(expected, data, SECTOR) == 0;
}
