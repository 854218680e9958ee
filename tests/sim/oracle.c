/* SPDX-License-Identifier: MIT */
/*
 * The exact set of results that a read may return. `base` is the newest known content; where writes
 * overlapped in time, or one failed, other contents are possible, too, and are recorded as
 * alternatives. A byte may be that of base, that of a write in progress, or an alternative that was
 * possible at some time during the read. All times are counts of beginnings and ends. Surviving a
 * crash is in oracle_crash.c.
 */
#include "oracle_private.h"

#include <stdlib.h>

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

struct memory_of *memory_make(uint64_t offset, size_t bytes, const uint8_t *data)
{
    struct memory_of *m = must(malloc(sizeof(*m) + bytes));

    memset(m, 0, sizeof(*m));
    m->offset = offset;
    m->bytes = bytes;
    memcpy(m->data, data, bytes);
    return m;
}

void oracle_init(struct oracle *o, struct sim_disk *disk)
{
    memset(o, 0, sizeof(*o));
    o->disk = disk;
    o->bytes = disk->sectors * 512;
    o->clock = 1;
    o->base = must(malloc(o->bytes));
    o->durable = must(malloc(o->bytes));
    o->base_end = must(calloc(disk->sectors, sizeof(*o->base_end)));
    oracle_reset(o);
}

static void free_list(struct memory_of **list)
{
    while (*list) {
        struct memory_of *m = *list;

        *list = m->next;
        free(m);
    }
}

void oracle_reset(struct oracle *o)
{
    CHECK(!o->active, "simulation: the oracle forgets requests under way");
    memcpy(o->base, o->disk->data, o->bytes);
    memcpy(o->durable, o->base, o->bytes);
    memset(o->base_end, 0, o->disk->sectors * sizeof(*o->base_end));
    free_list(&o->alternatives);
    free_list(&o->unflushed);
    o->alternative_count = o->unflushed_count = 0;
}

