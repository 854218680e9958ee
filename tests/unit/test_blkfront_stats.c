/* SPDX-License-Identifier: MIT */
/* A device's statistics in XenStore: for who asks, as often as was asked, and no longer. */
#include "fake_vbd.h"

#define REQUEST FRONT "/stats-request"
#define STATS   FRONT "/stats"
#define SEC     NSEC_PER_SEC
#define MS      NSEC_PER_MSEC

static struct blkfront_dev *dev;
static unsigned updates;

static void follow(uint32_t type, const char *body)
{
    updates += type == XS_WRITE && !strcmp(body, STATS);
    vbd_follow(type, body);
}

static void open_disk(void)
{
    updates = 0;
    fake.after = follow;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    vbd_attach(0, dev);
}

static void read_one(void)
{
    struct blkfront_aiocb a = {.aio_dev = dev, .aio_nbytes = 4096};

    a.aio_buf = page_alloc_zeroed(1, MEM_APP);
    assert_int_equal(blkfront_read(&a), 0);
    page_free(a.aio_buf, 1);
}

static bool stats_say(const char *text)
{
    return fake_find(STATS) && strstr(fake_value(STATS), text);
}

static unsigned complaints(void)
{
    unsigned n = 0;

    for (const char *at = seam_console(); (at = strstr(at, "statistics cannot be")); at++)
        n++;
    return n;
}

/* It costs a watch, and neither a thread nor a node. */
static void nobody_asks(void **state)
{
    (void)state;
    open_disk();
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 0);
    assert_false(dev->store.running);
    assert_non_null(dev->store.watch.token);
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_int_equal(complaints(), 0);
}

static void once_for_each_request(void **state)
{
    (void)state;
    open_disk();
    read_one();
    thread_sleep(SEC); /* the watch is there, and has fired for the first time */
    fake_text(REQUEST, "now");
    thread_sleep(SEC);
    assert_int_equal(updates, 1);
    assert_true(stats_say("{\"dev\":\"xvda\",\"state\":\"ready\",\"time_ns\":"));
    assert_true(stats_say("\"completed\":1,"));
    assert_true(stats_say("\"latency_ns\":{\"read\":{\"count\":1,"));
    read_one();
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 1);
    assert_false(dev->store.running);
    fake_text(REQUEST, "now"); /* the same again is a request too */
    thread_sleep(SEC);
    assert_int_equal(updates, 2);
    assert_true(stats_say("\"completed\":2,"));
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_null(fake_find(STATS));
}

static void again_and_again(void **state)
{
    (void)state;
    fake_text(REQUEST, "2"); /* asked for before there was a driver */
    open_disk();
    thread_sleep(SEC);
    assert_int_equal(updates, 1);
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 6);
    fake_text(REQUEST, "500ms");
    thread_sleep(SEC / 4);
    assert_int_equal(updates, 7);
    thread_sleep(2 * SEC);
    assert_int_equal(updates, 11);
    assert_true(dev->store.running);
    fake_remove(REQUEST);
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 11);
    assert_null(fake_find(STATS));
    assert_false(dev->store.running);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* Neither a wrong interval nor who asks all the time makes XenStore busy. */
static void rate(void **state)
{
    (void)state;
    open_disk();
    fake_text(REQUEST, "0");
    thread_sleep(10 * SEC);
    assert_in_range(updates, 90, 101);
    fake_text(REQUEST, "now");
    thread_sleep(SEC);
    updates = 0;
    for (unsigned i = 0; i < 100; i++) {
        fake_text(REQUEST, "now");
        thread_sleep(10 * MS);
    }
    assert_in_range(updates, 9, 11);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static void no_permission(void **state)
{
    (void)state;
    open_disk();
    thread_sleep(SEC);
    fake.error = "EACCES";
    for (unsigned i = 0; i < 3; i++) {
        fake_text(REQUEST, "1");
        thread_sleep(5 * SEC);
    }
    assert_int_equal(complaints(), 1);
    assert_false(dev->store.running);
    fake.error = NULL;
    fake_text(REQUEST, "1");
    thread_sleep(3 * SEC);
    assert_int_equal(updates, 3);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* What the toolstack has removed does not come back as a lone node. */
static void removed_device(void **state)
{
    (void)state;
    open_disk();
    thread_sleep(SEC);
    fake_text(REQUEST, "1");
    thread_sleep(SEC / 2);
    assert_int_equal(updates, 1);
    fake_remove(FRONT "/state");
    fake_remove(STATS);
    thread_sleep(5 * SEC);
    assert_int_equal(updates, 1);
    assert_null(fake_find(STATS));
    attached[0] = false; /* the backend is gone too */
    shutdown_blkfront(dev);
    assert_null(fake_find(STATS));
}

/* At any moment of an update. */
static void closing(void **state)
{
    unsigned midway = 0;

    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        vbd_fresh(0);
        fake_remove(REQUEST);
        fake.portion = 8 + i % 7 * 4;
        open_disk();
        thread_sleep(SEC);
        fake_text(REQUEST, "1");
        for (unsigned k = 0; k < i; k++) {
            fake_run();
            thread_yield();
        }
        if (i % 2) {
            midway += dev->store.running && !dev->store.written;
            stats_store_stop(dev);
            assert_false(dev->store.running);
        }
        attached[0] = false;
        assert_int_equal(shutdown_blkfront(dev), 0);
        assert_null(fake_find(STATS));
        fdisk_detach(&disk[0]);
        assert_nothing_left();
    }
    assert_true(midway);
}

/* A node of a guest's has 2048 bytes and no more. */
static void the_largest_text(void **state)
{
    static const char *const counters[] = {
        "reads",         "read_sectors",  "writes",   "written_sectors",
        "flushes",       "barriers",      "discards", "segments",
        "indirect",      "notifications", "events",   "discarded_sectors",
        "max_in_flight", "spurious",      "errors",   "lost_events"};
    char text[STATS_TEXT_MAX], key[40];

    (void)state;
    open_disk();
    thread_sleep(SEC);
    memset(&dev->stats, 0xff, sizeof(dev->stats));
    for (unsigned i = 0; i < BLKFRONT_KINDS; i++)
        dev->latency[i] = (struct histogram){.count = UINT64_MAX,
                                             .sum = UINT64_MAX,
                                             .max = UINT64_MAX,
                                             .bucket[HISTOGRAM_BUCKETS - 1] = 1};
    assert_int_equal(stats_text(dev, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "\"timeouts\":18446744073709551615}"));
    for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
        snprintf(key, sizeof(key), "\"%s\":", counters[i]);
        assert_non_null(strstr(text, key));
    }
    memset(&dev->stats, 0, sizeof(dev->stats));
    dev->violated = true;
    assert_int_equal(stats_text(dev, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "\"state\":\"lost\""));
    dev->violated = false;
    assert_int_equal(shutdown_blkfront(dev), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, vbd_setup, vbd_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_asks), TEST(once_for_each_request), TEST(again_and_again),
        TEST(rate),        TEST(no_permission),         TEST(removed_device),
        TEST(closing),     TEST(the_largest_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
