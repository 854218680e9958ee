/* SPDX-License-Identifier: MIT */
/* Files become shorter, or longer. */
#include <ringlet/errno.h>

#include "node.h"

/* What one operation frees. In the worst case each block is in a group of its own, whose bitmap and
 * descriptor change; a file system with so many groups has a large journal. */
#define STEP_BLOCKS 4096u

int ext4_cut(struct ext4_node *n, uint64_t first)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t end = 0, at = UINT64_MAX;
    int ret;

    do {
        ret = ext4_begin(fs);
        if (ret)
            return ret;
        if (at == UINT64_MAX) {
            ret = ext4_map_end(n, &end);
            at = end;
        }
        if (ret == 0 && at > first) {
            at = at - first > STEP_BLOCKS ? at - STEP_BLOCKS : first;
            ret = ext4_map_free_rest(n, at);
            if (ret)
                ext4_fail(fs, "the removal of blocks", ret);
        }
        ext4_end(fs, 0);
    } while (ret == 0 && at > first);
    return ret;
}

int ext4_zero(struct ext4_node *n, uint64_t from, uint64_t to)
{
    static const char zeroes[4096];
    struct ext4_fs *fs = ext4_fs_of(n);
    struct ext4_run run;
    int ret;

    if (from >= to)
        return 0;
    ret = ext4_map_find(n, from / fs->block_size, 1, &run);
    if (ret || !run.block || run.unwritten)
        return ret;
    while (from < to && ret == 0) {
        size_t len = (size_t)MIN(to - from, (uint64_t)sizeof(zeroes));
        struct blkfront_iovec iov = {(void *)(uintptr_t)zeroes, len};

        ret = store_data_write(fs->store, run.block, from % fs->block_size, &iov, 1, len, 0);
        from += len;
    }
    return ret;
}

/* In one operation: the new size, with the rest of its last block zeroed, and what comes behind it is on the
 * list of orphans until it is freed. */
static int set_size(struct ext4_node *n, uint64_t size)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t before = ext4_size(n), block = fs->block_size;
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    if (size < before)
        ret = ext4_zero(n, size, MIN(before, DIV_ROUND_UP(size, block) * block));
    if (ret == 0)
        ret = store_errno(ext2fs_inode_size_set(fs->ext2, ext4_inode(n), (ext2_off64_t)size));
    if (ret)
        return ext4_end(fs, ret);
    ext4_touch(n, EXT4_MTIME | EXT4_CTIME);
    ret = size <= before && n->inode.i_blocks ? ext4_orphan_add(n) : 0;
    if (ret == 0)
        ret = ext4_node_write(n);
    return ext4_end(fs, ret ? ext4_fail(fs, "a new size", ret) : 0);
}

int ext4_resize(struct ext4_node *n, uint64_t size)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret = set_size(n, size);

    if (ret || list_empty(&n->orphan))
        return ret;
    ret = ext4_cut(
        n, DIV_ROUND_UP(size, fs->block_size)); /* also what was allocated behind the size */
    if (ret == 0 && n->inode.i_links_count) {
        ret = ext4_begin(fs);
        if (ret == 0)
            ret = ext4_end(fs, ext4_orphan_remove(n));
    }
    return ret;
}

int ext4_truncate(struct file *f, int64_t size)
{
    struct ext4_node *n = ext4_node_of(f->node);
    int ret;

    if ((uint64_t)size > ext4_size_max(n))
        return -EFBIG;
    if (n->inode.i_flags & (EXT2_APPEND_FL | EXT2_IMMUTABLE_FL))
        return -EPERM;
    ret = ext4_lock(n, true);
    if (ret)
        return ret;
    ret = ext4_resize(n, (uint64_t)size);
    ext4_unlock(n, true);
    if (ret == 0 && (f->flags & FILE_SYNC))
        ret = ext4_sync_file(f, false);
    return ret;
}
