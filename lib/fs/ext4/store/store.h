/* SPDX-License-Identifier: MIT */
/*
 * The lower half of ext4: what makes libext2fs, which has neither a journal nor a cache, crash-safe. It
 * gives the upper half (files and directories) an ext2_filsys to operate on, collects what an operation
 * changes, and commits whole operations through the file system's own journal (JBD2), so that Linux and
 * e2fsck recover what a crash leaves. The format of the journal: the kernel's documentation,
 * filesystems/ext4/journal.rst.
 *
 *   store_begin(s)                    one operation; others wait
 *     ... ext2fs_...(store_fs(s)) ... all metadata: inodes, extents, directories, bitmaps
 *     store_data_write(s, ...)        the data of blocks that the operation allocated
 *   store_end(s)                      nothing has been waited for yet
 *   store_commit(s)                   fsync: now it survives a crash, whole
 *
 * Rules for the user of store_fs():
 *  - Between store_begin and store_end (store_lock and store_unlock, if it changes nothing), and only
 *    there. Any thread may wait inside, for reads; so pointers into libext2fs' structures end with it.
 *  - All that is written through the library (io_channel_write_blk64, ext2fs_write_inode, directory
 *    blocks, long symlinks) is metadata, and is journaled. The data of files is not: use
 *    store_data_write, and neither ext2fs_file_write nor block buffers that the library would write.
 *  - ext2fs_flush, ext2fs_close, ext2fs_write_bitmaps and ext2fs_read_bitmaps are not called, nor are
 *    fs->io's flush, close and set_blksize. The alloc callbacks of the library are free for the user.
 *  - store_end leaves the structure on disk consistent. An operation that fails half-way undoes what it
 *    has done, or calls store_abort: there is no rollback.
 *  - Blocks that are freed are reused only after the next commit. So an allocation may fail with
 *    EXT2_ET_BLOCK_ALLOC_FAIL while a commit would help: store_pending_free(s) says whether.
 *
 * Functions return 0 or -errno and are for threads; they may let other threads run. After an error of
 * the disk in metadata or in the journal the store is aborted: one line on the console names the block
 * and the error, and from then on nothing is written, and what would write fails with -EROFS.
 */
#ifndef RINGLET_EXT4_STORE_H
#define RINGLET_EXT4_STORE_H

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "lib/fs/ext4/disk/disk.h"

struct store;

/* ---- opening ---- */

#define STORE_READ_ONLY 1u /* never writes; -EROFS where the journal would have to be replayed */
#define STORE_DISCARD   2u /* tells the disk of freed blocks, after the commit */

struct store_config {
    unsigned flags; /* STORE_... */
    size_t cache;   /* bytes of cached blocks; 0: 4 MiB. At least 64 blocks are used */
    unsigned
        commit_ms; /* longest time until a change is committed; 0: 5000; ~0u: never by itself */
};

/*
 * Takes over disk, also on an error: store_close, or the failing store_open, closes it. config may be
 * NULL: all defaults. If the file system was not unmounted, the journal is replayed first. Afterwards the
 * file system is marked as in use (needs_recovery) unless the store is read-only.
 *
 * The errors, each with a line on the console that says why: -EINVAL: no ext2, ext3 or ext4, or a corrupt
 * superblock or journal; -EOPNOTSUPP: a feature that is not supported, by name: inline_data, encrypt,
 * casefold, mmp, bigalloc, journal_dev, an external journal, quota, project, verity, fast_commit and all
 * that are unknown; a feature that matters only for writing counts only then; -EROFS: the journal must be
 * replayed, and the disk or config is read-only; -EIO, -ENOMEM. A file system with errors
 * (s_state) opens, with a warning.
 *
 * A file system without a journal (ext2) opens, too: store_commit then writes in place, and a crash needs
 * an e2fsck.
 */
int store_open(struct ext4_disk *disk, const struct store_config *config, struct store **out);

/*
 * Commits, writes everything in place, marks the file system as unmounted, and frees the store and its
 * disk. No operation is in progress, and none begins any more. 0 or the first error; the store is gone in
 * any case.
 */
int store_close(struct store *s);

ext2_filsys store_fs(struct store *s);
bool store_read_only(const struct store *s); /* opened so, or aborted */
bool store_aborted(const struct store *s);

/* ---- operations ---- */

/*
 * Begins an operation, and waits for the end of another one. There is room in the journal for what an
 * ordinary operation changes: a file made, linked, renamed or removed that has few blocks, 1 MiB written.
 * One that may change more (the blocks of a large file freed or allocated) calls store_restart between its
 * steps. Not recursive: -EDEADLK. -EROFS; -EIO: the room could not be made.
 */
