/* SPDX-License-Identifier: MIT */
#include "workload.h"

#include <ringlet/errno.h>
#include <ringlet/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct store *s;
    struct model *m;
    struct random random;
    const bool *stop;
    unsigned left, threads;
    ext2_ino_t state;
    blk64_t state_block;
    ext2_ino_t dir[DIRS];
    ext2_ino_t file[FILES];
};

struct worker {
    struct run *run;
    unsigned number;
};

#define CK(x)                                                                        \
    do {                                                                             \
        errcode_t err_ = (x);                                                        \
        if (err_) {                                                                  \
            fprintf(stderr, "%s:%d: %s: %ld\n", __FILE__, __LINE__, #x, (long)err_); \
            abort();                                                                 \
        }                                                                            \
    } while (0)

static ext2_filsys fs_of(struct run *r)
{
    return store_fs(r->s);
}

static void begin(struct run *r)
{
    CK(store_begin(r->s));
}

/* A block of metadata that begins like one of the journal's own. */
static void write_state_block(struct run *r)
{
    uint8_t block[4096] = STATE_MAGIC;

    memcpy(block + 4, &r->m->ops, sizeof(r->m->ops));
    CK(io_channel_write_blk64(fs_of(r)->io, r->state_block, 1, block));
}

/* The operation that is about to end has this number. */
static void number_operation(struct run *r)
{
    struct ext2_inode inode;

    r->m->ops++;
    CK(ext2fs_read_inode(fs_of(r), r->state, &inode));
    inode.i_generation = r->m->ops;
    CK(ext2fs_write_inode(fs_of(r), r->state, &inode));
    write_state_block(r);
}

static void commit(struct run *r)
{
    uint32_t ops = r->m->ops;

    CK(store_commit(r->s));
    model_acknowledge(r->m, ops);
}

/* ---- what libext2fs leaves to its users ---- */

static void link_name(struct run *r, ext2_ino_t dir, const char *name, ext2_ino_t ino, int type)
{
    errcode_t err = ext2fs_link(fs_of(r), dir, name, ino, type);

    if (err == EXT2_ET_DIR_NO_SPACE) {
        CK(ext2fs_expand_dir(fs_of(r), dir));
        err = ext2fs_link(fs_of(r), dir, name, ino, type);
    }
    CK(err);
}

static ext2_ino_t new_file(struct run *r, ext2_ino_t dir, const char *name)
{
    ext2_filsys fs = fs_of(r);
    struct ext2_inode_large inode;
    struct ext2_inode *in = (struct ext2_inode *)&inode;
    ext2_ino_t ino;

    memset(&inode, 0, sizeof(inode));
    CK(ext2fs_new_inode(fs, dir, LINUX_S_IFREG | 0644, NULL, &ino));
    inode.i_mode = LINUX_S_IFREG | 0644;
    inode.i_links_count = 1;
    inode.i_extra_isize = sizeof(inode) - EXT2_GOOD_OLD_INODE_SIZE;
    ext2fs_inode_alloc_stats2(fs, ino, 1, 0);
    if (ext2fs_has_feature_extents(fs->super)) {
        ext2_extent_handle_t extents;

        inode.i_flags |= EXT4_EXTENTS_FL;
        CK(ext2fs_write_new_inode(fs, ino, in));
        CK(ext2fs_extent_open2(fs, ino, in, &extents));
        ext2fs_extent_free(extents);
    } else {
        CK(ext2fs_write_new_inode(fs, ino, in));
    }
    CK(ext2fs_write_inode_full(fs, ino, in, sizeof(inode)));
    link_name(r, dir, name, ino, EXT2_FT_REG_FILE);
    return ino;
}

static void free_inode(struct run *r, ext2_ino_t ino, int is_dir)
{
    ext2_filsys fs = fs_of(r);
    struct ext2_inode inode;

    CK(ext2fs_read_inode(fs, ino, &inode));
    CK(ext2fs_punch(fs, ino, &inode, NULL, 0, ~0ULL));
    inode.i_links_count = 0;
    inode.i_dtime = 1700000000;
    CK(ext2fs_inode_size_set(fs, &inode, 0));
    CK(ext2fs_write_inode(fs, ino, &inode));
    ext2fs_inode_alloc_stats2(fs, ino, -1, is_dir);
}

/* ---- data ---- */

/* Writes sectors of a file with a version; allocates in an operation, or finds all blocks there. */
static void write_sectors(struct run *r, unsigned f, const struct event *e, bool allocate,
                          unsigned flags)
{
    ext2_filsys fs = fs_of(r);
    unsigned per_block = fs->blocksize / SECTOR, end = e->first + e->count;
    struct ext2_inode inode;
    uint8_t *data = aligned_alloc(4096, 4096);
    blk64_t blocks[SECTORS_MAX];
    bool new[SECTORS_MAX] = {false};

    if (!data)
        abort();
    if (!allocate)
        CK(store_lock(r->s));
    CK(ext2fs_read_inode(fs, r->file[f], &inode));
    for (unsigned lb = e->first / per_block; lb * per_block < end; lb++) {
        blocks[lb] = 0;
        CK(ext2fs_bmap2(fs, r->file[f], &inode, NULL, 0, lb, NULL, &blocks[lb]));
        if (blocks[lb] == 0 && allocate) {
            new[lb] = true;
            CK(ext2fs_bmap2(fs, r->file[f], &inode, NULL, BMAP_ALLOC, lb, NULL, &blocks[lb]));
        }
    }
    if (!allocate)
        store_unlock(r->s);
    for (unsigned i = e->first, n; i < end; i += n) {
        unsigned lb = i / per_block;
        struct blkfront_iovec iov = {data, 0};

        n = per_block - i % per_block;
        n = n < end - i ? n : end - i;
        for (unsigned k = 0; k < n; k++)
            sector_fill(data + k * SECTOR, e->id, i + k, e->version);
        iov.len = n * SECTOR;
        CK(store_data_write(r->s, blocks[lb], i % per_block * SECTOR, &iov, 1, iov.len,
                            flags | (new[lb] ? STORE_DATA_NEW : 0)));
    }
    free(data);
    if (!allocate)
        return;
    if (EXT2_I_SIZE(&inode) < end * (uint64_t)SECTOR)
        CK(ext2fs_inode_size_set(fs, &inode, end * (ext2_off64_t)SECTOR));
    inode.i_mtime++;
    CK(ext2fs_write_inode(fs, r->file[f], &inode));
}

/* The blocks of a part of a file are all there. */
static bool is_written(const struct file_state *st, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++)
        if (i >= st->sectors || !st->version[i])
            return false;
    return true;
}

