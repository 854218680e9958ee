/* SPDX-License-Identifier: MIT */
/*
 * Throughput of a file system: the same program as a guest of Ringlet's and on Linux.
 *
 *   fsbench DIR ROUNDS MIB REQUESTS FILES
 *
 * One file of MIB MiB in DIR is written and read, sequentially in requests of 1 MiB, and at random in REQUESTS
 * requests of 4 KiB (at most as many as the file has blocks), by O_DIRECT and through the cache; writing ends
 * with fsync, and its time is in the figure. Then FILES files of 4 KiB are each made, written, synced, closed and
 * removed. Each test runs ROUNDS times, and prints
 *
 *   RESULT {"type":"fs","test":NAME,"bs":N,"operations":N,"bytes":N,"errors":N,"ns":[of each round]}
 *
 * Each 4 KiB of the file begin with their number and how often they were written, which every read checks.
 * The exit status is 1 if something failed or was not as written, 2 for wrong usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/guests/blktest/permutation.h"

#define BLOCK      4096u
#define MIB        (1u << 20)
#define MIB_MAX    1024u
#define COUNT_MAX  1000000u
#define ROUNDS_MAX 100u
#define SMALL      (2 * MIB) /* a range of the file that is in the cache of any system */
#define SEED       1

enum {
    WRITE = 1,
    DIRECT = 2,
    RANDOM = 4,
    NEW = 8,    /* to a file that was just made, so that blocks are allocated */
    COLD = 16,  /* the system is told to forget what it has in its cache */
    WARM = 32,  /* what is read was read before */
    WITHIN = 64 /* SMALL, instead of the file */
};

static const struct test {
    const char *name;
    unsigned flags;
} tests[] = {
    {"seq-write", WRITE | NEW},
    {"seq-write-direct", WRITE | NEW | DIRECT},
    {"seq-read-direct", DIRECT},
    {"seq-read-cold", COLD},
    {"seq-read-warm", WARM},
    {"rand-write", WRITE | RANDOM},
    {"rand-write-direct", WRITE | RANDOM | DIRECT},
    {"rand-read-direct", RANDOM | DIRECT},
    {"rand-read-cold", RANDOM | COLD},
    {"rand-read-warm", RANDOM | WARM},
    {"rand-read-small", RANDOM | WARM | WITHIN},
};

static char path[4096];
static unsigned rounds, blocks, requests, files;
static uint8_t *written; /* how often, for each block of the file */
static uint8_t *buf;
static unsigned long errors;

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "fsbench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        give_up("clock_gettime");
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void stamp(unsigned block, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t mark = (uint64_t)(block + i) << 8 | ++written[block + i];

        memcpy(buf + (size_t)i * BLOCK, &mark, sizeof(mark));
    }
}

static void check(unsigned block, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t mark;

        memcpy(&mark, buf + (size_t)i * BLOCK, sizeof(mark));
        if (mark != ((uint64_t)(block + i) << 8 | written[block + i]))
            errors++;
    }
}

static void transfer(int fd, unsigned flags, unsigned block, unsigned count)
{
    const size_t len = (size_t)count * BLOCK;
    const off_t at = (off_t)block * BLOCK;
    ssize_t done;

    if (flags & WRITE) {
        stamp(block, count);
        done = pwrite(fd, buf, len, at);
    } else {
        done = pread(fd, buf, len, at);
    }
    if (done != (ssize_t)len) {
        if (done >= 0)
            errno = EIO; /* a short count */
        give_up(flags & WRITE ? "pwrite" : "pread");
    }
    if (!(flags & WRITE))
        check(block, count);
}

/* The number of requests. */
static unsigned transfer_all(int fd, unsigned flags)
{
    const unsigned range = flags & WITHIN && blocks > SMALL / BLOCK ? SMALL / BLOCK : blocks;
    unsigned count = flags & RANDOM ? requests : blocks / (MIB / BLOCK);
    struct permutation order;

    permutation_init(&order, range, SEED);
    for (unsigned i = 0; i < count; i++) {
        if (flags & RANDOM)
            transfer(fd, flags, (unsigned)permutation_at(&order, i % range), 1);
        else
            transfer(fd, flags, i * (MIB / BLOCK), MIB / BLOCK);
    }
    return count;
}

