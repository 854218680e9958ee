/* SPDX-License-Identifier: MIT */
/*
 * What fio's os/os-SYSTEM.h says of a system, for Ringlet. fio knows a fixed list of systems, so it is
 * told that this one is OpenBSD, that os/os-openbsd.h was included already (its guard is defined), and
 * to include this file first in each source. Nothing of fio is changed.
 *
 * Direct I/O and trim are fio's own options for what a disk here always does, and for BLKDISCARD.
 */
#ifndef FIO_OS_RINGLET_H
#define FIO_OS_RINGLET_H

#define FIO_OS_OPENBSD_H
#define FIO_OS os_openbsd

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "arch/arch.h"
#include "file.h"
#include "lib/types.h"

#define FIO_NO_HAVE_SHM_H
#define FIO_HAVE_ODIRECT
#define FIO_HAVE_TRIM
#define FIO_HAVE_FS_STAT
#define FIO_USE_GENERIC_INIT_RANDOM_STATE
#define FIO_USE_GENERIC_SWAP
#define OS_MAP_ANON MAP_ANONYMOUS

static inline int blockdev_size(struct fio_file *f, unsigned long long *bytes)
{
    uint64_t size;

    if (ioctl(f->fd, BLKGETSIZE64, &size))
        return errno;
    *bytes = size;
    return 0;
}

/* Disks are not cached. */
static inline int blockdev_invalidate_cache(struct fio_file *f)
{
    (void)f;
    return 0;
}

static inline int os_trim(struct fio_file *f, unsigned long long start, unsigned long long len)
{
    uint64_t range[2] = {start, len};

    return ioctl(f->fd, BLKDISCARD, range) ? errno : 0;
}

static inline unsigned long long os_phys_mem(void)
{
    return (unsigned long long)sysconf(_SC_PHYS_PAGES) * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static inline unsigned long long get_fs_free_size(const char *path)
{
    struct statvfs s;

    return statvfs(path, &s) ? -1ull : (unsigned long long)s.f_frsize * s.f_bfree;
}

#endif
