/* SPDX-License-Identifier: MIT */
/* The caller's events when the backend goes and comes back: each once, and lost writes only
 * where there was something to lose. */
#include "disk_test.h"

static char events[16];

static void note(struct blkfront_dev *dev, enum blkfront_event what, void *arg)
{
    assert_ptr_equal(dev, disk.dev);
    assert_ptr_equal(arg, events);
    events[strlen(events)] = what == BLKFRONT_EV_AWAY ? 'a' : what == BLKFRONT_EV_BACK ? 'b' : '?';
}

static void open_disk(const struct fake_options *o)
{
    fdisk_open(&disk, o);
    memset(events, 0, sizeof(events));
    disk.dev->config.event = note;
    disk.dev->config.event_arg = events;
    seam_console_clear();
}

static void back_is_told_once(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    xenbus_reconnected(disk.dev); /* it was never away */
    assert_string_equal(events, "");
    assert_string_equal(seam_console(), "");
    xenbus_away(disk.dev);
    assert_true(disk.dev->frozen & FREEZE_DISCONNECTED);
    lifecycle_start(disk.dev);
    xenbus_reconnected(disk.dev);
    assert_string_equal(events, "ab");
    xenbus_reconnected(disk.dev);
    assert_string_equal(events, "ab");
    device_freeze(disk.dev, FREEZE_RESUMED); /* the domain was resumed */
    xenbus_reconnected(disk.dev);
    assert_string_equal(events, "abb");
    xenbus_reconnected(disk.dev);
    assert_string_equal(events, "abb");
    fdisk_close(&disk);
}

/* The opener of a device gets events after the open has succeeded, and none if it configured
 * none. */
static void nobody_listens_yet(void **state)
{
    (void)state;
    open_disk(&(struct fake_options){0});
    disk.dev->life.entry.handle = DEVICE_HANDLE_OPENING;
    xenbus_away(disk.dev);
    xenbus_reconnected(disk.dev);
    assert_string_equal(events, "");
    disk.dev->life.entry.handle = DEVICE_HANDLE_OPEN;
    disk.dev->config.event = NULL;
    xenbus_away(disk.dev);
    xenbus_reconnected(disk.dev);
    assert_string_equal(events, "");
    fdisk_close(&disk);
}

/* A backend that closes in order has written everything; the others may have lost unflushed
 * writes, if they have a cache, which is reported once. */
static void what_may_be_lost(void **state)
{
    static const struct {
        bool flush, barrier, orderly;
        unsigned flushed; /* of 3 writes */
        bool lost;
    } cases[] = {
        {true, false, false, 0, true},   {true, false, false, 3, false},
        {true, false, true, 0, false},   {false, true, false, 2, true},
        {false, true, true, 2, false},   {true, true, false, 1, true},
        {false, false, false, 0, false},
    };
    char said[80];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        open_disk(&(struct fake_options){.flush = cases[i].flush, .barrier = cases[i].barrier});
        disk.dev->path.writes.done = 3;
        disk.dev->path.writes.flushed = cases[i].flushed;
        xenbus_closed(disk.dev, cases[i].orderly);
        assert_int_equal(disk.dev->path.writes.lost, cases[i].lost);
        snprintf(said, sizeof(said), ": %u completed writes were not flushed and may be lost",
                 3 - cases[i].flushed);
        assert_int_equal(strstr(seam_console(), said) != NULL, cases[i].lost);
        seam_console_clear();
        xenbus_at_risk(disk.dev);
        if (!cases[i].orderly)
            assert_string_equal(seam_console(), "");
        fdisk_close(&disk);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(back_is_told_once),
        TEST(nobody_listens_yet),
        TEST(what_may_be_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
