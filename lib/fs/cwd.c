/* SPDX-License-Identifier: MIT */
/* The current directory. Its path is found when it is asked for, so that a rename shows. */
#include "lib/fs/cwd.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/fs/mount.h"
#include "lib/fs/path.h"

int path_chdir_node(struct node *dir)
{
    if ((dir->mode & MODE_TYPE) != MODE_DIR)
        return -ENOTDIR;
    mount_set_cwd(dir);
    return 0;
}

int path_chdir(struct node *base, const char *path)
{
    struct node *dir;
    int ret = path_lookup(base, path, 0, &dir);

    if (ret)
        return ret;
    ret = path_chdir_node(dir);
    node_put(dir);
    return ret;
}

/* Finds the entry of dir that is inode ino, which neither "." nor ".." can be. 0 or -errno. */
static int find_entry(struct node *dir, uint64_t ino, struct file_dirent *entry)
{
    struct file *f = file_alloc(NULL, FILE_RDONLY, node_get(dir), NULL);
    int ret;

    if (!f) {
        node_put(dir);
        return -ENOMEM;
    }
    ret = dir->ops->open ? dir->ops->open(dir, FILE_RDONLY, f) : -EINVAL;
    if (ret == 0) {
        do
            ret = file_readdir(f, entry);
        while (ret > 0 && entry->ino != ino);
        ret = ret > 0 ? 0 : ret == 0 ? -ENOENT : ret;
    }
    file_put(f);
    return ret;
}

/* Puts "/name of dir" before buf[*at]; *dir becomes its parent, or NULL when it was the root. */
static int prepend(struct node **dir, char *buf, size_t *at, struct file_dirent *entry)
{
    struct node *parent;
    int ret;

    *dir = mount_up(*dir);
    if (*dir == (*dir)->mount->root) {
        node_put(*dir);
        *dir = NULL;
        return 0;
    }
    ret = (*dir)->ops->lookup(*dir, "..", 2, &parent);
    if (ret)
        return ret;
    ret = find_entry(parent, (*dir)->ino, entry);
    node_put(*dir);
    *dir = parent;
    if (ret)
        return ret;
    if (*at < entry->name_len + 1u)
        return -ERANGE;
    *at -= entry->name_len;
    memcpy(buf + *at, entry->name, entry->name_len);
    buf[--*at] = '/';
    return 0;
}

int cwd_path_of(struct node *dir, char *buf, size_t size)
{
    struct file_dirent entry;
    size_t at = size;
    int ret = 0;

    if (size < 2)
        return -ERANGE;
    buf[--at] = '\0';
    node_get(dir);
    while (dir && ret == 0)
        ret = prepend(&dir, buf, &at, &entry);
    node_put(dir);
    if (ret)
        return ret;
    if (!buf[at])
        buf[--at] = '/';
    memmove(buf, buf + at, size - at);
    return 0;
}

int path_getcwd(char *buf, size_t size)
{
    struct node *dir;
    int ret = mount_cwd(&dir);

    if (ret)
        return ret;
    ret = cwd_path_of(dir, buf, size);
    node_put(dir);
    return ret;
}
