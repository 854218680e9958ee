/* SPDX-License-Identifier: MIT */
/* Nodes: one for each inode in use. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "node.h"

static struct list *bucket(struct ext4_fs *fs, ext2_ino_t ino)
{
    return &fs->nodes[ino % EXT4_HASH];
}

static struct ext4_node *find(struct ext4_fs *fs, ext2_ino_t ino)
{
    list_for_each (l, bucket(fs, ino)) {
        struct ext4_node *n = list_entry(l, struct ext4_node, hash);

        if (n->node.ino == ino)
            return n;
    }
    return NULL;
}

/* An inode of 128 bytes has no further times, and reads as zeroes there. */
static int read_inode(struct ext4_fs *fs, ext2_ino_t ino, struct ext2_inode_large *out)
{
    memset(out, 0, sizeof(*out));
    return store_errno(
        ext2fs_read_inode_full(fs->ext2, ino, (struct ext2_inode *)out,
                               (int)MIN(sizeof(*out), (size_t)EXT2_INODE_SIZE(fs->ext2->super))));
}

/* The inode changes at once: others look at it while this one waits for the disk. */
int ext4_node_reload(struct ext4_node *n)
{
    struct ext2_inode_large inode;
    int ret = read_inode(ext4_fs_of(n), ext4_ino(n), &inode);

    n->run.count = 0;
    if (ret == 0)
        n->inode = inode;
    return ret;
}

int ext4_node_write(struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(n);

    return store_errno(ext2fs_write_inode_full(
        fs->ext2, ext4_ino(n), ext4_inode(n),
        (int)MIN(sizeof(n->inode), (size_t)EXT2_INODE_SIZE(fs->ext2->super))));
}

static bool is_type(uint32_t mode)
{
    switch (mode & MODE_TYPE) {
    case MODE_FIFO:
    case MODE_CHAR:
    case MODE_DIR:
    case MODE_BLOCK:
    case MODE_REGULAR:
    case MODE_LINK:
    case MODE_SOCKET:
        return true;
    default:
        return false;
    }
}

int ext4_node_new(struct ext4_fs *fs, ext2_ino_t ino, const struct ext2_inode_large *inode,
                  struct ext4_node **out)
{
    struct ext4_node *n = heap_zalloc(1, sizeof(*n), MEM_APP);

    if (!n)
        return -ENOMEM;
    node_init(&n->node, fs->node_ops, &fs->mount, inode->i_mode, ino);
    n->inode = *inode;
    n->data_errors = store_data_errors(fs->store);
    list_init(&n->orphan);
    ext4_lock_init(&n->lock);
    list_add_head(bucket(fs, ino), &n->hash);
    *out = n;
    return 0;
}

int ext4_node_get(struct ext4_fs *fs, ext2_ino_t ino, struct ext4_node **out)
{
    struct ext2_inode_large inode;
    struct ext4_node *n = find(fs, ino);
    int ret;

    if (n) {
        node_get(&n->node);
        *out = n;
        return 0;
    }
    if (ino != EXT2_ROOT_INO &&
        (ino < EXT2_FIRST_INODE(fs->ext2->super) || ino > fs->ext2->super->s_inodes_count))
        return -EIO;
    ret = read_inode(fs, ino, &inode);
    if (ret)
        return ret;
    if (!is_type(inode.i_mode) || EXT2_I_SIZE(&inode) > INT64_MAX)
        return -EIO;
    /* a directory has no holes */
    if ((inode.i_mode & MODE_TYPE) == MODE_DIR &&
        EXT2_I_SIZE(&inode) / fs->block_size > ext2fs_blocks_count(fs->ext2->super))
        return -EIO;
    return ext4_node_new(fs, ino, &inode, out);
}

int ext4_node_named(struct ext4_fs *fs, ext2_ino_t ino, struct ext4_node **out)
{
    const struct ext4_node *n = find(fs, ino);
    struct ext2_inode inode;
    int ret;

    if (n)
        return n->inode.i_links_count ? ext4_node_get(fs, ino, out) : -EIO;
    ret = store_errno(ext2fs_read_inode(fs->ext2, ino, &inode));
    if (ret)
        return ret;
    return inode.i_links_count ? ext4_node_get(fs, ino, out) : -EIO;
}
