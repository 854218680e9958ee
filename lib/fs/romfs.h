/* SPDX-License-Identifier: MIT */
/*
 * A tar archive in memory as a read-only file system: POSIX ustar with the prefix field, GNU long names
 * ('L', 'K'), pax path, linkpath, size and mtime ('x', 'g'), hard and symbolic links. The archive is
 * not copied and must outlive the mount.
 */
#ifndef RINGLET_FS_ROMFS_H
#define RINGLET_FS_ROMFS_H

#include "lib/fs/fs.h"

/*
 * Makes the file system for fs_mount. -EINVAL: the archive is damaged or has what cannot be shown
 * (a checksum, a size beyond its end, "..", a name without characters or with too many, an entry
 * below something that is no directory, a hard link to what is not there, a device); a message names
 * the entry and the reason. -ENOMEM.
 */
int romfs_create(const void *archive, size_t size, struct mount **out);

/* The image's own archive, if one is linked in: a tar file between the two. */
extern const char ringlet_rom_start[] RINGLET_WEAK, ringlet_rom_end[] RINGLET_WEAK;

#endif
