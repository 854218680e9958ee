/* SPDX-License-Identifier: MIT */
/*
 * A file system in the guest's memory: directories, sparse files, hard and symbolic links. Files have
 * up to 2^44 bytes and holes; memory is only used for pages that were written.
 */
#ifndef RINGLET_FS_MEMFS_H
#define RINGLET_FS_MEMFS_H

#include "lib/fs/fs.h"

/* Makes an empty file system for fs_mount. limit: bytes of memory that it may use, 0: half of the
 * memory that is free now. Beyond it -ENOSPC, or -ENOMEM when the guest has none left. -ENOMEM. */
int memfs_create(uint64_t limit, struct mount **out);

#endif
