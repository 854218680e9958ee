/* SPDX-License-Identifier: MIT */
/* The end of a disk: closed by its user, by the toolstack, or by a backend that misbehaves;
 * several disks at once, and with failing allocations. */
#include "fake_vbd.h"
#include <kernel/heap.h>

static unsigned done_calls;
static int done_result;

static int setup(void **state)
{
    done_calls = 0;
    return vbd_setup(state);
}

static void count_done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    done_calls++;
    done_result = ret;
}

static struct blkfront_aiocb aio_read(struct blkfront_dev *dev, uint8_t *buf)
{
    struct blkfront_aiocb a = {
        .aio_dev = dev, .aio_buf = buf, .aio_nbytes = 4096, .aio_cb = count_done};

    return a;
}

/* The toolstack takes the disk away while a read is in flight. */
static void backend_that_closes_under_load(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *dev;
    struct blkfront_aiocb a;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    a = aio_read(dev, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    backend_state(0, XenbusStateClosing);
    assert_int_equal(blkfront_aio_wait(dev, clock_deadline(NSEC_PER_SEC)), 1);
    assert_int_equal(done_result, -EIO);
    assert_int_equal(blkfront_aio(&a, 0), -ENODEV);
    assert_int_equal(blkfront_aio_submit(dev), -ENODEV);
    assert_int_equal(blkfront_sync(dev), -ENODEV);
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_int_equal(done_calls, 1);
    page_free(buf, 1);
}

static void violation_closes_the_device(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *dev;
    struct blkfront_aiocb a;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    a = aio_read(dev, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    dev->path.queues[0].ring.ring->rsp_prod = 77;
    seam_raise(dev->path.queues[0].port);
    assert_int_equal(blkfront_aio_wait(dev, clock_deadline(NSEC_PER_SEC)), 1);
    assert_int_equal(done_result, -EIO);
    thread_sleep(NSEC_PER_SEC);
    assert_string_equal(fake_value(FRONT "/state"), "6");
    assert_int_equal(shutdown_blkfront(dev), 0);
    page_free(buf, 1);
}

static void backend_that_does_not_close(void **state)
{
    struct blkfront_dev *dev;
    uint64_t begin;

    (void)state;
    closes = false;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    begin = seam_now;
    assert_int_equal(shutdown_blkfront(dev), -ETIMEDOUT);
    assert_in_range(seam_now - begin, 10 * NSEC_PER_SEC, 11 * NSEC_PER_SEC);
}

/* ---- actions that exclude each other ---- */

static struct blkfront_dev *shared;
static int closed_with;

static void close_shared(void *arg)
{
    (void)arg;
    closed_with = shutdown_blkfront(shared);
}

static void disk_is_not_opened_while_it_closes(void **state)
{
    struct blkfront_dev *again;
    struct thread *t;

    (void)state;
    closes = false;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &shared), 0);
    assert_int_equal(thread_create(&t, "closer", close_shared, NULL, 0), 0);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &again), -EBUSY);
    thread_join(t);
    assert_int_equal(closed_with, -ETIMEDOUT);
    closes = true;
    vbd_fresh(0);
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &again), 0);
    assert_int_equal(shutdown_blkfront(again), 0);
}

static void close_in_callback(struct blkfront_aiocb *a, int ret)
{
    count_done(a, ret);
    closed_with = shutdown_blkfront(a->aio_dev);
}

static void callback_cannot_close(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *dev;
    struct blkfront_aiocb a;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    vbd_attach(0, dev);
    a = aio_read(dev, buf);
    a.aio_cb = close_in_callback;
    assert_int_equal(blkfront_aio(&a, 0), 0); /* called in handler context */
    assert_int_equal(blkfront_aio_wait(dev, DEADLINE_NEVER), 1);
    assert_int_equal(closed_with, -EDEADLK);
    closed_with = 0;
    assert_int_equal(blkfront_aio(&a, 0), 0); /* by the thread that polls */
    fdisk_run(&disk[0]);
    assert_int_equal(blkfront_aio_poll(dev), 1);
    assert_int_equal(closed_with, -EDEADLK);
    closed_with = 0;
    attached[0] = false;
    assert_int_equal(blkfront_aio(&a, 0), 0); /* by the frontend's own thread */
    backend_state(0, XenbusStateClosing);
    assert_int_equal(blkfront_aio_wait(dev, DEADLINE_NEVER), 1);
    assert_int_equal(closed_with, -EDEADLK);
    assert_int_equal(done_calls, 3);
    assert_int_equal(shutdown_blkfront(dev), 0);
    page_free(buf, 1);
}

