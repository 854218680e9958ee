/* SPDX-License-Identifier: MIT */
/* Resolving paths, within lib/fs. */
#ifndef RINGLET_FS_WALK_H
#define RINGLET_FS_WALK_H

#include "lib/fs/fs.h"

#define WALK_LINKS_MAX 40

/* A directory and the last component of a path, which may exist or not. */
struct walk {
    struct node *dir; /* with a reference */
    const char *name; /* in the path, or in `text`; "." and ".." are possible */
    size_t len;       /* 0: the path was of slashes only; dir is the root */
    bool slash;       /* there was a slash behind the name */
    unsigned links;   /* followed so far */
    char *text;       /* of the heap: the path after a link; or NULL */
};

/* Resolves all but the last component. walk_end() after success. */
int walk_parent(struct walk *w, struct node *base, const char *path);
void walk_end(struct walk *w);
bool walk_is_dots(const struct walk *w); /* the name is "." or ".." */
/* The node of the last component; a link itself is found, and mounts are entered. */
int walk_last(struct walk *w, struct node **out);
/* The last component is the link `node`: goes on to the last component of its target. The caller's
 * reference of node is dropped. After an error *w is ended. */
int walk_follow(struct walk *w, struct node *node);

#endif