static void write_file(struct run *r, unsigned f)
{
    struct file_state *st = &r->m->file[f].now;
    struct event e = {.kind = EV_WRITE, .id = st->id};
    unsigned flags = random_below(&r->random, 4) ? 0 : STORE_DATA_DIRECT;
    unsigned most = random_below(&r->random, 4) ? 24 : 200;

    e.first =
        random_below(&r->random, 3) ? st->sectors : random_below(&r->random, st->sectors + 16);
    if (e.first >= SECTORS_MAX - 1)
        e.first = random_below(&r->random, SECTORS_MAX - 1);
    e.count = 1 + random_below(&r->random, most);
    if (e.count > SECTORS_MAX - e.first)
        e.count = SECTORS_MAX - e.first;
    e.version = ++r->m->versions;
    if (is_written(st, e.first, e.count) && random_below(&r->random, 2)) {
        /* in place, outside of an operation: the data may arrive at any time from now on */
        struct event *entry;

        e.op = OP_NEVER;
        model_event(r->m, f, e);
        write_sectors(r, f, &e, false, flags);
        begin(r);
        number_operation(r);
        entry = &r->m->file[f].events[r->m->file[f].count - 1];
        entry->op = r->m->ops;
        store_end(r->s);
        return;
    }
    begin(r);
    /* what is overwritten may arrive before the operation has ended */
    e.op = OP_NEVER;
    model_event(r->m, f, e);
    write_sectors(r, f, &e, true, flags);
    number_operation(r);
    r->m->file[f].events[r->m->file[f].count - 1].op = r->m->ops;
    store_end(r->s);
}

/* ---- operations ---- */

static void random_name(struct run *r, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "f%llx-%0*u", (unsigned long long)(random_u64(&r->random) >> 40),
             (int)random_below(&r->random, 12) + 1, ++r->m->ids);
}

static unsigned random_dir(struct run *r)
{
    unsigned d = random_below(&r->random, DIRS);

    return r->m->dir[d].now ? d : 0;
}

static void create_file(struct run *r, unsigned f)
{
    struct event e = {.kind = EV_CREATE};

    begin(r);
    e.dir = random_dir(r);
    random_name(r, e.name);
    e.id = r->m->ids;
    r->file[f] = new_file(r, r->dir[e.dir], e.name);
    number_operation(r);
    e.op = r->m->ops;
    model_event(r->m, f, e);
    store_end(r->s);
}

static void remove_file(struct run *r, unsigned f)
{
    struct file_state *st = &r->m->file[f].now;

    begin(r);
    CK(ext2fs_unlink(fs_of(r), r->dir[st->dir], st->name, r->file[f], 0));
    free_inode(r, r->file[f], 0);
    number_operation(r);
    model_event(r->m, f, (struct event){.kind = EV_REMOVE, .op = r->m->ops});
    store_end(r->s);
}

static void truncate_file(struct run *r, unsigned f)
{
    struct file_state *st = &r->m->file[f].now;
    ext2_filsys fs = fs_of(r);
    unsigned per_block = fs->blocksize / SECTOR;
    unsigned size = random_below(&r->random, st->sectors + 1) / per_block * per_block;
    struct ext2_inode inode;

    begin(r);
    CK(ext2fs_read_inode(fs, r->file[f], &inode));
    CK(ext2fs_punch(fs, r->file[f], &inode, NULL, size / per_block, ~0ULL));
    CK(ext2fs_inode_size_set(fs, &inode, size * (ext2_off64_t)SECTOR));
    CK(ext2fs_write_inode(fs, r->file[f], &inode));
    number_operation(r);
    model_event(r->m, f, (struct event){.kind = EV_TRUNCATE, .op = r->m->ops, .first = size});
    store_end(r->s);
}

