/* SPDX-License-Identifier: MIT */
/* fsync(), which Mini-OS' operations of files do not have. */
#ifndef RINGLET_MINI_OS_FILES_PRIVATE_H
#define RINGLET_MINI_OS_FILES_PRIVATE_H

struct file;

/* 0 or -errno; -EINVAL for a file of another type than its own. NULL: no type has it. */
extern int (*minios_file_sync)(struct file *file);

#endif
