/* SPDX-License-Identifier: MIT */
/* The names in /dev: devices that were added, and those that there are always. */
#include <ringlet/blkfront.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "lib/fs/devfs_private.h"

static struct list devices = LIST_INIT(devices); /* of struct device, in order of number */
static unsigned device_count;

static const char *const standard[] = {"stdin", "stdout", "stderr"};

static bool is(const char *name, size_t len, const char *other)
{
    return strlen(other) == len && !memcmp(name, other, len);
}

const struct device *devfs_find(const char *name, size_t len)
{
    list_for_each (l, &devices) {
        const struct device *d = list_entry(l, struct device, link);

        if (is(name, len, d->name))
            return d;
    }
    return NULL;
}

int devfs_add(const char *name, uint32_t mode, uint64_t rdev,
              int (*open)(struct file *f, unsigned flags))
{
    struct device *d;

    if (devfs_find(name, strlen(name)))
        return -EEXIST;
    d = heap_zalloc(1, sizeof(*d), MEM_APP);
    if (!d)
        return -ENOMEM;
    *d = (struct device){.name = name,
                         .mode = mode & MODE_PERM,
                         .rdev = rdev,
                         .number = device_count++,
                         .open = open};
    list_add_tail(&devices, &d->link);
    return 0;
}

int devfs_standard(const char *name, size_t len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(standard); i++)
        if (is(name, len, standard[i]))
            return (int)i;
    return -ENOENT;
}

uint64_t devfs_ino(const char *name)
{
    size_t len = strlen(name);
    const struct device *d = devfs_find(name, len);
    int fd = devfs_standard(name, len);
    unsigned devid;

    if (is(name, len, "fd"))
        return INO_FD_DIR;
    if (fd >= 0)
        return INO_FD + (unsigned)fd;
    if (d)
        return INO_DEVICE + d->number;
    return blkfront_vdev_number(name, &devid) ? INO_ROOT : INO_DISK + devid;
}

int devfs_each_name(int (*fn)(const char *name, uint32_t type, void *arg), void *arg)
{
    int ret = fn("fd", MODE_DIR, arg);

    for (unsigned i = 0; i < ARRAY_SIZE(standard) && ret == 0; i++)
        ret = fn(standard[i], MODE_CHAR, arg);
    list_for_each (l, &devices) {
        const struct device *d = list_entry(l, struct device, link);

        if (ret == 0)
            ret = fn(d->name, MODE_CHAR, arg);
    }
    return ret;
}

void devfs_reset(void)
{
    list_init(&devices);
    device_count = 0;
}
