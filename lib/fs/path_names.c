/* SPDX-License-Identifier: MIT */
/* Changes of names: directories, links, removal, renaming. */
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "lib/fs/mount.h"
#include "lib/fs/path.h"
#include "lib/fs/walk.h"

static bool is_dir(const struct node *node)
{
    return (node->mode & MODE_TYPE) == MODE_DIR;
}

/* Finds the place for a new name and takes the mount's lock: new_name_end() after success. -EEXIST. */
static int new_name_begin(struct walk *w, struct node *base, const char *path, bool directory)
{
    struct node *node;
    int ret = walk_parent(w, base, path);

    if (ret)
        return ret;
    ret = walk_last(w, &node);
    if (ret == 0) {
        node_put(node);
        ret = -EEXIST;
    } else if (ret == -ENOENT) {
        ret = w->slash && !directory ? -ENOENT
              : walk_is_dots(w)      ? -ENOENT
                                     : mount_change_begin(w->dir->mount);
    }
    if (ret)
        walk_end(w);
    return ret;
}

static void new_name_end(struct walk *w)
{
    mount_change_end(w->dir->mount);
    walk_end(w);
}

int path_mkdir(struct node *base, const char *path, uint32_t mode)
{
    struct walk w;
    int ret = new_name_begin(&w, base, path, true);

    if (ret)
        return ret;
    ret = w.dir->ops->mkdir ? w.dir->ops->mkdir(w.dir, w.name, w.len, MODE_DIR | (mode & MODE_PERM))
                            : -EPERM;
    new_name_end(&w);
    return ret;
}

int path_symlink(const char *target, struct node *base, const char *path)
{
    size_t len = strnlen(target, PATH_LEN_MAX);
    struct walk w;
    int ret;

    if (len == 0)
        return -ENOENT;
    if (len == PATH_LEN_MAX)
        return -ENAMETOOLONG;
    ret = new_name_begin(&w, base, path, false);
    if (ret)
        return ret;
    ret = w.dir->ops->symlink ? w.dir->ops->symlink(w.dir, w.name, w.len, target, len) : -EPERM;
    new_name_end(&w);
    return ret;
}

static int link_node(struct node *node, struct node *base, const char *path)
{
    struct walk w;
    int ret;

    if (is_dir(node))
        return -EPERM;
    ret = new_name_begin(&w, base, path, false);
    if (ret)
        return ret;
    if (w.dir->mount != node->mount)
        ret = -EXDEV;
    else
        ret = w.dir->ops->link ? w.dir->ops->link(w.dir, w.name, w.len, node) : -EPERM;
    new_name_end(&w);
    return ret;
}

int path_link(struct node *from_base, const char *from, struct node *to_base, const char *to,
              unsigned flags)
{
    struct node *node;
    int ret = path_lookup(from_base, from, flags, &node);

    if (ret)
        return ret;
    ret = link_node(node, to_base, to);
    node_put(node);
    return ret;
}

/* Finds an entry that is to be removed, with the mount's lock held: *node is what it refers to. */
static int old_name_begin(struct walk *w, struct node *base, const char *path, struct node **node)
{
    int ret = walk_parent(w, base, path);

    if (ret)
        return ret;
    if (w->len == 0)
        ret = -EBUSY; /* the root */
    else if (walk_is_dots(w))
        ret = w->len == 1 ? -EINVAL : -ENOTEMPTY;
    else
        ret = mount_change_begin(w->dir->mount);
    if (ret == 0) {
        ret = walk_last(w, node);
        if (ret)
            mount_change_end(w->dir->mount);
    }
    if (ret)
        walk_end(w);
    return ret;
}

static void old_name_end(struct walk *w, struct node *node)
{
    mount_change_end(w->dir->mount);
    node_put(node);
    walk_end(w);
}

