/* SPDX-License-Identifier: MIT */
/*
 * Committing: file data, then the log without its last block, a flush, the commit block, a flush.
 * Operations go on as soon as the transaction is closed, which takes no I/O; those that want the same
 * commit wait for it, and share it.
 */
#include "lib/fs/ext4/store/private.h"

/* What a commit writes, made while the store is locked. */
struct work {
    struct piece *data, *log;
    void **slots;
    unsigned data_count, log_count, slot_count;
};

static void free_work(struct store *s, struct work *w)
{
    for (unsigned i = 0; i < w->slot_count; i++)
        cache_slot_free(s, w->slots[i]);
    heap_free(w->data);
    heap_free(w->log);
    heap_free(w->slots);
}

static void *array(unsigned n, size_t size)
{
    return heap_zalloc(MAX(n, 1u), size, MEM_APP);
}

/* The running transaction becomes the one that is committed, and an empty one begins. */
static int close_transaction(struct store *s, struct work *w)
{
    struct transaction *t = &s->committing;
    unsigned need;
    int ret = bitmap_flush(s);

    if (ret == 0)
        ret = super_flush(s);
    if (ret)
        return ret;
    need = s->running.metas + s->running.revoked + 16;
    w->data = array((unsigned)s->dirty_count, sizeof(*w->data));
    w->log = array(2 * need, sizeof(*w->log));
    w->slots = array(2 * need, sizeof(*w->slots));
    if (!w->data || !w->log || !w->slots)
        return -ENOMEM;

    transaction_init(t, s->running.tid);
    t->metas = s->running.metas;
    t->revoked = s->running.revoked;
    t->freed = s->running.freed;
    list_for_each_safe (l, &s->running.meta) {
        struct buf *b = list_entry(l, struct buf, list);

        list_del(&b->list);
        b->meta = false;
        b->commit = b->data;
        list_add_tail(&t->meta, &b->committing);
    }
    list_for_each_safe (l, &s->running.revokes) {
        list_del(l);
        list_add_tail(&t->revokes, l);
    }
    list_for_each_safe (l, &s->dirty) {
        struct buf *b = list_entry(l, struct buf, list);

        list_del(&b->list);
        b->dirty = false;
        b->io++;
        w->data[w->data_count++] = (struct piece){b->block, b->data, b};
    }
    s->dirty_count = 0;
    s->unflushed = false;
    s->dirty_since = 0;
    transaction_init(&s->running, t->tid + 1);
    return 0;
}

static int failed(struct store *s, const char *what, uint64_t block, int err)
{
    char text[64];

    snprintf(text, sizeof(text), "block %llu: writing %s", (unsigned long long)block, what);
    store_abort(s, text, err);
    return err;
}

static int write_log(struct store *s, struct work *w)
{
    struct transaction *t = &s->committing;
    unsigned metas = 0;
    uint64_t bad = 0;
    int ret;

    if (!s->journal) {
        list_for_each (l, &t->meta) {
            struct buf *b = list_entry(l, struct buf, committing);

            w->log[metas++] = (struct piece){.block = b->block, .memory = b->commit};
        }
        ret = block_io_write(s, w->log, metas, &bad);
        if (ret)
            return failed(s, "metadata", bad, ret);
        ret = ext4_disk_flush(s->disk);
        return ret ? failed(s, "metadata: flush", 0, ret) : 0;
    }
    if (s->journal->used + journal_need(s, t->metas, t->revoked) > s->journal->limit) {
        ret = checkpoint_all(s);
        if (ret) /* also without memory: a transaction that is closed cannot be left out */
            return failed(s, "the journal: making room", 0, ret);
    }
    if (journal_need(s, t->metas, t->revoked) > s->journal->most)
        return failed(s, "a transaction larger than the journal", 0, -ENOSPC);
    ret = journal_pieces(s, t, w->log, &w->log_count, w->slots, &w->slot_count);
    if (ret == 0)
        ret = block_io_write(s, w->log, w->log_count, &bad);
    /* data and log are stable before the commit block says so */
    if (ret == 0)
        ret = ext4_disk_flush(s->disk);
    if (ret == 0)
        ret = journal_commit_block(s);
    if (ret == 0)
        ret = ext4_disk_flush(s->disk);
    s->stats.logged_blocks += t->metas;
    s->stats.revoked_blocks += t->revoked;
    return ret ? failed(s, "the journal", bad, ret) : 0;
}

