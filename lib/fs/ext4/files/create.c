/* SPDX-License-Identifier: MIT */
/* New files, directories and symbolic links. */
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/fs/random.h"
#include "node.h"

/* What a new file begins with: what a directory or link holds is written before it has a name. */
struct content {
    const char *target;
    size_t len;
};

static void fill_inode(struct ext4_fs *fs, const struct ext4_node *dir, uint32_t mode,
                       struct ext2_inode_large *i)
{
    memset(i, 0, sizeof(*i));
    i->i_mode = (uint16_t)mode;
    i->i_links_count = (mode & MODE_TYPE) == MODE_DIR ? 2 : 1;
    random_bytes(&i->i_generation, sizeof(i->i_generation));
    if (EXT2_INODE_SIZE(fs->ext2->super) > EXT2_GOOD_OLD_INODE_SIZE)
        i->i_extra_isize =
            (uint16_t)MIN(sizeof(*i) - EXT2_GOOD_OLD_INODE_SIZE,
                          (size_t)EXT2_INODE_SIZE(fs->ext2->super) - EXT2_GOOD_OLD_INODE_SIZE);
    if (dir->inode.i_mode & 02000) { /* set-group-ID: the group, and of a directory also this bit */
        i->i_gid = dir->inode.i_gid;
        i->osd2.linux2.l_i_gid_high = dir->inode.osd2.linux2.l_i_gid_high;
        if ((mode & MODE_TYPE) == MODE_DIR)
            i->i_mode |= 02000;
    }
}

/* An empty map of extents, where that is possible. libext2fs makes its head when it sees an inode of zeroes. */
static errcode_t begin_extents(struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    ext2_extent_handle_t h;
    errcode_t err;

    if (!ext2fs_has_feature_extents(fs->ext2->super))
        return 0;
    n->inode.i_flags |= EXT4_EXTENTS_FL;
    err = ext2fs_extent_open2(fs->ext2, ext4_ino(n), ext4_inode(n), &h);
    if (err == 0)
        ext2fs_extent_free(h);
    return err;
}

/* The block with "." and "..". */
static int begin_dir(struct ext4_node *n, struct ext4_node *parent)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    struct ext4_run run;
    char *block;
    int ret = ext4_map_take(n, 0, 1, &run);

    if (ret)
        return ret;
    ret = ext4_map_insert(n, &run);
    if (ret) {
        ext4_map_give_back(n, &run);
        return ret;
    }
    ret = store_errno(ext2fs_inode_size_set(fs->ext2, ext4_inode(n), fs->block_size));
    if (ret == 0)
        ret = ext4_node_write(n); /* its generation is part of the block's checksum */
    if (ret == 0)
        ret = store_errno(ext2fs_new_dir_block(fs->ext2, ext4_ino(n), ext4_ino(parent), &block));
    if (ret)
        return ret;
    ret = store_errno(ext2fs_write_dir_block4(fs->ext2, run.block, block, 0, ext4_ino(n)));
    ext2fs_free_mem(&block);
    return ret;
}

static int begin_content(struct ext4_node *n, struct ext4_node *dir, const struct content *c)
{
    switch (n->node.mode & MODE_TYPE) {
    case MODE_DIR:
        return begin_dir(n, dir);
    case MODE_LINK:
        return ext4_symlink_write(n, c->target, c->len);
    default:
        return 0;
    }
}

