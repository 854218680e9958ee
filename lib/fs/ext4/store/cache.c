/* SPDX-License-Identifier: MIT */
/* Blocks in memory: found by number, and dropped, the longest unused first, when there are too many. */
#include "lib/fs/ext4/store/private.h"

#define CHUNK_BYTES (64u * 1024)
/* More memory that stays granted would cost the backend more than it saves (registered buffers, ringlet/blkfront.h). */
#define DEVICE_BYTES (4u << 20)

/* Memory for blocks, from the device if it has such, so that transfers need no copy. Not for blocks that share
 * pages: Linux' backend maps a page that is in two segments twice, and fills its log with that (ringlet/blkfront.h). */
struct chunk {
    struct list link;
    void *memory;
    bool of_device;
};

int cache_init(struct store *s, size_t bytes)
{
    unsigned buckets = 256;

    list_init(&s->lru);
    list_init(&s->dirty);
    list_init(&s->chunks);
    wait_queue_init(&s->io_done);
    s->free_slots = NULL;
    s->cached = s->dirty_count = 0;
    s->device_bytes = 0;
    s->limit = MAX(bytes / s->block_size, 64u);
    while (buckets < s->limit)
        buckets *= 2;
    s->hash_mask = buckets - 1;
    s->hash = heap_zalloc(buckets, sizeof(*s->hash), MEM_APP);
    return s->hash ? 0 : -ENOMEM;
}

void cache_exit(struct store *s)
{
    for (unsigned i = 0; s->hash && i <= s->hash_mask; i++)
        for (struct buf *b = s->hash[i], *next; b; b = next) {
            next = b->hash_next;
            heap_free(b);
        }
    heap_free(s->hash);
    s->hash = NULL;
    if (s->chunks.next)
        list_for_each_safe (l, &s->chunks) {
            struct chunk *c = list_entry(l, struct chunk, link);

            if (c->of_device)
                s->disk->ops->free(s->disk, c->memory, CHUNK_BYTES);
            else
                heap_free(c->memory);
            heap_free(c);
        }
}

/* ---- memory of blocks ---- */

static bool add_chunk(struct store *s)
{
    struct chunk *c = heap_zalloc(1, sizeof(*c), MEM_APP);

    if (!c)
        return false;
    if (s->disk->ops->alloc && s->block_size >= PAGE_SIZE && s->device_bytes < DEVICE_BYTES) {
        c->memory = s->disk->ops->alloc(s->disk, CHUNK_BYTES);
        c->of_device = c->memory != NULL;
        if (c->of_device)
            s->device_bytes += CHUNK_BYTES;
    }
    if (!c->memory)
        c->memory = heap_alloc(CHUNK_BYTES, MEM_APP);
    if (!c->memory) {
        heap_free(c);
        return false;
    }
    list_add_tail(&s->chunks, &c->link);
    for (unsigned at = 0; at < CHUNK_BYTES; at += s->block_size)
        cache_slot_free(s, (uint8_t *)c->memory + at);
    return true;
}

void *cache_slot(struct store *s)
{
    void *slot;

    if (!s->free_slots && !add_chunk(s)) {
        /* no memory: a block that can be read again gives its own */
        struct buf *b = list_first(&s->lru, struct buf, list);

        if (!b)
            return NULL;
        cache_forget(s, b);
    }
    slot = s->free_slots;
    memcpy(&s->free_slots, slot, sizeof(void *));
    return slot;
}

void cache_slot_free(struct store *s, void *slot)
{
    memcpy(slot, &s->free_slots, sizeof(void *));
    s->free_slots = slot;
}

/* ---- the table ---- */

static struct buf **bucket(struct store *s, uint64_t block)
{
    return &s->hash[(block ^ block >> 16) & s->hash_mask];
}

struct buf *cache_find(struct store *s, uint64_t block)
{
    struct buf *b = *bucket(s, block);

    while (b && b->block != block)
        b = b->hash_next;
    return b;
}

static void buf_free(struct store *s, struct buf *b)
{
    if (b->data)
        cache_slot_free(s, b->data);
    heap_free(b);
}

static void unhash(struct store *s, struct buf *b)
{
    struct buf **at = bucket(s, b->block);

    while (*at != b)
        at = &(*at)->hash_next;
    *at = b->hash_next;
    s->cached--;
}

void cache_forget(struct store *s, struct buf *b)
{
    if (b->dirty)
        s->dirty_count--;
    b->dirty = false;
    list_del(&b->list);
    unhash(s, b);
    b->doomed = true;
    if (!b->io)
        buf_free(s, b);
}

void cache_settle(struct store *s, struct buf *b)
{
    if (b->doomed) {
        if (!b->io)
            buf_free(s, b);
        return;
    }
    if (b->meta || b->dirty || b->io || buf_live(b) || !list_empty(&b->revoke))
        return;
    list_del(&b->list);
    if (b->freed)
        cache_forget(s, b);
    else
        list_add_tail(&s->lru, &b->list);
}

void cache_shrink(struct store *s, unsigned n)
{
    while (s->cached + n > s->limit) {
        struct buf *b = list_first(&s->lru, struct buf, list);

        if (!b)
            return;
        cache_forget(s, b);
    }
}

struct buf *cache_add(struct store *s, uint64_t block)
{
    struct buf *b, **at;

    cache_shrink(s, 1);
    b = heap_zalloc(1, sizeof(*b), MEM_APP);
    if (!b)
        return NULL;
    b->block = block;
    list_init(&b->list);
    list_init(&b->committing);
    list_init(&b->checkpoint);
    list_init(&b->revoke);
    b->data = cache_slot(s);
    if (!b->data) {
        heap_free(b);
        return NULL;
    }
    at = bucket(s, block);
    b->hash_next = *at;
    *at = b;
    s->cached++;
    return b;
}

void cache_io_end(struct store *s, struct buf *b)
{
    b->io--;
    cache_settle(s, b);
    wake_all(&s->io_done);
}

int cache_own(struct store *s, struct buf *b)
{
    void *slot;

    if (b->data != b->commit && b->data != b->stable)
        return 0;
    slot = cache_slot(s);
    if (!slot)
        return -ENOMEM;
    memcpy(slot, b->data, s->block_size);
    b->data = slot;
    return 0;
}
