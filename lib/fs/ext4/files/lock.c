/* SPDX-License-Identifier: MIT */
/* A file's lock: several read its data, or one changes them. */
#include <ringlet/errno.h>

#include "node.h"

void ext4_lock_init(struct ext4_lock *lock)
{
    *lock = (struct ext4_lock){.readers = 0};
    wait_queue_init(&lock->wq);
}

static bool is_free(const struct ext4_lock *l, bool exclusive)
{
    return !l->writer && !(exclusive && l->readers);
}

int ext4_lock(struct ext4_node *n, bool exclusive)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    struct ext4_lock *l = &n->lock;

    wait_event(&l->wq, fs->gone || is_free(l, exclusive), DEADLINE_NEVER);
    if (fs->gone)
        return ext4_gone(fs);
    if (exclusive)
        l->writer = true;
    else
        l->readers++;
    return 0;
}

void ext4_unlock(struct ext4_node *n, bool exclusive)
{
    struct ext4_lock *l = &n->lock;

    if (exclusive)
        l->writer = false;
    else
        l->readers--;
    if (!l->readers)
        wake_all(&l->wq);
}
