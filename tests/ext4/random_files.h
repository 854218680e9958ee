/* SPDX-License-Identifier: MIT */
/*
 * Random operations on files, compared with a model in memory: names, sizes, contents, links, what an
 * operation refuses. The same on Linux, in a guest, and in a host process on lib/fs: through struct
 * random_calls.
 */
#ifndef RINGLET_TESTS_EXT4_RANDOM_FILES_H
#define RINGLET_TESTS_EXT4_RANDOM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As POSIX has them, but the result is -errno. A file is a descriptor, or whatever is one here. */
struct random_calls {
    int (*open)(const char *path, bool create, void **out);
    int (*close)(void *file);
    int64_t (*read)(void *file, void *buf, size_t len, int64_t offset);
    int64_t (*write)(void *file, const void *buf, size_t len, int64_t offset);
    int (*truncate)(void *file, int64_t size);
    /* mode as lib/fs/file.h's ALLOCATE_...; -EOPNOTSUPP: there is no such function */
    int (*allocate)(void *file, int mode, int64_t offset, int64_t len);
    int (*sync)(void *file);
    int64_t (*size)(void *file, unsigned *links);
    int (*rename)(const char *from, const char *to);
    int (*link)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*mkdir)(const char *path);
    int (*rmdir)(const char *path);
    int (*symlink)(const char *target, const char *path);
    int (*readlink)(const char *path, char *buf, size_t size);
    /* the number of entries but "." and ".." */
    int (*entries)(const char *path);
    int no_space, not_empty, unsupported; /* their -errno */
};

struct random_state;

/* Below the directory `root`, which exists and is empty. size_max: of a file. NULL: no memory. */
struct random_state *random_begin(const struct random_calls *calls, const char *root, uint64_t seed,
                                  uint32_t size_max);
/* Does count operations. 0, or 1 after a difference, which is printed with the operation's number. */
int random_run(struct random_state *s, unsigned count);
/* Compares everything. 0 or 1. */
int random_compare(struct random_state *s);
/* Closes all files, also those without names, before the file system is unmounted. */
int random_close_all(struct random_state *s);
/* What the model is now, with nothing open; random_end frees it. NULL: no memory. */
struct random_state *random_copy(const struct random_state *s);
/* Compares, below another directory, the files that are in both models, and the same in both. The number of
 * them, or -1. */
int random_compare_common(const struct random_state *before, const struct random_state *after,
                          const char *root);
/* How often an operation was refused for want of room. */
unsigned random_refused(const struct random_state *s);
void random_end(struct random_state *s);

#endif
