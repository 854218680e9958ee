/* SPDX-License-Identifier: MIT */
/* Reading and writing files. */
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include "node.h"

/* What is written in one operation; others wait for it. */
#define STEP ((size_t)1 << 20)
/* How far a file that is read from its beginning on is read ahead. */
#define AHEAD_BLOCKS 32u

/* The caller's vector, of which the front is taken away. */
struct vector {
    struct blkfront_iovec *at;
    unsigned left;
    struct blkfront_iovec *copy, one;
};

static int vector_begin(struct vector *v, const struct file_iovec *iov, unsigned n)
{
    v->copy = NULL;
    if (n == 1) {
        v->one = (struct blkfront_iovec){iov->base, iov->len};
        v->at = &v->one;
    } else {
        v->at = v->copy = heap_alloc(n * sizeof(*v->copy), MEM_APP);
        if (!v->copy)
            return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
            v->copy[i] = (struct blkfront_iovec){iov[i].base, iov[i].len};
    }
    v->left = n;
    return 0;
}

/* len bytes are done; clear: they become zero. */
static void vector_skip(struct vector *v, size_t len, bool clear)
{
    while (len) {
        size_t piece = MIN(len, v->at->len);

        if (clear)
            memset(v->at->base, 0, piece);
        v->at->base = (char *)v->at->base + piece;
        v->at->len -= piece;
        len -= piece;
        if (!v->at->len && len) {
            v->at++;
            v->left--;
        }
    }
}

static size_t total(const struct file_iovec *iov, unsigned n)
{
    size_t sum = 0;

    for (unsigned i = 0; i < n; i++)
        sum += iov[i].len;
    return sum;
}

static unsigned data_flags(const struct file *f)
{
    return f->flags & FILE_DIRECT ? STORE_DATA_DIRECT : 0;
}

/* With the file's lock: where it is, from what is known or in an operation of its own. */
static int find(struct ext4_node *n, uint64_t first, uint64_t max, struct ext4_run *out)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret;

    if (first >= n->run.first && first - n->run.first < n->run.count)
        return ext4_map_find(n, first, max, out);
    ret = ext4_read_begin(fs);
    return ret ? ret : ext4_read_end(fs, ext4_map_find(n, first, max, out));
}

static size_t bytes_of(const struct ext4_fs *fs, const struct ext4_run *run, uint64_t at,
                       size_t max)
{
    return (size_t)MIN((uint64_t)max, run->count * fs->block_size - at % fs->block_size);
}

/* ---- reading ---- */

static int read_step(struct ext4_node *n, struct vector *v, uint64_t at, size_t *len,
                     unsigned flags)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t first = at / fs->block_size, in = at % fs->block_size;
    struct ext4_run run;
    int ret = find(n, first, DIV_ROUND_UP(in + *len, fs->block_size), &run);

    if (ret)
        return ret;
    *len = bytes_of(fs, &run, at, *len);
    if (!run.block || run.unwritten) {
        vector_skip(v, *len, true);
        return 0;
    }
    ret = ext4_use(fs);
    if (ret == 0)
        ret =
            ext4_unuse(fs, store_data_read(fs->store, run.block, in, v->at, v->left, *len, flags));
    if (ret == 0)
        vector_skip(v, *len, false);
    return ret;
}

static void read_ahead(struct ext4_node *n, uint64_t at)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t first = DIV_ROUND_UP(at, fs->block_size);
    struct ext4_run run;

    if (first * fs->block_size < ext4_size(n) && first >= n->run.first &&
        first - n->run.first < n->run.count && ext4_map_find(n, first, AHEAD_BLOCKS, &run) == 0 &&
        run.block && !run.unwritten && !fs->gone)
        store_data_readahead(fs->store, run.block, (unsigned)run.count);
}

