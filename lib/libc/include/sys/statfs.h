/* SPDX-License-Identifier: MIT */
/* Facts about a file system, as programs for Linux ask for them. */
#ifndef RINGLET_SYS_STATFS_H
#define RINGLET_SYS_STATFS_H

#include <sys/types.h>

typedef struct {
    int __val[2];
} fsid_t;

struct statfs {
    long f_type; /* 0: none of Linux' */
    long f_bsize;
    fsblkcnt_t f_blocks, f_bfree, f_bavail;
    fsfilcnt_t f_files, f_ffree;
    fsid_t f_fsid;
    long f_namelen, f_frsize, f_flags;
};

int statfs(const char *path, struct statfs *out);
int fstatfs(int fd, struct statfs *out);

#endif
