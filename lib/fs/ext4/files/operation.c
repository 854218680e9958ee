/* SPDX-License-Identifier: MIT */
/* Operations: the store's, for a file system that may be gone. */
#include <ringlet/errno.h>

#include "node.h"

int ext4_gone(const struct ext4_fs *fs)
{
    while (thread_current() != fs->gone)
        thread_sleep(DEADLINE_NEVER);
    return -EIO;
}

int ext4_begin(struct ext4_fs *fs)
{
    int ret = fs->gone ? ext4_gone(fs) : store_begin(fs->store);

    if (ret == 0 && fs->gone) { /* it has waited */
        store_end(fs->store);
        ret = ext4_gone(fs);
    }
    if (ret == -EROFS)
        fs->mount.read_only = true;
    return ret;
}

int ext4_end(struct ext4_fs *fs, int ret)
{
    store_end(fs->store);
    return ret;
}

int ext4_read_begin(struct ext4_fs *fs)
{
    int ret = fs->gone ? ext4_gone(fs) : store_lock(fs->store);

    if (ret == 0 && fs->gone) {
        store_unlock(fs->store);
        ret = ext4_gone(fs);
    }
    return ret;
}

int ext4_read_end(struct ext4_fs *fs, int ret)
{
    store_unlock(fs->store);
    return ret;
}

int ext4_use(struct ext4_fs *fs)
{
    if (fs->gone)
        return ext4_gone(fs);
    fs->users++;
    return 0;
}

int ext4_unuse(struct ext4_fs *fs, int ret)
{
    if (--fs->users == 0)
        wake_all(&fs->unused);
    return ret;
}

int ext4_commit(struct ext4_fs *fs)
{
    int ret = ext4_use(fs);

    return ret ? ret : ext4_unuse(fs, store_commit(fs->store));
}

int ext4_fail(struct ext4_fs *fs, const char *what, int ret)
{
    store_abort(fs->store, what, ret);
    fs->mount.read_only = true;
    return ret;
}

/* Whether some blocks can be had now, beside those that the next commit makes available. They are looked for
 * where there were some before, as the front of a disk may be full. */
static bool some_available(struct ext4_fs *fs, uint64_t blocks)
{
    blk64_t first = fs->ext2->super->s_first_data_block, end = ext2fs_blocks_count(fs->ext2->super);
    blk64_t from = MAX(fs->available, first), block, count, found = 0;

    for (bool again = false; found < blocks;) {
        if (from >= end || ext2fs_new_range(fs->ext2, 0, from, blocks, NULL, &block, &count) ||
            block < from) {
            if (again)
                return false;
            again = true;
            from = first;
            found = 0;
            continue;
        }
        if (!found)
            fs->available = block;
        found += count;
        from = block + count;
    }
    return true;
}

int ext4_room(struct ext4_fs *fs, uint64_t blocks)
{
    uint64_t free = ext2fs_free_blocks_count(fs->ext2->super);
    uint64_t reserved = ext2fs_r_blocks_count(fs->ext2->super);

    if (free < reserved || free - reserved < blocks)
        return -ENOSPC;
    return !store_pending_free(fs->store) || some_available(fs, EXT4_SPARE) ? 0 : -ENOSPC;
}

bool ext4_spare(struct ext4_fs *fs, uint64_t blocks)
{
    return ext2fs_free_blocks_count(fs->ext2->super) >= blocks &&
           (!store_pending_free(fs->store) || some_available(fs, blocks));
}

bool ext4_again(struct ext4_fs *fs, int ret)
{
    return ret == -ENOSPC && !fs->gone && store_pending_free(fs->store) && ext4_commit(fs) == 0;
}
