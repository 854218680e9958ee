/* SPDX-License-Identifier: MIT */
/* Opening files by path. */
#include <ringlet/errno.h>

#include "lib/fs/mount.h"
#include "lib/fs/path.h"
#include "lib/fs/walk.h"

static bool writes(unsigned flags)
{
    return (flags & FILE_ACCMODE) != FILE_RDONLY;
}

/* Whether a file of this kind may be opened so. */
static int check(const struct node *node, unsigned flags)
{
    uint32_t type = node->mode & MODE_TYPE;

    if (type == MODE_LINK)
        return -ELOOP; /* FILE_NOFOLLOW */
    if ((flags & FILE_DIRECTORY) && type != MODE_DIR)
        return -ENOTDIR;
    if (type == MODE_DIR && (writes(flags) || (flags & (FILE_CREAT | FILE_TRUNC))))
        return -EISDIR;
    if (type == MODE_FIFO || type == MODE_SOCKET)
        return -ENXIO; /* there is no other process */
    if (type == MODE_REGULAR && node->mount->read_only && (writes(flags) || (flags & FILE_TRUNC)))
        return -EROFS;
    return 0;
}

/* Opens the node, whose reference becomes the file's. created: it is new, FILE_TRUNC has nothing to
 * do. */
static int open_node(struct node *node, unsigned flags, bool created, struct file **out)
{
    struct file *f;
    int ret = check(node, flags);

    if (ret == 0 && node->ops->existing) {
        ret = node->ops->existing(node, flags, out);
        node_put(node);
        return ret;
    }
    if (ret == 0 && !node->ops->open)
        ret = -ENXIO;
    f = ret ? NULL : file_alloc(NULL, flags, node, NULL);
    if (!f) {
        node_put(node);
        return ret ? ret : -ENOMEM;
    }
    ret = node->ops->open(node, flags, f);
    if (ret == 0 && (flags & FILE_TRUNC) && writes(flags) && !created && f->ops->truncate &&
        (node->mode & MODE_TYPE) == MODE_REGULAR)
        ret = f->ops->truncate(f, 0);
    if (ret) {
        file_put(f);
        return ret;
    }
    *out = f;
    return 0;
}

/* The last component does not exist. */
static int create(struct walk *w, uint32_t mode, struct node **node)
{
    int ret;

    if (w->slash)
        return -EISDIR;
    ret = mount_change_begin(w->dir->mount);
    if (ret)
        return ret;
    ret = w->dir->ops->create ? w->dir->ops->create(w->dir, w->name, w->len,
                                                    MODE_REGULAR | (mode & MODE_PERM), node)
                              : -EPERM;
    mount_change_end(w->dir->mount);
    return ret;
}

/* The node, which is made if there is none. May end *w, as walk_follow does. */
static int find_or_create(struct walk *w, unsigned flags, uint32_t mode, struct node **node,
                          bool *created)
{
    for (;;) {
        int ret = walk_last(w, node);

        if (ret == -ENOENT && !walk_is_dots(w)) {
            ret = create(w, mode, node);
            if (ret == -EEXIST && !(flags & FILE_EXCL))
                continue; /* another thread has made it since */
            *created = ret == 0;
            return ret;
        }
        if (ret)
            return ret;
        if (flags & FILE_EXCL) {
            node_put(*node);
            return -EEXIST;
        }
        if ((*node)->mode >> 12 != MODE_LINK >> 12 || (flags & FILE_NOFOLLOW)) {
            if (!w->slash || ((*node)->mode & MODE_TYPE) == MODE_DIR)
                return 0;
            node_put(*node);
            return -ENOTDIR;
        }
        ret = walk_follow(w, *node);
        if (ret)
            return ret;
    }
}

int path_open(struct node *base, const char *path, unsigned flags, uint32_t mode, struct file **out)
{
    struct node *node;
    struct walk w;
    bool created = false;
    int ret;

    if ((flags & FILE_ACCMODE) == FILE_ACCMODE)
        return -EINVAL;
    if (!(flags & FILE_CREAT)) {
        ret = path_lookup(base, path, flags & FILE_NOFOLLOW ? PATH_NOFOLLOW : 0, &node);
        return ret ? ret : open_node(node, flags, false, out);
    }
    if (flags & FILE_DIRECTORY)
        return -EINVAL;
    ret = walk_parent(&w, base, path);
    if (ret)
        return ret;
    ret = find_or_create(&w, flags, mode, &node, &created);
    walk_end(&w);
    return ret ? ret : open_node(node, flags, created, out);
}
