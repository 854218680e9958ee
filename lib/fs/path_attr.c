/* SPDX-License-Identifier: MIT */
/* What is asked and set of files by path: attributes, size, targets of links, their file system. */
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "lib/fs/path.h"

int node_stat(struct node *node, struct file_stat *out)
{
    int ret;

    memset(out, 0, sizeof(*out));
    if (!node->ops->stat)
        return -EINVAL;
    ret = node->ops->stat(node, out);
    out->dev = node->mount->dev;
    return ret;
}

int path_stat(struct node *base, const char *path, unsigned flags, struct file_stat *out)
{
    struct node *node;
    int ret = path_lookup(base, path, flags, &node);

    if (ret)
        return ret;
    ret = node_stat(node, out);
    node_put(node);
    return ret;
}

static int may_access(struct node *node, unsigned mode)
{
    uint32_t type = node->mode & MODE_TYPE;
    struct file_stat st;
    int ret;

    if ((mode & 2) && node->mount->read_only && type != MODE_CHAR && type != MODE_BLOCK)
        return -EROFS;
    if (!(mode & 1) || type == MODE_DIR)
        return 0;
    ret = node_stat(node, &st);
    if (ret)
        return ret;
    return st.mode & 0111 ? 0 : -EACCES;
}

int path_access(struct node *base, const char *path, unsigned mode, unsigned flags)
{
    struct node *node;
    int ret;

    if (mode & ~7u)
        return -EINVAL;
    ret = path_lookup(base, path, flags, &node);
    if (ret)
        return ret;
    ret = may_access(node, mode);
    node_put(node);
    return ret;
}

int node_setattr(struct node *node, const struct node_attr *attr)
{
    if (node->mount->read_only)
        return -EROFS;
    return node->ops->setattr ? node->ops->setattr(node, attr) : -EPERM;
}

int path_setattr(struct node *base, const char *path, unsigned flags, const struct node_attr *attr)
{
    struct node *node;
    int ret = path_lookup(base, path, flags, &node);

    if (ret)
        return ret;
    ret = node_setattr(node, attr);
    node_put(node);
    return ret;
}

int path_truncate(struct node *base, const char *path, int64_t size)
{
    struct file *f;
    int ret;

    if (size < 0)
        return -EINVAL;
    ret = path_open(base, path, FILE_WRONLY | FILE_NONBLOCK, 0, &f);
    if (ret)
        return ret;
    ret = file_truncate(f, size);
    if (ret == 0)
        ret = file_put(f);
    else
        file_put(f);
    return ret;
}

int64_t path_readlink(struct node *base, const char *path, char *buf, size_t size)
{
    struct node *node;
    int64_t ret;

    if (size == 0)
        return -EINVAL;
    ret = path_lookup(base, path, PATH_NOFOLLOW, &node);
    if (ret)
        return ret;
    if ((node->mode & MODE_TYPE) != MODE_LINK || !node->ops->readlink) {
        ret = -EINVAL;
    } else {
        ret = node->ops->readlink(node, buf, size);
        if (ret > (int64_t)size)
            ret = (int64_t)size;
    }
    node_put(node);
    return ret;
}

int node_statfs(struct node *node, struct fs_stat *out)
{
    struct mount *mount = node->mount;
    int ret;

    memset(out, 0, sizeof(*out));
    ret = mount->ops->statfs(mount, out);
    out->id = mount->dev;
    out->read_only = mount->read_only;
    out->name_max = NAME_LEN_MAX;
    return ret;
}

int path_statfs(struct node *base, const char *path, struct fs_stat *out)
{
    struct node *node;
    int ret = path_lookup(base, path, 0, &node);

    if (ret)
        return ret;
    ret = node_statfs(node, out);
    node_put(node);
    return ret;
}
