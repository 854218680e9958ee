/* SPDX-License-Identifier: MIT */
/*
 * /dev. Devices with a name of their own have a node all the time; disks and the entries of fd/ get one
 * when they are looked up.
 */
#include "lib/fs/devfs.h"

#include <ringlet/blkfront.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/fs/blockdev.h"
#include "lib/fs/devfs_private.h"
#include "lib/fs/fd.h"

static int dev_lookup(struct node *dir, const char *name, size_t len, struct node **out);
static int dev_open(struct node *node, unsigned flags, struct file *f);
static int dev_existing(struct node *node, unsigned flags, struct file **out);

/* ---- nodes ---- */

static struct devnode *devnode(struct node *node)
{
    return container_of(node, struct devnode, node);
}

static struct devfs *devfs_of(const struct node *node)
{
    return container_of(node->mount, struct devfs, mount);
}

static void dev_release(struct node *node)
{
    struct devnode *n = devnode(node);

    list_del(&n->link);
    heap_free(n);
}

static int dev_stat(struct node *node, struct file_stat *out)
{
    const struct devnode *n = devnode(node);

    out->ino = node->ino;
    out->mode = node->mode;
    out->nlink = (node->mode & MODE_TYPE) == MODE_DIR ? 2 : 1;
    out->rdev = n->rdev;
    out->blksize = PAGE_SIZE;
    out->atime = out->mtime = out->ctime = devfs_of(node)->made;
    return 0;
}

/* What the descriptor refers to. */
static int fd_stat(struct node *node, struct file_stat *out)
{
    struct file *f = fd_get(devnode(node)->fd);
    int ret = f ? file_stat(f, out) : -ENOENT;

    file_put(f);
    return ret;
}

static const struct node_ops dev_ops = {
    .lookup = dev_lookup, .stat = dev_stat, .open = dev_open, .release = dev_release};
static const struct node_ops fd_ops = {
    .stat = fd_stat, .existing = dev_existing, .release = dev_release};

/* The node with this number, which there is while somebody has a reference, or a new one. */
static int get_node(struct devfs *fs, const struct node_ops *ops, uint32_t mode, uint64_t ino,
                    struct devnode **out)
{
    struct devnode *n;

    list_for_each (l, &fs->nodes) {
        n = list_entry(l, struct devnode, link);
        if (n->node.ino == ino) {
            node_get(&n->node);
            *out = n;
            return 0;
        }
    }
    n = heap_zalloc(1, sizeof(*n), MEM_APP);
    if (!n)
        return -ENOMEM;
    node_init(&n->node, ops, &fs->mount, mode, ino);
    list_add_tail(&fs->nodes, &n->link);
    *out = n;
    return 0;
}

/* ---- fd/N, stdin, stdout, stderr ---- */

static int get_fd_node(struct devfs *fs, unsigned fd, struct node **out)
{
    struct file *f = fd_get((int)fd);
    struct devnode *n;
    int ret;

    if (!f)
        return -ENOENT;
    file_put(f);
    ret = get_node(fs, &fd_ops, MODE_CHAR | 0600, INO_FD + fd, &n);
    if (ret)
        return ret;
    n->fd = (int)fd;
    *out = &n->node;
    return 0;
}

/* As dup(): the same open file, of which the access mode must suffice. */
static int dev_existing(struct node *node, unsigned flags, struct file **out)
{
    struct file *f = fd_get(devnode(node)->fd);
    unsigned has;

    if (!f)
        return -ENXIO; /* it was closed since */
    has = f->flags & FILE_ACCMODE;
    if (has != FILE_RDWR && has != (flags & FILE_ACCMODE)) {
        file_put(f);
        return -EACCES;
    }
    *out = f;
    return 0;
}

static int lookup_fd(struct devfs *fs, const char *name, size_t len, struct node **out)
{
    uint64_t fd;

    /* "00" is no second name of 0, and "0x1" none of 1 */
    if (parse_u64(name, len, &fd) || fd >= FD_MAX || (len > 1 && name[0] == '0'))
        return -ENOENT;
    return get_fd_node(fs, (unsigned)fd, out);
}

/* ---- disks ---- */

struct find_disk {
    unsigned devid;
    bool found;
};

static int compare_disk(const char *name, void *arg)
{
    struct find_disk *f = arg;
    unsigned devid;

    f->found = blkfront_vdev_number(name, &devid) == 0 && devid == f->devid;
    return f->found;
}

