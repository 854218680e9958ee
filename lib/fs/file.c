/* SPDX-License-Identifier: MIT */
/* Open file descriptions: their life, and the one place where lib/fs waits. */
#include "lib/fs/file.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>

#include "lib/fs/fs.h"

void (*file_unlock_hook)(struct file *f);

struct file *file_alloc(const struct file_ops *ops, unsigned flags, struct node *node, void *data)
{
    struct file *f = heap_zalloc(1, sizeof(*f), MEM_APP);

    if (!f)
        return NULL;
    f->ops = ops;
    f->refs = 1;
    f->flags = flags & (FILE_ACCMODE | FILE_CHANGEABLE);
    f->node = node;
    f->data = data;
    mutex_init(&f->lock);
    return f;
}

struct file *file_get(struct file *f)
{
    f->refs++;
    return f;
}

int file_put(struct file *f)
{
    int ret = 0;

    if (!f || --f->refs)
        return 0;
    if (f->locked != FILE_UNLOCKED)
        file_unlock_hook(f);
    if (f->ops && f->ops->release)
        ret = f->ops->release(f);
    node_put(f->node);
    heap_free(f);
    return ret;
}

int file_set_flags(struct file *f, unsigned flags)
{
    f->flags = (f->flags & ~FILE_CHANGEABLE) | (flags & FILE_CHANGEABLE);
    return 0;
}
