/* SPDX-License-Identifier: MIT */
/* What is done with nodes. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>

#include "node.h"

/* Inodes that are shown and not opened: what they hold is not where libext2fs and we look for it. */
#define FLAGS_REFUSED (EXT4_INLINE_DATA_FL | EXT4_ENCRYPT_FL | EXT4_VERITY_FL)

static int node_open(struct node *node, unsigned flags, struct file *f)
{
    struct ext4_node *n = ext4_node_of(node);

    if (n->inode.i_flags & FLAGS_REFUSED)
        return -EOPNOTSUPP;
    switch (node->mode & MODE_TYPE) {
    case MODE_DIR:
        f->ops = &ext4_dir_ops;
        return 0;
    case MODE_REGULAR:
        if ((flags & FILE_ACCMODE) != FILE_RDONLY &&
            ((n->inode.i_flags & EXT2_IMMUTABLE_FL) ||
             ((n->inode.i_flags & EXT2_APPEND_FL) && !(flags & FILE_APPEND))))
            return -EPERM;
        f->ops = &ext4_file_ops;
        return 0;
    default:
        return -ENXIO;
    }
}

/* Without names its blocks are freed now. If that fails, it stays on the list of orphans, and is freed when
 * the file system is mounted again. */
static void node_release(struct node *node)
{
    struct ext4_node *n = ext4_node_of(node);
    int ret = 0;

    if (n->inode.i_links_count == 0 && !node->mount->read_only)
        ret = ext4_free_inode(n);
    if (ret)
        pr_warn("ext4: inode %u is not freed: %s\n", ext4_ino(n), errno_name(ret));
    list_del(&n->orphan);
    list_del(&n->hash);
    heap_free(n);
}

const struct node_ops ext4_node_ops = {
    .lookup = ext4_lookup,
    .create = ext4_create,
    .mkdir = ext4_mkdir,
    .symlink = ext4_symlink,
    .link = ext4_link,
    .unlink = ext4_unlink,
    .rmdir = ext4_rmdir,
    .rename = ext4_rename,
    .readlink = ext4_readlink,
    .stat = ext4_stat,
    .setattr = ext4_setattr,
    .open = node_open,
    .release = node_release,
};
