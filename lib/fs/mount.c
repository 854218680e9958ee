/* SPDX-License-Identifier: MIT */
/* Mounting and unmounting. */
#include "lib/fs/mount.h"

#include <ringlet/errno.h>

#include "lib/fs/cwd.h"
#include "lib/fs/path.h"

static uint64_t next_dev = 1;

static void attach(struct mount *mount, struct node *covers)
{
    mutex_init(&mount->lock);
    mount->dev = next_dev++;
    mount->covers = covers;
    if (covers)
        covers->covered = mount;
    list_add_tail(&mounts, &mount->link);
}

static bool is_root(const char *path)
{
    const char *p = path;

    while (*p == '/')
        p++;
    return p > path && !*p;
}

int fs_mount(const char *path, struct mount *mount)
{
    struct node *at;
    int ret;

    if (list_empty(&mounts) && is_root(path)) {
        attach(mount, NULL);
        return 0;
    }
    ret = path_lookup(NULL, path, 0, &at);
    if (ret)
        return ret;
    if ((at->mode & MODE_TYPE) != MODE_DIR)
        ret = -ENOTDIR;
    else if (at == at->mount->root)
        ret = -EBUSY; /* /, or something is mounted there */
    if (ret) {
        node_put(at);
        return ret;
    }
    attach(mount, at);
    return 0;
}

static void detach(struct mount *mount)
{
    list_del(&mount->link);
    mount->covers->covered = NULL;
    node_put(mount->covers);
    mount->covers = NULL;
}

/* at: the root of a mount; its reference is dropped. */
static int unmount(struct node *at)
{
    struct mount *mount = at->mount;
    int ret = 0;

    node_put(at);
    if (mount->nodes > 1 || mount->root->refs > 1)
        return -EBUSY;
    if (mount->ops->sync) {
        node_get(mount->root); /* it may wait; nobody else unmounts it meanwhile */
        ret = mount->ops->sync(mount);
        node_put(mount->root);
    }
    if (ret)
        return ret;
    if (mount->nodes > 1 || mount->root->refs > 1)
        return -EBUSY;
    detach(mount);
    return mount->ops->unmount(mount);
}

int fs_unmount(const char *path)
{
    struct node *at;
    int ret;

    ret = path_lookup(NULL, path, 0, &at);
    if (ret)
        return ret;
    if (at != at->mount->root || !at->mount->covers) {
        node_put(at);
        return -EINVAL;
    }
    return unmount(at);
}

/* Calls fn for each mount. It may wait: a mount is in use meanwhile, so that it stays. */
static int for_each(int (*fn)(struct mount *mount, void *arg), void *arg)
{
    struct list *next;
    int ret = 0;

    for (struct list *l = mounts.next; l != &mounts && ret == 0; l = next) {
        struct mount *mount = list_entry(l, struct mount, link);

        node_get(mount->root);
        ret = fn(mount, arg);
        next = l->next;
        node_put(mount->root);
    }
    return ret;
}

static int sync_one(struct mount *mount, void *arg)
{
    int *first = arg;
    int ret = mount->ops->sync && !mount->read_only ? mount->ops->sync(mount) : 0;

    if (!*first)
        *first = ret;
    return 0;
}

int fs_sync(void)
{
    int first = 0;

    for_each(sync_one, &first);
    return first;
}

struct visit {
    int (*fn)(struct mount *mount, const char *path, void *arg);
    void *arg;
};

static int visit_one(struct mount *mount, void *arg)
{
    const struct visit *v = arg;
    char path[512];

    if (cwd_path_of(mount->root, path, sizeof(path)))
        path[0] = '\0';
    return v->fn(mount, path, v->arg);
}

int fs_each_mount(int (*fn)(struct mount *mount, const char *path, void *arg), void *arg)
{
    struct visit v = {fn, arg};

    return for_each(visit_one, &v);
}
