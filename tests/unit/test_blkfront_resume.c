/* SPDX-License-Identifier: MIT */
/* Open disks when the domain is resumed on another host: grants, ports and backends are new, and
 * requests that were in flight are resubmitted there. */
#include "fake_vbd.h"

#include <ringlet/suspend.h>

#define N 200 /* more than the ring's 128 slots */

static struct blkfront_dev *dev;
static struct blkfront_aiocb aiocb[N];
static unsigned finished, events[BLKFRONT_EV_FAILED + 1];
static int results[N];
static uint8_t *buffer, *medium;
static grant_ref_t neighbours[64];
static const char *sectors;

/* A hook that runs before the disk's, and has new grants before the disk has forgotten its old
 * ones. */
static void take_grants(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(neighbours); i++) {
        int ref = gnttab_grant(1, buffer, true);

        assert_true(ref > 0);
        neighbours[i] = (grant_ref_t)ref;
    }
}

static void end_grants(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(neighbours); i++)
        assert_int_equal(gnttab_end(neighbours[i]), 0);
}

static struct suspend_hook neighbour = {.restart = take_grants};

static void done(struct blkfront_aiocb *a, int ret)
{
    results[a - aiocb] = ret;
    finished++;
}

static void event(struct blkfront_dev *d, enum blkfront_event what, void *arg)
{
    assert_ptr_equal(d, dev);
    assert_null(arg);
    events[what]++;
}

/* Another host's Xen, XenStore and backend. */
static int move(void)
{
    memset(shared_info, 0, sizeof(*shared_info));
    memset(boot_info.xenstore, 0, PAGE_SIZE);
    memset(fake.watches, 0, sizeof(fake.watches));
    memset(seam_grants, 0, 4 * PAGE_SIZE);
    fake.in_len = fake.out_len = 0;
    attached[0] = false;
    medium = disk[0].data;
    disk[0].data = NULL;
    fdisk_detach(&disk[0]);
    vbd_set(0, true, "sectors", sectors);
    vbd_fresh(0);
    fake.out_len = 0;
    return 0;
}

static int setup(void **state)
{
    const struct blkfront_config config = {.ring_pages = 4, .event = event};

    suspend_register(&neighbour); /* before the first disk */
    if (vbd_setup(state))
        return -1;
    assert_int_equal(blkfront_open_device("xvda", &config, NULL, &dev), 0);
    vbd_attach(0, dev);
    thread_sleep(NSEC_PER_MSEC);
    buffer = page_alloc_zeroed(2, MEM_APP);
    finished = 0;
    memset(events, 0, sizeof(events));
    sectors = "4096";
    seam_suspend = move;
    return 0;
}

static int teardown(void **state)
{
    page_free(buffer, 2);
    free(medium);
    medium = NULL;
    return vbd_teardown(state);
}

static void start(unsigned i, size_t skip)
{
    aiocb[i] = (struct blkfront_aiocb){.aio_dev = dev,
                                       .aio_buf = buffer + skip,
                                       .aio_nbytes = 512,
                                       .aio_offset = 512 * (int64_t)i,
                                       .aio_cb = done};
    assert_int_equal(blkfront_aio_write(&aiocb[i]), 0);
}

/* The backend hangs, so that requests are in flight when the domain is suspended. */
static void suspend_with_requests(void)
{
    attached[0] = false;
    memset(buffer, 0x77, 2 * PAGE_SIZE);
    for (unsigned i = 0; i < N; i++)
        start(i, i & 1); /* in place and in bounce pages */
    assert_int_equal(ring_in_use(&dev->path.queues[0].ring), 128);
    assert_int_equal(domain_suspend(), 0);
    assert_int_equal(finished, 0);
    thread_sleep(NSEC_PER_SEC);
}

static void all_goes_on_there(void **state)
{
    (void)state;
    suspend_with_requests();
    assert_int_equal(dev->fe.state, FE_CONNECTED);
    assert_int_equal(events[BLKFRONT_EV_BACK], 1);
    vbd_attach(0, dev);
    free(disk[0].data);
    disk[0].data = medium;
    medium = NULL;
    wait_event(&dev->path.completion, finished == N, clock_deadline(NSEC_PER_SEC));
    assert_int_equal(finished, N);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(results[i], 0);
        assert_int_equal(disk[0].data[512 * i], 0x77);
        assert_int_equal(disk[0].data[512 * i + 511], 0x77);
    }
    assert_int_equal(dev->stats.grants_made, dev->stats.grants_ended);
    end_grants();
    /* a flush need not report it */
    assert_int_equal(blkfront_sync(dev), 0);
    assert_int_equal(events[BLKFRONT_EV_AWAY] + events[BLKFRONT_EV_FAILED], 0);
    assert_int_equal(events[BLKFRONT_EV_BACK], 1);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* The disk is none there: everything ends, and its backend was given nothing. */
static void what_cannot_go_on_ends(void **state)
{
    uint8_t *b = blkfront_buf_alloc(dev, 4 * PAGE_SIZE);
    uint64_t made;

    (void)state;
    assert_non_null(b);
    sectors = "none";
    attached[0] = false;
    start(0, 0);
    made = dev->stats.grants_made;
    assert_int_equal(domain_suspend(), 0);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(finished, 1);
    assert_int_equal(results[0], -ENODEV);
    assert_int_equal(dev->stats.grants_made, made);
    assert_int_equal(dev->stats.grants_ended, made);
    assert_int_equal(events[BLKFRONT_EV_BACK], 0);
    assert_int_equal(events[BLKFRONT_EV_FAILED], 1);
    end_grants();
    blkfront_buf_free(dev, b);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(all_goes_on_there),
        TEST(what_cannot_go_on_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
