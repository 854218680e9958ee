/* SPDX-License-Identifier: MIT */
/* Operations: what changes together, within the running transaction. */
#include "lib/fs/ext4/store/private.h"

ext2_filsys store_fs(struct store *s)
{
    return s->fs;
}

bool store_read_only(const struct store *s)
{
    return s->read_only || s->aborted;
}

bool store_aborted(const struct store *s)
{
    return s->aborted;
}

bool store_pending_free(const struct store *s)
{
    return s->running.freed || s->committing.freed;
}

int store_lock(struct store *s)
{
    return mutex_lock(&s->lock);
}

void store_unlock(struct store *s)
{
    mutex_unlock(&s->lock);
}

static bool is_full(const struct store *s)
{
    return s->running.metas + s->dirty_groups + s->reserve > s->max_metas ||
           s->dirty_count > s->max_dirty;
}

int store_begin(struct store *s)
{
    int ret;

    for (;;) {
        uint32_t tid;

        if (store_read_only(s))
            return -EROFS;
        ret = mutex_lock(&s->lock);
        if (ret)
            return ret;
        if (store_read_only(s)) {
            mutex_unlock(&s->lock);
            return -EROFS;
        }
        if (!is_full(s))
            return 0;
        tid = s->running.tid;
        mutex_unlock(&s->lock);
        ret = commit_until(s, tid);
        if (ret)
            return s->aborted ? -EROFS : ret;
    }
}

void store_end(struct store *s)
{
    mutex_unlock(&s->lock);
}

int store_restart(struct store *s, bool *again)
{
    bool full = is_full(s) || s->aborted;

    if (again)
        *again = full;
    if (!full)
        return 0;
    store_end(s);
    return store_begin(s);
}
