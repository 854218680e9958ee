/* SPDX-License-Identifier: MIT */
/*
 * Measures Linux' I/O, in dom0 and in a Linux guest: blktest's work with O_DIRECT and the kernel's
 * asynchronous I/O, with the same offsets in the same order, the same amount and depth. As many
 * requests as possible are submitted at once, and the time is taken from the preparation of the
 * first request to the completion of the last one.
 *
 *   aiobench DEVICE RW:BS:DEPTH:BYTES...      RW: read, write or randread; sizes in bytes
 *
 * Prints a line RESULT {json} for each point, as blktest does. It is linked statically and makes
 * the system calls itself, so that it needs only the kernel.
 */
#define _GNU_SOURCE
#include "../guests/blktest/mix.h"
#include "../guests/blktest/permutation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX     1024
#define BS_MAX        (64UL << 20)
#define SEED          1 /* blktest's default */
#define RANDREAD_TYPE 2 /* blktest's number for it, which is part of its order's seed */

struct point {
    char rw[16];
    unsigned long bs, depth;
    unsigned long long bytes;
};

/* The state of one point's run. */
struct run {
    const struct point *p;
    struct permutation order;
    unsigned long long blocks, issued, done, errors;
    int fd;
    aio_context_t context;
    struct iocb *iocb, **batch;
    struct io_event *event;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "aiobench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static unsigned long long now_ns(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        give_up("clock_gettime");
    return (unsigned long long)t.tv_sec * 1000000000ULL + (unsigned long long)t.tv_nsec;
}

static void prepare(struct run *r, struct iocb *iocb)
{
    unsigned long long block = r->issued++;

    if (strcmp(r->p->rw, "randread") == 0)
        block = permutation_at(&r->order, block);
    iocb->aio_offset = (long long)(block * r->p->bs);
    iocb->aio_nbytes = r->p->bytes - block * r->p->bs;
    if (iocb->aio_nbytes > r->p->bs)
        iocb->aio_nbytes = r->p->bs;
}

/* The kernel may accept fewer than were submitted; accepting none is a permanent error. */
static void submit(struct run *r, long count)
{
    for (long sent = 0; sent < count;) {
        long ret = syscall(SYS_io_submit, r->context, count - sent, r->batch + sent);

        if (ret <= 0)
            give_up("io_submit");
        sent += ret;
    }
}

static long reap(struct run *r)
{
    long count;

    do
        count = syscall(SYS_io_getevents, r->context, 1L, (long)r->p->depth, r->event, NULL);
    while (count < 0 && errno == EINTR);
    if (count <= 0)
        give_up("io_getevents");
    for (long i = 0; i < count; i++) {
        const struct iocb *iocb = (const struct iocb *)(uintptr_t)r->event[i].obj;

        if (r->event[i].res != (long long)iocb->aio_nbytes)
            r->errors++;
    }
    r->done += (unsigned long long)count;
    return count;
}

static void transfer(struct run *r)
{
    long ready = 0;

    for (; (unsigned long)ready < r->p->depth && r->issued < r->blocks; ready++) {
        prepare(r, &r->iocb[ready]);
        r->batch[ready] = &r->iocb[ready];
    }
    submit(r, ready);
    while (r->done < r->blocks) {
        long count = reap(r);

        ready = 0;
        for (long i = 0; i < count && r->issued < r->blocks; i++) {
            struct iocb *iocb = (struct iocb *)(uintptr_t)r->event[i].obj;

            prepare(r, iocb);
            r->batch[ready++] = iocb;
        }
        submit(r, ready);
    }
}

/* A buffer for each request, page-aligned and in memory, as blktest's are. */
static void make_requests(struct run *r)
{
    unsigned long depth = r->p->depth, stride = (r->p->bs + 4095) & ~4095UL;
    void *memory;

    r->iocb = calloc(depth, sizeof(*r->iocb));
    r->batch = calloc(depth, sizeof(*r->batch));
    r->event = calloc(depth, sizeof(*r->event));
    if (!r->iocb || !r->batch || !r->event || posix_memalign(&memory, 4096, depth * stride) != 0) {
        errno = ENOMEM;
        give_up("buffers");
    }
    memset(memory, 0x5a, depth * stride);
    for (unsigned long i = 0; i < depth; i++) {
        r->iocb[i].aio_fildes = (unsigned)r->fd;
        r->iocb[i].aio_buf = (uintptr_t)memory + i * stride;
        r->iocb[i].aio_lio_opcode =
            strcmp(r->p->rw, "write") == 0 ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
    }
    if (syscall(SYS_io_setup, depth, &r->context) != 0)
        give_up("io_setup");
}

static void free_requests(struct run *r)
{
    syscall(SYS_io_destroy, r->context);
    free((void *)(uintptr_t)r->iocb[0].aio_buf);
    free(r->iocb);
    free(r->batch);
    free(r->event);
}

static void run_point(int fd, const struct point *p)
{
    struct run r = {.p = p, .fd = fd, .blocks = (p->bytes + p->bs - 1) / p->bs};
    unsigned long long start, end;

    make_requests(&r);
    permutation_init(&r.order, r.blocks, mix64(SEED) + RANDREAD_TYPE * 31 + p->depth);
    start = now_ns();
    transfer(&r);
    end = now_ns();
    free_requests(&r);
    printf("RESULT {\"type\":\"job\",\"rw\":\"%s\",\"bs\":%lu,\"iodepth\":%lu,\"requests\":%llu,"
           "\"bytes\":%llu,\"errors\":%llu,\"ns\":%llu}\n",
           p->rw, p->bs, p->depth, r.done, p->bytes, r.errors, end - start);
    fflush(stdout);
    if (r.errors)
        exit(1);
}

static void parse(const char *text, struct point *p)
{
    char rest;

    if (sscanf(text, "%15[a-z]:%lu:%lu:%llu%c", p->rw, &p->bs, &p->depth, &p->bytes, &rest) != 4 ||
        (strcmp(p->rw, "read") != 0 && strcmp(p->rw, "write") != 0 &&
         strcmp(p->rw, "randread") != 0) ||
        !p->bs || p->bs % 512 || p->bs > BS_MAX || !p->depth || p->depth > DEPTH_MAX || !p->bytes ||
        p->bytes % 512) {
        fprintf(stderr, "aiobench: not a point: %s (RW:BS:DEPTH:BYTES, whole sectors)\n", text);
        exit(2);
    }
}

int main(int argc, char *argv[])
{
    struct point *points;
    int fd;

    if (argc < 3) {
        fprintf(stderr, "usage: aiobench DEVICE RW:BS:DEPTH:BYTES...\n");
        return 2;
    }
    points = calloc((size_t)argc, sizeof(*points));
    if (!points)
        give_up("points");
    for (int i = 2; i < argc; i++)
        parse(argv[i], &points[i]);
    fd = open(argv[1], O_RDWR | O_DIRECT);
    if (fd < 0)
        give_up(argv[1]);
    for (int i = 2; i < argc; i++)
        run_point(fd, &points[i]);
    close(fd);
    free(points);
    return 0;
}
