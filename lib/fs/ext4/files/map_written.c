/* SPDX-License-Identifier: MIT */
/*
 * Unwritten blocks have been written. In the middle of an extent that makes three of it, for which the map may
 * need blocks; what was allocated ahead can be written all the same when the disk is full. Then, as Linux does
 * it, the rest of the extent is written with zeroes, and it becomes a written one as a whole: unless it ends behind
 * the file's size, where written blocks are a fault to e2fsck.
 */
#include <ringlet/errno.h>

#include "node.h"

#define ZERO_VECTOR 32u
#define JOINED_MAX  32767u /* as libext2fs joins */

/* Around the cache, which is not for so many. */
static int zero_blocks(struct ext4_fs *fs, uint64_t block, uint64_t count)
{
    static const char zeroes[4096] __attribute__((aligned(4096)));
    struct blkfront_iovec iov[ZERO_VECTOR];
    int ret = 0;

    for (unsigned i = 0; i < ZERO_VECTOR; i++)
        iov[i] = (struct blkfront_iovec){(void *)(uintptr_t)zeroes, fs->block_size};
    while (count && ret == 0) {
        unsigned part = (unsigned)MIN(count, (uint64_t)ZERO_VECTOR);

        ret = store_data_write(fs->store, block, 0, iov, part, (size_t)part * fs->block_size,
                               STORE_DATA_DIRECT | STORE_DATA_NEW);
        block += part;
        count -= part;
    }
    return ret;
}

/* The handle is at the extent with the run. Nothing has changed if it fails with *began false. */
static errcode_t convert_all(struct ext4_fs *fs, ext2_extent_handle_t h, struct ext2fs_extent *e,
                             const struct ext4_run *run, int *failed, bool *began)
{
    uint64_t before = run->first - e->e_lblk, behind = before + run->count;

    *failed = zero_blocks(fs, e->e_pblk, before);
    if (*failed == 0)
        *failed = zero_blocks(fs, e->e_pblk + behind, e->e_len - behind);
    if (*failed)
        return 0;
    *began = true;
    e->e_flags &= ~EXT2_EXTENT_FLAGS_UNINIT;
    return ext2fs_extent_replace(h, 0, e);
}

/* How many extents more a part of one takes: none at its front that is joined with what is before it. The handle is
 * at the extent, and will be. */
static errcode_t more_extents(ext2_extent_handle_t h, const struct ext2fs_extent *e,
                              const struct ext4_run *run, int *more)
{
    struct ext2fs_extent b;
    errcode_t err;

    *more = 2;
    if (run->first > e->e_lblk)
        return 0;
    *more = 1;
    err = ext2fs_extent_get(h, EXT2_EXTENT_PREV_LEAF, &b);
    if (err == 0 && b.e_lblk + b.e_len == run->first && b.e_pblk + b.e_len == run->block &&
        !(b.e_flags & EXT2_EXTENT_FLAGS_UNINIT) && b.e_len + run->count < JOINED_MAX)
        *more = 0;
    return err && err != EXT2_ET_EXTENT_NO_PREV ? err : ext2fs_extent_goto(h, run->first);
}

/* They fit where this one is, or there are blocks for what it takes otherwise. */
static bool can_divide(struct ext4_fs *fs, ext2_extent_handle_t h, int more)
{
    struct ext2_extent_info info;

    if (ext2fs_extent_get_info(h, &info) == 0 && info.num_entries + more <= info.max_entries)
        return true;
    return ext4_spare(fs, EXT4_DIVIDE);
}

/* The size of the file when all is done is at least the run's end. */
static bool ends_with_file(const struct ext4_node *n, const struct ext2fs_extent *e,
                           const struct ext4_run *run)
{
    uint64_t end = DIV_ROUND_UP(ext4_size(n), ext4_fs_of(n)->block_size);

    return e->e_lblk + e->e_len <= MAX(end, run->first + run->count);
}

static int written(struct ext4_node *n, ext2_extent_handle_t h, const struct ext4_run *run)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    struct ext2fs_extent e;
    errcode_t err = ext2fs_extent_goto(h, run->first);
    bool began = false;
    int failed = 0, more = 0, ret;

    if (err == 0)
        err = ext2fs_extent_get(h, EXT2_EXTENT_CURRENT, &e);
    if (err)
        return store_errno(err);
    if (run->first < e.e_lblk || run->first + run->count > e.e_lblk + e.e_len)
        return -EIO;
    err = more_extents(h, &e, run, &more);
    if (err)
        return store_errno(err);
    if (run->count < e.e_len && can_divide(fs, h, more)) {
        began = true;
        /* one by one: libext2fs joins each with the written ones in front of it */
        for (uint64_t i = 0; i < run->count && err == 0; i++)
            err = ext2fs_extent_set_bmap(h, run->first + i, run->block + i, 0);
    } else if (ends_with_file(n, &e, run)) {
        err = convert_all(fs, h, &e, run, &failed, &began);
    } else {
        return -ENOSPC;
    }
    ret = failed ? failed : store_errno(err);
    return ret && began ? ext4_fail(fs, "blocks of a file that are written", ret) : ret;
}

int ext4_map_written(struct ext4_node *n, const struct ext4_run *run)
{
    ext2_extent_handle_t h;
    errcode_t err = ext2fs_extent_open2(ext4_fs_of(n)->ext2, ext4_ino(n), ext4_inode(n), &h);
    int ret;

    n->run.count = 0;
    if (err)
        return store_errno(err);
    ret = written(n, h, run);
    ext2fs_extent_free(h);
    return ret;
}
