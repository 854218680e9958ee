/* SPDX-License-Identifier: MIT */
/* Renaming, in one operation. */
#include <ringlet/errno.h>

#include "node.h"

struct place {
    struct ext4_node *dir;
    const char *name;
    size_t len;
};

/* ".." of a directory that moves. */
static int set_parent(struct ext4_node *n, struct ext4_node *parent)
{
    struct ext4_entry e = {.ino = 0};
    int ret = ext4_dir_find(n, "..", 2, &e);

    return ret ? (ret == -ENOENT ? -EIO : ret) : ext4_dir_set(n, &e, parent);
}

/* All that can be refused. *old: what the new name refers to now, with a reference, or NULL. */
static int check(struct ext4_fs *fs, const struct place *from, const struct place *to,
                 struct ext4_node **n, struct ext4_node **old, struct ext4_entry *e)
{
    int ret = ext4_dir_find(from->dir, from->name, from->len, e);

    if (ret == 0)
        ret = ext4_node_named(fs, e->ino, n);
    if (ret)
        return ret;
    if (!to->dir->inode.i_links_count)
        return -ENOENT;
    if ((*n)->inode.i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL))
        return -EPERM;
    ret = ext4_dir_find(to->dir, to->name, to->len, e);
    if (ret == -ENOENT) {
        uint16_t links = to->dir->inode.i_links_count;

        ret = ext4_is_dir(*n) && from->dir != to->dir ? ext4_link_more(to->dir) : 0;
        to->dir->inode.i_links_count = links;
        return ret;
    }
    if (ret == 0)
        ret = ext4_node_named(fs, e->ino, old);
    if (ret)
        return ret;
    if ((*old)->inode.i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL))
        return -EPERM;
    if (ext4_is_dir(*old)) {
        ret = ext4_dir_is_empty(*old);
        return ret < 0 ? ret : ret ? 0 : -ENOTEMPTY;
    }
    return 0;
}

/* The new name refers to n, and the old one is gone. */
static int move(const struct place *from, const struct place *to, struct ext4_node *n,
                struct ext4_node *old)
{
    struct ext4_entry e = {.ino = 0};
    int ret;

    ret = ext4_dir_find(from->dir, from->name, from->len, &e); /* a split may have moved it */
    if (ret == 0)
        ret = ext4_dir_remove(from->dir, &e);
    if (ret == 0 && ext4_is_dir(n) && from->dir != to->dir) {
        ret = set_parent(n, to->dir);
        if (!old)
            ext4_link_more(to->dir);
        ext4_link_less(from->dir);
    } else if (old && ext4_is_dir(old)) {
        ext4_link_less(to->dir);
    }
    if (ret == 0 && old)
        ret = ext4_unlinked(old);
    ext4_touch(n, EXT4_CTIME);
    ext4_touch(from->dir, EXT4_MTIME | EXT4_CTIME);
    ext4_touch(to->dir, EXT4_MTIME | EXT4_CTIME);
    if (ret == 0)
        ret = ext4_node_write(n);
    if (ret == 0)
        ret = ext4_node_write(from->dir);
    return ret ? ret : ext4_node_write(to->dir);
}

static int rename_once(const struct place *from, const struct place *to)
{
    struct ext4_fs *fs = ext4_fs_of(from->dir);
    struct ext4_node *n = NULL, *old = NULL;
    struct ext4_entry e;
    int ret = ext4_begin(fs);

    if (ret)
        return ret;
    ret = check(fs, from, to, &n, &old, &e);
    if (ret == 0)
        ret = old ? ext4_dir_set(to->dir, &e, n) : ext4_dir_add(to->dir, to->name, to->len, n);
    if (ret == 0) {
        ret = move(from, to, n, old);
        if (ret)
            ext4_fail(fs, "a renaming", ret);
    }
    ext4_end(fs, 0);
    if (n)
        node_put(&n->node);
    if (old)
        node_put(&old->node);
    return ret;
}

int ext4_rename(struct node *from_dir, const char *from, size_t from_len, struct node *to_dir,
                const char *to, size_t to_len)
{
    struct place f = {ext4_node_of(from_dir), from, from_len};
    struct place t = {ext4_node_of(to_dir), to, to_len};
    int ret = rename_once(&f, &t);

    return ext4_again(ext4_fs_of(f.dir), ret) ? rename_once(&f, &t) : ret;
}