static void rename_file(struct run *r, unsigned f)
{
    struct file_state *st = &r->m->file[f].now;
    struct event e = {.kind = EV_RENAME};

    begin(r);
    e.dir = random_dir(r);
    random_name(r, e.name);
    link_name(r, r->dir[e.dir], e.name, r->file[f], EXT2_FT_REG_FILE);
    CK(ext2fs_unlink(fs_of(r), r->dir[st->dir], st->name, r->file[f], 0));
    number_operation(r);
    e.op = r->m->ops;
    model_event(r->m, f, e);
    store_end(r->s);
}

static bool dir_in_use(struct run *r, unsigned d)
{
    for (unsigned f = 0; f < FILES; f++)
        if (r->m->file[f].now.present && r->m->file[f].now.dir == d)
            return true;
    return false;
}

static void change_dir(struct run *r)
{
    ext2_filsys fs = fs_of(r);
    unsigned d = 1 + random_below(&r->random, DIRS - 1);
    char name[8];

    snprintf(name, sizeof(name), "d%u", d);
    begin(r);
    if (!r->m->dir[d].now) {
        CK(ext2fs_new_inode(fs, EXT2_ROOT_INO, LINUX_S_IFDIR | 0755, NULL, &r->dir[d]));
        CK(ext2fs_mkdir(fs, EXT2_ROOT_INO, r->dir[d], name));
    } else if (!dir_in_use(r, d)) {
        struct ext2_inode inode;

        CK(ext2fs_unlink(fs, EXT2_ROOT_INO, name, r->dir[d], 0));
        free_inode(r, r->dir[d], 1);
        CK(ext2fs_read_inode(fs, EXT2_ROOT_INO, &inode));
        inode.i_links_count--;
        CK(ext2fs_write_inode(fs, EXT2_ROOT_INO, &inode));
    } else {
        store_end(r->s);
        return;
    }
    number_operation(r);
    model_dir(r->m, d, !r->m->dir[d].now);
    store_end(r->s);
}

static void operate(struct worker *w)
{
    struct run *r = w->run;
    unsigned own = FILES / r->threads;
    unsigned f = w->number * own + random_below(&r->random, own);
    bool full =
        ext2fs_free_blocks_count(fs_of(r)->super) < ext2fs_blocks_count(fs_of(r)->super) / 6;
    unsigned what = random_below(&r->random, 32);

    if (full && store_pending_free(r->s))
        commit(r);
    /* of files, of metadata, or of what is free and will be somebody's */
    if (random_below(&r->random, 4) == 0)
        store_data_readahead(
            r->s, random_below(&r->random, (unsigned)ext2fs_blocks_count(fs_of(r)->super)),
            1 + random_below(&r->random, 16));
    if (what == 0)
        change_dir(r);
    else if (!r->m->file[f].now.present)
        create_file(r, f);
    else if (full || what < 6)
        remove_file(r, f);
    else if (what < 10)
        truncate_file(r, f);
    else if (what < 13)
        rename_file(r, f);
    else
        write_file(r, f);
    if (random_below(&r->random, 5) == 0)
        commit(r);
    else if (random_below(&r->random, 4) == 0)
        thread_yield();
}

static void work(void *arg)
{
    struct worker *w = arg;

    while (w->run->left && !*w->run->stop) {
        w->run->left--;
        operate(w);
    }
}

static void prepare(struct run *r)
{
    struct ext2_inode inode;

    begin(r);
    r->state = new_file(r, EXT2_ROOT_INO, STATE_FILE);
    r->dir[0] = EXT2_ROOT_INO;
    CK(ext2fs_read_inode(fs_of(r), r->state, &inode));
    CK(ext2fs_bmap2(fs_of(r), r->state, &inode, NULL, BMAP_ALLOC, 0, NULL, &r->state_block));
    CK(ext2fs_inode_size_set(fs_of(r), &inode, fs_of(r)->blocksize));
    CK(ext2fs_write_inode(fs_of(r), r->state, &inode));
    number_operation(r);
    store_end(r->s);
    commit(r);
}

void workload_run(struct store *s, struct model *m, uint64_t seed, unsigned threads,
                  unsigned operations, const bool *stop)
{
    struct run r = {
        .s = s, .m = m, .random = {seed}, .stop = stop, .left = operations, .threads = threads};
    struct worker workers[8];
    struct thread *t[8];

    prepare(&r);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){&r, i};
        CK(thread_create(&t[i], "worker", work, &workers[i], 512 * 1024));
    }
    for (unsigned i = 0; i < threads; i++)
        CK(thread_join(t[i]));
}
