/* SPDX-License-Identifier: MIT */
/*
 * The table of file descriptors. It begins with 0, 1 and 2 open on the console (tty.h), made at the
 * first use of any function here. Functions are for threads and return -errno; none of them waits
 * but fd_close and fd_dup2, which may close a file.
 */
#ifndef RINGLET_FS_FD_H
#define RINGLET_FS_FD_H

#include "lib/fs/file.h"

#define FD_MAX          1024 /* descriptors are 0..FD_MAX-1 */
#define FD_CWD          (-2) /* newlib's AT_FDCWD */
#define FD_CLOEXEC_FLAG 1u   /* newlib's FD_CLOEXEC. There is no exec: the flag is kept, no more */

/* The lowest free descriptor >= min (0..FD_MAX-1, else -EINVAL) for the file, whose reference passes
 * to the table; on an error it stays the caller's. -EMFILE, -ENOMEM. */
int fd_install(struct file *f, int min, unsigned fd_flags);
/* Whether fd_install(f, 0, ...) would find a descriptor now: 0, -EMFILE or -ENOMEM. */
int fd_room(void);
/* The file with a reference for the caller, who drops it by file_put; NULL: -EBADF. */
struct file *fd_get(int fd);
/* The same without a reference: it is valid until the caller waits. */
struct file *fd_file(int fd);
/* Changes whenever a descriptor gets or loses its file: meanwhile what fd_file() returned is valid
 * without a reference, also when the caller waits. Not to be written. */
extern uint64_t fd_changes;
/* Frees the descriptor, in any case but -EBADF, and drops the table's reference: its result. A
 * thread that uses the file meanwhile has a reference of its own. */
int fd_close(int fd);
/* Another descriptor >= min for the same file: dup, F_DUPFD. Its number, -EBADF, -EINVAL, -EMFILE,
 * -ENOMEM. */
int fd_dup(int fd, int min, unsigned fd_flags);
/* Makes `to` refer to from's file, and closes what it was before; to == from: only checks that it is
 * open (dup2; for dup3, which must refuse this, the caller does). `to`, or -EBADF, -ENOMEM. */
int fd_dup2(int from, int to, unsigned fd_flags);
int fd_get_flags(int fd); /* FD_CLOEXEC_FLAG or 0; -EBADF */
int fd_set_flags(int fd, unsigned fd_flags);
/* The lowest descriptor >= fd that is open; -EBADF: none. */
int fd_next(int fd);
/* Closes all, so that files are written and devices are shut down before the guest ends. 0, or the
 * first error. */
int fd_close_all(void);
/* For *at(): the directory with a reference (node_put); NULL for FD_CWD, which the functions of path.h
 * take as the current directory. -EBADF, -ENOTDIR. */
int fd_directory(int fd, struct node **out);
/* For tests: as at the start. */
void fd_reset(void);

#endif