int path_rmdir(struct node *base, const char *path)
{
    struct node *node;
    struct walk w;
    int ret = old_name_begin(&w, base, path, &node);

    if (ret)
        return ret;
    if (!is_dir(node))
        ret = -ENOTDIR;
    else if (node->mount != w.dir->mount)
        ret = -EBUSY; /* something is mounted there */
    else
        ret = w.dir->ops->rmdir ? w.dir->ops->rmdir(w.dir, w.name, w.len) : -EPERM;
    old_name_end(&w, node);
    return ret;
}

int path_unlink(struct node *base, const char *path)
{
    struct node *node;
    struct walk w;
    int ret = old_name_begin(&w, base, path, &node);

    if (ret == -EINVAL || ret == -ENOTEMPTY) /* "." and "..": directories, too */
        return -EPERM;
    if (ret)
        return ret;
    if (is_dir(node))
        ret = -EPERM;
    else if (w.slash)
        ret = -ENOTDIR;
    else
        ret = w.dir->ops->unlink ? w.dir->ops->unlink(w.dir, w.name, w.len) : -EPERM;
    old_name_end(&w, node);
    return ret;
}

/* Whether dir is `node` or below it: 1, 0 or -errno. -EIO: the parents on a disk go round in a circle, as one of
 * them is met again; each is remembered for twice as many steps as the one before. */
static int is_below(struct node *dir, const struct node *node)
{
    struct node *parent;
    uint64_t met = dir->ino, steps = 0, limit = 1;
    int ret = 0;

    node_get(dir);
    while (dir != node && dir != dir->mount->root && ret == 0) {
        ret = dir->ops->lookup(dir, "..", 2, &parent);
        if (ret)
            break;
        node_put(dir);
        dir = parent;
        if (dir->ino == met)
            ret = -EIO;
        if (++steps == limit) {
            met = dir->ino;
            steps = 0;
            limit *= 2;
        }
    }
    if (ret == 0)
        ret = dir == node;
    node_put(dir);
    return ret;
}

/* to: what the new name refers to now, or NULL. */
static int may_rename(struct walk *f, struct node *from, struct walk *t, struct node *to)
{
    int ret;

    if (from->mount != f->dir->mount || (to && to->mount != t->dir->mount))
        return -EBUSY; /* a mount's root */
    if (!is_dir(from) && (f->slash || t->slash))
        return -ENOTDIR;
    if (is_dir(from)) {
        ret = is_below(t->dir, from);
        if (ret)
            return ret > 0 ? -EINVAL : ret;
    }
    if (!to || is_dir(from) == is_dir(to))
        return 0;
    return is_dir(to) ? -EISDIR : -ENOTDIR;
}

/* With the mount's lock. */
static int rename_locked(struct walk *f, struct walk *t)
{
    struct node *from, *to = NULL;
    int ret = walk_last(f, &from);

    if (ret)
        return ret;
    ret = walk_last(t, &to);
    if (ret == -ENOENT) {
        to = NULL;
        ret = 0;
    }
    if (ret == 0)
        ret = may_rename(f, from, t, to);
    if (ret == 0 && from != to) /* two names of one file: both stay, as POSIX has it */
        ret = f->dir->ops->rename
                  ? f->dir->ops->rename(f->dir, f->name, f->len, t->dir, t->name, t->len)
                  : -EPERM;
    node_put(to);
    node_put(from);
    return ret;
}

static int rename_walks(struct walk *f, struct walk *t)
{
    struct mount *mount = f->dir->mount;
    int ret;

    if (f->len == 0 || t->len == 0)
        return -EBUSY;
    if (walk_is_dots(f) || walk_is_dots(t))
        return -EINVAL;
    if (t->dir->mount != mount)
        return -EXDEV;
    ret = mount_change_begin(mount);
    if (ret)
        return ret;
    ret = rename_locked(f, t);
    mount_change_end(mount);
    return ret;
}

int path_rename(struct node *from_base, const char *from, struct node *to_base, const char *to)
{
    struct walk f, t;
    int ret = walk_parent(&f, from_base, from);

    if (ret)
        return ret;
    ret = walk_parent(&t, to_base, to);
    if (ret == 0) {
        ret = rename_walks(&f, &t);
        walk_end(&t);
    }
    walk_end(&f);
    return ret;
}
