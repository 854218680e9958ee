/* SPDX-License-Identifier: MIT */
/* devfs' parts, among themselves. */
#ifndef RINGLET_FS_DEVFS_PRIVATE_H
#define RINGLET_FS_DEVFS_PRIVATE_H

#include "lib/fs/devfs.h"

#define DISK_NAME_MAX 15u

#define INO_ROOT   1
#define INO_FD_DIR 2
#define INO_DEVICE 16             /* + the number of devices before it */
#define INO_FD     0x10000u       /* + descriptor */
#define INO_DISK   0x100000000ull /* + number */

/* A character device. */
struct device {
    struct list link;
    const char *name;
    uint32_t mode;
    unsigned number;
    uint64_t rdev;
    int (*open)(struct file *f, unsigned flags);
};

struct devnode {
    struct node node;
    struct list link; /* in devfs.nodes */
    uint64_t rdev;
    const struct device *device; /* or NULL */
    int fd;                      /* of fd/N */
    char disk[DISK_NAME_MAX + 1];
};

struct devfs {
    struct mount mount;
    struct list nodes; /* that have references */
    int64_t made;      /* ns */
};

/* devices.c: null, zero, full, random, urandom, console, tty. */
int devices_add_builtin(void);

/* devdir.c: sets the ops of an open directory, with the names there are now. */
int devdir_open(struct file *f, bool of_fds);

/* dev_names.c. A device that was added, or NULL. The descriptor that stdin, stdout or stderr is, or
 * -ENOENT. The inode number of a name in the root directory. */
const struct device *devfs_find(const char *name, size_t len);
int devfs_standard(const char *name, size_t len);
uint64_t devfs_ino(const char *name);
/* All names but disks'. */
int devfs_each_name(int (*fn)(const char *name, uint32_t type, void *arg), void *arg);
/* For tests: as at the start. */
void devfs_reset(void);

#endif
