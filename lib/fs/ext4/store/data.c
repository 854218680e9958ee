/* SPDX-License-Identifier: MIT */
/* The data of files: through the cache, or between the caller's memory and the disk. */
#include "lib/fs/ext4/store/private.h"

/* Reads of so many blocks in a row that are not in the cache, and of a 32nd of what fits into it, leave it as it is. */
#define BYPASS_BYTES (128u * 1024)
#define BYPASS_SHARE 32
/* Blocks of one transfer. */
#define RUN 32u

/* Where a transfer is in the caller's vector. */
struct cursor {
    const struct blkfront_iovec *iov;
    unsigned left; /* elements */
    size_t in;     /* the first of them */
};

static void skip_empty(struct cursor *c)
{
    while (c->left && c->in == c->iov->len) {
        c->iov++;
        c->left--;
        c->in = 0;
    }
}

static int cursor_copy(struct cursor *c, uint8_t *memory, size_t len, bool to_caller)
{
    while (len) {
        uint8_t *p;
        size_t n;

        skip_empty(c);
        if (!c->left)
            return -EINVAL;
        p = (uint8_t *)c->iov->base + c->in;
        n = MIN(len, c->iov->len - c->in);
        if (to_caller)
            memcpy(p, memory, n);
        else
            memcpy(memory, p, n);
        c->in += n;
        memory += n;
        len -= n;
    }
    return 0;
}

/* The next len bytes, or fewer, as a vector of whole sectors. The bytes; 0: there are none such. */
static size_t cursor_cut(const struct store *s, struct cursor *c, size_t len,
                         struct blkfront_iovec out[RUN], unsigned *count)
{
    size_t sum = 0, whole = 0;
    struct cursor at = *c;

    *count = 0;
    while (sum < len && *count < RUN) {
        size_t n;
        uint8_t *p;

        skip_empty(&at);
        if (!at.left)
            break;
        p = (uint8_t *)at.iov->base + at.in;
        n = MIN(len - sum, at.iov->len - at.in);
        if ((uintptr_t)p % s->disk->sector_size || n % s->disk->sector_size)
            break;
        out[(*count)++] = (struct blkfront_iovec){p, n};
        at.in += n;
        sum += n;
        if (sum % s->block_size == 0)
            whole = sum;
    }
    for (size_t extra = sum - whole; extra;) { /* whole blocks only */
        struct blkfront_iovec *last = &out[*count - 1];
        size_t n = MIN(extra, last->len);

        last->len -= n;
        extra -= n;
        if (last->len == 0)
            --*count;
    }
    return whole;
}

static void cursor_advance(struct cursor *c, size_t len)
{
    while (len) {
        size_t n;

        skip_empty(c);
        n = MIN(len, c->iov->len - c->in);
        c->in += n;
        len -= n;
    }
}

/* A transfer of whole blocks around the cache. The bytes, 0: not possible, or -errno. */
static int64_t direct(struct store *s, uint64_t block, unsigned blocks, struct cursor *c,
                      bool write)
{
    struct blkfront_iovec iov[RUN];
    struct ext4_disk_io io = {.offset = block * s->block_size, .iov = iov, .write = write};
    size_t len = cursor_cut(s, c, (size_t)blocks * s->block_size, iov, &io.iovcnt);
    int ret;

    if (len == 0)
        return 0;
    ext4_disk_submit(s->disk, &io);
    ret = ext4_disk_wait(s->disk, &io);
    if (ret)
        return ret;
    cursor_advance(c, len);
    return (int64_t)len;
}

static int check(const struct store *s, uint64_t block, uint64_t offset, size_t len)
{
    uint64_t end = s->blocks * s->block_size;

    if (block >= s->blocks || offset > end || block * s->block_size > end - offset ||
        len > end - offset - block * s->block_size)
        return -EINVAL;
    return 0;
}

/* ---- reading ---- */

static unsigned uncached(struct store *s, uint64_t block, uint64_t most)
{
    unsigned n = 0;

    while (n < most && n < 1024 && block + n < s->blocks && !cache_find(s, block + n))
        n++;
    return n;
}

/* Reads n blocks that are not in the cache into it, or the first of them. */
static int fill(struct store *s, uint64_t block, unsigned n)
{
    struct blkfront_iovec iov[RUN];
    struct buf *bufs[RUN] = {NULL};
    struct ext4_disk_io io = {.offset = block * s->block_size, .iov = iov};
    unsigned count = 0;
    int ret;

    while (count < MIN(n, RUN)) {
        struct buf *b = cache_add(s, block + count);

        if (!b)
            break;
        b->io++;
        bufs[count] = b;
        iov[count++] = (struct blkfront_iovec){b->data, s->block_size};
    }
    if (!count)
        return -ENOMEM;
    s->stats.misses += count;
    io.iovcnt = count;
    ext4_disk_submit(s->disk, &io);
    ret = ext4_disk_wait(s->disk, &io);
    for (unsigned i = 0; i < count; i++) {
        struct buf *b = bufs[i];

        b->valid = ret == 0;
        if (ret)
            b->freed = true; /* out of the cache, with the transfer */
        cache_io_end(s, b);
    }
    return ret;
}