static int lookup_disk(struct devfs *fs, const char *text, size_t len, struct node **out)
{
    char name[DISK_NAME_MAX + 1], canonical[DISK_NAME_MAX + 1];
    struct find_disk f = {.found = false};
    struct devnode *n;
    int ret;

    if (len > DISK_NAME_MAX)
        return -ENOENT;
    memcpy(name, text, len);
    name[len] = '\0';
    /* one name for each disk: no numbers */
    if (blkfront_vdev_number(name, &f.devid) ||
        strcmp(blkfront_vdev_name(f.devid, canonical, sizeof(canonical)), name))
        return -ENOENT;
    ret = blkfront_enumerate(compare_disk, &f);
    if (ret < 0)
        return ret == -ENOTCONN ? -ENOENT : ret;
    if (!f.found)
        return -ENOENT;
    ret = get_node(fs, &dev_ops, MODE_BLOCK | 0600, INO_DISK + f.devid, &n);
    if (ret)
        return ret;
    memcpy(n->disk, name, len + 1);
    n->rdev = f.devid; /* major << 8 | minor, for xvda as Xen numbers it */
    *out = &n->node;
    return 0;
}

/* ---- the directory ---- */

static int get_device_node(struct devfs *fs, const struct device *d, struct node **out)
{
    struct devnode *n;
    int ret = get_node(fs, &dev_ops, MODE_CHAR | d->mode, INO_DEVICE + d->number, &n);

    if (ret)
        return ret;
    n->device = d;
    n->rdev = d->rdev;
    *out = &n->node;
    return 0;
}

static int lookup_root(struct devfs *fs, const char *name, size_t len, struct node **out)
{
    const struct device *device;
    struct devnode *n;
    int ret, fd;

    if (len == 2 && !memcmp(name, "fd", 2)) {
        ret = get_node(fs, &dev_ops, MODE_DIR | 0555, INO_FD_DIR, &n);
        if (ret == 0)
            *out = &n->node;
        return ret;
    }
    fd = devfs_standard(name, len);
    if (fd >= 0)
        return get_fd_node(fs, (unsigned)fd, out);
    device = devfs_find(name, len);
    if (device)
        return get_device_node(fs, device, out);
    return lookup_disk(fs, name, len, out);
}

static int dev_lookup(struct node *dir, const char *name, size_t len, struct node **out)
{
    struct devfs *fs = devfs_of(dir);

    if (len == 2 && name[0] == '.' && name[1] == '.') {
        *out = node_get(fs->mount.root);
        return 0;
    }
    return dir->ino == INO_ROOT ? lookup_root(fs, name, len, out) : lookup_fd(fs, name, len, out);
}

static int dev_open(struct node *node, unsigned flags, struct file *f)
{
    const struct devnode *n = devnode(node);

    if (node->ino == INO_ROOT)
        return devdir_open(f, false);
    if (node->ino == INO_FD_DIR)
        return devdir_open(f, true);
    if (n->device)
        return n->device->open(f, flags);
    return blockdev_attach(n->disk, flags, f);
}

/* ---- the whole ---- */

static int dev_statfs(struct mount *mount, struct fs_stat *out)
{
    (void)mount;
    out->block_size = PAGE_SIZE;
    return 0;
}

static int dev_unmount(struct mount *mount)
{
    node_put(mount->root);
    heap_free(container_of(mount, struct devfs, mount));
    return 0;
}

static const struct mount_ops dev_mount_ops = {.statfs = dev_statfs, .unmount = dev_unmount};

int devfs_create(struct mount **out)
{
    struct devfs *fs;
    struct devnode *root;
    int ret;

    ret = devices_add_builtin();
    if (ret)
        return ret;
    fs = heap_zalloc(1, sizeof(*fs), MEM_APP);
    if (!fs)
        return -ENOMEM;
    list_init(&fs->nodes);
    fs->made = (int64_t)clock_wall();
    fs->mount.ops = &dev_mount_ops;
    fs->mount.type = "devfs";
    ret = get_node(fs, &dev_ops, MODE_DIR | 0755, INO_ROOT, &root);
    if (ret) {
        heap_free(fs);
        return ret;
    }
    fs->mount.root = &root->node;
    *out = &fs->mount;
    return 0;
}