static void drop_stable(struct store *s, struct buf *b)
{
    if (b->stable && b->stable != b->data && b->stable != b->commit)
        cache_slot_free(s, b->stable);
    b->stable = NULL;
    list_del(&b->checkpoint);
}

/* The transaction is in the log: what it changed waits for its checkpoint now. */
static void finish(struct store *s)
{
    struct transaction *t = &s->committing;

    list_for_each_safe (l, &t->meta) {
        struct buf *b = list_entry(l, struct buf, committing);

        list_del(&b->committing);
        drop_stable(s, b);
        if (s->journal) {
            b->stable = b->commit;
            list_add_tail(&s->checkpoint, &b->checkpoint);
        } else if (b->commit != b->data) {
            cache_slot_free(s, b->commit);
        }
        b->commit = NULL;
        cache_settle(s, b);
    }
    list_for_each_safe (l, &t->revokes) {
        struct buf *b = list_entry(l, struct buf, revoke);

        list_del(&b->revoke);
        drop_stable(s, b);
        cache_settle(s, b);
    }
    if (t->freed || s->stats.bitmap_groups > 1024)
        bitmap_release(s, t->tid);
    s->committed = t->tid;
    transaction_init(t, t->tid);
}

/* The caller holds log. */
static int commit(struct store *s)
{
    struct work w = {.data = NULL};
    int ret, data_ret;

    mutex_lock(&s->lock);
    if (s->aborted || s->read_only) {
        mutex_unlock(&s->lock);
        return -EROFS;
    }
    if (transaction_empty(s)) {
        s->dirty_since = 0;
        mutex_unlock(&s->lock);
        return 0;
    }
    ret = close_transaction(s, &w);
    mutex_unlock(&s->lock);
    if (ret) {
        free_work(s, &w);
        if (ret != -ENOMEM)
            store_abort(s, "closing a transaction", ret);
        return ret;
    }
    data_ret = block_io_write(s, w.data, w.data_count, NULL);
    for (unsigned i = 0; i < w.data_count; i++)
        cache_io_end(s, w.data[i].buf);
    if (data_ret) {
        s->data_error = data_ret;
        s->data_errors++;
    }
    if (s->committing.metas || s->committing.revoked) {
        ret = write_log(s, &w);
    } else {
        ret = ext4_disk_flush(s->disk);
        if (ret)
            failed(s, "data: flush", 0, ret);
    }
    mutex_lock(&s->lock);
    if (ret == 0)
        finish(s);
    else
        store_abort(s, "committing", ret);
    free_work(s, &w);
    s->stats.commits++;
    mutex_unlock(&s->lock);
    return ret;
}

/* Transaction numbers wrap. */
static bool is_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

int commit_until(struct store *s, uint32_t tid)
{
    int ret = mutex_lock(&s->log);

    if (ret)
        return ret;
    if (is_after(tid, s->committed))
        ret = commit(s);
    mutex_unlock(&s->log);
    return ret;
}

int store_commit(struct store *s)
{
    int ret;

    if (s->lock.owner == thread_current())
        return -EDEADLK;
    if (s->read_only)
        return 0;
    ret = commit_until(s, s->running.tid);
    if (ret == 0) {
        ret = s->data_error;
        s->data_error = 0;
    }
    return ret;
}

unsigned store_data_errors(const struct store *s)
{
    return s->data_errors;
}
