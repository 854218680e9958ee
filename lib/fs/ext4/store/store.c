/* SPDX-License-Identifier: MIT */
/* The store without a journal: all is written in place. */
#include "lib/fs/ext4/store/store.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

struct store {
    struct ext4_disk *disk;
    ext2_filsys fs;
    struct mutex lock;
    struct struct_io_manager manager;
    bool read_only, aborted;
};

extern char ext2fs_blkmap64_rbtree[256];
char ext2fs_blkmap64_rbtree[256]; /* not used: all bitmaps are arrays */

static struct store *opening; /* ext2fs_open2 passes nothing to its io_manager */

int store_errno(errcode_t err)
{
    switch (err) {
    case EXT2_ET_NO_MEMORY:
        return -ENOMEM;
    case EXT2_ET_BLOCK_ALLOC_FAIL:
    case EXT2_ET_INODE_ALLOC_FAIL:
    case EXT2_ET_DIR_NO_SPACE:
        return -ENOSPC;
    case EXT2_ET_FILE_NOT_FOUND:
        return -ENOENT;
    case EXT2_ET_DIR_EXISTS:
    case EXT2_ET_FILE_EXISTS:
        return -EEXIST;
    case EXT2_ET_NO_DIRECTORY:
        return -ENOTDIR;
    case EXT2_ET_FILE_TOO_BIG:
        return -EFBIG;
    case EXT2_ET_RO_FILSYS:
        return -EROFS;
    case EXT2_ET_SYMLINK_LOOP:
        return -ELOOP;
    case EXT2_ET_INVALID_ARGUMENT:
        return -EINVAL;
    default:
        return err == 0 ? 0 : err > 0 && err < 200 ? -(int)err : -EIO;
    }
}

static errcode_t channel_transfer(io_channel c, uint64_t block, int count, void *data, bool write)
{
    struct store *s = c->private_data;
    uint64_t at = block * (uint64_t)c->block_size, end;
    size_t len = count < 0 ? (size_t)-count : (size_t)count * (size_t)c->block_size;
    uint8_t sectors[8192];
    uint8_t *p = data;
    uint64_t first = ROUND_DOWN(at, (uint64_t)s->disk->sector_size);
    int ret;

    end = ROUND_UP(at + len, (uint64_t)s->disk->sector_size);
    if (end > s->disk->size)
        return EXT2_ET_SHORT_READ;
    if (first == at && end == at + len)
        return (errcode_t)-ext4_disk_transfer(s->disk, at, p, len, write);
    if (end - first > sizeof(sectors))
        return EXT2_ET_INVALID_ARGUMENT;
    ret = ext4_disk_transfer(s->disk, first, sectors, end - first, false);
    if (ret == 0 && write) {
        memcpy(sectors + (at - first), p, len);
        ret = ext4_disk_transfer(s->disk, first, sectors, end - first, true);
    } else if (ret == 0) {
        memcpy(p, sectors + (at - first), len);
    }
    return (errcode_t)-ret;
}

static errcode_t channel_read64(io_channel c, unsigned long long block, int count, void *data)
{
    return channel_transfer(c, block, count, data, false);
}

static errcode_t channel_write64(io_channel c, unsigned long long block, int count,
                                 const void *data)
{
    return channel_transfer(c, block, count, (void *)(uintptr_t)data, true);
}

static errcode_t channel_read(io_channel c, unsigned long block, int count, void *data)
{
    return channel_transfer(c, block, count, data, false);
}

static errcode_t channel_write(io_channel c, unsigned long block, int count, const void *data)
{
    return channel_transfer(c, block, count, (void *)(uintptr_t)data, true);
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

static errcode_t channel_open(const char *name, int flags, io_channel *out)
{
    io_channel c;

    (void)flags;
    if (ext2fs_get_memzero(sizeof(*c), &c))
        return EXT2_ET_NO_MEMORY;
    if (ext2fs_get_mem(strlen(name) + 1, &c->name)) {
        ext2fs_free_mem(&c);
        return EXT2_ET_NO_MEMORY;
    }
    memcpy(c->name, name, strlen(name) + 1);
    c->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    c->manager = &opening->manager;
    c->private_data = opening;
    c->block_size = 1024;
    c->refcount = 1;
    *out = c;
    return 0;
}

int store_open(struct ext4_disk *disk, const struct store_config *config, struct store **out)
{
    struct store *s = heap_zalloc(1, sizeof(*s), MEM_APP);
    int ret;

    if (!s) {
        disk->ops->close(disk);
        return -ENOMEM;
    }
    s->disk = disk;
    mutex_init(&s->lock);
    s->read_only = disk->readonly || (config && config->flags & STORE_READ_ONLY);
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
    };
    opening = s;
    ret = store_errno(ext2fs_open2(disk->name, NULL,
                                   EXT2_FLAG_64BITS | (s->read_only ? 0 : EXT2_FLAG_RW), 0, 0,
                                   &s->manager, &s->fs));
    if (ret == 0) {
        s->fs->default_bitmap_type = EXT2FS_BMAP64_BITARRAY;
        ret = store_errno(ext2fs_read_bitmaps(s->fs));
    }
    if (ret) {
        pr_err("%s: no ext4 file system: %s\n", disk->name, errno_name(ret));
        if (s->fs)
            ext2fs_free(s->fs);
        disk->ops->close(disk);
        heap_free(s);
        return ret;
    }
    *out = s;
    return 0;
}

