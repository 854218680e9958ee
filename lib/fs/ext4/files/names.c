/* SPDX-License-Identifier: MIT */
/* Names: looked up, added to a file that has one, removed. path.c holds the mount's lock for changes. */
#include <ringlet/errno.h>

#include "node.h"

/* The node that a name refers to. In an operation. */
static int find(struct ext4_node *dir, const char *name, size_t len, struct ext4_entry *e,
                struct ext4_node **out)
{
    int ret = ext4_dir_find(dir, name, len, e);

    return ret ? ret : ext4_node_named(ext4_fs_of(dir), e->ino, out);
}

int ext4_lookup(struct node *node, const char *name, size_t len, struct node **out)
{
    struct ext4_node *dir = ext4_node_of(node), *n;
    struct ext4_fs *fs = ext4_fs_of(dir);
    struct ext4_entry e;
    int ret = ext4_read_begin(fs);

    if (ret)
        return ret;
    ret = dir->inode.i_links_count ? find(dir, name, len, &e, &n) : -ENOENT;
    ret = ext4_read_end(fs, ret);
    if (ret == 0)
        *out = &n->node;
    return ret;
}

static int link_once(struct ext4_node *dir, const char *name, size_t len, struct ext4_node *n)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    uint16_t before = n->inode.i_links_count;
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    if (!dir->inode.i_links_count || !before)
        return ext4_end(fs, -ENOENT);
    ret = ext4_link_more(n);
    if (ret)
        return ext4_end(fs, ret);
    ret = ext4_dir_add(dir, name, len, n);
    if (ret) {
        n->inode.i_links_count = before;
        return ext4_end(fs, ret);
    }
    ext4_touch(n, EXT4_CTIME);
    ext4_touch(dir, EXT4_MTIME | EXT4_CTIME);
    ret = ext4_node_write(n);
    if (ret == 0)
        ret = ext4_node_write(dir);
    return ext4_end(fs, ret ? ext4_fail(fs, "a new name", ret) : 0);
}

int ext4_link(struct node *dir, const char *name, size_t len, struct node *node)
{
    struct ext4_node *d = ext4_node_of(dir), *n = ext4_node_of(node);
    int ret;

    if (n->inode.i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL))
        return -EPERM;
    ret = link_once(d, name, len, n);
    return ext4_again(ext4_fs_of(d), ret) ? link_once(d, name, len, n) : ret;
}

int ext4_unlinked(struct ext4_node *n)
{
    int ret = 0;

    if (ext4_is_dir(n))
        n->inode.i_links_count = 0;
    else
        ext4_link_less(n);
    ext4_touch(n, EXT4_CTIME);
    if (n->inode.i_links_count == 0)
        ret = ext4_orphan_add(n);
    return ret ? ret : ext4_node_write(n);
}

/* In an operation. *n: with a reference, which must not be dropped in one. */
static int remove_name(struct ext4_node *dir, const char *name, size_t len, struct ext4_node **n)
{
    struct ext4_fs *fs = ext4_fs_of(dir);
    struct ext4_entry e;
    int ret = find(dir, name, len, &e, n);

    if (ret)
        return ret;
    if ((*n)->inode.i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL))
        return -EPERM;
    if (ext4_is_dir(*n)) {
        ret = ext4_dir_is_empty(*n);
        if (ret <= 0)
            return ret ? ret : -ENOTEMPTY;
    }
    ret = ext4_dir_remove(dir, &e);
    if (ret)
        return ret;
    if (ext4_is_dir(*n))
        ext4_link_less(dir); /* its ".." */
    ext4_touch(dir, EXT4_MTIME | EXT4_CTIME);
    ret = ext4_unlinked(*n);
    if (ret == 0)
        ret = ext4_node_write(dir);
    return ret ? ext4_fail(fs, "the removal of a name", ret) : 0;
}

int ext4_unlink(struct node *dir, const char *name, size_t len)
{
    struct ext4_node *d = ext4_node_of(dir), *n = NULL;
    struct ext4_fs *fs = ext4_fs_of(d);
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    ret = ext4_end(fs, remove_name(d, name, len, &n));
    if (n)
        node_put(&n->node);
    return ret;
}

int ext4_rmdir(struct node *dir, const char *name, size_t len)
{
    return ext4_unlink(dir, name, len);
}
