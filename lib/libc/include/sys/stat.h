/* SPDX-License-Identifier: MIT */
/* What newlib's <sys/stat.h> hides from targets that it does not know. */
#ifndef RINGLET_SYS_STAT_H
#define RINGLET_SYS_STAT_H

#include_next <sys/stat.h>

#undef S_BLKSIZE
#define S_BLKSIZE 512 /* the unit of st_blocks */

#define UTIME_NOW  (-2L)
#define UTIME_OMIT (-1L)

#define S_TYPEISMQ(st)  0
#define S_TYPEISSEM(st) 0
#define S_TYPEISSHM(st) 0

int lstat(const char *__restrict path, struct stat *__restrict out);
int mknod(const char *path, mode_t mode, dev_t device);

#endif
