/* SPDX-License-Identifier: MIT */
/*
 * Orphans: inodes without names that are still in use, and files that are being cut. They are on a list of
 * the file system, from the superblock on, each with the next one's number where an inode's time of deletion
 * is; so they are freed, or cut, even if that happens after a crash, by whoever mounts the file system next.
 */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#include "node.h"

static uint32_t next_of(const struct ext4_fs *fs, const struct ext4_node *n)
{
    return n->orphan.next == &fs->orphans
               ? 0
               : ext4_ino(list_entry(n->orphan.next, struct ext4_node, orphan));
}

int ext4_orphan_add(struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(n);

    if (!list_empty(&n->orphan))
        return 0;
    list_add_head(&fs->orphans, &n->orphan);
    n->inode.i_dtime = next_of(fs, n);
    fs->ext2->super->s_last_orphan = ext4_ino(n);
    ext2fs_mark_super_dirty(fs->ext2);
    return ext4_node_write(n);
}

int ext4_orphan_remove(struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    struct list *before = n->orphan.prev;
    uint32_t next;

    if (list_empty(&n->orphan))
        return 0;
    next = next_of(fs, n);
    list_del(&n->orphan);
    n->inode.i_dtime = 0;
    if (before == &fs->orphans) {
        fs->ext2->super->s_last_orphan = next;
        ext2fs_mark_super_dirty(fs->ext2);
    } else {
        struct ext4_node *b = list_entry(before, struct ext4_node, orphan);
        int ret;

        b->inode.i_dtime = next;
        ret = ext4_node_write(b);
        if (ret)
            return ret;
    }
    return ext4_node_write(n);
}
