/* SPDX-License-Identifier: MIT */
/* memfs: its nodes, and the file system as a whole. Nothing here waits. */
#include "lib/fs/memfs.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "lib/fs/memfs_node.h"

static const struct node_ops memfs_ops;

int memnode_create(struct memfs *fs, uint32_t mode, struct memnode **out)
{
    int ret = 0;
    struct memnode *n = memfs_alloc(fs, sizeof(*n), &ret);

    if (!n)
        return ret;
    n->node =
        (struct node){.ops = &memfs_ops, .mount = &fs->mount, .mode = mode, .ino = fs->next_ino++};
    if ((mode & MODE_TYPE) == MODE_REGULAR && !fs->fixed)
        n->pages.budget = &fs->budget;
    n->atime = n->mtime = n->ctime = (int64_t)clock_wall();
    fs->nodes++;
    *out = n;
    return 0;
}

static void destroy(struct memnode *n)
{
    struct memfs *fs = memfs_of(n);

    if ((n->node.mode & MODE_TYPE) == MODE_DIR)
        memdir_free(n);
    else
        memfile_free(n);
    fs->nodes--;
    memfs_free(fs, n);
}

void memnode_unused(struct memnode *n)
{
    if (n->nlink == 0 && n->node.refs == 0)
        destroy(n);
}

static void mem_release(struct node *node)
{
    memnode_unused(memnode(node));
}

static void changed(struct memnode *dir)
{
    dir->mtime = dir->ctime = (int64_t)clock_wall();
}

static int mem_lookup(struct node *node, const char *name, size_t len, struct node **out)
{
    struct memnode *dir = memnode(node), *n;

    if (len == 2 && name[0] == '.' && name[1] == '.')
        n = dir->dir.parent;
    else
        n = memdir_find(dir, name, len);
    if (!n)
        return -ENOENT;
    *out = node_get(&n->node);
    return 0;
}

/* A new node with a name. */
static int add_new(struct node *node, const char *name, size_t len, uint32_t mode,
                   struct memnode **out)
{
    struct memnode *dir = memnode(node);
    int ret;

    if (!dir->dir.parent)
        return -ENOENT;
    if (memdir_find(dir, name, len))
        return -EEXIST;
    ret = memnode_create(memfs_of(dir), mode, out);
    if (ret)
        return ret;
    ret = memdir_add(dir, name, len, *out);
    if (ret)
        memnode_unused(*out);
    else
        changed(dir);
    return ret;
}

static int mem_create(struct node *dir, const char *name, size_t len, uint32_t mode,
                      struct node **out)
{
    struct memnode *n;
    int ret = add_new(dir, name, len, mode, &n);

    if (ret == 0)
        *out = node_get(&n->node);
    return ret;
}

static int mem_mkdir(struct node *dir, const char *name, size_t len, uint32_t mode)
{
    struct memnode *n;

    return add_new(dir, name, len, mode, &n);
}

static int mem_symlink(struct node *dir, const char *name, size_t len, const char *target,
                       size_t target_len)
{
    struct memfs *fs = memfs_of(memnode(dir));
    struct memnode *n;
    int ret = 0;
    char *text = memfs_alloc(fs, target_len, &ret);

    if (!text)
        return ret;
    memcpy(text, target, target_len);
    ret = add_new(dir, name, len, MODE_LINK | 0777, &n);
    if (ret) {
        memfs_free(fs, text);
        return ret;
    }
    n->target = text;
    n->size = (int64_t)target_len;
    return 0;
}

static int mem_link(struct node *node, const char *name, size_t len, struct node *what)
{
    struct memnode *dir = memnode(node), *n = memnode(what);
    int ret;

    if (!dir->dir.parent || n->nlink == 0) /* the file was removed, and is only open */
        return -ENOENT;
    if (n->nlink == UINT32_MAX)
        return -EMLINK;
    ret = memdir_add(dir, name, len, n);
    if (ret)
        return ret;
    changed(dir);
    n->ctime = dir->ctime;
    return 0;
}

