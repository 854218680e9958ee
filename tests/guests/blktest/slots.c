/* SPDX-License-Identifier: MIT */
/*
 * Slots and their buffers. Buffers are cut from chunks of about 64 KiB (or one buffer, if that is
 * larger), so that small ones share pages and large ones do not need much memory in one piece.
 */
#include "slots.h"
#include "../started.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>

#define CHUNK_BYTES 65536UL

static void slot_completed(struct blkfront_aiocb *aiocb, int ret)
{
    struct slot *slot = container_of(aiocb, struct slot, aiocb);

    slots_complete(aiocb->data, slot, ret);
}

static void take_chunk(struct slots *s, uint8_t *chunk, size_t stride, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct slot *slot = &s->slot[s->depth++];

        slot->buf = chunk + i * stride;
        slot->aiocb.aio_cb = slot_completed;
        slot->aiocb.data = s;
        list_add_tail(&s->free, &slot->link);
    }
}

/* ---- chunks ---- */

struct chunk {
    struct list link;
    uint8_t *base;
};

static struct chunk *chunk_get(const struct slots *s)
{
    struct chunk *c = s->registered ? list_first(&s->registered->free, struct chunk, link) : NULL;

    if (c) {
        list_del(&c->link);
        return c;
    }
    c = heap_zalloc(1, sizeof(*c), MEM_APP);
    if (!c)
        return NULL;
    c->base = s->registered ? blkfront_buf_alloc(s->registered->dev, s->registered->chunk_bytes)
                            : page_alloc(s->chunk_pages, MEM_APP);
    if (c->base)
        return c;
    heap_free(c);
    return NULL;
}

static void chunk_put(const struct slots *s, struct chunk *c)
{
    list_del(&c->link);
    if (s->registered) {
        list_add_head(&s->registered->free, &c->link);
        return;
    }
    page_free(c->base, s->chunk_pages);
    heap_free(c);
}

void buffers_init(struct buffers *b, struct blkfront_dev *dev, size_t bs, size_t misalign)
{
    b->dev = dev;
    b->chunk_bytes = ROUND_UP(MAX(ROUND_UP(bs, PAGE_SIZE), CHUNK_BYTES) + misalign, PAGE_SIZE);
    list_init(&b->free);
}

void buffers_free(struct buffers *b)
{
    while (b->dev && !list_empty(&b->free)) {
        struct chunk *c = list_entry(b->free.next, struct chunk, link);

        list_del(&c->link);
        blkfront_buf_free(b->dev, c->base);
        heap_free(c);
    }
}

/* ---- slots ---- */

int slots_init(struct slots *s, unsigned depth, size_t bs, size_t misalign, uint64_t budget,
               struct buffers *registered)
{
    /* backends that keep mappings should not get a page in two requests at once */
    size_t stride = registered ? ROUND_UP(bs, PAGE_SIZE) : ROUND_UP(bs, 512);
    size_t room = registered ? registered->chunk_bytes - misalign : CHUNK_BYTES;
    unsigned per_chunk = (unsigned)MAX(1UL, MIN(room / stride, (size_t)depth));
    size_t chunk_bytes =
        registered ? registered->chunk_bytes : ROUND_UP(per_chunk * stride + misalign, PAGE_SIZE);
    struct chunk *c;

    *s = (struct slots){.chunk_pages = (unsigned)(chunk_bytes / PAGE_SIZE),
                        .registered = registered};
    list_init(&s->free);
    list_init(&s->done);
    list_init(&s->chunks);
    depth = (unsigned)MIN(depth, budget / (stride + sizeof(*s->slot)));
    s->slot = heap_zalloc(depth, sizeof(*s->slot), MEM_APP);
    while (s->slot && s->depth < depth && chunk_bytes <= budget && (c = chunk_get(s))) {
        list_add_tail(&s->chunks, &c->link);
        budget -= chunk_bytes;
        take_chunk(s, c->base + misalign, stride, MIN(per_chunk, depth - s->depth));
    }
    if (s->depth)
        return 0;
    slots_free(s);
    return -ENOMEM;
}

void slots_free(struct slots *s)
{
    while (!list_empty(&s->chunks))
        chunk_put(s, list_entry(s->chunks.next, struct chunk, link));
    heap_free(s->slot);
    *s = (struct slots){0};
}

void slots_sent(struct slots *s, struct slot *slot)
{
    slot->state = SLOT_IN_FLIGHT;
    s->in_flight++;
}

void slots_unsent(struct slots *s, struct slot *slot)
{
    list_del(&slot->link);
    slot->state = SLOT_PREPARED;
    s->in_flight--;
}

void slots_complete(struct slots *s, struct slot *slot, int ret)
{
    if (slot->state == SLOT_IN_FLIGHT)
        s->in_flight--;
    slot->completed = clock_recent(); /* the driver has just looked */
    slot->ret = ret;
    slot->state = SLOT_DONE;
    list_del(&slot->link);
    list_add_tail(&s->done, &slot->link);
    if (!ret && !slot->write)
        started_read();
}

void slots_release(struct slots *s, struct slot *slot)
{
    list_del(&slot->link);
    slot->state = SLOT_FREE;
    list_add_tail(&s->free, &slot->link);
}
