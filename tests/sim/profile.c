/* SPDX-License-Identifier: MIT */
/* The simulated backends: their offers and behaviour (backend.h). */
#include "backend.h"

static int maybe(int value)
{
    return one_in(3) ? ABSENT : value;
}

static void manners(struct profile *p)
{
    static const unsigned delays[] = {0, 200, 2000, 20000, 200000};
    static const unsigned events[] = {0, 100, 3000, 50000};

    p->batch = 1 + below(one_in(3) ? 64 : 8);
    p->delay_ns = delays[below(ARRAY_SIZE(delays))];
    p->event_ns = events[below(ARRAY_SIZE(events))];
    p->spurious_in = one_in(4) ? 8 : 0;
    p->error_in = one_in(6) ? 20 + below(200) : 0;
    p->sector_size = 512;
    p->ordered = one_in(4);
    p->keep_max = one_in(3) ? KEPT_MAPS : 1 + below(one_in(2) ? 16 : 200);
}

/* A cache, if there is a way to flush it. */
static void cache(struct profile *p)
{
    bool way = (p->flush == 1 && !p->flush_refused) || (p->barrier == 1 && !p->barrier_refused);

    p->cached = way && one_in(2);
}

/* Granules of any size and any place. */
static void discards(struct profile *p)
{
    p->granularity = maybe((int)(p->sector_size * (1 + below(one_in(3) ? 64 : 4))));
    p->alignment =
        p->granularity == ABSENT
            ? ABSENT
            : maybe((int)(below((unsigned)p->granularity) / p->sector_size * p->sector_size));
    p->secure = maybe((int)below(2));
    p->discard_refused = one_in(8);
    p->secure_refused = one_in(6);
}

void profile_random(struct profile *p)
{
    static const int indirect[] = {ABSENT, 0, 1, 11, 12, 16, 32, 64, 256, 512, 1024, 4096, 65535};
    static const unsigned sizes[] = {512, 512, 1024, 2048, 4096, 4096};

    *p = (struct profile){.type = "vbd"};
    manners(p);
    p->max_ring_order = maybe((int)below(6));
    p->max_ring_pages = maybe(1 << below(6));
    p->indirect = indirect[below(ARRAY_SIZE(indirect))];
    p->persistent = maybe((int)below(2));
    p->queues = maybe(1 + (int)below(8));
    p->discard = maybe((int)below(2));
    p->trusted = one_in(3) ? 0 : maybe(1);
    p->flush = maybe((int)below(2));
    p->barrier = maybe((int)below(2));
    p->flush_refused = p->flush == 1 && one_in(6);
    p->barrier_refused = p->barrier == 1 && (p->flush_refused || one_in(6));
    p->copies = one_in(3);
    p->answer_outer = one_in(2);
    p->readonly = one_in(24);
    p->sector_size = sizes[below(ARRAY_SIZE(sizes))];
    cache(p);
    discards(p);
    if (p->indirect > (int)WIRE_SEGMENTS && one_in(4))
        p->fails_over = WIRE_SEGMENTS + below(one_in(2) ? 4 : 64);
}

void profile_qdisk(struct profile *p)
{
    *p = (struct profile){
        .type = "qdisk",
        .max_ring_order = 4,
        .max_ring_pages = ABSENT,
        .indirect = ABSENT,
        .persistent = ABSENT,
        .queues = ABSENT,
        .discard = one_in(2) ? 1 : ABSENT,
        .granularity = 4096,
        .alignment = 0,
        .secure = ABSENT,
        .trusted = one_in(2) ? 1 : ABSENT,
        .flush = 1,
        .barrier = ABSENT,
        .copies = true,
    };
    manners(p);
    cache(p);
}

void profile_tapdisk(struct profile *p)
{
    *p = (struct profile){
        .type = "vbd3",
        .max_ring_order = 3,
        .max_ring_pages = ABSENT,
        .indirect = ABSENT,
        .persistent = 0,
        .queues = ABSENT,
        .discard = ABSENT,
        .granularity = ABSENT,
        .alignment = ABSENT,
        .secure = ABSENT,
        .trusted = one_in(2) ? 1 : ABSENT,
        .flush = ABSENT,
        .barrier = 1,
        .copies = true,
    };
    manners(p);
    cache(p);
}
