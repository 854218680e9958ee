/* SPDX-License-Identifier: MIT */
/* What operations change, until it is committed: the running transaction. */
#include "lib/fs/ext4/store/private.h"

void transaction_init(struct transaction *t, uint32_t tid)
{
    *t = (struct transaction){.tid = tid};
    list_init(&t->meta);
    list_init(&t->revokes);
}

bool transaction_empty(const struct store *s)
{
    return list_empty(&s->running.meta) && list_empty(&s->running.revokes) &&
           list_empty(&s->dirty) && !s->dirty_groups && !s->unflushed &&
           !(s->fs->flags & EXT2_FLAG_DIRTY);
}

void transaction_touch(struct store *s)
{
    if (s->dirty_since)
        return;
    s->dirty_since = MAX(clock_now(), 1u);
    wake_all(&s->thread_wake);
}

static void leave(struct store *s, struct buf *b)
{
    if (b->meta)
        s->running.metas--;
    if (b->dirty)
        s->dirty_count--;
    b->meta = b->dirty = false;
    list_del(&b->list);
}

/* What the journal has of b must not be replayed once the running transaction is committed. */
static void revoke(struct store *s, struct buf *b)
{
    if (!buf_live(b) || !list_empty(&b->revoke) || !s->journal)
        return;
    b->revoke_tid = s->running.tid;
    list_add_tail(&s->running.revokes, &b->revoke);
    s->running.revoked++;
    transaction_touch(s);
}

int transaction_write(struct store *s, uint64_t block, unsigned offset, const void *data,
                      unsigned len)
{
    struct buf *b;
    int ret;

    if (s->read_only || s->aborted)
        return -EROFS;
    ret = cache_get(s, block, len < s->block_size, &b);
    if (ret)
        return ret;
    /* the library writes whole structures: only what changed counts */
    if (b->valid && !b->meta && !b->dirty && !b->is_data &&
        memcmp(b->data + offset, data, len) == 0)
        return 0;
    ret = cache_own(s, b);
    if (ret)
        return ret;
    memcpy(b->data + offset, data, len);
    b->valid = true;
    b->is_data = b->freed = false;
    if (!list_empty(&b->revoke) && b->revoke_tid == s->running.tid) {
        list_del(&b->revoke);
        s->running.revoked--;
    }
    if (!b->meta) {
        leave(s, b);
        b->meta = true;
        list_add_tail(&s->running.meta, &b->list);
        s->running.metas++;
    }
    transaction_touch(s);
    return 0;
}

int transaction_make_data(struct store *s, struct buf *b)
{
    int ret = cache_own(s, b);

    if (ret)
        return ret;
    if (b->meta)
        leave(s, b);
    revoke(s, b);
    b->is_data = true;
    b->freed = false;
    b->known_for = 0;
    return 0;
}

void transaction_mark_dirty(struct store *s, struct buf *b)
{
    if (!b->dirty) {
        leave(s, b);
        b->dirty = true;
        list_add_tail(&s->dirty, &b->list);
        s->dirty_count++;
    }
    transaction_touch(s);
}

void transaction_freed(struct store *s, uint64_t block)
{
    struct buf *b = cache_find(s, block);

    s->running.freed = true;
    if (!b)
        return;
    leave(s, b);
    b->is_data = false;
    b->known_for = 0;
    if (buf_live(b)) {
        /* until the transaction is committed, the block may have to be put in place */
        revoke(s, b);
        b->freed = true;
    } else {
        cache_forget(s, b);
    }
}

void transaction_allocated(struct store *s, uint64_t block)
{
    struct buf *b = cache_find(s, block);

    /* what was read ahead is of the block's previous life */
    if (b && !b->meta && !b->dirty && !buf_live(b))
        cache_forget(s, b);
}

/* ---- what needs no second look ---- */

void store_meta_know(struct store *s, blk64_t block, uint32_t owner)
{
    struct buf *b = cache_find(s, block);

    if (b && b->valid && !b->is_data && !b->freed)
        b->known_for = owner;
}

const void *store_meta_known(struct store *s, blk64_t block, uint32_t owner)
{
    struct buf *b = cache_find(s, block);

    if (!b || !b->valid || !b->known_for || b->known_for != owner)
        return NULL;
    cache_used(s, b);
    return b->data;
}