static unsigned synced;

static void sync_shared(void *arg)
{
    (void)arg;
    assert_int_equal(blkfront_sync(shared), -ENODEV);
    synced++;
}

/* No thread waits for XenStore any more, so the close runs through without a pause. */
static void others_in_sync_are_through_before_the_device_is_freed(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_aiocb a;

    (void)state;
    synced = 0;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &shared), 0);
    a = aio_read(shared, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0); /* is never answered */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(thread_create(NULL, "sync", sync_shared, NULL, 0), 0);
    thread_sleep(NSEC_PER_SEC);
    boot_info.xenstore->rsp_prod += 5000;
    seam_raise(boot_info.xenstore_port);
    assert_int_equal(shutdown_blkfront(shared), -ETIMEDOUT);
    assert_int_equal(synced, 3);
    assert_int_equal(done_calls, 1);
    page_free(buf, 1);
}

/* ---- several disks ---- */

static void open_use_close(void *arg)
{
    const unsigned i = (unsigned)(uintptr_t)arg;
    const char *const names[] = {"xvda", "xvdb", "xvdc"};
    uint8_t *buf = page_alloc(1, MEM_APP);

    for (unsigned round = 0; round < 5; round++) {
        struct blkfront_dev *dev;
        struct blkfront_aiocb a;

        vbd_fresh(i);
        assert_int_equal(blkfront_open_device(names[i], NULL, NULL, &dev), 0);
        vbd_attach(i, dev);
        a = aio_read(dev, buf);
        memset(disk[i].data, (int)(10 * i + round), 4096);
        assert_int_equal(blkfront_read(&a), 0);
        assert_int_equal(buf[4095], 10 * i + round);
        if (round % 2)
            backend_state(i, XenbusStateClosing); /* both sides at once */
        assert_int_equal(shutdown_blkfront(dev), 0);
        fdisk_detach(&disk[i]);
    }
    page_free(buf, 1);
}

static void several_disks_come_and_go(void **state)
{
    struct thread *t[VBDS];

    (void)state;
    fake.portion = 100; /* each message takes a while */
    for (unsigned i = 0; i < VBDS; i++) {
        vbd_configure(i);
        assert_int_equal(thread_create(&t[i], "user", open_use_close, (void *)(uintptr_t)i, 0), 0);
    }
    for (unsigned i = 0; i < VBDS; i++)
        thread_join(t[i]);
}

/* ---- one allocation fails ---- */

static void each_allocation_of_a_life_fails_once(void **state)
{
    const struct blkfront_config quick = {.close_timeout_ns = NSEC_PER_SEC};
    uint8_t *buf = page_alloc(64, MEM_APP);

    (void)state;
    for (uint64_t n = 1;; n++) {
        struct blkfront_dev *dev;
        struct blkfront_aiocb a[2];
        uint64_t begin;
        unsigned accepted = 0;
        bool hit;

        vbd_fresh(0);
        assert_int_equal(blkfront_open_device("xvda", &quick, NULL, &dev), 0);
        vbd_attach(0, dev);
        done_calls = 0;
        begin = mem_allocations();
        mem_fail_nth(n);
        for (unsigned i = 0; i < 2; i++) {
            a[i] = aio_read(dev, buf + i);
            a[i].aio_nbytes = 60 * 4096;
            a[i].aio_offset = 100;
            accepted += blkfront_aio(&a[i], i == 0) == 0;
        }
        blkfront_sync(dev);
        assert_int_equal(done_calls, accepted);
        assert_int_equal(shutdown_blkfront(dev), 0);
        assert_string_equal(fake_value(FRONT "/state"), "6");
        mem_fail_nth(0);
        hit = mem_allocations() - begin >= n;
        fdisk_detach(&disk[0]);
        assert_nothing_left();
        if (!hit) {
            assert_true(n > 20);
            break;
        }
    }
    page_free(buf, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, vbd_teardown)
        TEST(backend_that_closes_under_load),
        TEST(violation_closes_the_device),
        TEST(backend_that_does_not_close),
        TEST(disk_is_not_opened_while_it_closes),
        TEST(callback_cannot_close),
        TEST(others_in_sync_are_through_before_the_device_is_freed),
        TEST(several_disks_come_and_go),
        TEST(each_allocation_of_a_life_fails_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
