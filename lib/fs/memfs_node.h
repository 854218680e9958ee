/* SPDX-License-Identifier: MIT */
/* memfs' nodes and directories, for memfs itself and for romfs, which fills a read-only one. */
#ifndef RINGLET_FS_MEMFS_NODE_H
#define RINGLET_FS_MEMFS_NODE_H

#include "lib/fs/fs.h"
#include "lib/fs/pages.h"

struct memnode;

struct mementry {
    struct mementry *next; /* of the same hash bucket */
    struct memnode *node;
    int64_t seq; /* its place in the directory; grows with each new entry */
    uint32_t hash;
    uint8_t len;
    char name[];
};

/* A directory's entries: by name in a hash table, and in order for readdir. */
struct memdir {
    struct mementry **order, **buckets;
    unsigned count, room; /* of `order`; as many buckets as room */
    unsigned subdirs;     /* of the entries */
    int64_t next_seq;
    struct memnode *parent; /* of the root: itself; NULL: removed */
};

struct memnode {
    struct node node;
    uint32_t nlink; /* names; what stat shows of a directory also has "." and the ".." in it */
    uint32_t uid, gid;
    int64_t atime, mtime, ctime;
    uint64_t rdev;
    int64_t size; /* of a file */
    union {
        struct memdir dir;
        struct pages pages;
        const char *fixed; /* romfs: a file's bytes, or a link's target */
        char *target;      /* memfs: a link's */
    };
};

struct memfs {
    struct mount mount;
    struct pages_budget budget;
    uint64_t bytes; /* of the heap; in whole pages part of budget.used */
    uint64_t nodes, next_ino;
    bool fixed; /* romfs: contents lie in the archive */
};

static inline struct memnode *memnode(struct node *node)
{
    return container_of(node, struct memnode, node);
}

static inline struct memfs *memfs_of(const struct memnode *n)
{
    return container_of(n->node.mount, struct memfs, mount);
}

/* Heap memory within the budget: zeroed, or NULL and *err is -ENOSPC or -ENOMEM. */
void *memfs_alloc(struct memfs *fs, size_t size, int *err);
void memfs_free(struct memfs *fs, void *block);

/* A node without references and names. */
int memnode_create(struct memfs *fs, uint32_t mode, struct memnode **out);
/* Frees it if it has neither names nor references. */
void memnode_unused(struct memnode *n);

/* memfs_dir.c: entries. They count in nlink of what they name. */
struct memnode *memdir_find(struct memnode *dir, const char *name, size_t len);
int memdir_add(struct memnode *dir, const char *name, size_t len, struct memnode *n);
/* Replaces what the name, which exists, refers to; returns what it was. */
struct memnode *memdir_replace(struct memnode *dir, const char *name, size_t len,
                               struct memnode *n);
struct memnode *memdir_remove(struct memnode *dir, const char *name, size_t len);
/* The first entry whose seq is at least `seq`, or NULL. */
struct mementry *memdir_at(struct memnode *dir, int64_t seq);
void memdir_free(struct memnode *dir);

/* memfs_file.c */
extern const struct file_ops memfs_file_ops, memfs_dir_ops;
/* Frees the content of a file or a link. */
void memfile_free(struct memnode *n);

/* memfs.c */
int memfs_make(struct memfs **out, uint64_t limit_pages, bool fixed);
int memfs_destroy(struct mount *mount);

#endif
