/* SPDX-License-Identifier: MIT */
/*
 * What a file system implements: nodes (files, directories, links as they are on the disk, apart
 * from being open) and mounts. Offsets and inode numbers are 64 bits wide. A file system may wait in
 * any of these functions, unless stated otherwise, and may fail in any way, with -EIO for example.
 * Callers use path.h.
 *
 * Names are given as name[0..len), without a NUL behind it, 1..NAME_LEN_MAX bytes without '/' and
 * NUL, and never "." or "..", except in lookup.
 */
#ifndef RINGLET_FS_FS_H
#define RINGLET_FS_FS_H

#include "lib/fs/file.h"

#define NAME_LEN_MAX 255u  /* NAME_MAX; longer: -ENAMETOOLONG */
#define PATH_LEN_MAX 4096u /* PATH_MAX, with the NUL; longer: -ENAMETOOLONG */

struct mount;
struct node_ops;

struct node {
    const struct node_ops *ops;
    struct mount *mount;
    unsigned refs;
    uint32_t mode;         /* MODE_...; the type never changes */
    uint64_t ino;          /* unique in the mount */
    struct mount *covered; /* the mount that is attached to this directory, or NULL */
};

/* Which members of node_attr are set. */
#define ATTR_MODE  1u /* permissions only */
#define ATTR_OWNER 2u
#define ATTR_GROUP 4u
#define ATTR_ATIME 8u
#define ATTR_MTIME 16u

struct node_attr {
    unsigned set; /* ATTR_... */
    uint32_t mode, uid, gid;
    int64_t atime, mtime; /* ns since 1970 */
};

/*
 * dir is a directory of the mount. The caller (path.c) has references of all nodes given, and gets one
 * of each *out. It has refused changes of a read-only mount (-EROFS), and holds mount->lock for all
 * that change names. NULL members: -EPERM for changes, -EINVAL otherwise.
 */
struct node_ops {
    /* -ENOENT. name may be "..": the parent; of the mount's root, itself. The same node is the same
     * struct node while it has references. */
    int (*lookup)(struct node *dir, const char *name, size_t len, struct node **out);
    /* A regular file. -EEXIST, -ENOSPC, -ENOMEM, -ENOENT (dir was removed), as the next ones. */
    int (*create)(struct node *dir, const char *name, size_t len, uint32_t mode, struct node **out);
    int (*mkdir)(struct node *dir, const char *name, size_t len, uint32_t mode);
    int (*symlink)(struct node *dir, const char *name, size_t len, const char *target,
                   size_t target_len);
    int (*link)(struct node *dir, const char *name, size_t len, struct node *node); /* -EMLINK */
    /* Not a directory: path.c has looked. The node stays until its last reference is gone. */
    int (*unlink)(struct node *dir, const char *name, size_t len);
    int (*rmdir)(struct node *dir, const char *name, size_t len); /* -ENOTEMPTY */
    /* Atomic: replaces an existing entry of the same kind (an empty directory; else -ENOTEMPTY).
     * path.c has looked: from exists, kinds match, to is neither the same node as from nor below
     * it. */
    int (*rename)(struct node *from_dir, const char *from, size_t from_len, struct node *to_dir,
                  const char *to, size_t to_len);
    /* The first `size` bytes of the target, without a NUL; returns its whole length. */
    int (*readlink)(struct node *node, char *buf, size_t size);
    int (*stat)(struct node *node, struct file_stat *out);
    int (*setattr)(struct node *node, const struct node_attr *attr);
    /* Sets f->ops and f->data for flags (FILE_...), of which f->flags are those that stay; f->node is
     * this node. After an error f->ops must be NULL or such that release() is right. A directory's
     * f->ops have readdir. FILE_TRUNC is path.c's, by f->ops->truncate. */
    int (*open)(struct node *node, unsigned flags, struct file *f);
    /* Instead of open, for what stands for a file that is open already (/dev/fd/0): that file, with a
     * reference. */
    int (*existing)(struct node *node, unsigned flags, struct file **out);
    /* The last reference is gone: frees the node. The same node may be looked up again later. */
    void (*release)(struct node *node);
};

struct fs_stat { /* statvfs */
    uint64_t block_size, blocks, blocks_free, files,
        files_free; /* files 0: no limit of their own */
    uint64_t id;
    bool read_only;
    unsigned name_max;
};

struct mount_ops {
    int (*statfs)(struct mount *mount, struct fs_stat *out);
    int (*sync)(struct mount *mount); /* NULL: nothing to do */
    /* All nodes but the root are released. Frees everything, also *mount, whatever it returns. */
    int (*unmount)(struct mount *mount);
};

struct mount {
    const struct mount_ops *ops;
    const char *type;    /* "memfs"; static */
    struct node *root;   /* with a reference of the mount's */
    struct node *covers; /* the directory it is attached to, with a reference; NULL: it is / */
    struct list link;
    struct mutex lock; /* held for a change of names */
    uint64_t dev;      /* st_dev; set by fs_mount */
    unsigned nodes; /* with references, kept by node_init and node_put: busy when more than root */
    bool read_only;
    void *data;
};

/* For a file system: fills in a node with one reference. */
void node_init(struct node *node, const struct node_ops *ops, struct mount *mount, uint32_t mode,
               uint64_t ino);
/* Another reference; returns node. Also of a node that had none, but was kept by its file system
 * (a cache). node_put: drops one; NULL does nothing. */
struct node *node_get(struct node *node);
void node_put(struct node *node);

/*
 * The first call of a function of path.h mounts, unless fs_mount has mounted another root before:
 * a memfs at / with the directories dev, tmp and, if the image has an archive, rom; devfs at /dev;
 * the archive (romfs) at /rom, and the toolstack's at /rom or /ramdisk.
 *
 * Mounts at the directory `path`, which must exist; "/" is also possible before anything is mounted
 * there. ops, type, root, read_only and data of *mount are set; it belongs to the tree of mounts until
 * it is unmounted. After an error (-EBUSY: something is mounted there; -ENOTDIR; path's) it is still the
 * caller's, who may call mount->ops->unmount.
 */
int fs_mount(const char *path, struct mount *mount);
/* -EBUSY: files are open, or directories in use or mounted on; -EINVAL: nothing is mounted there, or
 * it is /; an error of sync: it is still mounted. Otherwise it is not, and the result is unmount's. */
int fs_unmount(const char *path);
/* Writes all file systems' data. The first error. */
int fs_sync(void);
/* Calls fn for each mount with its path ("" with an error when that is too long), until it returns
 * other than 0, which is returned. */
int fs_each_mount(int (*fn)(struct mount *mount, const char *path, void *arg), void *arg);

#endif
