/* SPDX-License-Identifier: MIT */
/* The states of a device: their order, and the conditions under which an open one does not send. */
#include "disk_test.h"

static void only_what_the_table_allows(void **state)
{
    static const bool allowed[DEVICE_STATES][DEVICE_STATES] = {
        /* to CONNECTING, OPEN, CLOSING, FAILED, CLOSED */
        [DEVICE_CONNECTING] = {true, true, false, true, true},
        [DEVICE_OPEN] = {false, true, true, true, true},
        [DEVICE_CLOSING] = {false, false, true, true, true},
        [DEVICE_FAILED] = {false, false, false, true, true},
        [DEVICE_CLOSED] = {false, false, false, false, true},
    };

    (void)state;
    for (unsigned from = 0; from < DEVICE_STATES; from++) {
        for (unsigned to = 0; to < DEVICE_STATES; to++)
            assert_int_equal(device_may_become(from, to), allowed[from][to]);
    }
}

/* Each reason holds requests back, also beside others; without any they are sent. */
static void each_reason_freezes(void **state)
{
    static const unsigned reasons[] = {FREEZE_DISCONNECTED, FREEZE_AWAY, FREEZE_RESUMED,
                                       FREEZE_SUSPEND};
    struct blkfront_aiocb a;
    uint8_t *buf = pages(1);

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
        a = request(buf, 0, PAGE_SIZE);
        device_freeze(disk.dev, reasons[i]);
        device_freeze(disk.dev, FREEZE_SUSPEND);
        device_thaw(disk.dev, reasons[i] == FREEZE_SUSPEND ? 0 : (unsigned)FREEZE_SUSPEND);
        assert_int_equal(blkfront_aio_read(&a), 0);
        assert_int_equal(fdisk_take(&disk), 0);
        /* responses are still taken while the domain is about to be suspended, and only then */
        assert_int_equal(device_active(disk.dev), reasons[i] == FREEZE_SUSPEND);
        assert_true(device_alive(disk.dev));
        device_thaw(disk.dev, reasons[i]);
        submit_prepared(disk.dev, 0);
        timer_start(&disk.dev->path.kick, 0);
        fdisk_drain(&disk);
        assert_int_equal(calls, i + 1);
    }
    fdisk_close(&disk);
    page_free(buf, 1);
}

/* A violation by the backend makes the device FAILED, and the end of the connection CLOSED. */
static void a_violation_fails_the_device(void **state)
{
    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    assert_int_equal(disk.dev->state, DEVICE_OPEN);
    fdisk_respond(&disk, 12345, BLKIF_OP_READ, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    complete_reap(disk.dev, NULL);
    assert_int_equal(disk.dev->state, DEVICE_FAILED);
    assert_false(device_alive(disk.dev));
    lifecycle_close(disk.dev);
    assert_int_equal(disk.dev->state, DEVICE_CLOSED);
    fdisk_close(&disk);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_the_table_allows),
        TEST(each_reason_freezes),
        TEST(a_violation_fails_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
