/* SPDX-License-Identifier: MIT */
/*
 * Blocks become a file's. libext2fs leaves things half done when it fails, and the caller gives the blocks back:
 * nothing may refer to them then.
 */
#include <ringlet/errno.h>

#include "node.h"

#define EXTENT_BLOCKS_MAX    32768u /* in one extent */
#define UNWRITTEN_BLOCKS_MAX 32767u

static uint64_t blocks_free(const struct ext4_node *n)
{
    return ext2fs_free_blocks_count(ext4_fs_of(n)->ext2->super);
}

static int cannot_undo(struct ext4_node *n, int ret)
{
    return ext4_fail(ext4_fs_of(n), "blocks that a file gets", ret);
}

/* ---- extents ---- */

static bool continues(const struct ext2fs_extent *e, const struct ext4_run *run)
{
    bool unwritten = e->e_flags & EXT2_EXTENT_FLAGS_UNINIT;

    return e->e_lblk + e->e_len == run->first && e->e_pblk + e->e_len == run->block &&
           unwritten == run->unwritten &&
           e->e_len + run->count <= (unwritten ? UNWRITTEN_BLOCKS_MAX : EXTENT_BLOCKS_MAX);
}

/* *began: an error may have left something changed. */
static errcode_t insert_at(ext2_extent_handle_t h, const struct ext4_run *run, bool *began)
{
    struct ext2fs_extent e, new = {.e_lblk = run->first,
                                   .e_pblk = run->block,
                                   .e_len = (__u32)run->count,
                                   .e_flags = run->unwritten ? EXT2_EXTENT_FLAGS_UNINIT : 0};
    int where = 0;
    errcode_t err = ext2fs_extent_goto(h, run->first);

    if (err == 0)
        return EXT2_ET_EXTENT_INVALID_LENGTH; /* it is no hole */
    if (err != EXT2_ET_EXTENT_NOT_FOUND)
        return err;
    err = ext2fs_extent_get(h, EXT2_EXTENT_CURRENT, &e);
    if (err && err != EXT2_ET_NO_CURRENT_NODE)
        return err;
    *began = true;
    if (err == 0 && e.e_lblk < run->first) {
        if (continues(&e, run)) {
            e.e_len += (__u32)run->count;
            return ext2fs_extent_replace(h, 0, &e);
        }
        where = EXT2_EXTENT_INSERT_AFTER;
    }
    err = ext2fs_extent_insert(h, where, &new);
    if (err == EXT2_ET_BLOCK_ALLOC_FAIL) {
        *began = false; /* a node above may have been divided, which is complete in itself */
        return err;
    }
    return err ? err : ext2fs_extent_fix_parents(h);
}

static int insert_extent(struct ext4_node *n, const struct ext4_run *run)
{
    const struct ext2_inode_large before = n->inode;
    const struct ext3_extent_header *root = (const void *)before.i_block;
    const uint64_t free = blocks_free(n);
    ext2_extent_handle_t h;
    bool began = false;
    errcode_t err = ext2fs_extent_open2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), &h);

    if (err)
        return store_errno(err);
    err = insert_at(h, run, &began);
    ext2fs_extent_free(h);
    if (err == 0 || !began)
        return store_errno(err);
    if (root->eh_depth || blocks_free(n) != free)
        return cannot_undo(n, store_errno(err));
    /* all of them are in the inode */
    n->inode = before;
    return ext4_node_write(n) ? cannot_undo(n, store_errno(err)) : store_errno(err);
}

/* ---- tables of blocks ---- */

static errcode_t set_block(struct ext4_node *n, uint64_t at, blk64_t block, int flags)
{
    return ext2fs_bmap2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), NULL, BMAP_SET | flags, at,
                        NULL, &block);
}

/* Tables that were made stay: they are counted. `at`: of an insertion that failed before it changed a table. */
static int remove_blocks(struct ext4_node *n, uint64_t first, uint64_t at)
{
    errcode_t err = 0;

    for (uint64_t i = first; i <= at && err == 0; i++) {
        if (i < EXT2_NDIR_BLOCKS)
            n->inode.i_block[i] = 0;
        else if (i < at)
            err = set_block(n, i, 0, 0);
    }
    return err ? store_errno(err) : ext4_node_write(n);
}

static int insert_blocks(struct ext4_node *n, const struct ext4_run *run)
{
    for (uint64_t i = 0; i < run->count; i++) {
        uint64_t free = blocks_free(n);
        errcode_t err = set_block(n, run->first + i, run->block + i, BMAP_ALLOC);

        if (err == 0)
            continue;
        /* a table that this one has made is not counted in the inode, and may not be reached from it */
        if (blocks_free(n) != free || remove_blocks(n, run->first, run->first + i))
            return cannot_undo(n, store_errno(err));
        return store_errno(err);
    }
    return 0;
}

int ext4_map_insert(struct ext4_node *n, const struct ext4_run *run)
{
    int ret;

    n->run.count = 0;
    ret = ext4_has_extents(n) ? insert_extent(n, run) : insert_blocks(n, run);
    if (ret)
        return ret;
    ret = store_errno(ext2fs_iblk_add_blocks(ext4_fs_of(n)->ext2, ext4_inode(n), run->count));
    return ret ? cannot_undo(n, ret) : 0;
}
