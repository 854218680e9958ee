/* SPDX-License-Identifier: MIT */
/* Symbolic links: a short target is in the inode, in place of its map, a long one in a block. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "node.h"

static bool is_short(struct ext4_node *n)
{
    return ext2fs_is_fast_symlink(ext4_inode(n));
}

static int write_block(struct ext4_node *n, const char *target, size_t len)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    char *block = heap_zalloc(1, fs->block_size, MEM_APP);
    struct ext4_run run;
    int ret;

    if (!block)
        return -ENOMEM;
    ret = ext4_map_take(n, 0, 1, &run);
    if (ret == 0) {
        ret = ext4_map_insert(n, &run);
        if (ret)
            ext4_map_give_back(n, &run);
    }
    memcpy(block, target, len);
    if (ret == 0)
        ret = store_errno(io_channel_write_blk64(fs->ext2->io, run.block, 1, block));
    heap_free(block);
    return ret;
}

int ext4_symlink_write(struct ext4_node *n, const char *target, size_t len)
{
    int ret = 0;

    if (len < sizeof(n->inode.i_block)) {
        n->inode.i_flags &= ~(uint32_t)EXT4_EXTENTS_FL;
        memset(n->inode.i_block, 0, sizeof(n->inode.i_block));
        memcpy(n->inode.i_block, target, len);
    } else {
        ret = write_block(n, target, len);
    }
    n->inode.i_size = (uint32_t)len;
    return ret;
}

static int read_block(struct ext4_node *n, char *buf, size_t size)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    char *block = heap_alloc(fs->block_size, MEM_APP);
    struct ext4_run run;
    int ret;

    if (!block)
        return -ENOMEM;
    ret = ext4_map_find(n, 0, 1, &run);
    if (ret == 0 && !run.block)
        ret = -EIO;
    if (ret == 0)
        ret = store_errno(io_channel_read_blk64(fs->ext2->io, run.block, 1, block));
    if (ret == 0)
        memcpy(buf, block, size);
    heap_free(block);
    return ret;
}

int ext4_readlink(struct node *node, char *buf, size_t size)
{
    struct ext4_node *n = ext4_node_of(node);
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t len = ext4_size(n);
    int ret;

    if ((n->inode.i_flags & (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL)) || len == 0 ||
        len >= (is_short(n) ? sizeof(n->inode.i_block) + 1 : fs->block_size))
        return -EIO;
    size = MIN(size, (size_t)len);
    if (is_short(n)) {
        memcpy(buf, n->inode.i_block, size);
        return (int)len;
    }
    ret = ext4_read_begin(fs);
    if (ret == 0)
        ret = ext4_read_end(fs, read_block(n, buf, size));
    return ret ? ret : (int)len;
}
