/* SPDX-License-Identifier: MIT */
/* A device's statistics in XenStore: written on request, at the requested interval, until the
 * request ends. */
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
    unsigned requests;

    (void)state;
    open_disk();
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 0);
    assert_false(dev->life.stats.running);
    assert_non_null(dev->life.stats.watch.token);
    requests = fake.requests;
    xenstore_stats_stop(dev);
    assert_int_equal(fake.requests, requests + 1); /* only the watch is removed */
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_int_equal(complaints(), 0);
}

static void once_for_each_request(void **state)
{
    (void)state;
    open_disk();
    read_one();
    thread_sleep(SEC); /* the watch is registered, and has fired for the first time */
    fake_text(REQUEST, "now");
    thread_sleep(SEC);
    assert_int_equal(updates, 1);
    assert_true(stats_say("{\"dev\":\"xvda\",\"state\":\"ready\",\"time_ns\":"));
    assert_true(stats_say("\"completed\":1,"));
    assert_true(stats_say("\"latency_ns\":{\"read\":{\"count\":1,"));
    read_one();
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 1);
    assert_false(dev->life.stats.running);
    fake_text(REQUEST, "now"); /* the same again is a request too */
    thread_sleep(SEC);
    assert_int_equal(updates, 2);
    assert_true(stats_say("\"completed\":2,"));
    assert_int_equal(complaints(), 0);
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_null(fake_find(STATS));
}

static void again_and_again(void **state)
{
    (void)state;
    fake_text(REQUEST, "2"); /* requested before there was a driver */
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
    assert_true(dev->life.stats.running);
    fake_text(REQUEST, "now"); /* when the request is removed nothing more is written */
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 12);
    assert_false(dev->life.stats.running);
    fake_remove(REQUEST);
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 12);
    assert_null(fake_find(STATS));
    assert_false(dev->life.stats.running);
    assert_false(dev->life.stats.written);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* Neither a wrong interval nor a constantly changing request makes XenStore busy. */
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
    unsigned requests;

    (void)state;
    open_disk();
    thread_sleep(SEC);
    fake.error = "EACCES";
    requests = fake.requests;
    for (unsigned i = 0; i < 3; i++) {
        fake_text(REQUEST, "1");
        thread_sleep(5 * SEC);
    }
    assert_int_equal(fake.requests, requests + 3); /* nothing is written for a guess */
    assert_int_equal(complaints(), 1);
    assert_non_null(strstr(seam_console(), "statistics cannot be asked for: EACCES"));
    assert_false(dev->life.stats.running);
    assert_false(dev->life.stats.written);
    fake.error = NULL;
    fake_text(REQUEST, "1");
    thread_sleep(3 * SEC);
    assert_int_equal(updates, 3);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* A watch that is refused is reported, and not taken back; the next connection tries again. */
