/* SPDX-License-Identifier: MIT */
/* Reading the directories of /dev: an open one has a list of the names of that moment. */
#include <ringlet/blkfront.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/fs/devfs_private.h"
#include "lib/fs/fd.h"

struct name {
    uint64_t ino;
    uint32_t type;
    char text[32];
};

struct listing {
    unsigned count, room;
    struct name *names;
};

static int add(struct listing *l, const char *text, uint32_t type, uint64_t ino)
{
    if (l->count == l->room) {
        unsigned room = l->room ? l->room * 2 : 32;
        struct name *more = heap_alloc(room * sizeof(*more), MEM_APP);

        if (!more)
            return -ENOMEM;
        if (l->count)
            memcpy(more, l->names, l->count * sizeof(*more));
        heap_free(l->names);
        l->names = more;
        l->room = room;
    }
    l->names[l->count] = (struct name){.ino = ino, .type = type};
    format(l->names[l->count].text, sizeof(l->names->text), "%s", text);
    l->count++;
    return 0;
}

static int add_device(const char *name, uint32_t type, void *arg)
{
    return add(arg, name, type, devfs_ino(name));
}

static int add_disk(const char *number, void *arg)
{
    char name[DISK_NAME_MAX + 1];
    unsigned devid;

    if (blkfront_vdev_number(number, &devid))
        return 0;
    blkfront_vdev_name(devid, name, sizeof(name));
    return add(arg, name, MODE_BLOCK, devfs_ino(name));
}

static int list_root(struct listing *l)
{
    int ret = add(l, ".", MODE_DIR, devfs_ino("."));

    if (ret == 0)
        ret = add(l, "..", MODE_DIR, devfs_ino("."));
    if (ret == 0)
        ret = devfs_each_name(add_device, l);
    /* without XenStore there are no disks; a listing without them is right */
    if (ret == 0 && blkfront_enumerate(add_disk, l) == -ENOMEM)
        ret = -ENOMEM;
    return ret;
}

static int list_fds(struct listing *l)
{
    int ret = add(l, ".", MODE_DIR, devfs_ino("fd"));

    if (ret == 0)
        ret = add(l, "..", MODE_DIR, devfs_ino("."));
    for (int fd = 0; ret == 0 && (fd = fd_next(fd)) >= 0; fd++) {
        char text[12];

        format(text, sizeof(text), "%d", fd);
        ret = add(l, text, MODE_CHAR, INO_FD + (unsigned)fd);
    }
    return ret;
}

static int dir_readdir(struct file *f, int64_t *position, struct file_dirent *out)
{
    const struct listing *l = f->data;
    const struct name *n;

    if (*position >= l->count)
        return 0;
    n = &l->names[*position];
    out->ino = n->ino;
    out->type = (uint8_t)(n->type >> 12);
    out->name_len = (uint8_t)strlen(n->text);
    memcpy(out->name, n->text, out->name_len + 1u);
    out->next = ++*position;
    return 1;
}

static int dir_release(struct file *f)
{
    struct listing *l = f->data;

    heap_free(l->names);
    heap_free(l);
    return 0;
}

static const struct file_ops dir_ops = {.readdir = dir_readdir, .release = dir_release};

int devdir_open(struct file *f, bool of_fds)
{
    struct listing *l = heap_zalloc(1, sizeof(*l), MEM_APP);
    int ret;

    if (!l)
        return -ENOMEM;
    ret = of_fds ? list_fds(l) : list_root(l);
    f->ops = &dir_ops;
    f->data = l;
    return ret;
}
