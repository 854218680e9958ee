/* SPDX-License-Identifier: MIT */
/*
 * Files of types that a program defines: their operations as those of lib/fs. A type with lseek has
 * positions.
 */
#include "kernel.h"

#include <errno.h>
#include <limits.h>
#include <mini-os/lib.h>
#include <mini-os/wait.h>
#include <stdlib.h>

#include "files_private.h"

int (*minios_file_sync)(struct file *file);

static const struct file_ops *types[FTYPE_SPARE];
static unsigned int type_count;

DECLARE_WAIT_QUEUE_HEAD(event_queue);

unsigned int alloc_file_type(const struct file_ops *ops)
{
    if (type_count == FTYPE_SPARE) {
        kernel_printk(LOG_ERROR, "%s: there are %u types of files already\n", ops->name,
                      type_count);
        return FTYPE_NONE;
    }
    types[type_count++] = ops;
    return FTYPE_N + type_count - 1;
}

/* ---- the operations of lib/fs ---- */

static struct file *file_of(const struct kernel_file *f)
{
    return f->data;
}

static const struct file_ops *ops_of(const struct kernel_file *f)
{
    return types[file_of(f)->type - FTYPE_N];
}

static int error(void)
{
    return errno ? -errno : -EIO;
}

/* Whether a call would wait that must not. */
static bool would_wait(const struct kernel_file *f, bool (*ready)(struct file *file))
{
    return (f->flags & FILE_NONBLOCK) && ready && !ready(file_of(f));
}

/* A function that moves file->offset itself does so from the position of the descriptor. */
static int64_t transfer(struct kernel_file *f, const struct file_iovec *iov, unsigned n,
                        int64_t *offset, bool write)
{
    const struct file_ops *ops = ops_of(f);
    struct file *file = file_of(f);
    int64_t done = 0;

    if (!(write ? (void *)ops->write : (void *)ops->read))
        return -EINVAL;
    if (would_wait(f, write ? ops->select_wr : ops->select_rd))
        return -EAGAIN;
    for (unsigned i = 0; i < n; i++) {
        const size_t len = MIN(iov[i].len, (size_t)INT_MAX);
        int ret;

        if (!len)
            continue;
        if (f->ops->seekable)
            file->offset = (off_t)(*offset + done);
        errno = 0;
        ret = write ? ops->write(file, iov[i].base, len) : ops->read(file, iov[i].base, len);
        if (ret < 0)
            return done ? done : error();
        done += ret;
        if ((size_t)ret < iov[i].len)
            break;
    }
    return done;
}

static int64_t do_read(struct kernel_file *f, const struct file_iovec *iov, unsigned n,
                       int64_t *offset)
{
    return transfer(f, iov, n, offset, false);
}

static int64_t do_write(struct kernel_file *f, const struct file_iovec *iov, unsigned n,
                        int64_t *offset)
{
    return transfer(f, iov, n, offset, true);
}

static int do_stat(struct kernel_file *f, struct file_stat *out)
{
    struct stat st = {0};

    if (!ops_of(f)->fstat) {
        out->mode = MODE_CHAR | 0600;
        return 0;
    }
    errno = 0;
    if (ops_of(f)->fstat(file_of(f), &st) < 0)
        return error();
    out->mode = st.st_mode;
    out->size = st.st_size;
    out->nlink = 1;
    out->rdev = st.st_rdev;
    out->blksize = (uint32_t)st.st_blksize;
    out->blocks = (uint64_t)st.st_blocks;
    return 0;
}

static int do_sync(struct kernel_file *f, bool data_only)
{
    (void)data_only;
    return minios_file_sync ? minios_file_sync(file_of(f)) : -EINVAL;
}

static unsigned do_poll(struct kernel_file *f, unsigned events, struct poll_waits *waits)
{
    const struct file_ops *ops = ops_of(f);
    unsigned ready = 0;

    poll_wait_on(waits, kernel_queue(&event_queue));
    if ((events & POLL_IN) && (!ops->select_rd || ops->select_rd(file_of(f))))
        ready |= POLL_IN;
    if ((events & POLL_OUT) && (!ops->select_wr || ops->select_wr(file_of(f))))
        ready |= POLL_OUT;
    return ready;
}

static int do_release(struct kernel_file *f)
{
    int ret = 0;

    errno = 0;
    if (ops_of(f)->close && ops_of(f)->close(file_of(f)) < 0)
        ret = error();
    free(f->data);
    return ret;
}

#define OPERATIONS                                                                         \
    .read = do_read, .write = do_write, .stat = do_stat, .sync = do_sync, .poll = do_poll, \
    .release = do_release

static const struct kernel_file_ops stream_ops = {OPERATIONS};
static const struct kernel_file_ops seekable_ops = {.seekable = true, OPERATIONS};

/* ---- descriptors ---- */

static int open_file(const struct file_ops *ops, struct file *file)
{
    struct kernel_file *f =
        file_alloc(ops->lseek ? &seekable_ops : &stream_ops, FILE_RDWR, NULL, file);
    int fd;

    if (!f)
        return -ENOMEM;
    fd = fd_install(f, 0, 0);
    if (fd < 0) {
        /* not the program's close(): it was never open */
        f->ops = &(const struct kernel_file_ops){0};
        file_put(f);
    }
    return fd;
}

int alloc_fd(unsigned int type)
{
    struct file *file;
    int fd;

    if (type < FTYPE_N || type - FTYPE_N >= type_count) {
        errno = EINVAL;
        return -1;
    }
    file = calloc(1, sizeof(*file));
    if (!file)
        return -1;
    file->type = type;
    fd = open_file(types[type - FTYPE_N], file);
    if (fd < 0) {
        free(file);
        errno = -fd;
        return -1;
    }
    return fd;
}

struct file *get_file_from_fd(int fd)
{
    struct kernel_file *f = fd_get(fd);
    struct file *file = NULL;

    if (f && (f->ops == &stream_ops || f->ops == &seekable_ops))
        file = file_of(f);
    file_put(f); /* not the last reference: the table has one */
    return file;
}

/* ---- for tables of operations ---- */

off_t lseek_default(struct file *file, off_t offset, int whence)
{
    off_t from = 0;

    if (whence == SEEK_CUR)
        from = file->offset;
    else if (whence != SEEK_SET) {
        errno = EINVAL;
        return -1;
    }
    if ((offset < 0 && from + offset < 0) || __builtin_add_overflow(from, offset, &from)) {
        errno = EINVAL;
        return -1;
    }
    return file->offset = from;
}

bool select_yes(struct file *file)
{
    (void)file;
    return true;
}

bool select_read_flag(struct file *file)
{
    return file->read;
}
