/* SPDX-License-Identifier: MIT */
/*
 * /dev: null zero full random urandom console tty stdin stdout stderr fd/N, disks (blockdev.h), and
 * what devfs_add adds.
 */
#ifndef RINGLET_FS_DEVFS_H
#define RINGLET_FS_DEVFS_H

#include "lib/fs/fs.h"

int devfs_create(struct mount **out); /* -ENOMEM */

/* Adds a character device. name: static, without '/'. open: sets f->ops and f->data, as node_ops.open.
 * -EEXIST, -ENOMEM. Also before devfs_create, which is called at the first use of a path. */
int devfs_add(const char *name, uint32_t mode, uint64_t rdev,
              int (*open)(struct file *f, unsigned flags));

#endif
