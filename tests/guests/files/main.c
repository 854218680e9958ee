/* SPDX-License-Identifier: MIT */
/*
 * lib/fs in a guest, without a C library: descriptors, memory files, random numbers, polling, and
 * with dev=NAME a disk as a file: its data compared with the driver's, and the time of requests of 4
 * KiB, one after the other, through both. It writes to the disk only with write=1.
 */
#include "../verdict.h"

#include <ringlet/blkfront.h>
#include <ringlet/checksum.h>
#include <ringlet/clock.h>
#include <ringlet/cmdline.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/json.h>
#include <ringlet/page.h>
#include <ringlet/string.h>

#include "lib/fs/blockdev.h"
#include "lib/fs/fd.h"
#include "lib/fs/path.h"
#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"

#define PAGES  32u
#define BYTES  (PAGES * PAGE_SIZE)
#define BLOCK  4096u
#define ROUNDS 8
#define READS  64 /* in a round */

static enum verdict verdict = SUCCESS;
static uint8_t *data, *back;

static bool check(bool ok, const char *what, int64_t ret)
{
    if (!ok) {
        print_raw("files: %s: %s\n", what, ret < 0 ? errno_name((int)ret) : "wrong data");
        verdict_worsen(&verdict, FAILURE);
    }
    return ok;
}

static struct file *open_file(const char *path, unsigned flags)
{
    struct file *f = NULL;
    int ret = path_open(NULL, path, flags, 0644, &f);

    check(ret == 0, path, ret);
    return f;
}

static void descriptors(void)
{
    static const char text[] = "files: this line went through descriptor 1\n";
    struct file *f = fd_get(1);
    int64_t ret = f ? file_write(f, text, sizeof(text) - 1) : -EBADF;

    check(ret == sizeof(text) - 1, "descriptor 1", ret);
    file_put(f);
}

static void memory_files(void)
{
    struct file *f = open_file("/tmp/file", FILE_RDWR | FILE_CREAT);
    int64_t ret;

    if (!f)
        return;
    ret = file_write(f, data, BYTES);
    check(ret == BYTES, "write to /tmp", ret);
    ret = file_pread(f, back, BYTES, 0);
    check(ret == BYTES && !memcmp(data, back, BYTES), "read from /tmp", ret);
    file_put(f);
}

static void random_numbers(void)
{
    struct file *f = open_file("/dev/urandom", FILE_RDONLY);
    uint8_t a[32] = {0}, b[32] = {0};
    int64_t ret;

    if (!f)
        return;
    ret = file_read(f, a, sizeof(a));
    if (ret > 0)
        ret = file_read(f, b, sizeof(b));
    check(ret == sizeof(b) && memcmp(a, b, sizeof(a)) != 0, "/dev/urandom", ret);
    file_put(f);
}

static void timers(void)
{
    uint64_t start = clock_now(), n = 0;
    struct poll_entry e = {.events = POLL_IN};
    int64_t ret = timerfd_create(false, 0, &e.file);

    if (!check(ret == 0, "timer", ret))
        return;
    timerfd_set(e.file, false, 20 * NSEC_PER_MSEC, 0, NULL, NULL);
    ret = file_poll(&e, 1, DEADLINE_NEVER);
    check(ret == 1 && clock_now() - start >= 20 * NSEC_PER_MSEC, "poll", ret);
    ret = file_read(e.file, &n, sizeof(n));
    check(ret == sizeof(n) && n == 1, "timer", ret);
    file_put(e.file);
}

static void write_disk(struct file *f)
{
    int64_t ret = file_pwrite(f, data, BYTES - 1000, 12345);

    check(ret == BYTES - 1000, "write to the disk", ret);
    ret = file_sync(f, false);
    check(ret == 0, "fsync of the disk", ret);
    ret = file_pread(f, back, BYTES - 1000, 12345);
    check(ret == BYTES - 1000 && !memcmp(data, back, BYTES - 1000), "what was written", ret);
}

/* The disk's beginning through the file, and through the driver. */
static void compare_disk(struct file *f)
{
    struct blkfront_aiocb a = {.aio_dev = blockdev_handle(f), .aio_buf = back, .aio_nbytes = BYTES};
    int64_t ret = file_pread(f, data, BYTES, 0);

    check(ret == BYTES, "read from the disk", ret);
    ret = blkfront_io(&a, 0);
    check(ret == 0 && !memcmp(data, back, BYTES), "the driver's data", ret);
}

static uint64_t time_file(struct file *f)
{
    uint64_t start = clock_now();

    for (unsigned i = 0; i < READS; i++)
        file_pread(f, data, BLOCK, i * BLOCK);
    return clock_now() - start;
}

static uint64_t time_driver(struct file *f)
{
    uint64_t start = clock_now();

    for (unsigned i = 0; i < READS; i++) {
        struct blkfront_aiocb a = {.aio_dev = blockdev_handle(f),
                                   .aio_buf = data,
                                   .aio_nbytes = BLOCK,
                                   .aio_offset = i * BLOCK};

        blkfront_io(&a, 0);
    }
    return clock_now() - start;
}

/* The best of some rounds of each, by turns. */
static void time_disk(struct file *f)
{
    uint64_t file = UINT64_MAX, driver = UINT64_MAX;
    struct json j;
    char text[200];

    for (unsigned i = 0; i < ROUNDS; i++) {
        driver = MIN(driver, time_driver(f));
        file = MIN(file, time_file(f));
    }
    json_begin(&j, text, sizeof(text));
    json_str(&j, "test", "files");
    json_u64(&j, "driver_ns", driver / READS);
    json_u64(&j, "file_ns", file / READS);
    json_print_result(&j);
}

static void disk(const char *name, bool write)
{
    char path[32];
    struct file *f;
    int ret;

    format(path, sizeof(path), "/dev/%s", name);
    f = open_file(path, write ? FILE_RDWR : FILE_RDONLY);
    if (!f)
        return;
    if (write)
        write_disk(f);
    compare_disk(f);
    time_disk(f);
    ret = file_put(f);
    check(ret == 0, "close of the disk", ret);
}

int main(int argc, char *argv[])
{
    const char *dev = NULL;
    bool write = false;
    struct option options[] = {
        {.name = "dev", .type = OPT_STRING, .out = &dev},
        {.name = "write", .type = OPT_BOOL, .out = &write},
    };
    char err[192];

    if (cmdline_parse(argc, argv, options, ARRAY_SIZE(options), err, sizeof(err))) {
        print_raw("files: %s\n", err);
        return verdict_print(ERROR);
    }
    data = page_alloc(PAGES, MEM_APP);
    back = page_alloc_zeroed(PAGES, MEM_APP);
    if (!data || !back) {
        print_raw("files: no memory\n");
        return verdict_print(ERROR);
    }
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    descriptors();
    memory_files();
    random_numbers();
    timers();
    if (dev)
        disk(dev, write);
    fd_close_all();
    return verdict_print(verdict);
}
