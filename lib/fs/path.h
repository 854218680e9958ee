/* SPDX-License-Identifier: MIT */
/*
 * Files by path: what a libc's open, stat, rename and so on are made of. `base` is the directory
 * that a relative path begins at, NULL for the current directory: fd_directory() makes it for the
 * *at() functions. There is one user, who may do everything: no permission is checked.
 *
 * Errors of all: -ENOENT (also an empty path), -ENOTDIR (also for a trailing slash behind something
 * else), -ELOOP (more than 40 symbolic links), -ENAMETOOLONG, -ENOMEM, -EROFS, and the file system's
 * own, such as -EIO.
 */
#ifndef RINGLET_FS_PATH_H
#define RINGLET_FS_PATH_H

#include "lib/fs/fs.h"

#define PATH_NOFOLLOW \
    1u /* a symbolic link at the end is not followed, unless a slash is behind it */

/* The node with a reference. flags: PATH_NOFOLLOW. */
int path_lookup(struct node *base, const char *path, unsigned flags, struct node **out);

/*
 * Opens; mode: permissions of a file that FILE_CREAT makes, with the umask applied by the caller.
 * -EEXIST (FILE_CREAT and FILE_EXCL), -EISDIR (a directory for writing), -ELOOP (FILE_NOFOLLOW and
 * a link), -ENXIO (a device that does not exist, a named pipe), -EINVAL (FILE_ACCMODE).
 */
int path_open(struct node *base, const char *path, unsigned flags, uint32_t mode,
              struct file **out);

int path_stat(struct node *base, const char *path, unsigned flags, struct file_stat *out);
int node_stat(struct node *node,
              struct file_stat *out); /* the same of a node, with the mount's dev */
/* mode: 4 read, 2 write, 1 execute, 0 exists. -EACCES: not executable; -EROFS. */
int path_access(struct node *base, const char *path, unsigned mode, unsigned flags);
int path_setattr(struct node *base, const char *path, unsigned flags, const struct node_attr *attr);
int node_setattr(struct node *node, const struct node_attr *attr); /* for fchmod, futimens */
int path_truncate(struct node *base, const char *path, int64_t size);
int path_mkdir(struct node *base, const char *path, uint32_t mode);
int path_rmdir(struct node *base, const char *path);  /* also -EBUSY (a mount), -EINVAL (".") */
int path_unlink(struct node *base, const char *path); /* a directory: -EPERM, as POSIX has it */
/* flags: PATH_NOFOLLOW, the link itself gets another name (POSIX leaves link()'s choice open).
 * -EPERM: a directory; -EXDEV, -EMLINK. */
int path_link(struct node *from_base, const char *from, struct node *to_base, const char *to,
              unsigned flags);
int path_symlink(const char *target, struct node *base, const char *path);
/* The number of bytes put into buf, without a NUL; -EINVAL: no link, or size 0. */
int64_t path_readlink(struct node *base, const char *path, char *buf, size_t size);
int path_rename(struct node *from_base, const char *from, struct node *to_base, const char *to);
int path_statfs(struct node *base, const char *path, struct fs_stat *out);
int node_statfs(struct node *node, struct fs_stat *out);

int path_chdir(struct node *base, const char *path);
int path_chdir_node(struct node *dir); /* fchdir; -ENOTDIR */
/* The path of the current directory with its NUL: 0, -ERANGE (size), -ENOENT (it was removed). */
int path_getcwd(char *buf, size_t size);

#endif