static void no_watch(void **state)
{
    unsigned requests;

    (void)state;
    open_disk();
    thread_sleep(SEC);
    xenstore_stats_stop(dev);
    dev->life.stats = (struct device_stats){0};
    fake.error = "EACCES";
    xenstore_stats_start(dev);
    thread_sleep(SEC);
    assert_int_equal(complaints(), 1);
    assert_non_null(strstr(seam_console(), "device/vbd/51712: statistics cannot be asked for"));
    assert_false(dev->life.stats.running);
    assert_null(dev->life.stats.watch.token);
    fake.error = NULL;
    fake_text(REQUEST, "now");
    xenstore_stats_start(dev);
    thread_sleep(SEC);
    assert_int_equal(updates, 1);
    xenstore_stats_stop(dev);
    dev->life.stats = (struct device_stats){0};
    requests = fake.requests;
    xenstore_stats_stop(dev); /* as if it had not been started */
    assert_int_equal(fake.requests, requests);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* A device that connects again is served as before: by one watch, and one thread. */
static void connected_again(void **state)
{
    unsigned watches = 0;

    (void)state;
    open_disk();
    xenstore_stats_start(dev); /* before the thread of the first has run */
    thread_sleep(SEC);
    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        watches += fake.watches[i].used && strcmp(fake.watches[i].path, "device/vbd") == 0;
    assert_int_equal(watches, 1);
    assert_false(dev->life.stats.running);
    xenstore_stats_start(dev);
    assert_false(dev->life.stats.running);
    fake_text(REQUEST, "1");
    thread_sleep(SEC / 2);
    assert_true(dev->life.stats.running);
    xenstore_stats_start(dev);
    thread_sleep(2 * SEC);
    assert_int_equal(updates, 3);
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_int_equal(complaints(), 0);
}

/* The next update comes an interval after the end of the last, however long XenStore took for
 * it. */
static uint64_t update_at[8];

static void slow_update(uint32_t type, const char *body)
{
    follow(type, body);
    if (type != XS_WRITE || strcmp(body, STATS) || updates > 2)
        return;
    update_at[updates] = seam_now += SEC;
    fake_text(REQUEST, "now");
}

/* ... and a request that arrives during an update gets one more update. */
static void asked_meanwhile(void **state)
{
    (void)state;
    open_disk();
    thread_sleep(SEC);
    fake.after = slow_update;
    fake_text(REQUEST, "now");
    thread_sleep(10 * SEC);
    assert_int_equal(updates, 3);
    assert_true(update_at[2] - SEC - update_at[1] >= 100 * MS);
    assert_false(dev->life.stats.running);
    fake.after = follow;
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* The stop does not wait for an update that is due in an hour. */
static void stopped_at_once(void **state)
{
    uint64_t before;

    (void)state;
    fake_text(REQUEST, "3600");
    open_disk();
    thread_sleep(SEC);
    assert_true(dev->life.stats.running);
    before = seam_now;
    xenstore_stats_stop(dev);
    assert_true(seam_now - before < SEC);
    assert_null(fake_find(STATS));
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* A request while the device closes is too late: no thread is started. */
static void ask_too_late(void)
{
    if (dev->life.stats.stopping && !fake_find(REQUEST))
        fake_text(REQUEST, "1");
    vbd_idle();
}

static void asked_too_late(void **state)
{
    (void)state;
    open_disk();
    thread_sleep(SEC);
    seam_idle = ask_too_late;
    xenstore_stats_stop(dev);
    assert_non_null(fake_find(REQUEST));
    assert_false(dev->life.stats.running);
    assert_int_equal(updates, 0);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static size_t all_in_use(void)
{
    struct heap_stats s;
    size_t sum = 0;

    heap_get_stats(&s);
    for (unsigned i = 0; i < MEM_CLASSES; i++)
        sum += i == MEM_THREAD ? 0 : s.in_use[i];
    return sum;
}

/* Repeated requests do not use more memory. */
static void keeps_nothing(void **state)
{
    size_t before;

    (void)state;
    fake_text(REQUEST, "1");
    open_disk();
    thread_sleep(2 * SEC + SEC / 2);
    before = all_in_use();
    thread_sleep(20 * SEC);
    assert_int_equal(updates, 23);
    assert_int_equal(all_in_use(), before);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* All memory but a few small blocks is in use. */
static void *taken[3000];

static void take_memory(void)
{
    unsigned n = 0;

    while ((taken[n] = page_alloc(1, MEM_APP)))
        assert_true(++n < ARRAY_SIZE(taken));
}

static void give_memory_back(void)
{
    for (unsigned n = 0; n < ARRAY_SIZE(taken) && taken[n]; n++) {
        page_free(taken[n], 1);
        taken[n] = NULL;
    }
}

/* A lack of memory is reported once, and the next request is answered. */
static void no_memory(void **state)
{
    (void)state;
    open_disk();
    thread_sleep(SEC);
    take_memory();
    fake_text(REQUEST, "now"); /* no memory for a thread */
    thread_sleep(SEC);
    assert_int_equal(updates, 0);
    assert_false(dev->life.stats.running);
    assert_int_equal(complaints(), 1);
    assert_non_null(strstr(seam_console(), "statistics cannot be asked for: ENOMEM"));
    give_memory_back();
    fake_text(REQUEST, "1");
    thread_sleep(SEC / 2);
    assert_int_equal(updates, 1);

    dev->life.stats.complained = false;
    take_memory(); /* there is a thread, but no memory for the text */
    thread_sleep(SEC);
    assert_int_equal(updates, 1);
    assert_int_equal(complaints(), 2);
    assert_non_null(strstr(seam_console(), "statistics cannot be written: ENOMEM"));
    give_memory_back();
    fake_text(REQUEST, "now");
    thread_sleep(SEC);
    assert_int_equal(updates, 2);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* A directory that the toolstack has removed is not created again as a lone node. */
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
    assert_int_equal(complaints(), 1);
    assert_non_null(strstr(seam_console(), "statistics cannot be written: ENOENT"));
    attached[0] = false; /* the backend is gone too */
    shutdown_blkfront(dev);
    assert_null(fake_find(STATS));
}

/* ... and nothing is removed when nothing could be written. */
static void removed_before(void **state)
{
    (void)state;
    open_disk();
    thread_sleep(SEC);
    fake_remove(FRONT "/state");
    fake_text(REQUEST, "now");
    thread_sleep(SEC);
    assert_int_equal(updates, 0);
    assert_false(dev->life.stats.written);
    assert_int_equal(complaints(), 1);
    attached[0] = false;
    shutdown_blkfront(dev);
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
            midway += dev->life.stats.running && !dev->life.stats.written;
            xenstore_stats_stop(dev);
            assert_false(dev->life.stats.running);
        }
        attached[0] = false;
        assert_int_equal(shutdown_blkfront(dev), 0);
        assert_null(fake_find(STATS));
        fdisk_detach(&disk[0]);
        assert_nothing_left();
    }
    assert_true(midway);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, vbd_setup, vbd_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_asks),     TEST(once_for_each_request),
        TEST(again_and_again), TEST(rate),
        TEST(no_permission),   TEST(no_watch),
        TEST(connected_again), TEST(asked_meanwhile),
        TEST(stopped_at_once), TEST(asked_too_late),
        TEST(keeps_nothing),   TEST(no_memory),
        TEST(removed_device),  TEST(removed_before),
        TEST(closing),

    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
