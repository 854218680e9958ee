/* SPDX-License-Identifier: MIT */
/* The tree of mounts, within lib/fs. */
#ifndef RINGLET_FS_MOUNT_H
#define RINGLET_FS_MOUNT_H

#include "lib/fs/fs.h"

extern struct list mounts; /* of struct mount; the root is the first */

/* The root directory with a reference. Mounts what the first call of path.h is to mount. */
int mount_root(struct node **out);
/* Replaces a directory that is mounted on by the root of what is mounted there; the reference
 * follows. */
struct node *mount_down(struct node *node);
/* Replaces the root of a mount by the directory that it covers; not that of /. */
struct node *mount_up(struct node *node);

/* Takes mount->lock for a change of names; -EROFS. */
int mount_change_begin(struct mount *mount);
void mount_change_end(struct mount *mount);

/* The current directory with a reference; at first /. */
int mount_cwd(struct node **out);
void mount_set_cwd(struct node *dir); /* takes a reference of its own */

/* What is mounted by default: defaults.c. It calls the functions above, but not before there is a
 * root. */
int mount_defaults(void);

/* For tests: forgets all mounts and the current directory, without freeing anything. */
void mount_reset(void);

#endif
