/* SPDX-License-Identifier: MIT */
/*
 * The files of an ext4 file system, among themselves: a struct ext4_node for each inode that is in use.
 *
 * Inode, map and directories are read and changed only between ext4_begin() and ext4_end(), which is one
 * operation, one transaction, and excludes all others. A file's data lock is taken before, and held while
 * data are read or written without an operation: meanwhile no block is taken from the file.
 *
 * Functions return 0 or -errno, unless stated otherwise. -EIO: the disk, or what is on it makes no sense.
 */
#ifndef RINGLET_EXT4_FILES_NODE_H
#define RINGLET_EXT4_FILES_NODE_H

#include "lib/fs/ext4/store/store.h"
#include "lib/fs/fs.h"

#define EXT4_HASH 256u

struct ext4_fs {
    struct mount mount;
    const struct node_ops *node_ops; /* ext4_node_ops */
    struct store *store;
    ext2_filsys ext2;
    unsigned block_size;
    struct list nodes[EXT4_HASH]; /* that are in use, by inode number */
    uint64_t available;           /* about where blocks are free */
    struct list orphans;          /* as the list on the disk, the newest first */
    unsigned users;               /* of the store, outside of operations */
    struct thread *gone;          /* has closed it while nodes were in use, at the guest's end */
    struct wait_queue unused;
};

/* Several read, or one writes. */
struct ext4_lock {
    unsigned readers;
    bool writer;
    struct wait_queue wq;
};

/* Blocks of a file that lie side by side on the disk, or a hole. */
struct ext4_run {
    uint64_t first, count; /* in the file */
    uint64_t block;        /* on the disk; 0: a hole */
    bool unwritten;        /* allocated, and reads as zeroes */
};

struct ext4_node {
    struct node node;
    struct list hash;
    struct list orphan; /* in fs->orphans, or empty */
    struct ext4_lock lock;
    struct ext4_run run;           /* the last one found; count 0: none */
    unsigned data_errors;          /* of the store, that its users know of */
    struct ext2_inode_large inode; /* as in the file system, when no operation is under way */
};

static inline struct ext4_node *ext4_node_of(struct node *node)
{
    return container_of(node, struct ext4_node, node);
}

static inline struct ext4_fs *ext4_fs_of(const struct ext4_node *n)
{
    return container_of(n->node.mount, struct ext4_fs, mount);
}

static inline ext2_ino_t ext4_ino(const struct ext4_node *n)
{
    return (ext2_ino_t)n->node.ino;
}

/* What libext2fs' functions take: they look only at the part that all inodes have. */
static inline struct ext2_inode *ext4_inode(struct ext4_node *n)
{
    return (struct ext2_inode *)&n->inode;
}

static inline uint64_t ext4_size(const struct ext4_node *n)
{
    return EXT2_I_SIZE(&n->inode);
}

static inline bool ext4_has_extents(const struct ext4_node *n)
{
    return n->inode.i_flags & EXT4_EXTENTS_FL;
}

static inline uint64_t ext4_dir_blocks(const struct ext4_node *dir)
{
    return ext4_size(dir) / ext4_fs_of(dir)->block_size;
}

static inline bool ext4_is_dir(const struct ext4_node *n)
{
    return (n->node.mode & MODE_TYPE) == MODE_DIR;
}

/*
 * operation.c. begin: -EROFS, -EIO. end: `ret`, or the error of the end. read_begin: for an operation that
 * changes nothing.
 */
int ext4_begin(struct ext4_fs *fs);
/* For a file system that is gone. The guest is about to end: the thread that ends it gets -EIO, all others
 * stay here, instead of taking the end for a fault of the disk. */
int ext4_gone(const struct ext4_fs *fs);
int ext4_end(struct ext4_fs *fs, int ret);
int ext4_read_begin(struct ext4_fs *fs);
int ext4_read_end(struct ext4_fs *fs, int ret);
/* Around what uses the store outside of operations. unuse returns ret. */
int ext4_use(struct ext4_fs *fs);
int ext4_unuse(struct ext4_fs *fs, int ret);
int ext4_commit(struct ext4_fs *fs); /* not in an operation */
/* For an operation that failed half-way, and cannot be undone: nothing is written any more. Returns ret. */
int ext4_fail(struct ext4_fs *fs, const char *what, int ret);
/* Within an operation: -ENOSPC unless so many blocks are free that are not reserved. What an operation
 * needs beside its data (directories, maps) is asked for as EXT4_SPARE. */
