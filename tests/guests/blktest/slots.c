/* SPDX-License-Identifier: MIT */
/*
 * Slots and their buffers. Buffers are cut from chunks of about 64 KiB (or one buffer, if that is
 * more), so that small ones share pages and large ones do not ask for much memory in one piece.
 */
#include "slots.h"

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

int slots_init(struct slots *s, unsigned depth, size_t bs, size_t misalign, uint64_t budget)
{
    size_t stride = ROUND_UP(bs, 512);
    unsigned per_chunk = (unsigned)MAX(1UL, MIN(CHUNK_BYTES / stride, (size_t)depth));
    size_t chunk_bytes = ROUND_UP(per_chunk * stride + misalign, PAGE_SIZE);

    *s = (struct slots){.chunk_pages = (unsigned)(chunk_bytes / PAGE_SIZE)};
    list_init(&s->free);
    list_init(&s->done);
    depth = (unsigned)MIN(depth, budget / (stride + sizeof(*s->slot)));
    s->slot = heap_zalloc(depth, sizeof(*s->slot), MEM_APP);
    s->chunks = heap_zalloc(DIV_ROUND_UP(depth, per_chunk), sizeof(*s->chunks), MEM_APP);
    while (s->slot && s->chunks && s->depth < depth && chunk_bytes <= budget) {
        uint8_t *chunk = page_alloc(s->chunk_pages, MEM_APP);

        if (!chunk)
            break;
        s->chunks[s->nr_chunks++] = chunk;
        budget -= chunk_bytes;
        take_chunk(s, chunk + misalign, stride, MIN(per_chunk, depth - s->depth));
    }
    if (s->depth)
        return 0;
    slots_free(s);
    return -ENOMEM;
}

void slots_free(struct slots *s)
{
    for (unsigned i = 0; i < s->nr_chunks; i++)
        page_free(s->chunks[i], s->chunk_pages);
    heap_free(s->chunks);
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
    slot->completed = clock_now();
    slot->ret = ret;
    slot->state = SLOT_DONE;
    list_del(&slot->link);
    list_add_tail(&s->done, &slot->link);
}

void slots_release(struct slots *s, struct slot *slot)
{
    list_del(&slot->link);
    slot->state = SLOT_FREE;
    list_add_tail(&s->free, &slot->link);
}
