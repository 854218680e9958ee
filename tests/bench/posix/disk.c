/* SPDX-License-Identifier: MIT */
/*
 * bench-disk NAME [ROUNDS [REQUESTS]]: reads and WRITES the disk /dev/NAME through its descriptor and
 * by the driver's own functions, with the same buffers, offsets and depth, and prints the times of
 * both. Three kinds: one request after the other (pread, blkfront_io), 32 at a time of which each is
 * submitted by itself (aio_read, blkfront_aio), and 32 that are submitted together (lio_listio,
 * blkfront_aio_enqueue and _submit).
 */
#include "bench.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <ringlet/blkfront.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fs/blockdev.h"
#include "lib/fs/fd.h"

#define DEPTH   32
#define LARGEST 65536u

enum how { ONE, EACH, LIST };
static const char *const how_names[] = {"one", "each", "list"};

struct point {
    enum how how;
    bool write, registered, random;
    unsigned bs;
};

struct slot {
    uint8_t *buf;
    struct blkfront_aiocb driver;
    struct aiocb posix;
};

static int fd;
static struct blkfront_dev *dev;
static uint64_t blocks; /* of `bs` bytes, on the disk */
static unsigned requests = 256, rounds = 6;

static struct slot slots[DEPTH];
static struct slot *done[DEPTH];
static unsigned done_count, in_flight;
static unsigned long errors;
/* The driver's counters, over all rounds. */
static uint64_t events[SIDES], notifications[SIDES];

/* A generator of period 2^64 (Knuth's constants): the offsets of a round are those of its number. */
static uint64_t state;

static int64_t next_offset(const struct point *p)
{
    if (!p->random)
        return (int64_t)(state++ % blocks * p->bs);
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % blocks * p->bs);
}

/* ---- one request after the other ---- */

static void one_posix(const struct point *p)
{
    uint8_t *buf = slots[0].buf;

    for (unsigned i = 0; i < requests; i++) {
        const int64_t offset = next_offset(p);
        ssize_t ret = p->write ? pwrite(fd, buf, p->bs, offset) : pread(fd, buf, p->bs, offset);

        errors += ret != (ssize_t)p->bs;
    }
}

static void one_kernel(const struct point *p)
{
    struct blkfront_aiocb *a = &slots[0].driver;

    for (unsigned i = 0; i < requests; i++) {
        a->aio_offset = next_offset(p);
        errors += blkfront_io(a, p->write) != 0;
    }
}

/* ---- several at a time ---- */

static void completed(struct blkfront_aiocb *a, int ret)
{
    errors += ret != 0;
    done[done_count++] = a->data;
    in_flight--;
}

static void many_kernel(const struct point *p)
{
    unsigned left = requests;

    done_count = in_flight = 0;
    for (unsigned i = 0; i < DEPTH; i++)
        done[done_count++] = &slots[i];
    while (left || in_flight) {
        for (; left && done_count; left--) {
            struct blkfront_aiocb *a = &done[--done_count]->driver;

            a->aio_offset = next_offset(p);
            if (p->how == EACH ? blkfront_aio(a, p->write) : blkfront_aio_enqueue(a, p->write))
                errors++;
            else
                in_flight++;
        }
        if (p->how == LIST)
            blkfront_aio_submit(dev);
        if (in_flight)
            blkfront_aio_wait(dev, DEADLINE_NEVER);
        if (!left)
            done_count = 0;
    }
}

static void begin_posix(const struct point *p, struct aiocb *cb)
{
    cb->aio_offset = next_offset(p);
    if (p->how == EACH)
        errors += (p->write ? aio_write(cb) : aio_read(cb)) != 0;
}