int ext4_room(struct ext4_fs *fs, uint64_t blocks);
#define EXT4_SPARE 16u
/* Within an operation: whether so many blocks can be had now, also reserved ones: for what must not fail. An extent
 * of a map that is divided takes no more than EXT4_DIVIDE: two nodes at each of six levels. */
bool ext4_spare(struct ext4_fs *fs, uint64_t blocks);
#define EXT4_DIVIDE 12u
/* After an operation: whether it failed for want of blocks, of which a commit, which this does, makes some
 * available: it is then to be tried again, once. */
bool ext4_again(struct ext4_fs *fs, int ret);

/* lock.c: a file's data are read, or written and its blocks change. -EIO: the file system was closed. */
void ext4_lock_init(struct ext4_lock *lock);
int ext4_lock(struct ext4_node *n, bool exclusive);
void ext4_unlock(struct ext4_node *n, bool exclusive);

/* node.c. The node of an inode with a reference: -EIO also for an inode that cannot be. In an operation. */
int ext4_node_get(struct ext4_fs *fs, ext2_ino_t ino, struct ext4_node **out);
/* The same for an inode that a directory names: -EIO also if it has no links. It is free, or is freed by
 * whoever has it now. */
int ext4_node_named(struct ext4_fs *fs, ext2_ino_t ino, struct ext4_node **out);
/* Of an inode that was just made; it is written by the caller. */
int ext4_node_new(struct ext4_fs *fs, ext2_ino_t ino, const struct ext2_inode_large *inode,
                  struct ext4_node **out);
/* The inode to the file system, and from it. */
int ext4_node_write(struct ext4_node *n);
int ext4_node_reload(struct ext4_node *n);

/* attr.c */
enum ext4_time { EXT4_ATIME = 1, EXT4_MTIME = 2, EXT4_CTIME = 4, EXT4_CRTIME = 8 };
void ext4_set_times(struct ext4_node *n, unsigned which, int64_t ns);
void ext4_touch(struct ext4_node *n, unsigned which); /* to the present, in steps of 4 ms */
/* Its mtime and ctime are the present ones. Also outside of an operation, with the file's lock. */
bool ext4_modified(const struct ext4_node *n);
int ext4_stat(struct node *node, struct file_stat *out);
int ext4_setattr(struct node *node, const struct node_attr *attr);
/* Has been read: a new atime, as Linux' relatime sets it. Not in an operation; takes the time to begin one
 * only if the time is due. */
void ext4_accessed(struct ext4_node *n);
/* The links of a file one more, or one less. -EMLINK. */
int ext4_link_more(struct ext4_node *n);
void ext4_link_less(struct ext4_node *n);

/* map.c: where a file's blocks are. At most `max` blocks are looked at. */
int ext4_map_find(struct ext4_node *n, uint64_t first, uint64_t max, struct ext4_run *out);
/* Takes blocks on the disk for at most `max` blocks of the file from `first` on, which is a hole: *out. They
 * are the file's when they were inserted, and given back otherwise. */
int ext4_map_take(struct ext4_node *n, uint64_t first, uint64_t max, struct ext4_run *out);
void ext4_map_give_back(struct ext4_node *n, const struct ext4_run *run);

/* map_insert.c: blocks that were taken become the file's. On an error none of them is, and they are to be given
 * back; what cannot be undone is an ext4_fail(). */
int ext4_map_insert(struct ext4_node *n, const struct ext4_run *run);
/* map_written.c: unwritten blocks, all of one extent, have been written. It takes no blocks that are not there. */
int ext4_map_written(struct ext4_node *n, const struct ext4_run *run);
/* Frees the blocks first..last, and writes the inode. */
int ext4_map_free(struct ext4_node *n, uint64_t first, uint64_t last);
/* The same from `first` on, which is faster for block tables. */
int ext4_map_free_rest(struct ext4_node *n, uint64_t first);
/* All blocks are below *end. */
int ext4_map_end(struct ext4_node *n, uint64_t *end);
/* The number of bytes that a file can have. */
uint64_t ext4_size_max(const struct ext4_node *n);

/* dir_block.c: the entries of a directory, in an operation. */
struct ext4_entry {
    ext2_ino_t ino;
    unsigned type;   /* EXT2_FT_... */
    uint64_t block;  /* on the disk */
    unsigned at;     /* in the block */
    unsigned before; /* where the entry in front of it is; `at`: it is the first */
    const char *name;
    size_t len;
};
/* Calls fn for each entry, until it returns other than 0, which is returned. */
int ext4_dir_each(struct ext4_node *dir, int (*fn)(const struct ext4_entry *e, void *arg),
                  void *arg);