static int open_file(unsigned flags)
{
    int fd = open(path, O_RDWR | O_CREAT | (flags & DIRECT ? O_DIRECT : 0), 0644);

    if (fd < 0)
        give_up(path);
    return fd;
}

/* What comes before a round, and is not measured. */
static int prepare(unsigned flags)
{
    int fd;

    if (flags & NEW) {
        if (unlink(path) != 0 && errno != ENOENT)
            give_up("unlink");
        sync();
    }
    fd = open_file(flags);
    if (flags & COLD && (errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)) != 0)
        give_up("posix_fadvise");
    if (flags & WARM)
        transfer_all(fd, flags & WITHIN ? flags : 0);
    return fd;
}

static void report(const char *name, unsigned bs, unsigned operations, const uint64_t *ns)
{
    printf("RESULT {\"type\":\"fs\",\"test\":\"%s\",\"bs\":%u,\"operations\":%u,\"bytes\":%llu,"
           "\"errors\":%lu,\"ns\":[",
           name, bs, operations, (unsigned long long)bs * operations, errors);
    for (unsigned i = 0; i < rounds; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)ns[i]);
    printf("]}\n");
    fflush(stdout);
}

static void run_test(const struct test *t)
{
    uint64_t ns[ROUNDS_MAX];
    unsigned operations = 0;

    for (unsigned i = 0; i < rounds; i++) {
        int fd = prepare(t->flags);
        uint64_t start = now_ns();

        operations = transfer_all(fd, t->flags);
        if (t->flags & WRITE && fsync(fd) != 0)
            give_up("fsync");
        ns[i] = now_ns() - start;
        close(fd);
    }
    report(t->name, t->flags & RANDOM ? BLOCK : MIB, operations, ns);
}

static void one_file(unsigned number)
{
    char name[sizeof(path) + 16];
    int fd;

    snprintf(name, sizeof(name), "%s-%u", path, number);
    fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
    if (fd < 0)
        give_up(name);
    if (write(fd, buf, BLOCK) != BLOCK || fsync(fd) != 0 || close(fd) != 0 || unlink(name) != 0)
        give_up("a small file");
}

static void run_files(void)
{
    uint64_t ns[ROUNDS_MAX];

    for (unsigned i = 0; i < rounds; i++) {
        uint64_t start = now_ns();

        for (unsigned n = 0; n < files; n++)
            one_file(n);
        ns[i] = now_ns() - start;
    }
    report("files", BLOCK, files, ns);
}

static unsigned number(const char *text, unsigned max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value < 1 || value > max) {
        fprintf(stderr, "fsbench: not a number from 1 to %u: %s\n", max, text);
        exit(2);
    }
    return (unsigned)value;
}

int main(int argc, char *argv[])
{
    void *memory;

    if (argc != 6 || strlen(argv[1]) + sizeof("/fsbench") > sizeof(path)) {
        fprintf(stderr, "usage: fsbench DIR ROUNDS MIB REQUESTS FILES\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/fsbench", argv[1]);
    rounds = number(argv[2], ROUNDS_MAX);
    blocks = number(argv[3], MIB_MAX) * (MIB / BLOCK);
    requests = number(argv[4], COUNT_MAX);
    files = number(argv[5], COUNT_MAX);
    if (requests > blocks)
        requests = blocks;
    written = calloc(blocks, sizeof(*written));
    if (!written || posix_memalign(&memory, BLOCK, MIB) != 0) {
        errno = ENOMEM;
        give_up("buffers");
    }
    buf = memory;
    memset(buf, 0x5a, MIB);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        run_test(&tests[i]);
    run_files();
    if (unlink(path) != 0)
        give_up("unlink");
    return errors != 0;
}
