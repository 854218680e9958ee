/* SPDX-License-Identifier: MIT */
/* The domain goes while disks are open, are being opened, or are being closed. */
#define VBD_XENSTORE_MAY_KEEP
#include "fake_vbd.h"
#include <kernel/shutdown.h>

static unsigned done_calls;
static int done_result;

static int setup(void **state)
{
    done_calls = 0;
    if (vbd_setup(state) || shutdown_init())
        return -1;
    thread_sleep(NSEC_PER_MSEC); /* the fake XenStore has one transaction at a time */
    return 0;
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

static struct blkfront_dev *shared;
static int closed_with;

/* Every open device is closed in order, and later calls return -ENODEV. */
static void domain_shutdown_closes_devices(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *dev;
    struct blkfront_aiocb a;
    jmp_buf end;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    seam_shutdown_jmp = &end;
    if (!setjmp(end))
        domain_shutdown(SHUTDOWN_REASON_POWEROFF);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
    assert_string_equal(fake_value(FRONT "/state"), "6");
    a = aio_read(dev, buf);
    assert_int_equal(blkfront_aio(&a, 0), -ENODEV);
    assert_int_equal(shutdown_blkfront(dev), 0);
    page_free(buf, 1);
}

static void end_domain(void *delay)
{
    thread_sleep((uintptr_t)delay);
    domain_shutdown(SHUTDOWN_REASON_POWEROFF);
}

static int opened_with;

/* The opener gets the error and cleans up itself. */
static void domain_shutdown_while_connecting(void **state)
{
    struct blkfront_dev *dev;
    jmp_buf end;

    (void)state;
    connects = false;
    opened_with = 0;
    seam_shutdown_jmp = &end;
    if (!setjmp(end)) {
        assert_int_equal(thread_create(NULL, "toolstack", end_domain, (void *)NSEC_PER_SEC, 0), 0);
        opened_with = blkfront_open_device("xvda", NULL, NULL, &dev);
        for (;;)
            thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(opened_with, -ESHUTDOWN);
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

/* XenStore is so slow that the frontend has not begun at the shutdown. */
static void domain_shutdown_before_connecting(void **state)
{
    struct blkfront_dev *dev;
    jmp_buf end;

    (void)state;
    opened_with = 0;
    seam_shutdown_jmp = &end;
    if (!setjmp(end)) {
        assert_int_equal(thread_create(NULL, "toolstack", end_domain, NULL, 0), 0);
        opened_with = blkfront_open_device("xvda", NULL, NULL, &dev);
        for (;;)
            thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(opened_with, -ESHUTDOWN);
}

/* The program closes its disk, as every I/O fails, while the shutdown is closing it, and has
 * another one to close. */
static void user_closes_while_the_domain_goes(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *other;
    struct blkfront_aiocb a;
    jmp_buf end;

    (void)state;
    closed_with = 1;
    closes = false;
    vbd_configure(1);
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &shared), 0);
    assert_int_equal(blkfront_open_device("xvdb", NULL, NULL, &other), 0);
    a = aio_read(shared, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0); /* is never answered */
    seam_shutdown_jmp = &end;
    if (!setjmp(end)) {
        assert_int_equal(thread_create(NULL, "toolstack", end_domain, NULL, 0), 0);
        thread_sleep(NSEC_PER_SEC);
        closed_with = shutdown_blkfront(shared);
        for (;;)
            thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(closed_with, -ETIMEDOUT);
    assert_int_equal(done_calls, 1);
    assert_int_equal(done_result, -ETIMEDOUT);
    assert_int_equal(shutdown_blkfront(other), -ETIMEDOUT);
    page_free(buf, 1);
}

/* And the other way round: the domain does not go before the user's close is through. */
static void domain_goes_while_the_user_closes(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_aiocb a;
    jmp_buf end;

    (void)state;
    closed_with = 1;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &shared), 0);
    a = aio_read(shared, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    seam_shutdown_jmp = &end;
    if (!setjmp(end)) {
        assert_int_equal(thread_create(NULL, "toolstack", end_domain, (void *)NSEC_PER_SEC, 0), 0);
        closed_with = shutdown_blkfront(shared);
        for (;;)
            thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(closed_with, -ETIMEDOUT);
    assert_int_equal(done_calls, 1);
    assert_string_equal(fake_value(FRONT "/state"), "6");
    page_free(buf, 1);
}

/* A thread that opens another disk during the shutdown gets an error. */
static void nothing_is_opened_while_the_domain_goes(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *other = NULL;
    struct blkfront_aiocb a;
    jmp_buf end;

    (void)state;
    closes = false;
    opened_with = 0;
    vbd_configure(1);
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &shared), 0);
    a = aio_read(shared, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0); /* is never answered */
    seam_shutdown_jmp = &end;
    if (!setjmp(end)) {
        assert_int_equal(thread_create(NULL, "toolstack", end_domain, NULL, 0), 0);
        thread_sleep(NSEC_PER_SEC);
        opened_with = blkfront_open_device("xvdb", NULL, NULL, &other);
        for (;;)
            thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(opened_with, -ESHUTDOWN);
    assert_null(other);
    assert_int_equal(shutdown_blkfront(shared), -ETIMEDOUT);
    page_free(buf, 1);
}

/* The guest ends as soon as a disk is connected, before the opener has returned. */
static void end_when_connected(void *arg)
{
    (void)arg;
    while ((shared_info->evtchn_mask[0] >> 3 & 0xff) == 0xff) { /* the first port that is free */
        vbd_idle();
        thread_yield();
    }
    domain_shutdown(SHUTDOWN_REASON_POWEROFF);
}

/* The disk existed already, and no thread is left to open it. */
static void domain_shutdown_just_connected(void **state)
{
    struct blkfront_dev *dev;
    jmp_buf end;

    (void)state;
    opened_with = 0;
    seam_shutdown_jmp = &end;
    if (!setjmp(end)) {
        assert_int_equal(thread_create(NULL, "toolstack", end_when_connected, NULL, 0), 0);
        opened_with = blkfront_open_device("xvda", NULL, NULL, &dev);
        fake_text(FRONT "/stats-request", "1");
        thread_poll_events();
        for (;;)
            thread_sleep(NSEC_PER_SEC);
    }
    assert_int_equal(opened_with, -ESHUTDOWN);
    for (unsigned i = 0; i < ARRAY_SIZE(fake.watches); i++)
        assert_false(fake.watches[i].used && strstr(fake.watches[i].path, "51712"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, vbd_teardown)
        TEST(domain_shutdown_closes_devices),    TEST(domain_shutdown_while_connecting),
        TEST(domain_shutdown_before_connecting), TEST(user_closes_while_the_domain_goes),
        TEST(domain_goes_while_the_user_closes), TEST(nothing_is_opened_while_the_domain_goes),
        TEST(domain_shutdown_just_connected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