/* As a program does it: each request that has ended is begun anew at its place in the list. */
static void many_posix(const struct point *p)
{
    const struct aiocb *waiting[DEPTH];
    struct aiocb *ready[DEPTH];
    unsigned left = requests, busy = MIN(requests, DEPTH), count = 0;

    for (unsigned i = 0; i < DEPTH; i++)
        waiting[i] = NULL;
    for (; count < busy; count++, left--) {
        waiting[count] = ready[count] = &slots[count].posix;
        begin_posix(p, ready[count]);
    }
    for (;;) {
        if (p->how == LIST && count)
            errors += lio_listio(LIO_NOWAIT, ready, (int)count, NULL) != 0;
        if (!busy)
            return;
        aio_suspend(waiting, DEPTH, NULL);
        count = 0;
        for (unsigned i = 0; i < DEPTH; i++) {
            struct aiocb *cb = &slots[i].posix;

            if (!waiting[i] || aio_error(cb) == EINPROGRESS)
                continue;
            errors += aio_return(cb) != (ssize_t)p->bs;
            if (left) {
                left--;
                ready[count++] = cb;
                begin_posix(p, cb);
            } else {
                waiting[i] = NULL;
                busy--;
            }
        }
    }
}

/* ---- the points ---- */

static void round_of(const struct point *p, enum side side, unsigned number, struct times *t)
{
    struct blkfront_stats before, after;
    uint64_t start, ran;

    blkfront_get_stats(dev, &before);
    state = number * 7919;
    ran = vcpu_ran();
    start = clock_now();
    if (p->how == ONE)
        (side == POSIX ? one_posix : one_kernel)(p);
    else
        (side == POSIX ? many_posix : many_kernel)(p);
    t->ns[side][number] = clock_now() - start;
    t->ran[side][number] = vcpu_ran() - ran;
    blkfront_get_stats(dev, &after);
    events[side] += after.events - before.events;
    notifications[side] += after.notifications - before.notifications;
}

static void prepare(const struct point *p, uint8_t *const buffers[])
{
    for (unsigned i = 0; i < DEPTH; i++) {
        struct slot *s = &slots[i];

        s->buf = buffers[i];
        s->driver = (struct blkfront_aiocb){
            .aio_dev = dev, .aio_buf = s->buf, .aio_nbytes = p->bs, .aio_cb = completed, .data = s};
        s->posix = (struct aiocb){.aio_fildes = fd,
                                  .aio_buf = s->buf,
                                  .aio_nbytes = p->bs,
                                  .aio_lio_opcode = p->write ? LIO_WRITE : LIO_READ,
                                  .aio_sigevent = {.sigev_notify = SIGEV_NONE}};
    }
}

static void measure(const struct point *p, uint64_t size, uint8_t *const buffers[])
{
    struct times t, warm;
    unsigned long before = errors;

    blocks = size / p->bs;
    prepare(p, buffers);
    for (int side = 0; side < SIDES; side++)
        round_of(p, (enum side)side, 0, &warm); /* buffers and caches are used for the first time */
    memset(events, 0, sizeof(events));
    memset(notifications, 0, sizeof(notifications));
    for (unsigned n = 0; n < rounds; n++)
        for (unsigned turn = 0; turn < SIDES; turn++)
            round_of(p, (enum side)((n + turn) % SIDES), n, &t);
    printf("RESULT {\"type\":\"posix_disk\",\"how\":\"%s\",\"depth\":%d,\"rw\":\"%s%s\",\"bs\":%u,"
           "\"buffers\":\"%s\",\"requests\":%u,\"errors\":%lu",
           how_names[p->how], p->how == ONE ? 1 : DEPTH, p->random ? "rand" : "",
           p->write ? "write" : "read", p->bs, p->registered ? "registered" : "plain", requests,
           errors - before);
    printf(",\"posix_events\":%" PRIu64 ",\"kernel_events\":%" PRIu64
           ",\"posix_notifications\":%" PRIu64 ",\"kernel_notifications\":%" PRIu64,
           events[POSIX], events[KERNEL], notifications[POSIX], notifications[KERNEL]);
    print_times(&t, rounds);
}

static bool make_buffers(uint8_t *plain[], uint8_t *registered[])
{
    for (unsigned i = 0; i < DEPTH; i++) {
        void *p = NULL;

        if (posix_memalign(&p, 4096, LARGEST))
            return false;
        plain[i] = p;
        memset(p, (int)i, LARGEST);
        registered[i] = blkfront_buf_alloc(dev, LARGEST);
        if (!registered[i])
            return false;
    }
    return true;
}

