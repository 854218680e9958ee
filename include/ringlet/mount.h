/* SPDX-License-Identifier: MIT */
/*
 * Mounting the file systems of disks. Part of the SDK's library libringlet-ext4.a, which a program has that
 * is linked with `ringlet-cc -lringlet-ext4`; its command line may then begin with
 *
 *     mount=/dev/xvda:/data[:ro][:mkfs][:cache=MIB]
 *
 * once for each disk, to have it mounted before main() is called. docs/ext4.md describes what is promised
 * about the files.
 */
#ifndef RINGLET_MOUNT_H
#define RINGLET_MOUNT_H

#include <ringlet/compiler.h>

/* The disk is not written, not even to replay a journal: then a file system that was not unmounted is
 * -EROFS. An archive is always read-only. */
#define RINGLET_MOUNT_READ_ONLY 1u
/* If the first MiB of the disk is zero, an ext4 file system is made there first. Anything else is left as it
 * is. */
#define RINGLET_MOUNT_MAKE 2u
/* The most that the cache takes, in MiB below 2^24. It is taken as it is needed, and given back by
 * ringlet_unmount. Without this it is an eighth of the memory that is free now, from 4 to 64 MiB. */
#define RINGLET_MOUNT_CACHE(mib) ((unsigned)(mib) << 8)

/*
 * Mounts what is on a disk, "xvda" or "/dev/xvda", at the directory `path`, an absolute path, which is made if it
 * does not exist: ext4, ext3 or ext2; or a tar archive, which is read into memory. When the guest ends, by
 * return from main(), exit() or on the toolstack's order, all is committed and unmounted.
 *
 * What is wrong is one line on the console. -ENXIO: there is no such disk; -EINVAL: there is no file system
 * that is known, or it is damaged; path; -EOPNOTSUPP: it has a feature that is not supported; -EROFS; -EBUSY:
 * something is mounted at path; -EIO, -ENOMEM, -ENOSPC (no memory for an archive), and path's errors.
 * Thread context; it waits for the disk.
 */
int ringlet_mount(const char *disk, const char *path, unsigned flags);

/* Commits, and gives the disk back. -EBUSY: a file or directory is in use, and it stays mounted; -EINVAL:
 * nothing is mounted at path, or not by ringlet_mount; -EIO: something could not be written. */
int ringlet_unmount(const char *path);

#endif
