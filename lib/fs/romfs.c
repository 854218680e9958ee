/* SPDX-License-Identifier: MIT */
/* A tar archive as a read-only memfs, of which the contents stay in the archive. */
#include "lib/fs/romfs.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/xenstore.h>

#include "lib/fs/memfs_node.h"
#include "lib/fs/tar.h"

#define NAME_SHOWN 64

struct load {
    struct memfs *fs;
    struct tar tar;
    struct tar_entry entry;
    const char *why;
};

static bool is_dir(const struct memnode *n)
{
    return (n->node.mode & MODE_TYPE) == MODE_DIR;
}

static struct memnode *root_of(const struct load *l)
{
    return memnode(l->fs->mount.root);
}

static int refuse(struct load *l, const char *why)
{
    l->why = why;
    return -EINVAL;
}

/* The next component of a path: its length, and *p at its beginning; 0: there is none. "." is left
 * out. */
static size_t component(const char **p, const char *end)
{
    for (;;) {
        const char *slash;
        size_t len;

        while (*p < end && **p == '/')
            (*p)++;
        if (*p == end)
            return 0;
        slash = memchr(*p, '/', (size_t)(end - *p));
        len = (size_t)((slash ? slash : end) - *p);
        if (len != 1 || **p != '.')
            return len;
        *p += len;
    }
}

static bool is_bad(const char *name, size_t len)
{
    return len > NAME_LEN_MAX || (len == 2 && name[0] == '.' && name[1] == '.') ||
           memchr(name, '\0', len);
}

static int new_dir(struct load *l, struct memnode *dir, const char *name, size_t len,
                   struct memnode **out)
{
    int ret = memnode_create(l->fs, MODE_DIR | 0755, out);

    if (ret)
        return ret;
    ret = memdir_add(dir, name, len, *out);
    if (ret)
        memnode_unused(*out);
    return ret;
}

/* The directory of a path and its last component, len 0 for the root. `make`: directories that have no
 * entry of their own are made; otherwise -EINVAL. */
static int find_place(struct load *l, const char *path, size_t path_len, bool make,
                      struct memnode **dir, const char **name, size_t *len)
{
    const char *end = path + path_len;

    *dir = root_of(l);
    *len = component(&path, end);
    *name = path;
    while (*len) {
        const char *rest = path + *len;
        size_t next = component(&rest, end);
        struct memnode *n;
        int ret;

        if (is_bad(path, *len))
            return refuse(l, "a part of the name is \"..\", or too long");
        *name = path;
        if (!next)
            return 0;
        n = memdir_find(*dir, path, *len);
        if (!n) {
            if (!make)
                return refuse(l, "it is a link to what is not there");
            ret = new_dir(l, *dir, path, *len, &n);
            if (ret)
                return ret;
        }
        if (!is_dir(n))
            return refuse(l, "it lies below something that is no directory");
        *dir = n;
        path = rest;
        *len = next;
    }
    return 0;
}

static void describe(struct load *l, struct memnode *n)
{
    const struct tar_entry *e = &l->entry;

    n->node.mode = (n->node.mode & MODE_TYPE) | e->mode;
    n->uid = e->uid;
    n->gid = e->gid;
    n->atime = n->mtime = n->ctime = e->mtime;
}

/* A later entry replaces an earlier one of the same name, as tar does when it unpacks, but a directory
 * stays what it is. */
static int add(struct load *l, struct memnode *dir, const char *name, size_t len, struct memnode *n)
{
    const struct memnode *before = memdir_find(dir, name, len);

    if (before && is_dir(before))
        return refuse(l, "there is a directory of that name");
    if (before) {
        memnode_unused(memdir_replace(dir, name, len, n));
        return 0;
    }
    return memdir_add(dir, name, len, n);
}

static int add_new(struct load *l, struct memnode *dir, const char *name, size_t len, uint32_t type,
                   const char *content, size_t size)
{
    struct memnode *n;
    int ret = memnode_create(l->fs, type, &n);

    if (ret)
        return ret;
    n->fixed = content;
    n->size = (int64_t)size;
    describe(l, n);
    ret = add(l, dir, name, len, n);
    if (ret)
        memnode_unused(n);
    return ret;
}

static int add_dir(struct load *l, struct memnode *dir, const char *name, size_t len)
{
    struct memnode *n = len ? memdir_find(dir, name, len) : root_of(l);
    int ret;

    if (!n) {
        ret = new_dir(l, dir, name, len, &n);
        if (ret)
            return ret;
    }
    if (!is_dir(n))
        return refuse(l, "there is something else of that name");
    describe(l, n);
    return 0;
}

/* The target is another entry's name, from the archive's beginning. */
static int add_hard_link(struct load *l, struct memnode *dir, const char *name, size_t len)
{
    struct memnode *target_dir, *n = NULL;
    const char *target;
    size_t target_len;
    int ret =
        find_place(l, l->entry.link, l->entry.link_len, false, &target_dir, &target, &target_len);

    if (ret)
        return ret;
    if (target_len)
        n = memdir_find(target_dir, target, target_len);
    if (!n || is_dir(n))
        return refuse(l, "it is a link to what is not there");
    if (n == memdir_find(dir, name, len))
        return 0;
    return add(l, dir, name, len, n);
}

static int add_entry(struct load *l)
{
    const struct tar_entry *e = &l->entry;
    struct memnode *dir;
    const char *name;
    size_t len;
    int ret = find_place(l, e->name, e->name_len, true, &dir, &name, &len);

    if (ret)
        return ret;
    if (len == 0 && e->type != TAR_DIR)
        return refuse(l, "it has no name");
    switch (e->type) {
    case TAR_DIR:
        return add_dir(l, dir, name, len);
    case TAR_HARDLINK:
        return add_hard_link(l, dir, name, len);
    case TAR_SYMLINK:
        if (e->link_len == 0 || memchr(e->link, '\0', e->link_len))
            return refuse(l, "it is a link without a target");
        return add_new(l, dir, name, len, MODE_LINK, e->link, e->link_len);
    default:
        return add_new(l, dir, name, len, MODE_REGULAR, e->data, e->size);
    }
}

static int load(struct load *l)
{
    int ret;

    while ((ret = tar_next(&l->tar, &l->entry)) > 0) {
        ret = add_entry(l);
        if (ret)
            return ret;
    }
    if (ret)
        l->why = l->tar.why;
    return ret;
}

int romfs_create(const void *archive, size_t size, struct mount **out)
{
    struct load *l = heap_zalloc(1, sizeof(*l), MEM_APP);
    char shown[NAME_SHOWN];
    int ret;

    if (!l)
        return -ENOMEM;
    ret = memfs_make(&l->fs, UINT64_MAX, true);
    if (ret) {
        heap_free(l);
        return ret;
    }
    tar_begin(&l->tar, archive, size);
    ret = load(l);
    if (ret) {
        if (l->why)
            pr_err("archive: entry \"%s\" at byte %zu: %s\n",
                   xs_printable(l->entry.name, strlen(l->entry.name), shown, sizeof(shown)),
                   l->tar.header, l->why);
        memfs_destroy(&l->fs->mount);
    } else {
        *out = &l->fs->mount;
    }
    heap_free(l);
    return ret;
}