int store_begin(struct store *s);
void store_end(struct store *s);

/*
 * At a place where the structure on disk is consistent: ends the operation and begins another, if the
 * transaction has become large (`*again` = true: other threads may have run, and what was known of inodes
 * is to be read again), else does nothing. again may be NULL. On an error the operation has ended.
 */
int store_restart(struct store *s, bool *again);

/* For operations that read only, also of an aborted store. -EDEADLK. */
int store_lock(struct store *s);
void store_unlock(struct store *s);

/*
 * All that ended before is stable when it returns: file data (store_data_write) and metadata. Threads that
 * wait at the same time share one commit, and operations of others go on meanwhile. Not within an
 * operation: -EDEADLK. -EIO, -EROFS: aborted; -EIO also once for data that could not be written. A store
 * that is read-only: 0.
 */
int store_commit(struct store *s);

/* How many commits could not write all file data so far: those that wait for one commit share it, and
 * store_commit tells only one of them. */
unsigned store_data_errors(const struct store *s);

/* There are freed blocks that the next commit makes available. */
bool store_pending_free(const struct store *s);

/* Something is wrong that must not spread: prints one line, and refuses all writing from now on. */
void store_abort(struct store *s, const char *what, int err);

/* 0 or the -errno for a result of libext2fs: -ENOSPC, -ENOMEM, -EIO also for what is corrupt, ... */
int store_errno(errcode_t err);

/* ---- metadata, by physical block ---- */

/*
 * A block of metadata that has a checksum of its own needs to be verified once: whoever has found it to be
 * right for `owner` (an inode's number, not 0) says so. From then on the block is known, as long as it is in
 * memory, and only store_fs() writes to it, with its checksum. Within an operation, or store_lock.
 */
void store_meta_know(struct store *s, blk64_t block, uint32_t owner);
/* Where the block is in memory if it is known, until the next call of anything here or of libext2fs; else NULL. */
const void *store_meta_known(struct store *s, blk64_t block, uint32_t owner);

/* ---- file data, by physical block ---- */

/* The block was allocated by the operation in progress: what it had before is of no interest, and is never
 * seen; parts that are not written are zeroes. Only between store_begin and store_end. */
#define STORE_DATA_NEW 1u
/* Around the cache: O_DIRECT, and for large transfers that would only replace it. Whole sectors and memory
 * that is aligned to them, else the cache is used after all. The data is not on stable storage before
 * store_commit, as with all writes. */
#define STORE_DATA_DIRECT 2u

/*
 * len bytes from byte `offset` of physical block `block` on (offset may be larger than a block), to or from
 * the elements of iov in turn, whose sum is at least len. The blocks are data of a file and are consecutive
 * on the disk. The caller sees to it that they are neither freed nor change their owner meanwhile (a lock
 * of the file, or the operation in progress); with this, also outside of operations, unless
 * STORE_DATA_NEW. Written data is in the cache or on its way; store_commit makes it stable, before the
 * metadata of the same operation (data=ordered).
 *
 * -EINVAL: beyond the end of the file system; -EIO, -EROFS, -ENOMEM.
 */
int store_data_read(struct store *s, blk64_t block, uint64_t offset,
                    const struct blkfront_iovec *iov, unsigned iovcnt, size_t len, unsigned flags);
int store_data_write(struct store *s, blk64_t block, uint64_t offset,
                     const struct blkfront_iovec *iov, unsigned iovcnt, size_t len, unsigned flags);

/* count blocks from `block` on, of a file, become zeroes, as store_data_write of zeroes would make them. */
int store_data_zero(struct store *s, blk64_t block, unsigned count, unsigned flags);

/* Begins to read count blocks of data into the cache, as far as that is cheap. Never fails. */
void store_data_readahead(struct store *s, blk64_t block, unsigned count);

/* count blocks of data leave the cache, but for what is not on the disk yet. */
void store_data_forget(struct store *s, blk64_t block, uint64_t count);

/* ---- statistics ---- */

struct store_stats {
    uint64_t commits, checkpoints, replayed_transactions, replayed_blocks;
    uint64_t logged_blocks, revoked_blocks; /* written to the journal */
    uint64_t hits, misses;                  /* blocks looked for in the cache */
    size_t cached, dirty;                   /* blocks, now */
    unsigned bitmap_groups;                 /* block groups whose bitmaps are in memory */
};
void store_get_stats(const struct store *s, struct store_stats *out);

#endif
