/* SPDX-License-Identifier: MIT */
/* Mounting disks, and unmounting them when the guest ends. */
#include "lib/fs/ext4/mount/mount.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/mount.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/string.h>

#include "lib/fs/ext4/files/ext4.h"
#include "lib/fs/path.h"

#define DEV         "/dev/"
#define CACHE_LEAST ((size_t)4 << 20)
#define CACHE_MOST  ((size_t)64 << 20)
/* How long the guest's end waits for transfers. */
#define PATIENCE (10 * NSEC_PER_SEC)

/* What ringlet_mount has mounted. */
struct mounted {
    struct list link;
    struct mount *mount;
    void *archive; /* or NULL */
};

static struct list all = LIST_INIT(all);

/* As mkdir -p. */
static int make_directories(const char *path)
{
    char *part = heap_strndup(path, strlen(path), MEM_APP);
    int ret = 0;

    if (!part)
        return -ENOMEM;
    for (char *p = part + 1; *p && ret == 0; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        ret = path_mkdir(NULL, part, 0755);
        ret = ret == -EEXIST ? 0 : ret;
        *p = '/';
    }
    if (ret == 0)
        ret = path_mkdir(NULL, part, 0755);
    heap_free(part);
    return ret == -EEXIST ? 0 : ret;
}

static int probe(struct ext4_disk *disk, enum disk_content *what, const char **why)
{
    uint8_t *start = heap_zalloc(1, PROBE_BYTES, MEM_APP);
    size_t len = (size_t)MIN(disk->size, (uint64_t)PROBE_BYTES);
    int ret;

    if (!start)
        return -ENOMEM;
    ret = ext4_disk_transfer(disk, 0, start, len, false);
    if (ret == 0)
        *what = disk_probe(start, why);
    heap_free(start);
    return ret;
}

static size_t cache_bytes(unsigned flags)
{
    struct page_stats pages;

    if (flags >> 8)
        return (size_t)(flags >> 8) << 20;
    page_get_stats(&pages);
    return MIN(MAX(pages.free * PAGE_SIZE / 8, CACHE_LEAST), CACHE_MOST);
}

/* Closes the disk, unless the file system has it. */
static int open_content(struct ext4_disk *disk, unsigned flags, struct mounted *m)
{
    struct store_config config = {.flags = flags & RINGLET_MOUNT_READ_ONLY ? STORE_READ_ONLY : 0,
                                  .cache = cache_bytes(flags)};
    enum disk_content what = CONTENT_OTHER;
    const char *why = NULL;
    int ret = probe(disk, &what, &why);

    if (ret == 0 && what == CONTENT_EMPTY && (flags & RINGLET_MOUNT_MAKE)) {
        ret = ext4_make(disk);
        if (ret == 0)
            pr_info("%s: made an ext4 file system\n", disk->name);
        if (ret == 0)
            what = CONTENT_EXT;
        else if (ret == -EEXIST)
            ret = 0; /* it only looked empty */
    }
    if (ret == 0 && what == CONTENT_EXT)
        return ext4_open(disk, &config, &m->mount);
    if (ret == 0 && what == CONTENT_TAR) {
        ret = archive_mount(disk, &m->mount, &m->archive);
    } else if (ret == 0) {
        pr_err("%s: there is no file system on it, but %s; in dom0: mke2fs -t ext4%s\n", disk->name,
               why, what == CONTENT_EMPTY ? "; or mount it with :mkfs" : "");
        ret = -EINVAL;
    }
    disk->ops->close(disk);
    return ret;
}

static void forget(struct mounted *m)
{
    heap_free(m->archive);
    heap_free(m);
}

static int attach(struct mounted *m, const char *path)
{
    int ret = shutdown_register(mounts_end);

    if (ret == 0)
        ret = make_directories(path);
    if (ret == 0)
        ret = fs_mount(path, m->mount);
    if (ret)
        m->mount->ops->unmount(m->mount);
    return ret;
}

int ext4_mount_disk(struct ext4_disk *disk, const char *path, unsigned flags)
{
    struct mounted *m = heap_zalloc(1, sizeof(*m), MEM_APP);
    char name[sizeof(disk->name)];
    int ret;

    if (!m) {
        disk->ops->close(disk);
        return -ENOMEM;
    }
    memcpy(name, disk->name, sizeof(name));
    ret = open_content(disk, flags, m);
    if (ret == 0)
        ret = attach(m, path);
    if (ret) {
        pr_err("%s: cannot be mounted at %.64s: %s\n", name, path, errno_name(ret));
        forget(m);
        return ret;
    }
    list_add_tail(&all, &m->link);
    pr_info("%s: %s at %.64s%s\n", name, m->mount->type, path,
            m->mount->read_only ? ", read-only" : "");
    return 0;
}

int ringlet_mount(const char *disk, const char *path, unsigned flags)
{
    const char *name = strncmp(disk, DEV, strlen(DEV)) ? disk : disk + strlen(DEV);
    struct ext4_disk *opened;
    int ret;

    if (path[0] != '/') {
        pr_err("%.64s: cannot be mounted at \"%.64s\": not an absolute path\n", disk, path);
        return -EINVAL;
    }
    ret = ext4_disk_blkfront(name, flags & RINGLET_MOUNT_READ_ONLY, &opened);
    if (ret == -ENOENT)
        ret = -ENXIO;
    if (ret) {
        pr_err("%.64s: cannot be mounted at %.64s: %s\n", disk, path,
               ret == -ENXIO ? "there is no such disk" : errno_name(ret));
        return ret;
    }
    return ext4_mount_disk(opened, path, flags);
}

static struct mounted *find(const struct mount *mount)
{
    list_for_each (l, &all) {
        struct mounted *m = list_entry(l, struct mounted, link);

        if (m->mount == mount)
            return m;
    }
    return NULL;
}

int ringlet_unmount(const char *path)
{
    struct mounted *m;
    struct node *node;
    int ret = path_lookup(NULL, path, 0, &node);

    if (ret)
        return ret;
    m = node == node->mount->root ? find(node->mount) : NULL;
    node_put(node);
    if (!m)
        return -EINVAL;
    ret = fs_unmount(path);
    if (ret == -EBUSY || (ret && find(m->mount) && m->mount->covers)) /* it is still mounted */
        return ret;
    list_del(&m->link);
    forget(m);
    return ret;
}

/* The newest first: one may be mounted on another. */
void mounts_end(void)
{
    const uint64_t deadline = clock_deadline(PATIENCE);

    for (struct list *l = all.prev; l != &all; l = l->prev) {
        struct mounted *m = list_entry(l, struct mounted, link);
        int ret = ext4_end_use(m->mount, deadline);

        if (ret)
            pr_err("%s: not everything is written at the end: %s\n", m->mount->type,
                   errno_name(ret));
    }
}