static int64_t file_read_at(struct file *f, const struct file_iovec *iov, unsigned count,
                            int64_t *offset)
{
    struct ext4_node *n = ext4_node_of(f->node);
    uint64_t at = (uint64_t)*offset, size, end;
    struct vector v;
    int ret = vector_begin(&v, iov, count);

    if (ret)
        return ret;
    ret = ext4_lock(n, false);
    if (ret) {
        heap_free(v.copy);
        return ret;
    }
    size = ext4_size(n);
    end = at < size ? at + MIN((uint64_t)total(iov, count), size - at) : at;
    while (at < end && ret == 0) {
        size_t len = (size_t)MIN(end - at, (uint64_t)STEP);

        ret = read_step(n, &v, at, &len, data_flags(f));
        if (ret == 0)
            at += len;
    }
    /* f->data: where the last read ended */
    if (ret == 0 && !(f->flags & FILE_DIRECT) && (uintptr_t)f->data == (uint64_t)*offset)
        read_ahead(n, at);
    f->data = (void *)(uintptr_t)at;
    ext4_unlock(n, false);
    heap_free(v.copy);
    if (at == (uint64_t)*offset)
        return ret;
    ext4_accessed(n);
    return (int64_t)at - *offset;
}

static int file_forget(struct file *f, int64_t offset, int64_t len)
{
    struct ext4_node *n = ext4_node_of(f->node);
    struct ext4_fs *fs = ext4_fs_of(n);
    int ret = ext4_lock(n, false);
    uint64_t at = (uint64_t)offset / fs->block_size, end;

    if (ret)
        return ret;
    end = ext4_size(n);
    if (len && (uint64_t)len < end - MIN(end, (uint64_t)offset))
        end = (uint64_t)(offset + len);
    end = DIV_ROUND_UP(end, fs->block_size);
    while (at < end && ret == 0) {
        struct ext4_run run;

        ret = find(n, at, end - at, &run);
        if (ret == 0 && run.block)
            ret = ext4_use(fs);
        if (ret == 0 && run.block) {
            store_data_forget(fs->store, run.block, run.count);
            ret = ext4_unuse(fs, 0);
        }
        if (ret == 0)
            at += run.count;
    }
    ext4_unlock(n, false);
    return ret;
}

/* ---- writing ---- */

/* In an operation: one run of the file's blocks is written, and allocated if there was none. */
static int write_run(struct ext4_node *n, struct vector *v, uint64_t at, size_t *len,
                     unsigned flags)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t first = at / fs->block_size, in = at % fs->block_size;
    uint64_t blocks = DIV_ROUND_UP(in + *len, fs->block_size);
    struct ext4_run run;
    bool taken = false;
    int ret = ext4_map_find(n, first, blocks, &run);

    if (ret)
        return ret;
    if (!run.block) {
        ret = ext4_map_take(n, first, run.count, &run);
        if (ret)
            return ret;
        taken = true;
    }
    *len = bytes_of(fs, &run, at, *len);
    run.count = DIV_ROUND_UP(in + *len, fs->block_size);
    ret = store_data_write(fs->store, run.block, in, v->at, v->left, *len,
                           flags | (taken || run.unwritten ? STORE_DATA_NEW : 0));
    /* what was not written must not become part of the file: it has what others have left there */
    if (ret == 0 && taken)
        ret = ext4_map_insert(n, &run);
    else if (ret == 0 && run.unwritten)
        ret = ext4_map_written(n, &run);
    if (ret && taken)
        ext4_map_give_back(n, &run);
    if (ret == 0)
        vector_skip(v, *len, false);
    return ret;
}

/* In an operation: at most STEP bytes; *len are written. */
static int write_step(struct ext4_node *n, struct vector *v, uint64_t at, size_t *len,
                      unsigned flags)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    size_t done = 0;
    int ret = 0, wrote;

    while (done < *len && ret == 0) {
        size_t part = *len - done;

        ret = write_run(n, v, at + done, &part, flags);
        if (ret == 0)
            done += part;
    }
    *len = done;
    if (done && at + done > ext4_size(n)) {
        wrote =
            store_errno(ext2fs_inode_size_set(fs->ext2, ext4_inode(n), (ext2_off64_t)(at + done)));
        if (ret == 0)
            ret = wrote;
    }
    if (done)
        ext4_touch(n, EXT4_MTIME | EXT4_CTIME);
    wrote = ext4_node_write(n);
    if (wrote)
        *len = 0; /* the file does not have them */
    return ret ? ret : wrote;
}