/* One block of a directory. block: its content. */
int ext4_dir_each_in(struct ext4_node *dir, const char *block,
                     int (*fn)(const struct ext4_entry *e, void *arg), void *arg);
int ext4_dir_read(struct ext4_node *dir, uint64_t index, char *block, uint64_t *where);
/* The same, where it is: in memory, until the next call of anything of the store or libext2fs, or in scratch. */
int ext4_dir_look(struct ext4_node *dir, uint64_t index, char *scratch, const char **out,
                  uint64_t *where);
int ext4_dir_read_at(struct ext4_node *dir, uint64_t where, char *block);
unsigned ext4_dir_type(const struct ext4_node *n); /* EXT2_FT_... */

/* dir_hash.c: the block in which an indexed directory has the name, if it does: 1 and *index. 0: it must be
 * looked for in all. */
int ext4_dir_hash(struct ext4_node *dir, const char *name, size_t len, char *block,
                  uint64_t *index);

/* dir_index.c: gives a directory of one block, which is full, an index: 1. 0: it gets none. */
int ext4_dir_index(struct ext4_node *dir);

/* dir.c: names in a directory, in an operation. */
int ext4_dir_find(struct ext4_node *dir, const char *name, size_t len, struct ext4_entry *out);
/* dir_add.c. The name must not be there. Linking counts no links. */
int ext4_dir_add(struct ext4_node *dir, const char *name, size_t len, struct ext4_node *n);
int ext4_dir_remove(struct ext4_node *dir, const struct ext4_entry *e);
/* An entry refers to another inode. */
int ext4_dir_set(struct ext4_node *dir, const struct ext4_entry *e, struct ext4_node *n);
/* 1: there are only "." and "..". */
int ext4_dir_is_empty(struct ext4_node *dir);

/* names.c: node_ops. */
int ext4_lookup(struct node *dir, const char *name, size_t len, struct node **out);
int ext4_link(struct node *dir, const char *name, size_t len, struct node *node);
int ext4_unlink(struct node *dir, const char *name, size_t len);
int ext4_rmdir(struct node *dir, const char *name, size_t len);
/* A name that has been removed: in an operation. */
int ext4_unlinked(struct ext4_node *n);

/* create.c */
int ext4_create(struct node *dir, const char *name, size_t len, uint32_t mode, struct node **out);
int ext4_mkdir(struct node *dir, const char *name, size_t len, uint32_t mode);
int ext4_symlink(struct node *dir, const char *name, size_t len, const char *target,
                 size_t target_len);

/* symlink.c */
int ext4_symlink_write(struct ext4_node *n, const char *target, size_t len);
int ext4_readlink(struct node *node, char *buf, size_t size);

/* rename.c */
int ext4_rename(struct node *from_dir, const char *from, size_t from_len, struct node *to_dir,
                const char *to, size_t to_len);

/* orphan.c: the list of inodes that must be freed, or cut to their size, also if that is after a crash. */
int ext4_orphan_add(struct ext4_node *n);
int ext4_orphan_remove(struct ext4_node *n);

/* truncate.c. Frees all blocks from the given one on, in as many operations as it takes. Not in one. */
int ext4_cut(struct ext4_node *n, uint64_t first);
int ext4_truncate(struct file *f, int64_t size);
/* The same, with the file's lock held exclusively. Not in an operation. */
int ext4_resize(struct ext4_node *n, uint64_t size);
/* Bytes of one block become zero, as far as they are written. In an operation. */
int ext4_zero(struct ext4_node *n, uint64_t from, uint64_t to);

/* free.c. Frees a file without names and references, in operations of its own. */
int ext4_free_inode(struct ext4_node *n);
/* At mount: the orphans that are on the disk. Not in an operation. */
int ext4_orphans_process(struct ext4_fs *fs);

/* allocate.c, sync.c, file.c, readdir.c, ops.c */
int ext4_allocate(struct file *f, unsigned mode, int64_t offset, int64_t len);
int ext4_sync_file(struct file *f, bool data_only);
extern const struct file_ops ext4_file_ops, ext4_dir_ops;
extern const struct node_ops ext4_node_ops;

#endif
