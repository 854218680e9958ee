/* SPDX-License-Identifier: MIT */
/*
 * The store's inside. From below: block_io.c (many blocks at once), cache.c (blocks in memory), readahead.c,
 * cache_get.c, transaction.c (what is changed and not yet committed), bitmap.c and channel.c (what libext2fs
 * sees), super.c, journal.c (the log), checkpoint.c, commit.c, operation.c, data.c, recover.c, open.c.
 *
 * Two locks: `lock` is held by the operation in progress, and wherever the lists below change together;
 * `log` by whoever commits or checkpoints, also while I/O is in flight. log is taken before lock, never
 * the other way round. Threads are cooperative: what contains no I/O and no lock is atomic anyhow.
 */
#ifndef RINGLET_EXT4_STORE_PRIVATE_H
#define RINGLET_EXT4_STORE_PRIVATE_H

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/list.h>
#include <ringlet/printk.h>
#include <ringlet/thread.h>
#include <string.h>

#include "lib/fs/ext4/store/store.h"

/* ---- a block in memory ---- */

/*
 * Up to three contents of one block, which share memory while they are equal: `data`, what is read and
 * changed now; `commit`, what the transaction that is being committed has logged; `stable`, what the last
 * committed transaction that changed the block has logged and what is not yet in place. Memory that is
 * commit or stable is never changed: the block gets new memory for data first. A block with commit or
 * stable is live: the journal has a copy of it that a replay would write.
 */
struct buf {
    uint64_t block;
    struct buf *hash_next;
    struct list list;       /* in running.meta (meta), in store.dirty (dirty), or in store.lru */
    struct list committing; /* in committing.meta, while commit is set */
    struct list checkpoint; /* in store.checkpoint, while stable is set */
    struct list revoke;     /* in the revokes of a transaction, or empty */
    uint8_t *data, *commit, *stable;
    uint32_t revoke_tid; /* whose revokes */
    uint32_t known_for;  /* store_meta_know: data is right for this owner; 0: nobody has looked */
    unsigned io;         /* transfers of data in flight */
    bool valid;          /* data has been read, or written */
    bool meta;           /* changed by the running transaction */
    bool dirty;          /* data of a file that is not on its way to the disk */
    bool is_data;        /* belongs to a file, whatever it was when it was logged */
    bool freed;          /* the block is free; forgotten when the journal has been told */
    bool doomed;         /* not in the cache any more; freed with the last transfer */
};

static inline bool buf_live(const struct buf *b)
{
    return b->commit || b->stable;
}

struct chunk; /* memory for blocks, cache.c */

/* A block to be written, and its memory. */
struct piece {
    uint64_t block;
    void *memory;
    struct buf *buf; /* whose io it counts in, or NULL */
};

/* ---- transactions ---- */

struct transaction {
    uint32_t tid;
    struct list meta;    /* struct buf */
    struct list revokes; /* struct buf: what the journal has of them must not be replayed */
    unsigned metas, revoked;
    bool freed; /* blocks, which are held until it is committed */
};

/* ---- the journal ---- */

struct log_run {
    uint32_t first, count; /* blocks of the log */
    uint64_t block;        /* the first one on the disk */
};

struct journal {
    struct log_run *runs;
    unsigned run_count;
    uint32_t length;   /* blocks of the log, with its superblock */
    uint32_t first;    /* the first block for transactions */
    uint32_t head;     /* the next block to be written */
    uint32_t used;     /* blocks before it that hold what is not yet in place */
    uint32_t limit;    /* no more than that are used, unless by one transaction, */
    uint32_t most;     /* which uses no more than that */
    uint32_t sequence; /* of the next transaction; without gaps, while tids have some */
    uint32_t seed;     /* of checksums */
    bool csum, wide;   /* checksums of version 3; block numbers of 64 bits */
    uint8_t super[1024];
    /* memory of whoever holds log: a block, and as many pieces as there are blocks in use */
    uint8_t *block;
    struct piece *pieces;
};

/* ---- the store ---- */

#define IO_DEPTH  8  /* transfers in flight */
#define IO_VECTOR 64 /* blocks of one of them */

struct batch {
    struct ext4_disk_io io[IO_DEPTH];
    struct blkfront_iovec iov[IO_DEPTH][IO_VECTOR];
};

struct lazy_bitmap;

struct store {
    struct ext4_disk *disk;
    ext2_filsys fs;
    struct struct_io_manager manager;
    unsigned block_size;
    uint64_t blocks; /* of the file system */
    unsigned flags;  /* STORE_... */
    bool read_only, aborted;
    bool was_valid; /* s_state, when it was opened */

    struct mutex lock, log;
    struct batch *batch; /* whoever holds log */

    /* cache.c */
    struct buf **hash;
    unsigned hash_mask;
    size_t limit, cached, dirty_count; /* blocks */
    struct list lru, dirty;
    struct list chunks;
    void *free_slots;
    size_t device_bytes; /* of the chunks */
    struct wait_queue io_done;
    struct list readaheads;
    unsigned readahead_count;

    /* transaction.c, commit.c */
    struct transaction running, committing;
    struct list checkpoint;
    unsigned max_metas, reserve; /* blocks of a transaction, of an operation */
    size_t max_dirty;            /* blocks of data, before a commit is made */
    uint32_t committed;          /* the last tid that is stable */
    bool unflushed;              /* something was written around the cache */
    int data_error;              /* of file data, for the next commit */
    unsigned data_errors;        /* commits with one */
    struct journal *journal;     /* NULL: none */

