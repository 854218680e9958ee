/* SPDX-License-Identifier: MIT */
/* Where the blocks of a file are: extents, or the older tables of blocks. */
#include <ringlet/errno.h>

#include "node.h"

#define EXTENT_BLOCKS_MAX    32768u /* in one extent */
#define UNWRITTEN_BLOCKS_MAX 32767u

static bool has_extents(const struct ext4_node *n)
{
    return n->inode.i_flags & EXT4_EXTENTS_FL;
}

uint64_t ext4_size_max(const struct ext4_node *n)
{
    const struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t per = fs->block_size / 4, blocks = UINT32_MAX - 1;

    if (!has_extents(n)) {
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

        ret = store_errno(has_extents(n) ? find_extent(n, &found) : find_blocks(n, max, &found));
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

    max = MIN(max, UNWRITTEN_BLOCKS_MAX);
    while ((ret = ext4_room(fs, max + EXT4_SPARE)) == -ENOSPC && max > 1)
        max /= 2;
    if (ret)
        return ret;
    ret = store_errno(ext2fs_new_range(fs->ext2, 0, goal(n, first), max, NULL, &block, &count));
    if (ret)
        return ret;
    *out = (struct ext4_run){.first = first, .count = MIN(count, max), .block = block};
    ret = check(n, out);
    if (ret == 0)
        ext2fs_block_alloc_stats_range(fs->ext2, block, (blk_t)out->count, +1);
    return ret;
}

void ext4_map_give_back(struct ext4_node *n, const struct ext4_run *run)
{
    ext2fs_block_alloc_stats_range(ext4_fs_of(n)->ext2, run->block, (blk_t)run->count, -1);
}

static bool continues(const struct ext2fs_extent *e, const struct ext4_run *run)
{
    bool unwritten = e->e_flags & EXT2_EXTENT_FLAGS_UNINIT;

    return e->e_lblk + e->e_len == run->first && e->e_pblk + e->e_len == run->block &&
           unwritten == run->unwritten &&
           e->e_len + run->count <= (unwritten ? UNWRITTEN_BLOCKS_MAX : EXTENT_BLOCKS_MAX);
}

static errcode_t insert_extent(ext2_extent_handle_t h, const struct ext4_run *run)
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
    if (err == 0 && e.e_lblk < run->first) {
        if (continues(&e, run)) {
            e.e_len += (__u32)run->count;
            return ext2fs_extent_replace(h, 0, &e);
        }
        where = EXT2_EXTENT_INSERT_AFTER;
    }
    err = ext2fs_extent_insert(h, where, &new);
    return err ? err : ext2fs_extent_fix_parents(h);
}

static errcode_t insert_blocks(struct ext4_node *n, const struct ext4_run *run)
{
    errcode_t err = 0;

    for (uint64_t i = 0; i < run->count && err == 0; i++) {
        blk64_t block = run->block + i;

        err = ext2fs_bmap2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), NULL,
                           BMAP_SET | BMAP_ALLOC, run->first + i, NULL, &block);
    }
    return err;
}

int ext4_map_insert(struct ext4_node *n, const struct ext4_run *run)
{
    ext2_filsys e = ext4_fs_of(n)->ext2;
    ext2_extent_handle_t h;
    errcode_t err;

    n->run.count = 0;
    if (!has_extents(n)) {
        err = insert_blocks(n, run);
    } else {
        err = ext2fs_extent_open2(e, ext4_ino(n), ext4_inode(n), &h);
        if (err == 0) {
            err = insert_extent(h, run);
            ext2fs_extent_free(h);
        }
    }
    if (err == 0)
        err = ext2fs_iblk_add_blocks(e, ext4_inode(n), run->count);
    return store_errno(err);
}

int ext4_map_written(struct ext4_node *n, const struct ext4_run *run)
{
    ext2_extent_handle_t h;
    errcode_t err = ext2fs_extent_open2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), &h);

    n->run.count = 0;
    if (err)
        return store_errno(err);
    /* one by one: libext2fs joins each with the written ones in front of it */
    for (uint64_t i = 0; i < run->count && err == 0; i++)
        err = ext2fs_extent_set_bmap(h, run->first + i, run->block + i, 0);
    ext2fs_extent_free(h);
    return store_errno(err);
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
    return has_extents(n) ? punch_extents(n, first, last) : free_blocks(n, first, last);
}

int ext4_map_free_rest(struct ext4_node *n, uint64_t first)
{
    return has_extents(n) ? punch_extents(n, first, ~0ull) : punch(n, first, ~0ull);
}

int ext4_map_end(struct ext4_node *n, uint64_t *end)
{
    const uint32_t *table = n->inode.i_block;
    uint64_t per = ext4_fs_of(n)->block_size / 4;
    ext2_extent_handle_t h;
    struct ext2fs_extent e;
    errcode_t err;

    if (!has_extents(n)) {
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
