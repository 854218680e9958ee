/* SPDX-License-Identifier: MIT */
#include "memory_disk.h"

#include <fcntl.h>
#include <ringlet/errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int file_transfer(int fd, uint64_t at, const struct blkfront_iovec *v, bool write)
{
    ssize_t n =
        write ? pwrite(fd, v->base, v->len, (off_t)at) : pread(fd, v->base, v->len, (off_t)at);

    return n == (ssize_t)v->len ? 0 : -EIO;
}

static bool fails(const struct memory_disk *d)
{
    return d->fail_write && d->writes >= d->fail_write &&
           (!d->fail_count || d->writes < d->fail_write + d->fail_count);
}

static void submit(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    struct memory_disk *d = container_of(disk, struct memory_disk, disk);
    uint64_t at = io->offset;

    if (io->write)
        d->writes++;
    else
        d->reads++;
    io->done = true;
    io->result = (io->write ? fails(d) : d->reads == d->fail_read) ? -EIO : 0;
    for (unsigned i = 0; i < io->iovcnt && io->result == 0; i++) {
        const struct blkfront_iovec *v = &io->iov[i];

        if (at > disk->size || v->len > disk->size - at) {
            if (d->strict)
                abort();
            io->result = -EINVAL;
            break;
        }
        if (at % disk->sector_size || v->len % disk->sector_size) {
            fprintf(stderr, "a transfer of %zu bytes at %llu\n", v->len, (unsigned long long)at);
            abort();
        }
        if (!d->content)
            io->result = file_transfer(d->fd, at, v, io->write);
        else if (io->write)
            memcpy(d->content + at, v->base, v->len);
        else
            memcpy(v->base, d->content + at, v->len);
        at += v->len;
    }
}

static void wait_done(struct ext4_disk *disk, struct ext4_disk_io *io)
{
    (void)disk;
    (void)io;
}

static int flush(struct ext4_disk *disk)
{
    container_of(disk, struct memory_disk, disk)->flushes++;
    return 0;
}

static int discard(struct ext4_disk *disk, uint64_t offset, uint64_t length)
{
    struct memory_disk *d = container_of(disk, struct memory_disk, disk);

    d->discards++;
    d->discarded += length;
    d->last_discard = offset;
    return 0;
}

static void close_disk(struct ext4_disk *disk)
{
    (void)disk;
}

static const struct ext4_disk_ops memory_ops = {
    .submit = submit,
    .wait = wait_done,
    .flush = flush,
    .discard = discard,
    .close = close_disk,
};

void memory_disk_init(struct memory_disk *d, void *content, uint64_t size)
{
    *d = (struct memory_disk){
        .disk = {.ops = &memory_ops, .name = "memory", .sector_size = 512, .size = size},
        .content = content,
    };
}

void memory_disk_init_file(struct memory_disk *d, int fd, uint64_t size)
{
    memory_disk_init(d, NULL, size);
    d->fd = fd;
}

/* ---- with e2fsprogs ---- */

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(2);
    }
}

char *image_name(void)
{
    /* in memory, where there is such a place */
    char *name = strdup(access("/dev/shm", W_OK) == 0 ? "/dev/shm/ringlet-ext4-XXXXXX"
                                                      : "/tmp/ringlet-ext4-XXXXXX");

    must(name, "strdup");
    return name;
}

static char *image_file(const uint8_t *content, uint64_t size)
{
    char *name = image_name();
    int fd = mkstemp(name);

    must(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "a temporary file");
    must(!content || pwrite(fd, content, size, 0) == (ssize_t)size, "pwrite");
    close(fd);
    return name;
}

static void image_remove(char *name)
{
    char log[64];

    snprintf(log, sizeof(log), "%s.log", name);
    unlink(log);
    unlink(name);
    free(name);
}

static void image_read(const char *name, uint8_t *content, uint64_t size)
{
    int fd = open(name, O_RDONLY);

    must(fd >= 0 && pread(fd, content, size, 0) == (ssize_t)size, name);
    close(fd);
}

static int run(const char *name, const char *command)
{
    char path[] = "/usr/sbin:/sbin:/usr/bin:/bin", log[64], line[1024];
    int status;

    setenv("PATH", path, 1);
    setenv("IMAGE", name, 1);
    setenv("MKE2FS_CONFIG", "/etc/mke2fs.conf", 1);
    snprintf(log, sizeof(log), "%s.log", name);
    snprintf(line, sizeof(line), "(%s) >%s 2>&1", command, log);
    status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static void show_log(const char *name)
{
    char line[128];

    snprintf(line, sizeof(line), "tail -20 %s.log >&2", name);
    if (system(line))
        fprintf(stderr, "no log\n");
}

uint8_t *image_make(const char *options, uint64_t size)
{
    char *name = image_file(NULL, size), command[256];
    uint8_t *content = malloc(size);

    must(content, "malloc");
    snprintf(command, sizeof(command), "mke2fs -q -F %s $IMAGE", options);
    if (run(name, command)) {
        show_log(name);
        exit(2);
    }
    image_read(name, content, size);
    image_remove(name);
    return content;
}

int image_run(uint8_t *content, uint64_t size, const char *command, bool changes)
{
    char *name = image_file(content, size);
    int status = run(name, command);

    if (changes)
        image_read(name, content, size);
    image_remove(name);
    return status;
}

int image_check(uint8_t *content, uint64_t size)
{
    char *name = image_file(content, size);
    int status = run(name, "e2fsck -fn $IMAGE");

    if (status)
        show_log(name);
    image_remove(name);
    return status;
}