/* What the one side has written the other reads, so both use the same disk. */
static bool same_disk(uint8_t *a, uint8_t *b)
{
    struct blkfront_aiocb io = {
        .aio_dev = dev, .aio_buf = b, .aio_nbytes = LARGEST, .aio_offset = LARGEST};

    for (unsigned i = 0; i < LARGEST; i++)
        a[i] = (uint8_t)(i * 131 >> 3);
    if (pwrite(fd, a, LARGEST, LARGEST) != (ssize_t)LARGEST || blkfront_read(&io))
        return false;
    return memcmp(a, b, LARGEST) == 0;
}

/* close() waits for the requests that the driver has; each has its result then. */
static bool completes_when_closed(uint8_t *const buffers[])
{
    static const struct point p = {.how = EACH, .bs = 4096};
    bool ok = true;

    prepare(&p, buffers);
    for (unsigned i = 0; i < DEPTH; i++)
        begin_posix(&p, &slots[i].posix);
    /* the driver has them: none can be called back */
    ok &= aio_cancel(fd, NULL) == AIO_NOTCANCELED &&
          aio_cancel(fd, &slots[0].posix) == AIO_NOTCANCELED;
    if (close(fd))
        return false;
    for (unsigned i = 0; i < DEPTH; i++)
        ok &= aio_error(&slots[i].posix) == 0 && aio_return(&slots[i].posix) == (ssize_t)p.bs;
    return ok;
}

static int fail(const char *what)
{
    printf("bench-disk: %s: %s\nTest result: ERROR\n", what, strerror(errno));
    return 2;
}

static void all_points(uint64_t size, uint8_t *const plain[], uint8_t *const registered[])
{
    for (int how = ONE; how <= LIST; how++)
        for (int random = 1; random >= (how == LIST ? 0 : 1); random--)
            for (unsigned bs = 4096; bs <= LARGEST; bs *= 16)
                for (unsigned kind = 0; kind < 4; kind++) {
                    const struct point p = {.how = (enum how)how,
                                            .write = kind & 1,
                                            .registered = kind & 2,
                                            .random = random,
                                            .bs = bs};

                    measure(&p, size, p.registered ? registered : plain);
                }
}

int main(int argc, char *argv[])
{
    static uint8_t *plain[DEPTH], *registered[DEPTH];
    char path[32];
    uint64_t size;
    bool keeps = argc > 4 && !strcmp(argv[4], "keeps"); /* a null_blk does not */

    snprintf(path, sizeof(path), "/dev/%s", argc > 1 ? argv[1] : "xvda");
    if (argc > 2)
        rounds = (unsigned)strtoul(argv[2], NULL, 0);
    if (argc > 3)
        requests = (unsigned)strtoul(argv[3], NULL, 0);
    if (!rounds || rounds > ROUNDS_MAX || !requests) {
        errno = EINVAL;
        return fail("usage: bench-disk NAME [ROUNDS [REQUESTS [keeps]]]");
    }
    fd = open(path, O_RDWR);
    if (fd < 0)
        return fail(path);
    size = (uint64_t)lseek(fd, 0, SEEK_END);
    if (size < 4 * LARGEST) {
        errno = ENOSPC;
        return fail(path);
    }
    {
        struct file *f = fd_get(fd);

        dev = blockdev_handle(f);
        file_put(f);
    }
    if (!dev || !make_buffers(plain, registered))
        return fail("buffers");
    if (keeps && !same_disk(plain[0], plain[1])) {
        printf("bench-disk: the driver does not read what the descriptor has written\n"
               "Test result: FAILURE\n");
        return 1;
    }
    all_points(size, plain, registered);
    for (unsigned i = 0; i < DEPTH; i++)
        blkfront_buf_free(dev, registered[i]);
    if (!completes_when_closed(plain)) {
        printf("bench-disk: requests were lost when the disk was closed\n");
        errors++;
    }
    for (unsigned i = 0; i < DEPTH; i++)
        free(plain[i]);
    printf("Test result: %s\n", errors ? "FAILURE" : "SUCCESS");
    return errors != 0;
}
