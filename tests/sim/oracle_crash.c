/* SPDX-License-Identifier: MIT */
/*
 * The exact set of contents that a crash may leave: `durable` has the writes that completed before
 * the last completed flush began; each write since then may have reached the medium or not, sector
 * by sector, but one that was acknowledged before a flush cannot be lost. The check covers each
 * content that a sector may have, not only the one that a crash happens to leave.
 */
#include "oracle_private.h"

#include <stdlib.h>

void oracle_cache(struct oracle *o, bool cached)
{
    disk_flush(o->disk);
    disk_set_cached(o->disk, cached);
    memcpy(o->durable, o->disk->data, o->bytes);
    while (o->unflushed) {
        struct memory_of *m = o->unflushed;

        o->unflushed = m->next;
        free(m);
    }
    o->unflushed_count = 0;
    for (struct oracle_op *op = o->active; op; op = op->next)
        op->before = true;
}

void oracle_remember(struct oracle *o, const struct oracle_op *op, bool ok)
{
    struct memory_of *m = memory_make(op->offset, op->bytes, op->data), **last = &o->unflushed;

    m->begun = op->begun;
    m->end = o->clock;
    m->ok = ok;
    while (*last) /* in the order of their ends */
        last = &(*last)->next;
    *last = m;
    o->unflushed_count++;
}

static bool covers(const struct memory_of *a, const struct memory_of *b)
{
    return a->offset <= b->offset && a->offset + a->bytes >= b->offset + b->bytes;
}

static bool meet(uint64_t a, size_t a_bytes, uint64_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

/* Did another write to the same bytes run at the same time? Then which was last is not known. */
static bool contended(const struct oracle *o, const struct memory_of *m)
{
    for (const struct memory_of *n = o->unflushed; n; n = n->next) {
        if (n != m && meet(n->offset, n->bytes, m->offset, m->bytes) && n->begun < m->end &&
            m->begun < n->end)
            return true;
    }
    for (const struct oracle_op *op = o->active; op; op = op->next) {
        if (op->write && op->begun < m->end && meet(op->offset, op->bytes, m->offset, m->bytes))
            return true;
    }
    return false;
}

static void check_range(struct oracle *o, uint64_t offset, size_t bytes)
{
    for (uint64_t s = offset / 512; s <= (offset + bytes - 1) / 512; s++)
        disk_survivors(o->disk, s, oracle_check_survivor, o);
}

uint64_t oracle_flush_begin(struct oracle *o)
{
    return ++o->clock;
}

static void drop(struct oracle *o, struct memory_of **link)
{
    struct memory_of *m = *link;

    *link = m->next;
    o->unflushed_count--;
    free(m);
}

/* Removes older entries that m covers. */
static void drop_covered(struct oracle *o, const struct memory_of *m)
{
    for (struct memory_of **link = &o->unflushed; *link;) {
        if (*link != m && (*link)->end < m->begun && covers(m, *link))
            drop(o, link);
        else
            link = &(*link)->next;
    }
}

/* One that was contended stays a possibility, also when the other is not remembered any more. */
static struct memory_of *next_certain(const struct oracle *o, uint64_t begun)
{
    for (struct memory_of *m = o->unflushed; m; m = m->next) {
        if (!m->ok || m->end >= begun)
            continue;
        if (!contended(o, m))
            return m;
        m->ok = false;
    }
    return NULL;
}

void oracle_flush_end(struct oracle *o, uint64_t begun)
{
    struct memory_of *m, *done = NULL;

    o->clock++;
    if (!o->disk->cached)
        return;
    while ((m = next_certain(o, begun))) {
        memcpy(o->durable + m->offset, m->data, m->bytes);
        drop_covered(o, m);
        for (struct memory_of **link = &o->unflushed; *link; link = &(*link)->next) {
            if (*link == m) {
                *link = m->next;
                o->unflushed_count--;
                break;
            }
        }
        m->next = done;
        done = m;
    }
    while ((m = done)) {
        done = m->next;
        check_range(o, m->offset, m->bytes);
        totals.crash_points++;
        free(m);
    }
}

/* It stays in the list: older ones that lie under a part of it do, and must not come after it. */
void oracle_stable(struct oracle *o, const struct oracle_op *op)
{
    struct memory_of *m = o->unflushed;

    if (!o->disk->cached || !op->bytes || op->before)
        return;
    while (m->begun != op->begun)
        m = m->next;
    if (contended(o, m))
        return;
    memcpy(o->durable + m->offset, m->data, m->bytes);
    drop_covered(o, m);
    check_range(o, m->offset, m->bytes);
    totals.crash_points++;
    totals.stable++;
}

void oracle_check_survivor(uint64_t sector, const uint8_t *bytes, void *arg)
{
    const struct oracle *o = arg;
    const uint8_t *known = (o->disk->cached ? o->durable : o->base) + sector * 512;
    const struct memory_of *m = o->disk->cached ? o->unflushed : o->alternatives;
    int wrong;

    totals.crash_sectors++;
    if (!memcmp(known, bytes, 512))
        return;
    candidates_begin(sector * 512, 512);
    candidates_add_active(o);
    for (; m; m = m->next)
        candidates_add(m->offset, m->bytes, m->data);
    wrong = candidates_explain(bytes, known);
    CHECK(wrong < 0,
          "lost at a crash: byte %d of sector %llu would be %#x, acknowledged and flushed was %#x",
          wrong, (unsigned long long)sector, bytes[wrong], known[wrong]);
}

void oracle_check_crashed(struct oracle *o)
{
    for (uint64_t s = 0; s < o->disk->sectors; s++)
        oracle_check_survivor(s, o->disk->data + s * 512, o);
}