/* A node with its inode and content, without a name. After an error there is none, and no inode. */
static int new_node(struct ext4_node *dir, uint32_t mode, const struct content *c,
                    struct ext4_node **out)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    struct ext2_inode_large inode;
    ext2_ino_t ino;
    int ret = ext4_room(fs, EXT4_SPARE);

    if (ret == 0)
        ret = store_errno(ext2fs_new_inode(fs->ext2, ext4_ino(dir), (int)mode, NULL, &ino));
    if (ret)
        return ret;
    fill_inode(fs, dir, mode, &inode);
    ret = ext4_node_new(fs, ino, &inode, out);
    if (ret)
        return ret;
    ext2fs_inode_alloc_stats2(fs->ext2, ino, +1, (mode & MODE_TYPE) == MODE_DIR);
    ext4_touch(*out, EXT4_ATIME | EXT4_MTIME | EXT4_CTIME | EXT4_CRTIME);
    ret = store_errno(begin_extents(*out));
    if (ret == 0) /* all of it, as what was in the inode before must not stay */
        ret = store_errno(ext2fs_write_new_inode(fs->ext2, ino, ext4_inode(*out)));
    if (ret == 0)
        ret = begin_content(*out, dir, c);
    if (ret == 0)
        ret = ext4_node_write(*out);
    return ret;
}

/* In an operation: the node is one without names, as if it had been removed. */
static int forget(struct ext4_node *n, int ret)
{
    n->inode.i_links_count = 0;
    if (ext4_orphan_add(n) || ext4_node_write(n))
        ext4_fail(ext4_fs_of(n), "the removal of a new file", ret);
    return ret;
}

static int add(struct ext4_node *dir, const char *name, size_t len, uint32_t mode,
               const struct content *c, struct ext4_node **out)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    bool is_dir = (mode & MODE_TYPE) == MODE_DIR;
    uint16_t links = dir->inode.i_links_count;
    struct ext4_entry e;
    int ret;

    *out = NULL;
    if (!links)
        return -ENOENT;
    if (dir->inode.i_flags & EXT2_IMMUTABLE_FL)
        return -EPERM;
    ret = ext4_dir_find(dir, name, len, &e);
    if (ret != -ENOENT)
        return ret ? ret : -EEXIST;
    if (is_dir) { /* whether it can be: the directory is read anew before it is */
        ret = ext4_link_more(dir);
        dir->inode.i_links_count = links;
        if (ret)
            return ret;
    }
    ret = new_node(dir, mode, c, out);
    if (ret == 0)
        ret = ext4_dir_add(dir, name, len, *out);
    if (ret)
        return *out ? forget(*out, ret) : ret;
    if (is_dir)
        ext4_link_more(dir);
    ext4_touch(dir, EXT4_MTIME | EXT4_CTIME);
    ret = ext4_node_write(dir);
    return ret ? ext4_fail(fs, "a new file", ret) : 0;
}

static int add_once(struct node *node, const char *name, size_t len, uint32_t mode,
                    const struct content *c, struct node **out)
{
    struct ext4_node *dir = ext4_node_of(node), *n;
    struct ext4_fs *fs = ext4_fs_of(dir);
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    ret = ext4_end(fs, add(dir, name, len, mode, c, &n));
    if (ret == 0 && out)
        *out = &n->node;
    else if (n)
        node_put(&n->node);
    return ret;
}

static int add_file(struct node *dir, const char *name, size_t len, uint32_t mode,
                    const struct content *c, struct node **out)
{
    int ret = add_once(dir, name, len, mode, c, out);

    return ext4_again(ext4_fs_of(ext4_node_of(dir)), ret) ? add_once(dir, name, len, mode, c, out)
                                                          : ret;
}

int ext4_create(struct node *dir, const char *name, size_t len, uint32_t mode, struct node **out)
{
    return add_file(dir, name, len, mode, NULL, out);
}

int ext4_mkdir(struct node *dir, const char *name, size_t len, uint32_t mode)
{
    return add_file(dir, name, len, mode, NULL, NULL);
}

int ext4_symlink(struct node *dir, const char *name, size_t len, const char *target,
                 size_t target_len)
{
    struct content c = {target, target_len};

    if (target_len >= ext4_fs_of(ext4_node_of(dir))->block_size)
        return -ENAMETOOLONG;
    return add_file(dir, name, len, MODE_LINK | 0777, &c, NULL);
}
