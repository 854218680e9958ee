/* SPDX-License-Identifier: MIT */
/* What newlib's <unistd.h> lacks. */
#ifndef RINGLET_UNISTD_H
#define RINGLET_UNISTD_H

#include_next <unistd.h>

#ifndef _SC_UIO_MAXIOV
#define _SC_UIO_MAXIOV _SC_IOV_MAX
#endif

#if __BSD_VISIBLE
int syncfs(int fd);
int getresuid(uid_t *real, uid_t *effective, uid_t *saved);
int getresgid(gid_t *real, gid_t *effective, gid_t *saved);
#endif
#if __GNU_VISIBLE
ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t length,
                        unsigned flags);
#endif
#define _CS_PATH 0

#endif
