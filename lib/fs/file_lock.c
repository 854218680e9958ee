/* SPDX-License-Identifier: MIT */
/* Locks of whole files: a list of the open files that have one. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>

#include "lib/fs/file.h"

static struct list locked = LIST_INIT(locked);
static struct wait_queue changed = WAIT_QUEUE_INIT(changed); /* woken when a file loses its lock */

static void unlock(struct file *f)
{
    if (f->locked == FILE_UNLOCKED)
        return;
    f->locked = FILE_UNLOCKED;
    list_del(&f->lock_link);
    wake_all(&changed);
}

static bool conflicts(const struct file *f, enum file_lock how)
{
    list_for_each (l, &locked) {
        const struct file *other = list_entry(l, struct file, lock_link);

        if (other != f && other->node == f->node &&
            (how == FILE_EXCLUSIVE || other->locked == FILE_EXCLUSIVE))
            return true;
    }
    return false;
}

int file_lock(struct file *f, enum file_lock how, bool wait)
{
    struct wait_queue *queue = &changed;

    if (f->locked == how)
        return 0;
    unlock(f);
    if (how == FILE_UNLOCKED)
        return 0;
    while (f->node && conflicts(f, how)) {
        int ret = wait ? file_wait(&queue, 1, DEADLINE_NEVER) : -EAGAIN;

        if (ret)
            return ret;
    }
    unlock(f); /* another thread may have locked it meanwhile */
    f->locked = how;
    list_add_tail(&locked, &f->lock_link);
    file_unlock_hook = unlock;
    return 0;
}
