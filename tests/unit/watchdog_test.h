/* SPDX-License-Identifier: MIT */
/* Shared by tests of the watchdog: a disk that answers only on demand, and its messages. */
#ifndef RINGLET_TESTS_WATCHDOG_TEST_H
#define RINGLET_TESTS_WATCHDOG_TEST_H

#include "disk_test.h"

#include <ringlet/thread.h>

#define SEC NSEC_PER_SEC
#define MS  NSEC_PER_MSEC

static struct blkfront_aiocb req[8];

static inline struct blkfront_stats stats(void)
{
    struct blkfront_stats s;

    blkfront_get_stats(disk.dev, &s);
    return s;
}

static inline unsigned lines(const char *text)
{
    unsigned n = 0;

    for (const char *at = seam_console(); (at = strstr(at, text)); at++)
        n++;
    return n;
}

static inline void open_queues(unsigned queues, uint64_t watchdog, uint64_t timeout)
{
    fdisk_open(&disk, &(struct fake_options){.queues = queues, .ring_pages = 1, .flush = true});
    disk.dev->config.watchdog_ns = watchdog;
    disk.dev->config.request_timeout_ns = timeout;
    seam_console_clear();
}

static inline void open_disk(uint64_t watchdog, uint64_t timeout)
{
    open_queues(1, watchdog, timeout);
}

/* A read (or write) that the backend has and does not answer. */
static inline void submit(unsigned i, uint8_t *p, int write, uint64_t own_timeout)
{
    req[i] = request(p, (int64_t)i * 4096, 4096);
    req[i].aio_cb = count_call;
    req[i].aio_timeout_ns = own_timeout;
    assert_int_equal(blkfront_aio(&req[i], write), 0);
    fdisk_take(&disk);
}

#endif
