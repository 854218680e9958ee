/* SPDX-License-Identifier: MIT */
/*
 * ext2, ext3 and ext4 as a file system of lib/fs: struct node, struct mount and struct file_ops over
 * libext2fs, which the store (store/store.h) makes crash-safe. docs/ext4.md says what it promises.
 */
#ifndef RINGLET_EXT4_FILES_EXT4_H
#define RINGLET_EXT4_FILES_EXT4_H

#include "lib/fs/ext4/store/store.h"
#include "lib/fs/fs.h"

/*
 * Makes the file system that is on the disk, for fs_mount, and frees what was being removed when it was last
 * used. The disk is taken over in any case, and closed by mount->ops->unmount. The errors are
 * store_open's, which has printed what is wrong, and -EIO: there is no root directory.
 */
int ext4_open(struct ext4_disk *disk, const struct store_config *config, struct mount **out);

/*
 * At the guest's end, also while files are open: frees files without names, waits for reads and writes until
 * the deadline, commits, and closes the disk. Afterwards operations of the calling thread fail with -EIO,
 * and other threads' do not return. Other file systems' mounts are ignored. -EBUSY: a transfer did not end in time; what was committed is in the
 * journal.
 */
int ext4_end_use(struct mount *mount, uint64_t deadline);

#endif
