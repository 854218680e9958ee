/* SPDX-License-Identifier: MIT */
/* The io_manager of libext2fs: what it writes is metadata, and goes into the running transaction. */
#include "lib/fs/ext4/store/private.h"

/* Longer reads (group descriptors) leave the cache as it is. */
#define UNCACHED_BLOCKS 16

#define READ_ERRORS_SHOWN 16u

static errcode_t channel_range(io_channel c, uint64_t block, int count, uint64_t *at, size_t *len)
{
    const struct store *s = c->private_data;
    uint64_t end = s->blocks * s->block_size;

    if (block > end / (unsigned)c->block_size)
        return EXT2_ET_SHORT_READ;
    *at = block * (unsigned)c->block_size;
    *len = count < 0 ? (size_t) - (int64_t)count : (size_t)count * (unsigned)c->block_size;
    return *len > end - *at ? EXT2_ET_SHORT_READ : 0;
}

/* As many whole blocks as are not in memory, from the disk. */
static unsigned read_uncached(struct store *s, uint64_t block, unsigned count, void *memory,
                              int *ret)
{
    unsigned n = 0;

    while (n < count && !cache_find(s, block + n))
        n++;
    if (n)
        *ret = block_io_one(s, block, n, memory, false);
    return n;
}

/* What is on a disk can make reads fail at will: the first errors are shown, then one each time that their number
 * has doubled. */
static void report(struct store *s, uint64_t block, int err)
{
    unsigned n = ++s->read_errors;

    if (n <= READ_ERRORS_SHOWN || (n & (n - 1)) == 0)
        pr_err("%s: block %llu: reading: %s (error %u)\n", s->disk->name, (unsigned long long)block,
               errno_name(err), n);
}

static errcode_t channel_read64(io_channel c, unsigned long long block, int count, void *data)
{
    struct store *s = c->private_data;
    uint8_t *p = data;
    uint64_t at;
    size_t len;
    errcode_t err = channel_range(c, block, count, &at, &len);
    bool cached = err == 0 && len <= UNCACHED_BLOCKS * (size_t)s->block_size;

    if (err)
        return err;
    while (len) {
        unsigned in = (unsigned)(at % s->block_size), n = (unsigned)MIN(len, s->block_size - in);
        struct buf *b;
        int ret = 0;

        if (!cached && in == 0 && len >= s->block_size)
            n = s->block_size *
                read_uncached(s, at / s->block_size, (unsigned)(len / s->block_size), p, &ret);
        if (cached || in || len < s->block_size || n == 0) {
            n = (unsigned)MIN(len, s->block_size - in);
            ret = cache_get(s, at / s->block_size, true, &b);
            if (ret == 0)
                memcpy(p, b->data + in, n);
        }
        if (ret) {
            report(s, at / s->block_size, ret);
            return (errcode_t)-ret;
        }
        at += n;
        p += n;
        len -= n;
    }
    return 0;
}

static errcode_t channel_write64(io_channel c, unsigned long long block, int count,
                                 const void *data)
{
    struct store *s = c->private_data;
    const uint8_t *p = data;
    uint64_t at;
    size_t len;
    errcode_t err = channel_range(c, block, count, &at, &len);

    if (err)
        return err;
    while (len) {
        unsigned in = (unsigned)(at % s->block_size), n = (unsigned)MIN(len, s->block_size - in);
        int ret = transaction_write(s, at / s->block_size, in, p, n);

        if (ret == -EROFS)
            return EXT2_ET_RO_FILSYS;
        if (ret)
            return (errcode_t)-ret;
        at += n;
        p += n;
        len -= n;
    }
    return 0;
}

static errcode_t channel_read(io_channel c, unsigned long block, int count, void *data)
{
    return channel_read64(c, block, count, data);
}

static errcode_t channel_write(io_channel c, unsigned long block, int count, const void *data)
{
    return channel_write64(c, block, count, data);
}

static errcode_t channel_readahead(io_channel c, unsigned long long block, unsigned long long count)
{
    (void)c;
    (void)block;
    (void)count;
    return 0;
}

static errcode_t channel_flush(io_channel c)
{
    (void)c;
    return 0;
}

static errcode_t channel_close(io_channel c)
{
    if (--c->refcount == 0) {
        ext2fs_free_mem(&c->name);
        ext2fs_free_mem(&c);
    }
    return 0;
}

static errcode_t channel_set_blksize(io_channel c, int size)
{
    c->block_size = size;
    return 0;
}

static struct store *opening; /* ext2fs_open2 passes nothing to its io_manager */

static errcode_t channel_open(const char *name, int flags, io_channel *out)
{
    io_channel c;

    (void)flags;
    if (ext2fs_get_memzero(sizeof(*c), &c))
        return EXT2_ET_NO_MEMORY;
    if (ext2fs_get_memzero(strlen(name) + 1, &c->name)) {
        ext2fs_free_mem(&c);
        return EXT2_ET_NO_MEMORY;
    }
    memcpy(c->name, name, strlen(name));
    c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    c->manager = &opening->manager;
    c->private_data = opening;
    c->block_size = 1024;
    c->refcount = 1;
    *out = c;
    return 0;
}

int channel_open_fs(struct store *s)
{
    errcode_t err;
    unsigned flags = EXT2_FLAG_64BITS | (s->read_only ? 0 : EXT2_FLAG_RW);

    s->manager = (struct struct_io_manager){
        .magic = EXT2_ET_MAGIC_IO_MANAGER,
        .name = "ringlet",
        .open = channel_open,
        .close = channel_close,
        .set_blksize = channel_set_blksize,
        .read_blk = channel_read,
        .write_blk = channel_write,
        .flush = channel_flush,
        .read_blk64 = channel_read64,
        .write_blk64 = channel_write64,
        .cache_readahead = channel_readahead,
    };
    while (opening)
        thread_yield(); /* another file system is being opened */
    opening = s;
    err = ext2fs_open2(s->disk->name, NULL, (int)flags, 0, 0, &s->manager, &s->fs);
    opening = NULL;
    return store_errno(err);
}

/* In libext2fs' mkjournal.c, which is left out. The blocks may become metadata or file data: they are data
 * until the library writes them. */
errcode_t ext2fs_zero_blocks2(ext2_filsys fs, blk64_t block, int count, blk64_t *last,
                              int *last_count)
{
    int ret;

    (void)last;
    (void)last_count;
    if (!fs) /* the library frees what it would have kept here */
        return 0;
    ret = store_data_zero(store_of(fs), block, (unsigned)count, STORE_DATA_NEW);
    return ret == -EROFS ? EXT2_ET_RO_FILSYS : (errcode_t)-ret;
}
