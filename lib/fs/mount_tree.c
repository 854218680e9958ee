/* SPDX-License-Identifier: MIT */
/* The tree of mounts, and where a path begins. */
#include "lib/fs/mount.h"

#include <ringlet/errno.h>

struct list mounts = LIST_INIT(mounts);
static bool starting;
static struct node *cwd; /* NULL: the root */

static struct mount *root_mount(void)
{
    return list_first(&mounts, struct mount, link);
}

int mount_root(struct node **out)
{
    int ret;

    /* Mounting the defaults uses paths, too, once there is a root. */
    if (!starting && list_empty(&mounts)) {
        starting = true;
        ret = mount_defaults();
        starting = false;
        if (ret)
            return ret;
    }
    if (list_empty(&mounts))
        return -ENOENT;
    *out = node_get(root_mount()->root);
    return 0;
}

struct node *mount_down(struct node *node)
{
    while (node->covered) {
        struct node *root = node_get(node->covered->root);

        node_put(node);
        node = root;
    }
    return node;
}

struct node *mount_up(struct node *node)
{
    while (node == node->mount->root && node->mount->covers) {
        struct node *covered = node_get(node->mount->covers);

        node_put(node);
        node = covered;
    }
    return node;
}

int mount_change_begin(struct mount *mount)
{
    return mount->read_only ? -EROFS : mutex_lock(&mount->lock);
}

void mount_change_end(struct mount *mount)
{
    mutex_unlock(&mount->lock);
}

int mount_cwd(struct node **out)
{
    if (!cwd)
        return mount_root(out);
    *out = node_get(cwd);
    return 0;
}

void mount_set_cwd(struct node *dir)
{
    struct node *before = cwd;

    cwd = node_get(dir);
    node_put(before);
}

void mount_reset(void)
{
    list_init(&mounts);
    cwd = NULL;
}