int store_data_read(struct store *s, blk64_t block, uint64_t offset,
                    const struct blkfront_iovec *iov, unsigned iovcnt, size_t len, unsigned flags)
{
    struct cursor c = {iov, iovcnt, 0};
    uint64_t at = block * s->block_size + offset;
    const size_t bypass = MAX(BYPASS_BYTES / s->block_size, s->limit / BYPASS_SHARE);
    int ret = check(s, block, offset, len);

    readahead_reap(s);
    while (ret == 0 && len) {
        unsigned in = (unsigned)(at % s->block_size), n = (unsigned)MIN(len, s->block_size - in);
        unsigned run = uncached(s, at / s->block_size, DIV_ROUND_UP(in + len, s->block_size));
        int64_t done = 0;

        if (run && in == 0 && len >= s->block_size &&
            (flags & STORE_DATA_DIRECT || run >= bypass)) {
            done =
                direct(s, at / s->block_size, (unsigned)MIN(run, len / s->block_size), &c, false);
            if (done < 0)
                return (int)done;
        }
        if (done == 0 && run) {
            ret = fill(s, at / s->block_size, run);
            if (ret)
                break;
        }
        if (done == 0) {
            struct buf *b;

            ret = cache_get(s, at / s->block_size, true, &b);
            if (ret == 0)
                ret = cursor_copy(&c, b->data + in, n, true);
            done = n;
        }
        at += (uint64_t)done;
        len -= (size_t)done;
    }
    return ret;
}

/* ---- writing ---- */

/* How many of the blocks are written around the cache: whatever it has of them is dropped. Not what was written
 * and is not on its way to the disk: a commit in the meantime has to find it. */
static unsigned take_over(struct store *s, uint64_t block, uint64_t most)
{
    unsigned n = 0;

    for (; n < most && n < 1024; n++) {
        struct buf *b = cache_find(s, block + n);

        if (b && (buf_live(b) || b->meta || b->dirty || b->io || !list_empty(&b->revoke)))
            break;
        if (b)
            cache_forget(s, b);
    }
    return n;
}

/* What was read into the cache meanwhile may be older. */
static void drop_clean(struct store *s, uint64_t block, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        struct buf *b = cache_find(s, block + i);

        if (b && !b->dirty && !b->meta && !buf_live(b))
            cache_forget(s, b);
    }
}

static void forget(struct store *s, struct buf *b)
{
    if (b->valid && !b->dirty && !b->meta && !b->io && !buf_live(b) && list_empty(&b->revoke))
        cache_forget(s, b);
}

void store_data_forget(struct store *s, blk64_t block, uint64_t count)
{
    readahead_reap(s);
    if (count <= s->cached) {
        for (uint64_t i = 0; i < count; i++) {
            struct buf *b = cache_find(s, block + i);

            if (b)
                forget(s, b);
        }
        return;
    }
    list_for_each_safe (l, &s->lru) {
        struct buf *b = list_entry(l, struct buf, list);

        if (b->block - block < count)
            forget(s, b);
    }
}

static int write_cached(struct store *s, uint64_t block, unsigned in, unsigned n, struct cursor *c,
                        bool new)
{
    struct buf *b;
    int ret = cache_get(s, block, !new &&n < s->block_size, &b);

    if (ret)
        return ret;
    ret = transaction_make_data(s, b);
    if (ret == 0) {
        if (!b->valid && n < s->block_size)
            memset(b->data, 0, s->block_size);
        ret = cursor_copy(c, b->data + in, n, false);
    }
    if (ret) {
        if (!b->valid)
            cache_forget(s, b);
        return ret;
    }
    b->valid = true;
    transaction_mark_dirty(s, b);
    return 0;
}

/* Whoever is in no operation waits here until there is room. */
static int throttle(struct store *s)
{
    if (s->dirty_count < s->max_dirty / 2 * 3 || s->lock.owner == thread_current())
        return 0;
    return commit_until(s, s->running.tid);
}

int store_data_write(struct store *s, blk64_t block, uint64_t offset,
                     const struct blkfront_iovec *iov, unsigned iovcnt, size_t len, unsigned flags)
{
    struct cursor c = {iov, iovcnt, 0};
    uint64_t at = block * s->block_size + offset;
    int ret = check(s, block, offset, len);

    while (ret == 0 && len) {
        unsigned in = (unsigned)(at % s->block_size), n = (unsigned)MIN(len, s->block_size - in);
        int64_t done = 0;

        if (store_read_only(s))
            return -EROFS;
        if (flags & STORE_DATA_DIRECT && in == 0 && len >= s->block_size) {
            unsigned run = take_over(s, at / s->block_size, len / s->block_size);

            if (run) {
                done = direct(s, at / s->block_size, run, &c, true);
                if (done < 0)
                    return (int)done;
                drop_clean(s, at / s->block_size, (uint64_t)done / s->block_size);
                s->unflushed = true;
                transaction_touch(s);
            }
        }
        if (done == 0) {
            ret = throttle(s);
            if (ret == 0)
                ret = write_cached(s, at / s->block_size, in, n, &c, flags & STORE_DATA_NEW);
            done = n;
        }
        at += (uint64_t)done;
        len -= (size_t)done;
    }
    return ret;
}

int store_data_zero(struct store *s, blk64_t block, unsigned count, unsigned flags)
{
    static const uint8_t zeroes[4096];
    struct blkfront_iovec iov = {(void *)(uintptr_t)zeroes, s->block_size};
    int ret = 0;

    while (ret == 0 && count--)
        ret = store_data_write(s, block++, 0, &iov, 1, s->block_size, flags);
    return ret;
}
