/* SPDX-License-Identifier: MIT */
/* Reading a tar archive entry by entry, for romfs. Any context. */
#ifndef RINGLET_FS_TAR_H
#define RINGLET_FS_TAR_H

#include <ringlet/compiler.h>

#include "lib/fs/symbols.h"

struct tar {
    const char *archive;
    size_t size;
    size_t at;       /* of the next header */
    size_t header;   /* of the last one */
    const char *why; /* of an error */
    int64_t mtime;   /* ns, of a pax global header; -1: none */
};

enum tar_type { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK };

#define TAR_NAME_MAX 4095u

struct tar_entry {
    enum tar_type type;
    uint32_t mode, uid, gid;
    int64_t mtime;    /* ns since 1970 */
    const char *data; /* a file's content, in the archive */
    size_t size;
    size_t name_len, link_len;
    char name[TAR_NAME_MAX + 1]; /* as in the archive, with a NUL */
    const char *link;            /* a link's target, in the archive; no NUL behind it */
};

/* Whether it begins with a header of ustar, or of GNU tar. */
bool tar_is_one(const void *archive, size_t size);
void tar_begin(struct tar *t, const void *archive, size_t size);
/* 1 and *out; 0: the end; -EINVAL, with t->why, and out->name as far as it is known. */
int tar_next(struct tar *t, struct tar_entry *out);

#endif
