/* SPDX-License-Identifier: MIT */
/* Where the blocks of a file are: extents, or the older tables of blocks. */
#include <ringlet/errno.h>

#include "node.h"

/* Blocks at a time: one extent has them, also an unwritten one, and EXT4_SPARE suffices for the tables of so
 * many, with blocks of 1 KiB (8 and 1 of the first level, 2 of the second, and 1 of the third). */
#define TAKE_MAX 2048u

uint64_t ext4_size_max(const struct ext4_node *n)
{
    const struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t per = fs->block_size / 4, blocks = UINT32_MAX - 1;

    if (!ext4_has_extents(n)) {
        /* and its sectors are counted by 32 bits */
        blocks = MIN(EXT2_NDIR_BLOCKS + per + per * per + per * per * per,
                     (UINT32_MAX - 0xffffu) / (fs->block_size / 512ull));
    }
    return MIN(blocks * fs->block_size, (uint64_t)INT64_MAX);
}

/* What the disk says must lie on it. */
static int check(const struct ext4_node *n, const struct ext4_run *run)
{
    const ext2_filsys e = ext4_fs_of(n)->ext2;
    uint64_t blocks = ext2fs_blocks_count(e->super);

    if (run->block && (run->block < e->super->s_first_data_block || run->block >= blocks ||
                       run->count > blocks - run->block))
        return -EIO;
    return run->count ? 0 : -EIO;
}

/* The hole at `first` ends where the next extent begins. */
static errcode_t hole(ext2_extent_handle_t h, struct ext4_run *out)
{
    struct ext2fs_extent e;
    errcode_t err = ext2fs_extent_get(h, EXT2_EXTENT_CURRENT, &e);

    if (err == EXT2_ET_NO_CURRENT_NODE)
        return 0;
    if (err)
        return err;
    if (e.e_lblk <= out->first) {
        err = ext2fs_extent_get(h, EXT2_EXTENT_NEXT_LEAF, &e);
        if (err == EXT2_ET_EXTENT_NO_NEXT)
            return 0;
        if (err)
            return err;
    }
    if (e.e_lblk > out->first)
        out->count = MIN(out->count, e.e_lblk - out->first);
    return 0;
}

/* All that the extent has from `first` on, or the whole hole. */
static errcode_t find_extent(struct ext4_node *n, struct ext4_run *out)
{
    ext2_extent_handle_t h;
    struct ext2fs_extent e;
    errcode_t err = ext2fs_extent_open2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), &h);

    if (err)
        return err;
    err = ext2fs_extent_goto(h, out->first);
    if (err == EXT2_ET_EXTENT_NOT_FOUND) {
        err = hole(h, out);
    } else if (err == 0) {
        err = ext2fs_extent_get(h, EXT2_EXTENT_CURRENT, &e);
        if (err == 0) {
            out->block = e.e_pblk + (out->first - e.e_lblk);
            out->count = e.e_len - (out->first - e.e_lblk);
            out->unwritten = e.e_flags & EXT2_EXTENT_FLAGS_UNINIT;
        }
    }
    ext2fs_extent_free(h);
    return err;
}

static errcode_t find_blocks(struct ext4_node *n, uint64_t max, struct ext4_run *out)
{
    errcode_t err = 0;

    for (out->count = 0; out->count < max && err == 0; out->count++) {
        blk64_t block;

        err = ext2fs_bmap2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), NULL, 0,
                           out->first + out->count, NULL, &block);
        if (err)
            break;
        if (out->count == 0)
            out->block = block;
        else if (block != (out->block ? out->block + out->count : 0))
            break;
    }
    return out->count ? 0 : err;
}

int ext4_map_find(struct ext4_node *n, uint64_t first, uint64_t max, struct ext4_run *out)
{
    struct ext4_run *known = &n->run;
    int ret = 0;

    if (first < known->first || first - known->first >= known->count) {
        struct ext4_run found = {.first = first, .count = UINT32_MAX};

        ret =
            store_errno(ext4_has_extents(n) ? find_extent(n, &found) : find_blocks(n, max, &found));
        if (ret == 0)
            ret = check(n, &found);
        if (ret)
            return ret;
        *known = found;
    }
    *out = *known;
    out->first = first;
    out->count = MIN(known->count - (first - known->first), max);
    if (out->block)
        out->block += first - known->first;
    return 0;
}

/* ---- new blocks ---- */

/* Behind the block in front of it, else where libext2fs would begin. */
static uint64_t goal(struct ext4_node *n, uint64_t first)
{
    struct ext4_run run;

    if (first && ext4_map_find(n, first - 1, 1, &run) == 0 && run.block)
        return run.block + 1;
    return ext2fs_find_inode_goal(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), first);
}

int ext4_map_take(struct ext4_node *n, uint64_t first, uint64_t max, struct ext4_run *out)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    blk64_t block, count;
    int ret;

    max = MIN(max, TAKE_MAX);
    while ((ret = ext4_room(fs, max + EXT4_SPARE)) == -ENOSPC && max > 1)
        max /= 2;
    if (ret)
        return ret;
    ret = store_errno(ext2fs_new_range(fs->ext2, 0, goal(n, first), max, NULL, &block, &count));
    if (ret)
        return ret;
    *out = (struct ext4_run){.first = first, .count = MIN(count, max), .block = block};
    ret = check(n, out);
    if (ret)
        return ret;
    ext2fs_block_alloc_stats_range(fs->ext2, block, (blk_t)out->count, +1);
    /* what was freed counts as room, and is none yet: an insertion that finds none is not undone with ease */
    ret = ext4_room(fs, EXT4_SPARE);
    if (ret)
        ext4_map_give_back(n, out);
    return ret;
}

