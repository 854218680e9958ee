/* SPDX-License-Identifier: MIT */
/* Heap memory of a memfs, within its budget. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>

#include "lib/fs/memfs_node.h"

static void charge(struct memfs *fs, int64_t bytes)
{
    uint64_t before = DIV_ROUND_UP(fs->bytes, PAGE_SIZE);

    fs->bytes += (uint64_t)bytes;
    fs->budget.used += DIV_ROUND_UP(fs->bytes, PAGE_SIZE) - before;
}

void *memfs_alloc(struct memfs *fs, size_t size, int *err)
{
    void *block;

    if (fs->budget.used + DIV_ROUND_UP(size, PAGE_SIZE) > fs->budget.limit) {
        *err = -ENOSPC;
        return NULL;
    }
    block = heap_zalloc(1, size, MEM_APP);
    if (block)
        charge(fs, (int64_t)heap_size(block));
    else
        *err = -ENOMEM;
    return block;
}

void memfs_free(struct memfs *fs, void *block)
{
    if (!block)
        return;
    charge(fs, -(int64_t)heap_size(block));
    heap_free(block);
}
