/* SPDX-License-Identifier: MIT */
/* A XenStore that stops answering, at any step of a frontend: calls with a timeout end in time,
 * and everything works when XenStore continues. */
#include "reconnect_test.h"

#define CLOSE (2 * NSEC_PER_SEC)

static struct thread *stopper_thread;
static bool stopped;

static int setup_silent(void **state)
{
    if (setup(state))
        return -1;
    fe.connect_timeout_ns = 3 * NSEC_PER_SEC;
    fe.close_timeout_ns = CLOSE;
    return 0;
}

/* XenStore continues, and works. */
static void speak(void)
{
    fake.silent = false;
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(xs_write(XS_NO_TRANSACTION, "a", NULL, "1", 1), 0);
    assert_int_equal(fake.starts, fake.ends); /* no transaction is left */
    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        assert_false(fake.watches[i].used);
}

static void connected_one_is_closed_in_time(void **state)
{
    uint64_t begun;

    (void)state;
    start_connected();
    fake.silent = true;
    begun = seam_now;
    assert_int_equal(frontend_stop(&fe), -ETIMEDOUT);
    assert_in_range(seam_now - begun, CLOSE, CLOSE + NSEC_PER_SEC);
    assert_string_equal(calls, "ncld");
    speak();
}

/* Its thread is in an unlimited wait for XenStore when it is ordered to close. */
static void one_that_waits_for_xenstore_is_closed_in_time(void **state)
{
    uint64_t begun;

    (void)state;
    start_connected();
    set(BEFORE, "state", "4"); /* the event is under way, and the state is about to be read */
    fake_run();
    fake.silent = true;
    thread_sleep(60 * NSEC_PER_SEC);
    assert_int_equal(fe.state, FE_CONNECTED);
    begun = seam_now;
    assert_int_equal(frontend_stop(&fe), -ETIMEDOUT);
    assert_in_range(seam_now - begun, CLOSE, CLOSE + NSEC_PER_SEC);
    assert_string_equal(calls, "ncld");
    speak();
}

static void start_gives_up(void **state)
{
    uint64_t begun = seam_now;

    (void)state;
    fake.silent = true;
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), -ETIMEDOUT);
    assert_int_equal(seam_now - begun, 3 * NSEC_PER_SEC);
    assert_null(fe.thread);
    speak();
}

static unsigned silent_after; /* requests */

static void count(uint32_t type, const char *body)
{
    backend(type, body);
    if (silent_after && !--silent_after)
        fake.silent = true;
}

/* After each of the requests that connecting takes. */
static void connecting_is_over_in_time(void **state)
{
    unsigned n = 0;
    bool all = false;

    (void)state;
    while (!all) {
        uint64_t begun = seam_now;
        int ret;

        clear();
        device(BEFORE, "5");
        present(BEFORE);
        fe.connect_timeout_ns = 3 * NSEC_PER_SEC;
        fe.close_timeout_ns = CLOSE;
        fake.after = count;
        silent_after = ++n;
        ret = frontend_start(&fe, PATH, &ops, calls);
        if (!ret)
            ret = frontend_wait_connected(&fe);
        assert_true(seam_now - begun <= 3 * NSEC_PER_SEC + CLOSE);
        all = silent_after != 0;
        silent_after = 0;
        if (fe.thread) {
            begun = seam_now;
            frontend_stop(&fe);
            assert_true(seam_now - begun <= CLOSE + NSEC_PER_SEC);
            assert_int_equal(calls[ncalls - 1], 'd');
        }
        speak();
    }
    assert_true(n > 10);
}

/* Requests wait at most for reconnect_timeout, also when the backend's state cannot be read. */
static void time_away_is_over_in_time(void **state)
{
    uint64_t begun;

    (void)state;
    start_connected();
    gone();
    settle();
    assert_string_equal(calls, "ncaE");
    begun = seam_now;
    present(BEFORE);
    fake_run(); /* the event is under way */
    fake.silent = true;
    while (fe.state != FE_CLOSED && seam_now - begun < 100 * NSEC_PER_SEC)
        thread_sleep(100 * NSEC_PER_MSEC);
    assert_true(seam_now - begun <= 20 * NSEC_PER_SEC + CLOSE + NSEC_PER_SEC);
    assert_string_equal(calls, "ncaEld");
    assert_int_equal(lost_reason, -ETIMEDOUT);
    frontend_stop(&fe);
    speak();
}

static void stopper(void *arg)
{
    frontend_stop(arg);
    stopped = true;
}

/* The second device of a guest that ends does not wait as long again for the same silence. */
static void second_one_is_closed_sooner(void **state)
{
    static struct frontend other;
    uint64_t begun;

    (void)state;
    start_connected();
    memset(&other, 0, sizeof(other));
    other.close_timeout_ns = 10 * NSEC_PER_SEC;
    assert_int_equal(frontend_start(&other, PATH, &ops, NULL), 0);
    assert_int_equal(frontend_wait_connected(&other), 0);
    settle();
    fake.silent = true;
    frontend_stop(&fe);
    begun = seam_now;
    frontend_stop(&other);
    assert_true(seam_now - begun <= 2 * NSEC_PER_SEC);
    speak();
}

/* The backend uses up all the time, and XenStore works: the closed state is written. */
static void end_is_told_after_the_backends_time(void **state)
{
    (void)state;
    start_connected();
    reaction[5] = reaction[6] = 0;
    assert_int_equal(frontend_stop(&fe), -ETIMEDOUT);
    assert_string_equal(fake_value(PATH "/state"), "6");
    speak();
}

/* XenStore continues in the middle of a close. */
static void close_goes_on_with_xenstore(void **state)
{
    (void)state;
    start_connected();
    fake.silent = true;
    stopped = false;
    assert_int_equal(thread_create(&stopper_thread, "stopper", stopper, &fe, 0), 0);
    thread_sleep(NSEC_PER_SEC);
    assert_false(stopped);
    fake.silent = false;
    thread_join(stopper_thread);
    assert_int_equal(fe.close_error, 0);
    assert_string_equal(calls, "ncld");
    assert_string_equal(fake_value(PATH "/state"), "6");
    speak();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_silent, teardown)
        TEST(connected_one_is_closed_in_time),
        TEST(one_that_waits_for_xenstore_is_closed_in_time),
        TEST(start_gives_up),
        TEST(connecting_is_over_in_time),
        TEST(time_away_is_over_in_time),
        TEST(second_one_is_closed_sooner),
        TEST(end_is_told_after_the_backends_time),
        TEST(close_goes_on_with_xenstore),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
