/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#include "connection_private.h"

int pool_init(struct pool *p, uint8_t *data, unsigned count)
{
    *p = (struct pool){0};
    list_init(&p->free);
    list_init(&p->waiting);
    for (; p->count < count; p->count++) {
        struct piece *piece = calloc(1, sizeof(*piece));

        if (!piece) {
            pool_destroy(p);
            return -ENOMEM;
        }
        piece->data = data + (size_t)p->count * POOL_BUFFER;
        list_add_tail(&p->free, &piece->link);
    }
    p->available = count;
    /* at most two thirds of a small pool are reserved */
    p->seats = MIN(POOL_SEATS, MAX(count * 2 / 3 / POOL_RESERVE, 1u));
    p->reserved = p->seats * POOL_RESERVE;
    return 0;
}

void pool_destroy(struct pool *p)
{
    list_for_each_safe (at, &p->free)
        free(list_entry(at, struct piece, link));
    list_init(&p->free);
    p->count = p->available = 0;
}

bool pool_is_whole(const struct pool *p)
{
    return p->available == p->count;
}

bool pool_has(const struct pool_share *s, unsigned n)
{
    const unsigned own = s->held < POOL_RESERVE ? POOL_RESERVE - s->held : 0;

    if (n <= own)
        return true;
    return s->held + n <= POOL_SHARE_MAX && s->pool->available - s->pool->reserved >= n - own;
}

bool pool_wants(struct pool_share *s, unsigned n)
{
    if (pool_has(s, n)) {
        list_del(&s->link);
        return true;
    }
    s->wants = n;
    if (list_empty(&s->link))
        list_add_tail(&s->pool->waiting, &s->link);
    return false;
}

bool pool_join(struct pool *p, struct pool_share *s)
{
    if (!p->seats)
        return false;
    p->seats--;
    *s = (struct pool_share){.pool = p};
    list_init(&s->link);
    return true;
}

void pool_leave(struct pool_share *s)
{
    if (!s->pool)
        return;
    s->pool->seats++;
    list_del(&s->link);
    s->pool = NULL;
}

struct piece *pool_take(struct pool_share *s)
{
    struct piece *piece;

    if (!pool_wants(s, 1))
        return NULL;
    piece = list_first(&s->pool->free, struct piece, link);
    list_del(&piece->link);
    s->pool->available--;
    s->pool->reserved -= s->held < POOL_RESERVE;
    s->held++;
    return piece;
}

void pool_give(struct pool_share *s, struct piece *piece)
{
    /* the one that was used last is the next one: its page is in the caches */
    list_add_head(&s->pool->free, &piece->link);
    s->pool->available++;
    s->held--;
    s->pool->reserved += s->held < POOL_RESERVE;
}

struct pool_share *pool_next(struct pool *p)
{
    list_for_each (at, &p->waiting) {
        struct pool_share *s = list_entry(at, struct pool_share, link);

        if (pool_has(s, s->wants)) {
            list_del(&s->link);
            return s;
        }
    }
    return NULL;
}
