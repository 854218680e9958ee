/* SPDX-License-Identifier: MIT */
#include "lib/lwip/socket/send_buffer.h"

#include <ringlet/heap.h>
#include <ringlet/netfront.h>
#include <ringlet/page.h>

#include "lib/lwip/port/core_lock.h"
#include "lwip/memp.h"
#include "lwip/stats.h"
#include "lwip/timeouts.h"

#pragma weak netfront_mem_alloc
#pragma weak netfront_mem_free

#define SMALL 512u /* a chunk for small writes */
/* ms; a frame waits for a neighbour's address for less: etharp.c and nd6.c give up after a few tries,
 * 1 s apart */
#define RETIRED_MS 10000
#define FEW_MAX    ((size_t)8 << 20)

struct chunk {
    struct list link;
    char *data;
    uint16_t size, used;
    bool from_heap;
};

/* Chunks of connections that ended with data in flight. */
static struct list retired = LIST_INIT(retired), retiring = LIST_INIT(retiring);
static bool timer_runs;

static size_t chunk_bytes; /* of all sockets */

bool send_buffers_are_few(void)
{
    static size_t few;
    struct page_stats s;

    if (!few) {
        page_get_stats(&s);
        few = MIN((s.total - s.away) * PAGE_SIZE / 16, FEW_MAX);
    }
    return chunk_bytes < few;
}

static struct chunk *chunk_alloc(size_t size)
{
    struct chunk *c = heap_zalloc(1, sizeof(*c), MEM_KERNEL);

    if (!c)
        return NULL;
    c->data = netfront_mem_alloc ? netfront_mem_alloc(size) : NULL;
    c->from_heap = !c->data; /* no interface, or at its limit: then netfront copies */
    if (c->from_heap)
        c->data = heap_alloc(size, MEM_KERNEL);
    c->size = (uint16_t)size;
    if (c->data) {
        chunk_bytes += size;
        return c;
    }
    heap_free(c);
    return NULL;
}

static void chunk_free(struct chunk *c)
{
    list_del(&c->link);
    chunk_bytes -= c->size;
    if (c->from_heap)
        heap_free(c->data);
    else
        netfront_mem_free(c->data);
    heap_free(c);
}

static bool refers(const struct chunk *c)
{
    return net_core_refers && net_core_refers(c->data, c->used);
}

static void move_all(struct list *from, struct list *to)
{
    while (!list_empty(from)) {
        struct list *first = from->next;

        list_del(first);
        list_add_tail(to, first);
    }
}

static struct chunk *last(const struct send_buffer *b)
{
    return list_entry(b->chunks.prev, struct chunk, link);
}

void *send_buffer_reserve(struct send_buffer *b, size_t want, size_t *room)
{
    struct chunk *c = list_empty(&b->chunks) ? NULL : last(b);

    if (!c || c->used == c->size) {
        c = chunk_alloc(want > SMALL ? PAGE_SIZE : SMALL);
        if (!c)
            return NULL;
        list_add_tail(&b->chunks, &c->link);
    }
    *room = MIN(want, (size_t)(c->size - c->used));
    return c->data + c->used;
}

void send_buffer_commit(struct send_buffer *b, size_t n)
{
    last(b)->used = (uint16_t)(last(b)->used + n);
    b->queued += (uint32_t)n;
}

/* All of it is acknowledged, and it is not worth keeping: a small chunk has room for further messages. */
static bool is_done(const struct send_buffer *b, const struct chunk *c)
{
    return b->acked >= c->used && (c->used == c->size || c->size > SMALL || c != last(b));
}

/* Those that were retired in an earlier period are free now, unless a device has had no room since. */
static void retire(void *arg)
{
    (void)arg;
    list_for_each_safe (l, &retired) {
        struct chunk *c = list_entry(l, struct chunk, link);

        if (!refers(c))
            chunk_free(c);
    }
    move_all(&retiring, &retired);
    timer_runs = !list_empty(&retired);
    if (timer_runs)
        sys_timeout(RETIRED_MS, retire, NULL);
}

static void retire_later(struct chunk *c)
{
    list_del(&c->link);
    list_add_tail(&retiring, &c->link);
    if (!timer_runs) {
        timer_runs = true;
        sys_timeout(RETIRED_MS, retire, NULL);
    }
}

void send_buffer_acked(struct send_buffer *b, size_t n)
{
    n = MIN(n, (size_t)b->queued);
    b->queued -= (uint32_t)n;
    b->acked += (uint32_t)n;
    while (!list_empty(&b->chunks)) {
        struct chunk *first = list_entry(b->chunks.next, struct chunk, link);

        if (!is_done(b, first))
            return;
        b->acked -= first->used;
        if (refers(first)) /* a peer that acknowledges what it cannot have */
            retire_later(first);
        else
            chunk_free(first);
    }
}

/* A frame that waits for the address of a neighbour may refer to anything. */
static bool frames_wait(void)
{
    return lwip_stats.memp[MEMP_ARP_QUEUE]->used || lwip_stats.memp[MEMP_ND6_QUEUE]->used;
}

void send_buffer_clear(struct send_buffer *b, bool in_use)
{
    const bool wait = in_use && b->queued && frames_wait();

    while (!list_empty(&b->chunks)) {
        struct chunk *c = list_entry(b->chunks.next, struct chunk, link);

        if (wait || refers(c))
            retire_later(c);
        else
            chunk_free(c);
    }
    b->queued = b->acked = 0;
}
