/* SPDX-License-Identifier: MIT */
/* The parts of ringlet_mount(), which a test calls with disks of its own. */
#ifndef RINGLET_EXT4_MOUNT_MOUNT_H
#define RINGLET_EXT4_MOUNT_MOUNT_H

#include "lib/fs/ext4/disk/disk.h"
#include "lib/fs/fs.h"

/* As ringlet_mount, of a disk that is open, and is taken over in any case. */
int ext4_mount_disk(struct ext4_disk *disk, const char *path, unsigned flags);

/* What is at the beginning of a disk. */
enum disk_content { CONTENT_EXT, CONTENT_TAR, CONTENT_EMPTY, CONTENT_OTHER };
#define PROBE_BYTES 4096u
/* *why: a text that says what is there, for CONTENT_OTHER, which may have %s for the disk's name. */
enum disk_content disk_probe(const uint8_t start[PROBE_BYTES], const char **why);

/* Reads a tar archive from a disk, as far as it goes, into *memory (heap_free), and makes its file system.
 * *memory must outlive the mount. Does not close the disk. -EINVAL: it is damaged, which was said; -ENOMEM,
 * -EIO. */
int archive_mount(struct ext4_disk *disk, struct mount **out, void **memory);

/* Makes an ext4 file system on a disk whose first MiB is zero: else -EEXIST, and nothing has changed. -ENOSPC: it
 * is smaller than 8 MiB; -EROFS, -ENOMEM, -EIO. Does not close the disk. */
int ext4_make(struct ext4_disk *disk);

/* What is done when the guest ends; for tests. */
void mounts_end(void);

#endif
