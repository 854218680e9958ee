/* SPDX-License-Identifier: MIT */
/*
 * The ring. A request is built in private memory and copied to the ring in one go; a response is
 * copied out field by field, each once, and checked against the shadow before anything follows from
 * it. The indexes that matter are private: the shared ones are written, or read once and ranged.
 */
#include "ring.h"

#include <ringlet/heap.h>
#include <ringlet/string.h>

static void *entry_at(const struct ring *q, uint32_t index)
{
    return (uint8_t *)q->ring->entry + (size_t)(index & q->mask) * q->stride;
}

int ring_init(struct ring *q, void *ring, unsigned pages, unsigned flags)
{
    unsigned slots = pages * WIRE_SLOTS_PER_PAGE;

    memset(q, 0, sizeof(*q));
    q->shadow = heap_zalloc(slots, sizeof(*q->shadow), MEM_BLOCK);
    q->free_slot = heap_zalloc(slots, sizeof(*q->free_slot), MEM_BLOCK);
    if (!q->shadow || !q->free_slot) {
        ring_destroy(q);
        return -ENOMEM;
    }

    q->ring = ring;
    q->slots = slots;
    q->mask = slots - 1;
    q->free = slots;
    for (unsigned i = 0; i < slots; i++)
        q->free_slot[i] = (uint16_t)(slots - 1 - i);

    /* each side wants to hear of the other's first message; 0 was before any */
    q->quiet = flags & RING_QUIET;
    q->stride = flags & RING_ABI32 ? sizeof(union wire32_entry) : sizeof(union wire_entry);
    q->skip = flags & RING_ABI32 ? WIRE_PADDING : 0;
    WRITE_ONCE(q->ring->req_event, 1);
    WRITE_ONCE(q->ring->rsp_event, !q->quiet);
    return 0;
}

void ring_destroy(struct ring *q)
{
    heap_free(q->shadow);
    heap_free(q->free_slot);
    memset(q, 0, sizeof(*q));
}

void ring_put(struct ring *q, union wire_entry *entry, size_t len, struct ring_request *request,
              uint8_t op, uint8_t op_alt)
{
    unsigned slot = q->free_slot[--q->free];
    struct ring_shadow *s = &q->shadow[slot];
    uint64_t id = (uint64_t)++q->generation << 32 | slot;

    s->request = request;
    s->id = id;
    s->op = op;
    s->op_alt = op_alt;
    entry->request.id = id;
    if (q->skip) /* what is in front of the padding moves up to what is behind it */
        memcpy((uint8_t *)entry + WIRE_PADDING, entry, WIRE_PADDING);
    memcpy(entry_at(q, q->prod), (uint8_t *)entry + q->skip, len - q->skip);
    q->prod++;
}

bool ring_push(struct ring *q)
{
    uint32_t old = q->pushed, new = q->prod;

    if (new == old)
        return false;
    q->pushed = new;
    return ring_index_push(&q->ring->index, old, new);
}

int ring_pending(const struct ring *q)
{
    return ring_index_pending(&q->ring->index, q->cons, q->pushed);
}

const char *ring_take(struct ring *q, struct ring_response *out)
{
    const volatile struct wire_response *shared = entry_at(q, q->cons);
    unsigned slot;

    out->id = shared->id;
    out->operation = shared->operation;
    out->status = shared->status;
    out->request = NULL;

    slot = (uint32_t)out->id;
    if (slot >= q->slots)
        return "response id out of range";

    struct ring_shadow *s = &q->shadow[slot];

    if (!s->request || s->id != out->id)
        return "response id not in flight";
    if (out->operation != s->op && out->operation != s->op_alt)
        return "response to another operation";
    if (out->status > BLKIF_RSP_OKAY || out->status < BLKIF_RSP_EOPNOTSUPP)
        return "unknown response status";

    out->request = s->request;
    q->cons++;
    ring_forget(q, slot);
    return NULL;
}

void ring_rearm(struct ring *q)
{
    if (!q->quiet)
        ring_index_rearm(&q->ring->index, q->cons + 1);
}

struct ring_request *ring_at(const struct ring *q, unsigned slot)
{
    return q->shadow[slot].request;
}

void ring_forget(struct ring *q, unsigned slot)
{
    q->shadow[slot].request = NULL;
    q->free_slot[q->free++] = (uint16_t)slot;
}
