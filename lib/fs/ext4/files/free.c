/* SPDX-License-Identifier: MIT */
/* Inodes are freed, or cut to their size: those of files that are removed, and at mount all orphans. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#include "node.h"

/* The last step: its extended attributes, and the inode itself. */
static int free_rest(struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    ret = store_errno(ext2fs_free_ext_attr(fs->ext2, ext4_ino(n), &n->inode));
    if (ret == 0)
        ret = ext4_orphan_remove(n);
    if (ret == 0) {
        n->inode.i_dtime = (uint32_t)(clock_wall() / NSEC_PER_SEC);
        ret = ext4_node_write(n);
    }
    if (ret)
        return ext4_end(fs, ext4_fail(fs, "the removal of a file", ret));
    ext2fs_inode_alloc_stats2(fs->ext2, ext4_ino(n), -1, ext4_is_dir(n));
    return ext4_end(fs, 0);
}

static bool has_blocks(struct ext4_node *n)
{
    uint32_t type = n->node.mode & MODE_TYPE;

    return type == MODE_REGULAR || type == MODE_DIR ||
           (type == MODE_LINK && !ext2fs_is_fast_symlink(ext4_inode(n)));
}

int ext4_free_inode(struct ext4_node *n)
{
    int ret = has_blocks(n) ? ext4_cut(n, 0) : 0;

    return ret ? ret : free_rest(n);
}

/* ---- at mount ---- */

/* The nodes of the list, with references. A list that makes no sense ends where it ceases to. */
static int load(struct ext4_fs *fs)
{
    uint32_t ino = fs->ext2->super->s_last_orphan;
    int ret = ext4_read_begin(fs);

    if (ret)
        return ret;
    while (ino && ret == 0) {
        struct ext4_node *n;

        if (!ext2fs_fast_test_inode_bitmap2(fs->ext2->inode_map, ino))
            break;
        ret = ext4_node_get(fs, ino, &n);
        if (ret)
            break;
        if (!list_empty(&n->orphan)) { /* it bites its tail */
            n->node.refs--;
            n->node.mount->nodes -= !n->node.refs;
            break;
        }
        list_add_tail(&fs->orphans, &n->orphan);
        ino = n->inode.i_dtime;
    }
    if (ino)
        pr_warn("ext4: the list of orphans ends at inode %u, which is none: run e2fsck\n", ino);
    return ext4_read_end(fs, 0);
}

static int cut_to_size(struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t size = ext4_size(n);
    int ret = has_blocks(n) ? ext4_cut(n, DIV_ROUND_UP(size, fs->block_size)) : 0;

    if (ret == 0)
        ret = ext4_begin(fs);
    return ret ? ret : ext4_end(fs, ext4_orphan_remove(n));
}

int ext4_orphans_process(struct ext4_fs *fs)
{
    unsigned freed = 0, cut = 0;
    int ret = load(fs);

    while (ret == 0 && !list_empty(&fs->orphans)) {
        struct ext4_node *n = list_first(&fs->orphans, struct ext4_node, orphan);

        if (n->inode.i_links_count) {
            ret = cut_to_size(n);
            cut++;
        } else {
            freed++; /* by release */
        }
        node_put(&n->node);
    }
    if (freed || cut)
        pr_info("ext4: %u files freed and %u cut that were being removed or cut before\n", freed,
                cut);
    return ret;
}
