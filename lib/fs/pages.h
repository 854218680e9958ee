/* SPDX-License-Identifier: MIT */
/* A sparse array of pages: the content of a memfs file. */
#ifndef RINGLET_FS_PAGES_H
#define RINGLET_FS_PAGES_H

#include <ringlet/compiler.h>

#include "lib/fs/symbols.h"

#define PAGES_FANOUT 512u
#define PAGES_LEVELS 4u
#define PAGES_MAX    (1ULL << 32) /* indexes are below */

/* How much memory a file system may use, in pages. */
struct pages_budget {
    uint64_t limit, used;
};

struct pages {
    void *root;      /* of height 0: the page with index 0; above it: a table */
    unsigned height; /* levels of tables */
    uint64_t count;  /* pages of data */
    struct pages_budget *budget;
};

/* The page with this index, or NULL: a hole. */
char *pages_get(const struct pages *p, uint64_t index);
/* The same, made if it is a hole: zeroed unless `whole`, when the caller writes all of it. -ENOSPC: the
 * budget; -ENOMEM: the guest has no memory. */
int pages_make(struct pages *p, uint64_t index, bool whole, char **page);
/* Frees the pages first..last. */
void pages_drop(struct pages *p, uint64_t first, uint64_t last);

#endif