/* Without allocation the data are written outside of an operation, so that others go on. 1: done. */
static int write_over(struct ext4_node *n, struct vector *v, uint64_t at, size_t *len,
                      unsigned flags)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    uint64_t first = at / fs->block_size, in = at % fs->block_size;
    struct ext4_run run;
    size_t part;
    int ret;

    if (at >= ext4_size(n))
        return 0;
    ret = find(n, first, DIV_ROUND_UP(in + *len, fs->block_size), &run);
    if (ret || !run.block || run.unwritten)
        return ret;
    part = bytes_of(fs, &run, at, (size_t)MIN((uint64_t)*len, ext4_size(n) - at));
    ret = ext4_use(fs);
    if (ret == 0)
        ret =
            ext4_unuse(fs, store_data_write(fs->store, run.block, in, v->at, v->left, part, flags));
    if (ret)
        return ret;
    vector_skip(v, part, false);
    *len = part;
    if (ext4_modified(n))
        return 1;
    ret = ext4_begin(fs);
    if (ret)
        return ret;
    ext4_touch(n, EXT4_MTIME | EXT4_CTIME);
    ret = ext4_end(fs, ext4_node_write(n));
    return ret ? ret : 1;
}

/* *len are written, also of what fails. */
static int write_some(struct ext4_node *n, struct vector *v, uint64_t at, size_t *len,
                      unsigned flags)
{
    struct ext4_fs *fs = ext4_fs_of(n);
    size_t want = *len = MIN(*len, STEP);
    int ret = write_over(n, v, at, len, flags);

    if (ret > 0)
        return 0;
    for (unsigned tries = 0;; tries++) {
        *len = 0;
        if (ret == 0)
            ret = ext4_begin(fs);
        if (ret)
            return ret;
        *len = want;
        ret = ext4_end(fs, write_step(n, v, at, len, flags));
        if (*len || tries || !ext4_again(fs, ret))
            return ret;
        ret = 0;
    }
}

static int64_t write_locked(struct file *f, struct vector *v, int64_t *offset, size_t len)
{
    struct ext4_node *n = ext4_node_of(f->node);
    uint64_t at, end, max = ext4_size_max(n);
    int ret = 0;

    if (*offset == FILE_OFFSET_END)
        *offset = (int64_t)ext4_size(n);
    at = (uint64_t)*offset;
    if (at >= max)
        return -EFBIG;
    end = at + MIN((uint64_t)len, max - at);
    while (at < end && ret == 0) {
        size_t part = (size_t)MIN(end - at, (uint64_t)SIZE_MAX);

        ret = write_some(n, v, at, &part, data_flags(f));
        at += part;
    }
    return at > (uint64_t)*offset ? (int64_t)at - *offset : ret;
}

static int64_t file_write_at(struct file *f, const struct file_iovec *iov, unsigned count,
                             int64_t *offset)
{
    struct ext4_node *n = ext4_node_of(f->node);
    struct vector v;
    int64_t done;
    int ret = vector_begin(&v, iov, count);

    if (ret)
        return ret;
    done = ext4_lock(n, true);
    if (done == 0) {
        done = write_locked(f, &v, offset, total(iov, count));
        ext4_unlock(n, true);
    }
    heap_free(v.copy);
    if (done > 0 && (f->flags & (FILE_SYNC | FILE_DSYNC)))
        ret = ext4_sync_file(f, !(f->flags & FILE_SYNC));
    return ret ? ret : done;
}

const struct file_ops ext4_file_ops = {
    .seekable = true,
    .read = file_read_at,
    .write = file_write_at,
    .truncate = ext4_truncate,
    .allocate = ext4_allocate,
    .forget = file_forget,
    .sync = ext4_sync_file,
};
