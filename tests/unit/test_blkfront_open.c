/* SPDX-License-Identifier: MIT */
/* Opening a disk: the handshake through XenStore with a backend that follows, is slow, goes away or
 * talks nonsense. */
#include "fake_vbd.h"

static unsigned number(const char *path)
{
    return (unsigned)strtoul(fake_value(path), NULL, 10);
}

static void opens_reads_and_closes(void **state)
{
    struct blkfront_info info;
    struct blkfront_limits l;
    struct blkfront_dev *dev = init_blkfront(FRONT, &info);
    struct blkfront_aiocb a = {.aio_dev = dev, .aio_nbytes = 4096};

    (void)state;
    assert_non_null(dev);
    assert_int_equal(info.sectors, 4096);
    assert_int_equal(info.sector_size, 512);
    assert_int_equal(info.mode, 1);
    assert_int_equal(info.flush, 1);
    assert_int_equal(info.barrier, 0);
    blkfront_get_limits(dev, &l);
    assert_string_equal(l.name, "xvda");
    assert_string_equal(l.backend, "vbd");
    assert_int_equal(l.ring_pages, 4);
    assert_int_equal(l.ring_slots, 128);
    assert_int_equal(l.max_segments, 64);
    assert_true(l.grant_budget > 1000);

    assert_string_equal(fake_value(FRONT "/protocol"), "x86_64-abi");
    assert_int_equal(number(FRONT "/event-channel"), dev->queues[0].port);
    assert_int_equal(number(FRONT "/ring-page-order"), 2);
    assert_int_equal(number(FRONT "/ring-ref0"), dev->queues[0].page_ref[0]);
    assert_int_equal(number(FRONT "/ring-ref3"), dev->queues[0].page_ref[3]);
    assert_ptr_equal(seam_page(seam_grants[dev->queues[0].page_ref[3]].frame),
                     (char *)dev->queues[0].pages + 3 * 4096);
    assert_null(fake_find(FRONT "/ring-ref"));
    assert_int_equal(number(FRONT "/feature-persistent"), 1);
    assert_false(l.persistent);

    vbd_attach(0, dev);
    a.aio_buf = page_alloc_zeroed(1, MEM_APP);
    memset(disk[0].data, 9, 4096);
    assert_int_equal(blkfront_read(&a), 0);
    assert_int_equal(a.aio_buf[4095], 9);
    thread_sleep(NSEC_PER_MSEC); /* it is written beside the first requests */
    assert_string_equal(fake_value(FRONT "/state"), "4");
    assert_int_equal(blkfront_sync(dev), 0);
    assert_int_equal(disk[0].flushes, 1);
    page_free(a.aio_buf, 1);
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

static void once_at_a_time(void **state)
{
    struct blkfront_dev *dev, *again;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    assert_int_equal(blkfront_open_device("51712", NULL, NULL, &again), -EBUSY);
    assert_null(again);
    assert_int_equal(shutdown_blkfront(dev), 0);
    vbd_fresh(0);
    assert_int_equal(blkfront_open_device("51712", NULL, NULL, &dev), 0);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static char listed[128];

static int list_one(const char *name, void *arg)
{
    size_t len = strlen(listed);

    snprintf(listed + len, sizeof(listed) - len, "%s ", name);
    return arg && !strcmp(name, arg);
}

static void disks_are_enumerated_by_number(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fake_text("device/vbd/768", "");
    fake_text("device/vbd/51728", "");
    fake_text("device/vbd/.x", "");
    fake_text("device/vbd/0768", "");
    fake_text(FRONT, "");
    listed[0] = '\0';
    assert_int_equal(blkfront_enumerate(list_one, NULL), 3);
    assert_string_equal(listed, "768 51712 51728 ");
    listed[0] = '\0';
    assert_int_equal(blkfront_enumerate(list_one, "51712"), 3);
    assert_string_equal(listed, "768 51712 ");
    fake_remove("device/vbd/768");
    assert_int_equal(blkfront_open_device(NULL, NULL, NULL, &dev), 0);
    assert_int_equal(dev->limits.devid, 51712);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static void what_cannot_be_opened(void **state)
{
    const struct blkfront_config bad = {.ring_pages = 99};
    struct blkfront_dev *dev;

    (void)state;
    assert_int_equal(blkfront_open_device("device/vbd/../../x", NULL, NULL, &dev), -EINVAL);
    assert_non_null(strstr(seam_console(), "device/vbd/../../x"));
    assert_int_equal(blkfront_open_device("xvdb", NULL, NULL, &dev), -ENOENT);
    assert_int_equal(blkfront_open_device("xvda", &bad, NULL, &dev), -EINVAL);
    assert_null(init_blkfront("xvdb", NULL));
    assert_non_null(strstr(seam_console(), "cannot open xvdb: ENOENT"));
    fake_remove(FRONT "/backend");
    fake_remove(FRONT "/backend-id");
    fake_remove(FRONT "/state");
    assert_int_equal(blkfront_open_device(NULL, NULL, NULL, &dev), -ENOENT);
    assert_int_equal(blkfront_enumerate(list_one, NULL), 0);
}

static void senseless_disk_is_refused(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fake_text(BACK "/sector-size", "520");
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), -EINVAL);
    assert_non_null(strstr(seam_console(), "xvda: sector-size=\"520\""));
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

static void backend_that_does_not_connect(void **state)
{
    const struct blkfront_config quick = {.connect_timeout_ns = NSEC_PER_SEC,
                                          .close_timeout_ns = NSEC_PER_SEC};
    struct blkfront_dev *dev;

    (void)state;
    connects = false;
    assert_int_equal(blkfront_open_device("xvda", &quick, NULL, &dev), -ETIMEDOUT);
    assert_non_null(strstr(seam_console(), "InitWait"));
    assert_null(dev);
}

static void backend_that_refuses(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    refuses = true;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), -ENODEV);
}

static void each_allocation_of_opening_fails_once(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct blkfront_dev *dev;
        uint64_t begin;
        bool hit;
        int ret;

        vbd_fresh(0);
        begin = mem_allocations();
        mem_fail_nth(n);
        ret = blkfront_open_device("xvda", NULL, NULL, &dev);
        mem_fail_nth(0);
        hit = mem_allocations() - begin >= n;
        if (ret) {
            assert_int_equal(ret, -ENOMEM);
            assert_null(dev);
        } else {
            assert_int_equal(shutdown_blkfront(dev), 0);
        }
        assert_nothing_left();
        if (!hit) {
            assert_int_equal(ret, 0);
            assert_true(n > 20);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vbd_setup, vbd_teardown)
        TEST(opens_reads_and_closes),         TEST(once_at_a_time),
        TEST(disks_are_enumerated_by_number), TEST(what_cannot_be_opened),
        TEST(senseless_disk_is_refused),      TEST(backend_that_does_not_connect),
        TEST(backend_that_refuses),           TEST(each_allocation_of_opening_fails_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
