/* SPDX-License-Identifier: MIT */
/* What newlib's <fcntl.h> and <sys/file.h> lack. */
#ifndef RINGLET_SYS_FCNTL_H
#define RINGLET_SYS_FCNTL_H

#include_next <sys/fcntl.h>

#ifndef O_DSYNC
#define O_DSYNC 0x4000000
#define O_RSYNC O_SYNC
#endif
#ifndef O_NDELAY
#define O_NDELAY O_NONBLOCK
#endif
#define O_LARGEFILE 0 /* every offset has 64 bits */
#define O_TTY_INIT  0

#if __BSD_VISIBLE
#define FALLOC_FL_KEEP_SIZE 1
#define FALLOC_FL_PUNCH_HOLE \
    2 /* with KEEP_SIZE only; EOPNOTSUPP for a disk: BLKDISCARD, linux/fs.h */
#define FALLOC_FL_ZERO_RANGE 16
int fallocate(int fd, int mode, off_t offset, off_t length);
ssize_t readahead(int fd, off_t offset, size_t count);
#endif

#define POSIX_FADV_NORMAL     0
#define POSIX_FADV_RANDOM     1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED   3
#define POSIX_FADV_DONTNEED   4
#define POSIX_FADV_NOREUSE    5
int posix_fadvise(int fd, off_t offset, off_t length, int advice);
int posix_fallocate(int fd, off_t offset, off_t length);

#endif
