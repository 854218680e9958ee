/* SPDX-License-Identifier: MIT */
/* Allocating storage ahead, and giving back what lies in a file. */
#include <ringlet/errno.h>

#include "node.h"

/* Blocks in one operation. */
#define STEP_BLOCKS 4096u

/* In an operation: blocks have become the file's. In a table they are written ones, which never lie behind the size,
 * also not until the next operation: e2fsck would repair that. */
static int reserved(struct ext4_node *n, const struct ext4_run *run, uint64_t end)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t size = MIN((run->first + run->count) * fs->block_size, end);
    int ret = 0;

    if (!run->unwritten && size > ext4_size(n))
        ret = store_errno(ext2fs_inode_size_set(fs->ext2, ext4_inode(n), (ext2_off64_t)size));
    return ret ? ret : ext4_node_write(n);
}

/* In an operation: storage for at most max blocks from *first on, which moves. end: of all of it, in bytes. */
static int reserve(struct ext4_node *n, uint64_t *first, uint64_t max, uint64_t end)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    struct ext4_run run;
    int ret = ext4_map_find(n, *first, max, &run);

    if (ret)
        return ret;
    if (!run.block) {
        ret = ext4_map_take(n, *first, run.count, &run);
        if (ret)
            return ret;
        run.unwritten = ext4_has_extents(n);
        if (!run.unwritten) /* a table of blocks cannot say that they are not written */
            ret = store_data_zero(fs->store, run.block, (unsigned)run.count, STORE_DATA_NEW);
        if (ret == 0)
            ret = ext4_map_insert(n, &run);
        if (ret) {
            ext4_map_give_back(n, &run);
            return ret;
        }
        ret = reserved(n, &run, end);
    }
    *first += run.count;
    return ret;
}

static int reserve_step(struct ext4_node *n, uint64_t *first, uint64_t end)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t blocks = DIV_ROUND_UP(end, fs->block_size) - *first;
    int ret = ext4_begin(fs);

    return ret ? ret : ext4_end(fs, reserve(n, first, MIN(blocks, (uint64_t)STEP_BLOCKS), end));
}

/* Don't begin what cannot be done. Holes are looked at only as far as there are blocks for them: in tables of
 * blocks that takes time for each. */
static int check_room(struct ext4_node *n, uint64_t first, uint64_t end)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t free = ext2fs_free_blocks_count(fs->ext2->super), holes = 0;
    int ret = ext4_read_begin(fs);

    if (ret)
        return ret;
    while (first < end && ret == 0 && holes <= free) {
        struct ext4_run run;

        ret = ext4_map_find(n, first, MIN(end - first, (uint64_t)STEP_BLOCKS), &run);
        if (ret)
            break;
        holes += run.block ? 0 : run.count;
        first += run.count;
    }
    if (ret == 0 && holes &&
        ext2fs_free_blocks_count(fs->ext2->super) <
            holes + ext2fs_r_blocks_count(fs->ext2->super) + EXT4_SPARE)
        ret = -ENOSPC;
    return ext4_read_end(fs, ret);
}

static int new_attributes(struct ext4_node *n, uint64_t size)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    if (size > ext4_size(n))
        ret = store_errno(ext2fs_inode_size_set(fs->ext2, ext4_inode(n), (ext2_off64_t)size));
    ext4_touch(n, EXT4_MTIME | EXT4_CTIME);
    if (ret == 0)
        ret = ext4_node_write(n);
    return ext4_end(fs, ret);
}

static int extend(struct ext4_node *n, uint64_t offset, uint64_t end, bool keep_size)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t first = offset / fs->block_size, last = DIV_ROUND_UP(end, fs->block_size);
    uint64_t before = ext4_size(n);
    int ret;

    if (end > ext4_size_max(n))
        return -EFBIG;
    if (keep_size && !ext4_has_extents(n) && end > before)
        return -EOPNOTSUPP; /* tables of blocks end with the file */
    ret = check_room(n, first, last);
    while (first < last && ret == 0) {
        ret = reserve_step(n, &first, end);
        if (ext4_again(fs, ret))
            ret = reserve_step(n, &first, end);
    }
    if (ret && ext4_size(n) > before)
        ext4_resize(n, before);
    return ret ? ret : new_attributes(n, keep_size ? 0 : end);
}

/* They lie within one extent, of which two remain. */
static bool divides(struct ext4_node *n, uint64_t first, uint64_t count)
{
    struct ext4_run run;

    return ext4_has_extents(n) && first && ext4_map_find(n, first - 1, count + 2, &run) == 0 &&
           run.block && run.count == count + 2;
}

static int punch_step(struct ext4_node *n, uint64_t first, uint64_t count)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    if (divides(n, first, count) && !ext4_spare(fs, EXT4_DIVIDE)) {
        ret = -ENOSPC;
    } else {
        ret = ext4_map_free(n, first, first + count - 1);
        if (ret)
            ext4_fail(fs, "the removal of blocks", ret);
    }
    return ext4_end(fs, ret);
}

/* In one operation for each step: whole blocks become holes. */
static int punch_blocks(struct ext4_node *n, uint64_t first, uint64_t end)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t mapped;
    int ret = ext4_read_begin(fs);

    if (ret == 0)
        ret = ext4_read_end(fs, ext4_map_end(n, &mapped));
    if (ret)
        return ret;
    end = MIN(end, mapped);
    while (first < end && ret == 0) {
        uint64_t count = MIN(end - first, (uint64_t)STEP_BLOCKS);

        ret = punch_step(n, first, count);
        if (ext4_again(fs, ret))
            ret = punch_step(n, first, count);
        first += count;
    }
    return ret;
}

static int zero_part(struct ext4_node *n, uint64_t from, uint64_t to)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret = from < to ? ext4_begin(fs) : 0;

    return ret || from >= to ? ret : ext4_end(fs, ext4_zero(n, from, to));
}

static int punch(struct ext4_node *n, uint64_t from, uint64_t end)
{
    const uint64_t block = ext4_fs_of(n)->block_size;
    uint64_t to = MIN(end, MAX(DIV_ROUND_UP(ext4_size(n), block) * block, from));
    uint64_t first = DIV_ROUND_UP(from, block), last = to / block;
    int ret;

    if (first > last) { /* within one block */
        ret = zero_part(n, from, to);
    } else {
        ret = zero_part(n, from, MIN(first * block, to));
        if (ret == 0)
            ret = zero_part(n, last * block, to);
        /* behind the size there may be what was reserved */
        if (ret == 0)
            ret = punch_blocks(n, first, end / block);
    }
    return ret ? ret : new_attributes(n, 0);
}

int ext4_allocate(struct file *f, unsigned mode, int64_t offset, int64_t len)
{
    struct ext4_node *n = ext4_node_of(f->node);
    uint64_t from = (uint64_t)offset, end = from + (uint64_t)len;
    int ret;

    if (mode > ALLOCATE_ZERO)
        return -EOPNOTSUPP;
    ret = ext4_lock(n, true);
    if (ret)
        return ret;
    if (mode == ALLOCATE_PUNCH || mode == ALLOCATE_ZERO)
        ret = punch(n, from, end);
    else
        ret = extend(n, from, end, mode == ALLOCATE_KEEP_SIZE);
    ext4_unlock(n, true);
    return ret;
}
