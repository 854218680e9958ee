/* SPDX-License-Identifier: MIT */
/* XenStore stops answering while disks are opened or closed, or the guest shuts down: each of
 * these ends in time. */
#define VBD_XENSTORE_MAY_KEEP
#include "fake_vbd.h"

#include <ringlet/blkfront.h>

#define CONNECT (3 * NSEC_PER_SEC)
#define CLOSE   (2 * NSEC_PER_SEC)

static const struct blkfront_config config = {.connect_timeout_ns = CONNECT,
                                              .close_timeout_ns = CLOSE};

/* XenStore continues; its late answers are dropped. */
static void speak(void)
{
    fake.silent = false;
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(xs_write(XS_NO_TRANSACTION, "a", NULL, "1", 1), 0);
}

static struct blkfront_dev *open_disk(unsigned i)
{
    struct blkfront_dev *dev;
    char name[16];

    snprintf(name, sizeof(name), "%u", 51712 + 16 * i);
    assert_int_equal(blkfront_open_device(name, &config, NULL, &dev), 0);
    thread_sleep(NSEC_PER_MSEC); /* it watches for requests for statistics */
    return dev;
}

static void open_gives_up(void **state)
{
    static const char *const names[] = {"xvda", NULL};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        struct blkfront_dev *dev;
        uint64_t begun = seam_now;

        fake.silent = true;
        assert_int_equal(blkfront_open_device(names[i], &config, NULL, &dev), -ETIMEDOUT);
        assert_int_equal(seam_now - begun, CONNECT);
        assert_null(dev);
        assert_true(thread_deadline() == DEADLINE_NEVER);
        speak();
    }
    shutdown_blkfront(open_disk(0));
}

static void close_is_over_in_time(void **state)
{
    struct blkfront_dev *dev = open_disk(0);
    uint64_t begun = seam_now;

    (void)state;
    fake.silent = true;
    assert_int_equal(shutdown_blkfront(dev), -ETIMEDOUT);
    assert_in_range(seam_now - begun, CLOSE, CLOSE + NSEC_PER_SEC);
    assert_true(thread_deadline() == DEADLINE_NEVER);
    assert_nothing_left();
    speak();
    reopens = true;
    shutdown_blkfront(open_disk(0));
}

/* The thread that writes statistics waits for XenStore. */
static void close_while_statistics_are_written(void **state)
{
    struct blkfront_dev *dev = open_disk(0);
    uint64_t begun;

    (void)state;
    fake_text(FRONT "/stats-request", "1");
    thread_sleep(NSEC_PER_SEC);
    assert_non_null(fake_find(FRONT "/stats"));
    fake.silent = true;
    thread_sleep(60 * NSEC_PER_SEC); /* the next are due, and cannot be written */
    begun = seam_now;
    assert_int_equal(shutdown_blkfront(dev), -ETIMEDOUT);
    assert_in_range(seam_now - begun, CLOSE, CLOSE + 2 * NSEC_PER_SEC);
    assert_nothing_left();
    speak();
    assert_null(fake_find(FRONT "/stats"));
    assert_int_equal(fake.starts, fake.ends);
}

static void guest_ends_in_time(void **state)
{
    jmp_buf end;
    uint64_t begun;

    (void)state;
    for (unsigned i = 0; i < VBDS; i++) {
        vbd_configure(i);
        open_disk(i);
    }
    fake.silent = true;
    begun = seam_now;
    seam_shutdown_jmp = &end;
    if (!setjmp(end))
        domain_shutdown(SHUTDOWN_REASON_POWEROFF);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
    /* all of the time once, and a second for each more */
    assert_true(seam_now - begun <= CLOSE + (VBDS + 1) * NSEC_PER_SEC);
    seam_exit();
}

static void never(const char *name, enum blkfront_change change, void *arg)
{
    (void)name;
    (void)change;
    (void)arg;
}

static void hotplug_ends_in_time(void **state)
{
    uint64_t begun;

    (void)state;
    assert_int_equal(blkfront_watch(never, NULL), 0);
    thread_sleep(NSEC_PER_MSEC);
    fake_text("device/vbd/51728/backend", BACK);
    fake_run(); /* the event is under way */
    fake.silent = true;
    thread_sleep(60 * NSEC_PER_SEC);
    begun = seam_now;
    assert_int_equal(blkfront_unwatch(), 0);
    assert_true(seam_now - begun <= 20 * NSEC_PER_SEC);
    speak();
    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        assert_false(fake.watches[i].used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vbd_setup, vbd_teardown)
        TEST(open_gives_up),
        TEST(close_is_over_in_time),
        TEST(close_while_statistics_are_written),
        TEST(hotplug_ends_in_time),
        cmocka_unit_test_setup(guest_ends_in_time, vbd_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
