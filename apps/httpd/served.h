/* SPDX-License-Identifier: MIT */
/* The files that a server shows: those in its folders, by names that came from the network. */
#ifndef HTTPD_SERVED_H
#define HTTPD_SERVED_H

#include <sys/types.h>

/* Files are looked for in this folder only, instead of in /rom, /data and /tmp. The text is kept. */
void served_root(const char *folder);

/*
 * Opens a regular file for reading. A "/" in front of the name does not matter; a name with ".." as a
 * part names nothing. Symbolic links are followed, so whoever made the file system has a say. Its size
 * is in *size. A descriptor, or -errno.
 */
int served_open(const char *name, off_t *size);

/* The path of a name in a folder, by the same rules. 0; -EACCES: ".."; -ENAMETOOLONG. */
int served_path(const char *folder, const char *name, char *path, size_t path_size);

#endif