int store_close(struct store *s)
{
    int ret = store_commit(s);

    ext2fs_free(s->fs);
    s->disk->ops->close(s->disk);
    heap_free(s);
    return ret;
}

ext2_filsys store_fs(struct store *s)
{
    return s->fs;
}

bool store_read_only(const struct store *s)
{
    return s->read_only || s->aborted;
}

bool store_aborted(const struct store *s)
{
    return s->aborted;
}

int store_begin(struct store *s)
{
    return store_read_only(s) ? -EROFS : mutex_lock(&s->lock);
}

void store_end(struct store *s)
{
    mutex_unlock(&s->lock);
}

int store_restart(struct store *s, bool *again)
{
    (void)s;
    if (again)
        *again = false;
    return 0;
}

int store_lock(struct store *s)
{
    return mutex_lock(&s->lock);
}

void store_unlock(struct store *s)
{
    mutex_unlock(&s->lock);
}

int store_commit(struct store *s)
{
    int ret;

    if (s->read_only)
        return 0;
    ret = store_begin(s);
    if (ret)
        return ret;
    ret = store_errno(ext2fs_flush2(s->fs, EXT2_FLAG_FLUSH_NO_SYNC));
    store_end(s);
    return ret ? ret : ext4_disk_flush(s->disk);
}

bool store_pending_free(const struct store *s)
{
    (void)s;
    return false;
}

void store_abort(struct store *s, const char *what, int err)
{
    if (!s->aborted)
        pr_err("%s: %s: %s: the file system is read-only now\n", s->disk->name, what,
               errno_name(err));
    s->aborted = true;
}

static int data(struct store *s, blk64_t block, uint64_t offset, const struct blkfront_iovec *iov,
                unsigned iovcnt, size_t len, bool write, bool new)
{
    unsigned size = s->fs->blocksize;
    uint8_t *buf = heap_alloc(size, MEM_APP);
    uint64_t at = block * size + offset;
    size_t from = 0;
    unsigned i = 0;
    int ret = buf ? 0 : -ENOMEM;

    while (ret == 0 && len) {
        unsigned in = (unsigned)(at % size);
        size_t n = MIN(len, size - in);

        memset(buf, 0, size);
        if (!write || (!new &&n < size))
            ret = ext4_disk_transfer(s->disk, at - in, buf, size, false);
        for (size_t done = 0, part; ret == 0 && done < n; done += part) {
            while (i < iovcnt && from == iov[i].len)
                i++, from = 0;
            if (i == iovcnt) {
                ret = -EINVAL;
                break;
            }
            part = MIN(n - done, iov[i].len - from);
            if (write)
                memcpy(buf + in + done, (uint8_t *)iov[i].base + from, part);
            else
                memcpy((uint8_t *)iov[i].base + from, buf + in + done, part);
            from += part;
        }
        if (ret == 0 && write)
            ret = ext4_disk_transfer(s->disk, at - in, buf, size, true);
        at += n;
        len -= n;
    }
    heap_free(buf);
    return ret;
}

int store_data_read(struct store *s, blk64_t block, uint64_t offset,
                    const struct blkfront_iovec *iov, unsigned iovcnt, size_t len, unsigned flags)
{
    (void)flags;
    return data(s, block, offset, iov, iovcnt, len, false, false);
}

int store_data_write(struct store *s, blk64_t block, uint64_t offset,
                     const struct blkfront_iovec *iov, unsigned iovcnt, size_t len, unsigned flags)
{
    return store_read_only(s)
               ? -EROFS
               : data(s, block, offset, iov, iovcnt, len, true, flags & STORE_DATA_NEW);
}

int store_data_zero(struct store *s, blk64_t block, unsigned count, unsigned flags)
{
    static const uint8_t zeroes[EXT2_MAX_BLOCK_SIZE];
    struct blkfront_iovec iov = {(void *)(uintptr_t)zeroes, s->fs->blocksize};
    int ret = 0;

    while (ret == 0 && count--)
        ret = store_data_write(s, block++, 0, &iov, 1, s->fs->blocksize, flags);
    return ret;
}

errcode_t ext2fs_zero_blocks2(ext2_filsys fs, blk64_t block, int count, blk64_t *last,
                              int *last_count)
{
    struct store *s;

    (void)last;
    (void)last_count;
    if (!fs)
        return 0;
    s = fs->io->private_data;
    return (errcode_t)-store_data_zero(s, block, (unsigned)count, STORE_DATA_NEW);
}

void store_data_readahead(struct store *s, blk64_t block, unsigned count)
{
    (void)s;
    (void)block;
    (void)count;
}

void store_get_stats(const struct store *s, struct store_stats *out)
{
    (void)s;
    memset(out, 0, sizeof(*out));
}
