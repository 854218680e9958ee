/* SPDX-License-Identifier: MIT */
/* Threads that wait for XenStore: the cost is counted exactly, and each gets an error when the
 * connection breaks, or is resumed with the domain, meanwhile. */
#include "fake_xenstored.h"

#include <kernel/event_channel.h>
#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/suspend.h>

#include "drivers/xen/xs_private.h"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

static void (*meanwhile)(void);

/* Another domain, whose daemon knows none of the watches. */
static int stop(void)
{
    memset(shared_info, 0, sizeof(*shared_info));
    memset(boot_info.xenstore, 0, PAGE_SIZE);
    boot_info.xenstore_port += 10;
    memset(fake.watches, 0, sizeof(fake.watches));
    fake.in_len = fake.out_len = 0;
    fake.silent = false;
    if (meanwhile)
        meanwhile();
    return 0;
}

static int setup(void **state)
{
    (void)state;
    if (fake_setup())
        return -1;
    seam_suspend = stop;
    meanwhile = NULL;
    return 0;
}

static int teardown(void **state)
{
    struct heap_stats heap;

    (void)state;
    heap_get_stats(&heap);
    seam_exit();
    return heap.in_use[MEM_XENSTORE] != 0;
}

static struct xs_stats stats(void)
{
    struct xs_stats s;

    xs_get_stats(&s);
    return s;
}

static void resume(void)
{
    xs_suspend();
    assert_int_equal(arch_suspend(), 0);
    evtchn_resume();
    xs_resume(false);
}

static unsigned watches(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        n += fake.watches[i].used;
    return n;
}

/* ---- counters ---- */

static void slow_daemon(void)
{
    seam_now += NSEC_PER_MSEC;
    fake_run();
}

static void time_counts_while_somebody_waits(void **state)
{
    static char big[3000];
    uint64_t begun, waited;

    (void)state;
    seam_idle = slow_daemon;
    for (unsigned i = 1; i <= 3; i++) {
        /* for space, and then for the answer */
        begun = clock_now();
        waited = stats().wait_ns;
        assert_int_equal(xs_write(XS_NO_TRANSACTION, "k", NULL, big, sizeof(big)), 0);
        assert_true(clock_now() - begun >= 3 * NSEC_PER_MSEC);
        assert_int_equal(stats().wait_ns - waited, clock_now() - begun);
        assert_int_equal(stats().waits, i);
        waited = stats().wait_ns;
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(stats().wait_ns, waited);
    }
}

static void other_waits_count_the_same(void **state)
{
    uint64_t outer, inner;

    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        const struct xs_stats s = stats();

        outer = xs_wait_begin();
        thread_sleep(5 * NSEC_PER_MSEC);
        assert_int_equal(stats().wait_ns - s.wait_ns, 5 * NSEC_PER_MSEC); /* it continues */
        inner = xs_wait_begin();
        thread_sleep(NSEC_PER_MSEC);
        xs_wait_end(inner);
        thread_sleep(NSEC_PER_MSEC);
        xs_wait_end(outer);
        assert_int_equal(stats().waits, i);
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(stats().wait_ns - s.wait_ns, 7 * NSEC_PER_MSEC);
    }
}

/* ---- the connection breaks ---- */

static int long_result, short_result;

static void writes_much(void *arg)
{
    static char big[3000];

    (void)arg;
    long_result = xs_write(XS_NO_TRANSACTION, "k", NULL, big, sizeof(big));
}

static void waits_for_its_turn(void *arg)
{
    (void)arg;
    short_result = xs_rm(XS_NO_TRANSACTION, "k", NULL);
}