static int mem_unlink(struct node *node, const char *name, size_t len)
{
    struct memnode *dir = memnode(node), *n;

    if (!memdir_find(dir, name, len))
        return -ENOENT;
    n = memdir_remove(dir, name, len);
    changed(dir);
    n->ctime = dir->ctime;
    memnode_unused(n);
    return 0;
}

static int mem_rmdir(struct node *node, const char *name, size_t len)
{
    const struct memnode *n = memdir_find(memnode(node), name, len);

    if (n && n->dir.count)
        return -ENOTEMPTY;
    return mem_unlink(node, name, len);
}

static int mem_rename(struct node *from_dir, const char *from, size_t from_len, struct node *to_dir,
                      const char *to, size_t to_len)
{
    struct memnode *f = memnode(from_dir), *t = memnode(to_dir);
    struct memnode *n = memdir_find(f, from, from_len), *old = memdir_find(t, to, to_len);
    int ret;

    if (!n || !t->dir.parent)
        return -ENOENT;
    if (!old) {
        /* the new name first: after an error nothing has changed */
        ret = memdir_add(t, to, to_len, n);
        if (ret)
            return ret;
    } else {
        if ((old->node.mode & MODE_TYPE) == MODE_DIR && old->dir.count)
            return -ENOTEMPTY;
        memdir_replace(t, to, to_len, n);
        memnode_unused(old);
    }
    memdir_remove(f, from, from_len);
    changed(f);
    changed(t);
    n->ctime = t->ctime;
    return 0;
}

static int mem_readlink(struct node *node, char *buf, size_t size)
{
    const struct memnode *n = memnode(node);

    memcpy(buf, memfs_of(n)->fixed ? n->fixed : n->target, MIN(size, (size_t)n->size));
    return (int)n->size;
}

static int mem_stat(struct node *node, struct file_stat *out)
{
    const struct memnode *n = memnode(node);
    uint32_t type = node->mode & MODE_TYPE;

    out->ino = node->ino;
    out->mode = node->mode;
    out->nlink = type == MODE_DIR && n->nlink ? 2 + n->dir.subdirs : n->nlink;
    out->uid = n->uid;
    out->gid = n->gid;
    out->rdev = n->rdev;
    out->size = type == MODE_DIR ? (int64_t)(n->dir.count * sizeof(struct mementry)) : n->size;
    out->blksize = PAGE_SIZE;
    if (memfs_of(n)->fixed)
        out->blocks = DIV_ROUND_UP((uint64_t)n->size, 512);
    else if (type == MODE_REGULAR)
        out->blocks = n->pages.count * (PAGE_SIZE / 512);
    out->atime = n->atime;
    out->mtime = n->mtime;
    out->ctime = n->ctime;
    return 0;
}

static int mem_setattr(struct node *node, const struct node_attr *attr)
{
    struct memnode *n = memnode(node);

    if (attr->set & ATTR_MODE)
        node->mode = (node->mode & MODE_TYPE) | (attr->mode & MODE_PERM);
    if (attr->set & ATTR_OWNER)
        n->uid = attr->uid;
    if (attr->set & ATTR_GROUP)
        n->gid = attr->gid;
    if (attr->set & ATTR_ATIME)
        n->atime = attr->atime;
    if (attr->set & ATTR_MTIME)
        n->mtime = attr->mtime;
    n->ctime = (int64_t)clock_wall();
    return 0;
}

static int mem_open(struct node *node, unsigned flags, struct file *f)
{
    (void)flags;
    f->ops = (node->mode & MODE_TYPE) == MODE_DIR ? &memfs_dir_ops : &memfs_file_ops;
    return 0;
}

static const struct node_ops memfs_ops = {
    .lookup = mem_lookup,
    .create = mem_create,
    .mkdir = mem_mkdir,
    .symlink = mem_symlink,
    .link = mem_link,
    .unlink = mem_unlink,
    .rmdir = mem_rmdir,
    .rename = mem_rename,
    .readlink = mem_readlink,
    .stat = mem_stat,
    .setattr = mem_setattr,
    .open = mem_open,
    .release = mem_release,
};