void ext4_map_give_back(struct ext4_node *n, const struct ext4_run *run)
{
    ext2fs_block_alloc_stats_range(ext4_fs_of(n)->ext2, run->block, (blk_t)run->count, -1);
}

static int punch(struct ext4_node *n, uint64_t first, uint64_t last)
{
    n->run.count = 0;
    return store_errno(
        ext2fs_punch(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), NULL, first, last));
}

/* 1: *out is the part of first..last that lies at the end of the disk. */
static int find_last(struct ext4_node *n, uint64_t first, uint64_t last, struct ext4_run *out)
{
    ext2_filsys e = ext4_fs_of(n)->ext2;
    uint64_t blocks = ext2fs_blocks_count(e->super), end = 0;
    int ret = 0;

    if (!ext2fs_fast_test_block_bitmap2(e->block_map, blocks - 1))
        return 0;
    ret = ext4_map_end(n, &end);
    for (end = MIN(end, last + 1); first < end && ret == 0; first += out->count) {
        ret = ext4_map_find(n, first, end - first, out);
        if (ret == 0 && out->block && out->block + out->count == blocks)
            return 1;
    }
    return ret;
}

/* libext2fs does not free an extent that ends with the disk's last block: its comparison is off by one. As
 * far as it sees, there is one block more while it frees that; it allocates nothing meanwhile. */
static int punch_last(struct ext4_node *n, const struct ext4_run *run)
{
    ext2_filsys e = ext4_fs_of(n)->ext2;
    uint64_t blocks = ext2fs_blocks_count(e->super);
    int ret;

    ext2fs_blocks_count_set(e->super, blocks + 1);
    ret = punch(n, run->first, run->first + run->count - 1);
    ext2fs_blocks_count_set(e->super, blocks);
    return ret;
}

static int punch_extents(struct ext4_node *n, uint64_t first, uint64_t last)
{
    struct ext4_run run;
    int ret = find_last(n, first, last == ~0ull ? last - 1 : last, &run);

    if (ret > 0)
        ret = punch_last(n, &run);
    return ret ? ret : punch(n, first, last);
}

/* In tables libext2fs frees too little unless all that follows is to be freed: it adds the beginning and
 * the length of a part wrongly. */
static int free_blocks(struct ext4_node *n, uint64_t first, uint64_t last)
{
    ext2_filsys e = ext4_fs_of(n)->ext2;
    errcode_t err = 0;

    n->run.count = 0;
    for (uint64_t i = first; i <= last && err == 0; i++) {
        blk64_t block, none = 0;

        err = ext2fs_bmap2(e, ext4_ino(n), ext4_inode(n), NULL, 0, i, NULL, &block);
        if (err || !block)
            continue;
        if (block < e->super->s_first_data_block || block >= ext2fs_blocks_count(e->super))
            return -EIO;
        err = ext2fs_bmap2(e, ext4_ino(n), ext4_inode(n), NULL, BMAP_SET, i, NULL, &none);
        if (err == 0)
            err = ext2fs_iblk_sub_blocks(e, ext4_inode(n), 1);
        if (err == 0)
            ext2fs_block_alloc_stats2(e, block, -1);
    }
    return err ? store_errno(err) : ext4_node_write(n);
}

int ext4_map_free(struct ext4_node *n, uint64_t first, uint64_t last)
{
    return ext4_has_extents(n) ? punch_extents(n, first, last) : free_blocks(n, first, last);
}

int ext4_map_free_rest(struct ext4_node *n, uint64_t first)
{
    return ext4_has_extents(n) ? punch_extents(n, first, ~0ull) : punch(n, first, ~0ull);
}

int ext4_map_end(struct ext4_node *n, uint64_t *end)
{
    const uint32_t *table = n->inode.i_block;
    uint64_t per = ext4_fs_of(n)->block_size / 4;
    ext2_extent_handle_t h;
    struct ext2fs_extent e;
    errcode_t err;

    if (!ext4_has_extents(n)) {
        *end = EXT2_NDIR_BLOCKS;
        if (table[EXT2_IND_BLOCK])
            *end = EXT2_NDIR_BLOCKS + per;
        if (table[EXT2_DIND_BLOCK])
            *end = EXT2_NDIR_BLOCKS + per + per * per;
        if (table[EXT2_TIND_BLOCK])
            *end = EXT2_NDIR_BLOCKS + per + per * per + per * per * per;
        return 0;
    }
    err = ext2fs_extent_open2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), &h);
    if (err)
        return store_errno(err);
    *end = 0;
    err = ext2fs_extent_get(h, EXT2_EXTENT_ROOT, &e);
    if (err == 0)
        err = ext2fs_extent_get(h, EXT2_EXTENT_LAST_LEAF, &e);
    if (err == 0)
        *end = e.e_lblk + e.e_len;
    else if (err == EXT2_ET_EXTENT_NO_NEXT || err == EXT2_ET_NO_CURRENT_NODE)
        err = 0;
    ext2fs_extent_free(h);
    return store_errno(err);
}