static void who_has_not_begun_is_told_of_the_end(void **state)
{
    struct xs_batch_item item = {.op = XS_OP_READ, .dir = "a"};
    struct thread *t[3];
    uint64_t sends;

    (void)state;
    fake.silent = true;
    long_result = short_result = 1;
    assert_int_equal(thread_create(&t[0], "long", writes_much, NULL, 0), 0);
    assert_int_equal(thread_create(&t[1], "short", waits_for_its_turn, NULL, 0), 0);
    assert_int_equal(thread_create(&t[2], "another", waits_for_its_turn, NULL, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(stats().requests, 1);
    boot_info.xenstore->rsp_prod += XENSTORE_RING_SIZE + 1;
    seam_raise(boot_info.xenstore_port);
    for (unsigned i = 0; i < 3; i++)
        thread_join(t[i]);
    assert_int_equal(stats().errors, 1);
    assert_int_equal(long_result, -EPROTO);
    assert_int_equal(short_result, -ENOTCONN);
    assert_int_equal(stats().requests, 1);
    sends = seam_sends;
    assert_int_equal(xs_batch(XS_NO_TRANSACTION, &item, 1), -ENOTCONN);
    assert_int_equal(seam_sends, sends); /* no handler is bound */
}

static unsigned turns;

/* Answers the first requests, and then sends nonsense. */
static void daemon_that_goes_mad(void)
{
    if (++turns < 2) {
        fake_run();
        return;
    }
    boot_info.xenstore->rsp_prod += XENSTORE_RING_SIZE + 1;
    seam_raise(boot_info.xenstore_port);
}

/* Each item has its own result, and the batch has the error that not all were answered. */
static void batch_that_is_cut_off(void **state)
{
    static char big[3000];
    struct xs_batch_item items[] = {
        {.op = XS_OP_READ, .dir = "a"},
        {.op = XS_OP_WRITE, .dir = "b", .text = big},
        {.op = XS_OP_READ, .dir = "a"},
    };

    (void)state;
    fake_text("a", "1");
    memset(big, 'x', sizeof(big) - 1);
    turns = 0;
    seam_idle = daemon_that_goes_mad;
    assert_int_equal(xs_batch(XS_NO_TRANSACTION, items, ARRAY_SIZE(items)), -EPROTO);
    assert_int_equal(items[0].ret, 0);
    assert_string_equal(items[0].value, "1");
    assert_int_equal(items[1].ret, -EPROTO);
    assert_int_equal(items[2].ret, -ECANCELED);
    xs_batch_free(items, ARRAY_SIZE(items));
}

static unsigned called;

static void calls_from_a_handler(struct xs_watch *w)
{
    struct xs_batch_item item = {.op = XS_OP_READ, .dir = "a"};
    char *value;

    (void)w;
    called++;
    assert_int_equal(xs_batch(XS_NO_TRANSACTION, &item, 1), -EDEADLK);
    assert_int_equal(item.ret, -ECANCELED);
    assert_int_equal(xs_read(XS_NO_TRANSACTION, "a", NULL, &value, NULL), -EDEADLK);
}

static void handlers_cannot_wait(void **state)
{
    struct xs_watch w = {.fn = calls_from_a_handler};

    (void)state;
    called = 0;
    assert_int_equal(xs_watch(&w, "a", NULL), 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(called, 1);
    assert_int_equal(xs_unwatch(&w), 0);
    assert_int_equal(stats().requests, 2);
}

/* ---- the domain is resumed ---- */

static struct xs_watch watch;
static int watch_result;

static void watches_a(void *arg)
{
    (void)arg;
    watch_result = xs_watch(&watch, "a", NULL);
}

/* It is resubmitted, and not registered as an existing one, too. */
static void watch_that_was_not_answered_is_registered_once(void **state)
{
    struct xs_watch older = {0};
    struct thread *t;

    (void)state;
    assert_int_equal(xs_watch(&older, "b", NULL), 0);
    thread_sleep(NSEC_PER_MSEC);
    memset(&watch, 0, sizeof(watch));
    fake.silent = true;
    watch_result = 1;
    assert_int_equal(thread_create(&t, "watches", watches_a, NULL, 0), 0);
    thread_yield();
    resume();
    thread_join(t);
    assert_int_equal(watch_result, 0);
    assert_true(watch.registered);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(watch.events, 1);
    assert_int_equal(older.events, 2);
    assert_int_equal(watches(), 2);
    assert_int_equal(xs_unwatch(&watch), 0);
    assert_int_equal(xs_unwatch(&older), 0);
    assert_int_equal(watches(), 0);
}

/* One that is used for the second time has forgotten that it was registered. */
static void watch_may_be_used_again(void **state)
{
    (void)state;
    memset(&watch, 0, sizeof(watch));
    watches_a(NULL);
    assert_int_equal(xs_unwatch(&watch), 0);
    watch_that_was_not_answered_is_registered_once(NULL);
}

static uint64_t told; /* notifications when the daemon looked last */

static void deaf_daemon(void)
{
    if (seam_sends == told)
        return;
    told = seam_sends;
    fake_run();
}

static void is_deaf(void)
{
    told = seam_sends;
    seam_idle = deaf_daemon;
}

static void asks_three(void *arg)
{
    struct xs_batch_item items[] = {{.op = XS_OP_READ, .dir = "a"},
                                    {.op = XS_OP_READ, .dir = "b"},
                                    {.op = XS_OP_READ, .dir = "c"}};

    (void)arg;
    assert_int_equal(xs_batch(XS_NO_TRANSACTION, items, ARRAY_SIZE(items)), 0);
    assert_string_equal(items[0].value, "1");
    assert_int_equal(items[1].ret, -ENOENT);
    assert_string_equal(items[2].value, "3");
    xs_batch_free(items, ARRAY_SIZE(items));
}

/* The new daemon is notified of resubmitted requests, also where the batch was to be announced
 * later. */
static void what_is_asked_again_is_announced(void **state)
{
    struct thread *t;

    (void)state;
    fake_text("a", "1");
    fake_text("c", "3");
    fake.silent = true;
    assert_int_equal(thread_create(&t, "batch", asks_three, NULL, 0), 0);
    thread_yield();
    meanwhile = is_deaf;
    resume();
    thread_join(t);
}

static void reads_in_a_transaction(void *arg)
{
    char *value;

    (void)arg;
    short_result = xs_read(4711, "a", NULL, &value, NULL);
    assert_null(value);
}

static void what_was_asked_in_a_transaction_is_void(void **state)
{
    struct thread *t;

    (void)state;
    fake_text("a", "1");
    fake.silent = true;
    short_result = 1;
    assert_int_equal(thread_create(&t, "reader", reads_in_a_transaction, NULL, 0), 0);
    thread_yield();
    resume();
    thread_join(t);
    assert_int_equal(short_result, -EAGAIN);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(fake.requests, 0);
}

static void bad_index(void)
{
    boot_info.xenstore->req_cons = 5;
}

static void asks_three_in_vain(void *arg)
{
    struct xs_batch_item items[] = {{.op = XS_OP_READ, .dir = "a"},
                                    {.op = XS_OP_READ, .dir = "b"},
                                    {.op = XS_OP_READ, .dir = "c"}};

    (void)arg;
    short_result = xs_batch(XS_NO_TRANSACTION, items, ARRAY_SIZE(items));
    for (unsigned i = 0; i < ARRAY_SIZE(items); i++)
        assert_int_equal(items[i].ret, -EPROTO);
}

/* The new daemon's ring is broken: all callers get the error, the first that is resubmitted and the
 * others. */
static void connection_that_breaks_at_the_resume(void **state)
{
    struct thread *t;

    (void)state;
    fake.silent = true;
    assert_int_equal(thread_create(&t, "batch", asks_three_in_vain, NULL, 0), 0);
    thread_yield();
    meanwhile = bad_index;
    resume();
    thread_join(t);
    assert_int_equal(short_result, -EPROTO);
}

/* It breaks when the first of them is registered again: the others are not tried, and all get
 * the error. */
static void watches_when_it_breaks_at_the_resume(void **state)
{
    static struct xs_watch w[3];
    uint64_t asked, events[3];

    (void)state;
    memset(w, 0, sizeof(w));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(xs_watch(&w[i], "a", i == 0 ? NULL : i == 1 ? "b" : "c"), 0);
    thread_sleep(NSEC_PER_MSEC);
    for (unsigned i = 0; i < 3; i++)
        events[i] = w[i].events;
    asked = stats().requests;
    meanwhile = bad_index;
    resume();
    assert_int_equal(stats().requests, asked + 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(w[i].events, events[i] + 1);
        assert_int_equal(xs_watch_wait(&w[i], DEADLINE_NEVER), -ENOTCONN);
        assert_int_equal(xs_unwatch(&w[i]), -ENOTCONN);
    }
}

static const char *no_watch_of_b(uint32_t type, const char *body)
{
    return strcmp(body, "b") ? NULL : type == XS_WATCH ? "E2BIG" : "ENOENT";
}

static void allows_less(void)
{
    fake.refuse = no_watch_of_b;
}

/* The owner of one that the new daemon refuses is woken, and checks itself. */
static void watch_that_is_refused_at_the_resume(void **state)
{
    static const char *const paths[] = {"a", "b", "c"};
    static struct xs_watch w[3];

    (void)state;
    memset(w, 0, sizeof(w));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(xs_watch(&w[i], paths[i], NULL), 0);
    thread_sleep(NSEC_PER_MSEC);
    meanwhile = allows_less;
    resume();
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(watches(), 2);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(w[i].events, 2);
    assert_non_null(strstr(seam_console(), "XenStore: b cannot be watched any more: ENOSPC"));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(xs_unwatch(&w[i]), i == 1 ? -ENOENT : 0);
}

/* A daemon that was not notified yet is notified before the domain is saved. */
static void nothing_to_resume(void **state)
{
    uint64_t before;

    (void)state;
    fake_text("a", "1");
    before = seam_sends;
    xs_suspend();
    assert_true(seam_sends > before);
    xs_resume(true);
    xs_resume(false); /* it continues already, with the connection that it has */
    resume();
    resume();
    assert_int_equal(xs_write(XS_NO_TRANSACTION, "a", NULL, "2", 1), 0);
    assert_string_equal(fake_value("a"), "2");
}

static void no_port(void)
{
    boot_info.xenstore_port = 0;
}

/* The new domain has no XenStore: every waiter for an answer or a watch gets the error. */
static void xenstore_that_is_gone(void **state)
{
    struct thread *t;
    uint64_t before;

    (void)state;
    fake.silent = true;
    short_result = 1;
    assert_int_equal(thread_create(&t, "short", waits_for_its_turn, NULL, 0), 0);
    thread_yield();
    meanwhile = no_port;
    resume();
    thread_join(t);
    assert_int_equal(short_result, -EPROTO);
    assert_int_equal(xs_write(XS_NO_TRANSACTION, "a", NULL, "2", 1), -ENOTCONN);
    assert_non_null(strstr(seam_console(), "not there any more after a resume"));
    before = seam_sends;
    for (unsigned i = 0; i < 2; i++)
        resume(); /* harmless */
    assert_int_equal(seam_sends,
                     before); /* no notification goes to a port that is not the guest's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(time_counts_while_somebody_waits),
        TEST(other_waits_count_the_same),
        TEST(who_has_not_begun_is_told_of_the_end),
        TEST(batch_that_is_cut_off),
        TEST(handlers_cannot_wait),
        TEST(watch_that_was_not_answered_is_registered_once),
        TEST(watch_may_be_used_again),
        TEST(what_is_asked_again_is_announced),
        TEST(what_was_asked_in_a_transaction_is_void),
        TEST(connection_that_breaks_at_the_resume),
        TEST(watches_when_it_breaks_at_the_resume),
        TEST(watch_that_is_refused_at_the_resume),
        TEST(nothing_to_resume),
        TEST(xenstore_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
