/* SPDX-License-Identifier: MIT */
/* The current directory, within lib/fs. */
#ifndef RINGLET_FS_CWD_H
#define RINGLET_FS_CWD_H

#include "lib/fs/fs.h"

/* The path of a directory with its NUL: 0, -ERANGE, -ENOENT (it was removed). */
int cwd_path_of(struct node *dir, char *buf, size_t size);

#endif
