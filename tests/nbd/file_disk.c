/* SPDX-License-Identifier: MIT */
#include "file_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct file_disk *file_of(struct disk *d)
{
    return container_of(d, struct file_disk, disk);
}

static uint64_t next_random(struct file_disk *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random;
}

static int transfer(struct file_disk *f, const struct disk_io *io)
{
    const bool write = io->op == DISK_WRITE;

    if (io->offset < f->bad_to && f->bad_from < io->offset + io->len)
        return -EIO;
    for (uint32_t done = 0; done < io->len;) {
        const off_t at = (off_t)(io->offset + done);
        const ssize_t n = write ? pwrite(f->fd, io->data + done, io->len - done, at)
                                : pread(f->fd, io->data + done, io->len - done, at);

        if (n < 0)
            return -errno;
        if (n == 0)
            return -EIO;
        done += (uint32_t)n;
    }
    return 0;
}

static int zero(struct file_disk *f, const struct disk_io *io)
{
    static const uint8_t zeroes[65536];

    for (uint32_t done = 0; done < io->len;) {
        const size_t n = MIN((size_t)(io->len - done), sizeof(zeroes));

        if (pwrite(f->fd, zeroes, n, (off_t)(io->offset + done)) != (ssize_t)n)
            return -EIO;
        done += (uint32_t)n;
    }
    return 0;
}

static int perform(struct file_disk *f, const struct disk_io *io)
{
    if (!f->disk.dev)
        return -ENODEV;
    switch (io->op) {
    case DISK_READ:
        f->reads++;
        return transfer(f, io);
    case DISK_WRITE:
        f->writes++;
        return transfer(f, io);
    case DISK_FLUSH:
        f->flushes++;
        return f->flush_result;
    case DISK_TRIM:
        f->trims++;
        return 0;
    case DISK_ZERO:
        f->zeroes++;
        return zero(f, io);
    }
    return -EINVAL;
}

void disk_start(struct disk_io *io)
{
    struct file_disk *f = file_of(io->disk);

    io->ret = perform(f, io);
    list_add_tail(&f->started, &io->link);
    f->in_flight++;
}

void disk_push(struct disk *d)
{
    (void)d;
}

unsigned file_disk_complete(struct file_disk *f, unsigned max)
{
    unsigned n = 0;

    for (; n < max && f->in_flight; n++) {
        struct list *at = f->started.next;
        struct disk_io *io;

        for (uint64_t skip = next_random(f) % f->in_flight; skip; skip--)
            at = at->next;
        list_del(at);
        f->in_flight--;
        io = list_entry(at, struct disk_io, link);
        io->done(io, io->ret);
    }
    return n;
}

int file_disk_open(struct file_disk *f, int fd, unsigned buffers, uint64_t seed)
{
    struct stat st;
    int ret;

    memset(f, 0, sizeof(*f));
    if (fstat(fd, &st))
        return -errno;
    f->fd = fd;
    f->size = (uint64_t)st.st_size;
    f->random = seed * 2 + 1;
    list_init(&f->started);
    strcpy(f->disk.name, "xvda");
    f->disk.dev = (struct blkfront_dev *)f; /* it is there */
    f->disk.buffers = aligned_alloc(4096, (size_t)buffers * POOL_BUFFER);
    ret = f->disk.buffers ? pool_init(&f->disk.pool, f->disk.buffers, buffers) : -ENOMEM;
    if (ret)
        free(f->disk.buffers);
    return ret;
}

void file_disk_close(struct file_disk *f)
{
    pool_destroy(&f->disk.pool);
    free(f->disk.buffers);
}
