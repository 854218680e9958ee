/* SPDX-License-Identifier: MIT */
/* memfs as a whole: made, measured, freed. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/page.h>

#include "lib/fs/memfs.h"
#include "lib/fs/memfs_node.h"

static int mem_statfs(struct mount *mount, struct fs_stat *out)
{
    const struct memfs *fs = container_of(mount, struct memfs, mount);
    struct page_stats memory;

    page_get_stats(&memory);
    out->block_size = PAGE_SIZE;
    out->files = fs->nodes;
    if (fs->fixed) {
        out->blocks = fs->budget.used;
        return 0;
    }
    out->blocks = fs->budget.limit;
    /* the limit is no promise: others use the memory, too */
    out->blocks_free = MIN(fs->budget.limit - MIN(fs->budget.used, fs->budget.limit), memory.free);
    out->files_free = out->blocks_free; /* a file takes a page */
    out->files += out->files_free;
    return 0;
}

static struct mementry *last_entry(const struct memnode *dir)
{
    return dir->dir.count ? dir->dir.order[dir->dir.count - 1] : NULL;
}

/* All nodes but the root are without references. Goes down to a directory without entries, removes it,
 * goes back up: no recursion, as directories may be nested deeply. */
int memfs_destroy(struct mount *mount)
{
    struct memfs *fs = container_of(mount, struct memfs, mount);
    struct memnode *root = memnode(mount->root), *dir = root;

    for (;;) {
        struct mementry *e = last_entry(dir);
        struct memnode *n;

        if (!e && dir == root)
            break;
        if (!e) {
            dir = dir->dir.parent;
            continue;
        }
        n = e->node;
        if ((n->node.mode & MODE_TYPE) == MODE_DIR && n->dir.count) {
            dir = n;
            continue;
        }
        memdir_remove(dir, e->name, e->len);
        memnode_unused(n);
    }
    root->nlink = 0;
    node_put(&root->node);
    heap_free(fs);
    return 0;
}

static const struct mount_ops memfs_mount_ops = {.statfs = mem_statfs, .unmount = memfs_destroy};

int memfs_make(struct memfs **out, uint64_t limit_pages, bool fixed)
{
    struct memfs *fs = heap_zalloc(1, sizeof(*fs), MEM_APP);
    struct memnode *root;
    int ret;

    if (!fs)
        return -ENOMEM;
    fs->budget.limit = limit_pages;
    fs->fixed = fixed;
    fs->next_ino = 1;
    ret = memnode_create(fs, MODE_DIR | 0755, &root);
    if (ret) {
        heap_free(fs);
        return ret;
    }
    root->nlink = 1;
    root->dir.parent = root;
    fs->mount.ops = &memfs_mount_ops;
    fs->mount.type = fixed ? "romfs" : "memfs";
    fs->mount.root = node_get(&root->node);
    fs->mount.read_only = fixed;
    *out = fs;
    return 0;
}

int memfs_create(uint64_t limit, struct mount **out)
{
    struct page_stats memory;
    struct memfs *fs;
    int ret;

    page_get_stats(&memory);
    ret = memfs_make(&fs, limit ? DIV_ROUND_UP(limit, PAGE_SIZE) : memory.free / 2, false);
    if (ret == 0)
        *out = &fs->mount;
    return ret;
}