static bool overlaps(uint64_t a, size_t a_bytes, uint64_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

void oracle_begin(struct oracle *o, struct oracle_op *op, bool write, uint64_t offset, size_t bytes,
                  const uint8_t *data)
{
    op->write = write;
    op->offset = offset;
    op->bytes = bytes;
    op->data = data;
    op->crashed = op->before = false;
    op->begun = ++o->clock;
    op->next = o->active;
    op->link = &o->active;
    if (o->active)
        o->active->link = &op->next;
    o->active = op;
}

static void leave(struct oracle_op *op)
{
    *op->link = op->next;
    if (op->next)
        op->next->link = op->link;
}

/* Is there another request under way on these bytes? */
static bool busy(const struct oracle *o, bool write, uint64_t offset, size_t bytes)
{
    for (const struct oracle_op *op = o->active; op; op = op->next) {
        if (op->write == write && overlaps(op->offset, op->bytes, offset, bytes))
            return true;
    }
    return false;
}

static struct memory_of *add_alternative(struct oracle *o, uint64_t offset, size_t bytes,
                                         const uint8_t *data)
{
    struct memory_of *m = memory_make(offset, bytes, data);

    m->next = o->alternatives;
    o->alternatives = m;
    o->alternative_count++;
    return m;
}

/* Alternatives that no request in flight can have seen. */
static void purge(struct oracle *o)
{
    uint64_t oldest = NEVER;

    for (const struct oracle_op *op = o->active; op; op = op->next)
        oldest = op->write ? oldest : MIN(oldest, op->begun);
    for (struct memory_of **m = &o->alternatives; *m;) {
        struct memory_of *gone = *m;

        if (gone->until && gone->until < oldest) {
            *m = gone->next;
            o->alternative_count--;
            free(gone);
        } else {
            m = &gone->next;
        }
    }
}

/* From now on these bytes are known: alternatives older than `begun` are removed. */
static void supersede(struct oracle *o, uint64_t offset, size_t bytes, uint64_t begun)
{
    uint64_t end = offset + bytes;

    for (struct memory_of *m = o->alternatives; m; m = m->next) {
        uint64_t m_end = m->offset + m->bytes;

        if (m->until || m->end >= begun || !overlaps(m->offset, m->bytes, offset, bytes))
            continue;
        m->until = o->clock;
        if (m->offset < offset)
            add_alternative(o, m->offset, offset - m->offset, m->data)->end = m->end;
        if (m_end > end)
            add_alternative(o, end, m_end - end, m->data + (end - m->offset))->end = m->end;
    }
}

/* The newest end of a write in these sectors that base knows. */
static uint64_t newest_end(const struct oracle *o, uint64_t offset, size_t bytes)
{
    uint64_t newest = 0;

    for (uint64_t s = offset / 512; s <= (offset + bytes - 1) / 512; s++)
        newest = MAX(newest, o->base_end[s]);
    return newest;
}

static void set_base(struct oracle *o, uint64_t offset, size_t bytes, const uint8_t *data)
{
    memcpy(o->base + offset, data, bytes);
    for (uint64_t s = offset / 512; s <= (offset + bytes - 1) / 512; s++)
        o->base_end[s] = o->clock;
}

void oracle_write_end(struct oracle *o, struct oracle_op *op, bool ok)
{
    uint64_t newest;

    leave(op);
    o->clock++;
    if (!op->bytes)
        return;
    if (o->disk->cached)
        oracle_remember(o, op, ok && !op->crashed && !op->before);
    if (!ok || op->crashed) { /* one that was answered before the crash may be lost */
        add_alternative(o, op->offset, op->bytes, op->data)->end = o->clock;
        return;
    }
    newest = newest_end(o, op->offset, op->bytes);
    if (newest > op->begun) {
        /* the two ran at the same time: either may have been the last */
        add_alternative(o, op->offset, op->bytes, o->base + op->offset)->end = newest;
    } else if (busy(o, false, op->offset, op->bytes)) {
        add_alternative(o, op->offset, op->bytes, o->base + op->offset)->until = o->clock;
    }
    if (o->alternatives) {
        supersede(o, op->offset, op->bytes, op->begun);
        purge(o);
    }
    set_base(o, op->offset, op->bytes, op->data);
}

void oracle_crash(struct oracle *o)
{
    oracle_check_crashed(o);
    o->clock++;
    for (struct memory_of *m = o->alternatives; m; m = m->next)
        m->until = m->until ? m->until : o->clock;
    for (uint64_t at = 0; at < o->bytes; at += 512) {
        if (!memcmp(o->base + at, o->disk->data + at, 512))
            continue;
        add_alternative(o, at, 512, o->base + at)->until = o->clock; /* for reads under way */
        set_base(o, at, 512, o->disk->data + at);
    }
    memcpy(o->durable, o->base, o->bytes);
    free_list(&o->unflushed);
    o->unflushed_count = 0;
    for (struct oracle_op *op = o->active; op; op = op->next)
        op->crashed = true;
}

/* A part of a read, within a sector, that differs from base. */
static void explain(struct oracle *o, const struct oracle_op *read, uint64_t at, size_t bytes,
                    const uint8_t *data)
{
    int wrong;

    candidates_begin(at, bytes);
    candidates_add_active(o);
    for (const struct memory_of *m = o->alternatives; m; m = m->next) {
        if (!m->until || m->until > read->begun)
            candidates_add(m->offset, m->bytes, m->data);
    }
    wrong = candidates_explain(data, o->base + at);
    CHECK(wrong < 0,
          "wrong data: byte %llu of sector %llu is %#x, not %#x (read of %zu bytes at %llu)",
          (unsigned long long)(at + (unsigned)wrong) % 512, (unsigned long long)at / 512,
          data[wrong], o->base[at + (unsigned)wrong], read->bytes,
          (unsigned long long)read->offset);
}

static void compare(struct oracle *o, const struct oracle_op *op, const uint8_t *data)
{
    uint64_t end = op->offset + op->bytes, next;

    for (uint64_t at = op->offset; at < end; at = next) {
        const uint8_t *part = data + (at - op->offset);

        next = MIN((at | 511) + 1, end);
        if (memcmp(o->base + at, part, next - at))
            explain(o, op, at, next - at, part);
    }
}

static bool has_alternative(const struct oracle *o, uint64_t offset, size_t bytes)
{
    for (const struct memory_of *m = o->alternatives; m; m = m->next) {
        if (overlaps(m->offset, m->bytes, offset, bytes))
            return true;
    }
    return false;
}

/* There was no write during the read, so its result is the content: later reads must see the
 * same. */
static void settle(struct oracle *o, const struct oracle_op *op, const uint8_t *data)
{
    for (const struct memory_of *m = o->alternatives; m; m = m->next) {
        if (overlaps(m->offset, m->bytes, op->offset, op->bytes) &&
            (m->until || m->end >= op->begun))
            return;
    }
    if (newest_end(o, op->offset, op->bytes) >= op->begun || busy(o, true, op->offset, op->bytes) ||
        busy(o, false, op->offset, op->bytes))
        return;
    memcpy(o->base + op->offset, data, op->bytes);
    supersede(o, op->offset, op->bytes, op->begun);
    purge(o);
}

void oracle_read_end(struct oracle *o, struct oracle_op *op, const uint8_t *data)
{
    leave(op);
    o->clock++;
    if (!data || !op->bytes)
        return;
    if (memcmp(o->base + op->offset, data, op->bytes))
        compare(o, op, data);
    totals.bytes_verified += op->bytes;
    totals.verified++;
    if (has_alternative(o, op->offset, op->bytes))
        settle(o, op, data);
}