    /* bitmap.c */
    struct lazy_bitmap *maps[2]; /* blocks, inodes */
    uint8_t *desc_dirty;         /* a byte for each block of group descriptors */
    unsigned dirty_groups;       /* bitmaps that a commit will write */

    /* super.c */
    uint32_t super_columns[32];
    uint32_t super_checksum;

    /* channel.c */
    unsigned read_errors;

    /* commit_thread.c */
    unsigned commit_ms;
    struct thread *thread;
    struct wait_queue thread_wake;
    bool closing;
    uint64_t dirty_since; /* 0: there is nothing to commit */

    struct store_stats stats;
};

static inline struct store *store_of(ext2_filsys fs)
{
    return fs->io->private_data;
}

/* ---- block_io.c ---- */

/* Writes n pieces, sorted by block on return, several at a time, and waits. 0 or the first error, with its
 * block in *bad (may be NULL). The caller holds log. */
int block_io_write(struct store *s, struct piece *pieces, unsigned n, uint64_t *bad);
/* Reads or writes whole blocks in one piece of memory. */
int block_io_one(struct store *s, uint64_t block, unsigned count, void *memory, bool write);

/* ---- cache.c ---- */

int cache_init(struct store *s, size_t bytes);
void cache_exit(struct store *s);
struct buf *cache_find(struct store *s, uint64_t block);
/* Makes room for n more blocks, as far as others can go. */
void cache_shrink(struct store *s, unsigned n);
/* A new block that is not valid. NULL: no memory. */
struct buf *cache_add(struct store *s, uint64_t block);
/* Memory of a block. */
void *cache_slot(struct store *s);
void cache_slot_free(struct store *s, void *slot);
/* data may be changed: it is neither commit nor stable. -ENOMEM. */
int cache_own(struct store *s, struct buf *b);
/* Puts b where it belongs now: among those that may go, or nowhere. */
void cache_settle(struct store *s, struct buf *b);
/* Takes a block that is not live out of the cache. */
void cache_forget(struct store *s, struct buf *b);
void cache_io_end(struct store *s, struct buf *b);

/* ---- readahead.c ---- */

/* Ends those that are complete. */
void readahead_reap(struct store *s);
/* If a readahead reads b that nobody waits for, waits for its end: true. b may be gone then. */
bool readahead_await(struct store *s, const struct buf *b);
/* Waits for all. */
void readahead_end(struct store *s);

/* ---- cache_get.c ---- */

/* The block, from the cache or read; or, with read false, with any content if it was not there (valid is
 * false then: the caller fills it and sets valid). Waits while another thread reads it. */
int cache_get(struct store *s, uint64_t block, bool read, struct buf **out);
/* A valid block was found: it goes last. */
void cache_used(struct store *s, struct buf *b);

/* ---- transaction.c ---- */

void transaction_init(struct transaction *t, uint32_t tid);
bool transaction_empty(const struct store *s);
/* Changes len bytes at `offset` of a block that is metadata. */
int transaction_write(struct store *s, uint64_t block, unsigned offset, const void *data,
                      unsigned len);
/* b is, from now on, data of a file. -ENOMEM. */
int transaction_make_data(struct store *s, struct buf *b);
void transaction_mark_dirty(struct store *s, struct buf *b);
/* Bits of the block bitmap were cleared, or set. */
void transaction_freed(struct store *s, uint64_t block);
void transaction_allocated(struct store *s, uint64_t block);
void transaction_touch(struct store *s); /* there is something to commit */

/* ---- channel.c ---- */

/* Opens s->fs. */
int channel_open_fs(struct store *s);

/* ---- bitmap.c ---- */

int bitmap_init(struct store *s);
void bitmap_exit(struct store *s);
/* Adds the bitmaps and descriptors that have changed to the running transaction. */
int bitmap_flush(struct store *s);
/* The blocks that a transaction has freed may be used: it is committed. */
void bitmap_release(struct store *s, uint32_t tid);

/* ---- super.c ---- */

void super_init(struct store *s);
/* Adds the superblock to the running transaction, if it has changed. */
int super_flush(struct store *s);
/* Writes it in place, in one sector. */
int super_write(struct store *s);

/* ---- journal.c ---- */

/* Finds the log and reads its superblock; *start is where a replay would begin, 0: nowhere. */
int journal_open(struct store *s, uint32_t *start);
void journal_close(struct store *s);
uint64_t journal_block(const struct journal *j, uint32_t at);
uint32_t journal_next(const struct journal *j, uint32_t at);
/* What it takes to log so many blocks and revokes. */
unsigned journal_need(const struct store *s, unsigned metas, unsigned revokes);
/* The superblock of the log: transactions begin at `start` with number `sequence`; 0: there are none. */
int journal_write_super(struct store *s, uint32_t start);
/* The pieces of a transaction's log, with zeroes where its commit block will be; extra memory is in slots[]. */
int journal_pieces(struct store *s, const struct transaction *t, struct piece *pieces,
                   unsigned *count, void **slots, unsigned *slot_count);
/* Writes the commit block at the head. */
int journal_commit_block(struct store *s);

/* ---- recover.c ---- */

/* Replays what is committed in the log from block `start` on, and sets the journal's sequence. */
int recover(struct store *s, uint32_t start);

/* ---- commit.c, checkpoint.c ---- */

int commit_until(struct store *s, uint32_t tid);
/* Everything that is committed is in place, and the log is empty. The caller holds log. */
int checkpoint_all(struct store *s);
int commit_thread_start(struct store *s);
void commit_thread_stop(struct store *s);

#endif
