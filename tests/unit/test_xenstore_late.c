/* SPDX-License-Identifier: MIT */
/* A XenStore that does not answer in time: calls end at their thread's deadline, and late
 * answers do no harm and leave nothing behind. */
#include "xenstore_test.h"

/* The next calls may take a second. */
static void within_a_second(void)
{
    thread_set_deadline(thread_current(), clock_deadline(NSEC_PER_SEC));
}

static void speak(void)
{
    thread_set_deadline(thread_current(), DEADLINE_NEVER);
    fake.silent = false;
    thread_sleep(NSEC_PER_MSEC);
}

static unsigned watches(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FAKE_WATCHES; i++)
        n += fake.watches[i].used;
    return n;
}

static void call_ends_at_the_deadline(void **state)
{
    uint64_t begun = seam_now;
    char *value;

    (void)state;
    fake_text("a", "1");
    fake.silent = true;
    within_a_second();
    assert_false(xs_silent());
    assert_int_equal(xs_read(0, "a", NULL, &value, NULL), -ETIMEDOUT);
    assert_null(value);
    assert_int_equal(seam_now, begun + NSEC_PER_SEC);
    assert_true(xs_silent());
    assert_int_equal(stats().given_up, 1);
    /* none has time any more */
    assert_int_equal(xs_write(0, "a", NULL, "2", 1), -ETIMEDOUT);
    assert_int_equal(seam_now, begun + NSEC_PER_SEC);
    speak();
    assert_false(xs_silent());
    assert_int_equal(stats().late, 2);
    assert_int_equal(stats().errors, 0);
    assert_string_equal(fake_value("a"), "2"); /* it was requested, and done in the end */
    assert_int_equal(xs_read(0, "a", NULL, &value, NULL), 0);
    assert_string_equal(value, "2");
    heap_free(value);
}

static void call_in_time_is_as_ever(void **state)
{
    char *value;

    (void)state;
    fake_text("a", "1");
    within_a_second();
    assert_int_equal(xs_read(0, "a", NULL, &value, NULL), 0);
    heap_free(value);
    assert_int_equal(stats().given_up, 0);
}

static int nothing(xs_transaction_t t, void *arg)
{
    (void)t;
    (void)arg;
    return 0;
}

static void late_transaction_is_ended(void **state)
{
    (void)state;
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_transaction(nothing, NULL), -ETIMEDOUT);
    speak();
    assert_int_equal(fake.starts, 1);
    assert_int_equal(fake.ends, 0);
    /* the next request takes it along */
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
    assert_int_equal(fake.ends, 1);
    assert_int_equal(fake.aborted, 1);
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
    assert_int_equal(fake.ends, 1); /* once */
    assert_int_equal(stats().late, 2);
    assert_int_equal(stats().errors, 0);
}

static void late_watch_is_removed(void **state)
{
    struct xs_watch w = {0};

    (void)state;
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_watch(&w, "a", "b"), -ETIMEDOUT);
    assert_null(w.token);
    memset(&w, 0xee, sizeof(w)); /* the caller's again */
    speak();
    assert_int_equal(watches(), 1);
    fake_text("a/b", "1"); /* an event without a watch */
    assert_int_equal(xs_write(0, "c", NULL, "1", 1), 0);
    assert_int_equal(watches(), 0);
}

static void several_late_ones_are_all_undone(void **state)
{
    struct xs_watch w = {0};

    (void)state;
    fake.silent = true;
    within_a_second();
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(xs_transaction(nothing, NULL), -ETIMEDOUT);
        assert_int_equal(xs_watch(&w, "a", "b"), -ETIMEDOUT);
    }
    speak();
    assert_int_equal(fake.starts, 3);
    assert_int_equal(watches(), 3);
    assert_int_equal(xs_write(0, "c", NULL, "1", 1), 0);
    assert_int_equal(fake.aborted, 3);
    assert_int_equal(watches(), 0);
    assert_int_equal(stats().late, 12);
}

static void refused_ones_need_no_undoing(void **state)
{
    struct xs_watch w = {0};

    (void)state;
    fake.silent = true;
    fake.error = "EACCES";
    within_a_second();
    assert_int_equal(xs_transaction(nothing, NULL), -ETIMEDOUT);
    assert_int_equal(xs_watch(&w, "a", NULL), -ETIMEDOUT);
    speak();
    fake.error = NULL;
    fake.requests = 0;
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
    assert_int_equal(fake.requests, 1);
}

static void batch_ends_at_the_deadline(void **state)
{
    struct xs_watch w = {0};
    struct xs_batch_item item[] = {
        {.op = XS_OP_READ, .dir = "a"},
        {.op = XS_OP_WATCH, .dir = "a", .watch = &w},
        {.op = XS_OP_BEGIN},
        {.op = XS_OP_WRITE, .dir = "a", .text = "2"},
    };

    (void)state;
    fake_text("a", "1");
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_batch(0, item, ARRAY_SIZE(item)), -ETIMEDOUT);
    for (size_t i = 0; i < ARRAY_SIZE(item); i++) {
        assert_int_equal(item[i].ret, -ETIMEDOUT);
        assert_null(item[i].value);
    }
    assert_null(w.token);
    speak();
    assert_int_equal(xs_write(0, "b", NULL, "1", 1), 0);
    assert_int_equal(fake.ends, 1);
    assert_int_equal(watches(), 0);
    assert_string_equal(fake_value("a"), "2");
}

/* ---- without space in the ring ---- */

/* A message that was begun is completed by the next caller, so that XenStore sees whole ones. */
static void message_that_was_begun_is_ended(void **state)
{
    static char big[2000];
    char *value;
    size_t len;

    (void)state;
    memset(big, 'x', sizeof(big));
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_write(0, "big", NULL, big, sizeof(big)), -ETIMEDOUT);
    /* no space for the rest, nor for anything of the next */
    assert_int_equal(xs_write(0, "small", NULL, "1", 1), -ETIMEDOUT);
    assert_int_equal(xs_read(0, "small", NULL, &value, NULL), -ETIMEDOUT);
    speak();
    assert_int_equal(fake.requests, 0); /* half a message is none */
    assert_int_equal(xs_read(0, "small", NULL, &value, NULL), -ENOENT);
    assert_int_equal(xs_read(0, "big", NULL, &value, &len), 0);
    assert_int_equal(len, sizeof(big));
    assert_memory_equal(value, big, len);
    heap_free(value);
    assert_int_equal(fake.requests, 3);
    assert_int_equal(stats().errors, 0);
}

/* XenStore reads some bytes of it at a time, and each time somebody else writes what then fits. */
static void end_of_a_message_in_portions(void **state)
{
    static char big[3000];
    char *value;
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)('a' + i % 23);
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_write(0, "big", NULL, big, sizeof(big)), -ETIMEDOUT);
    for (unsigned i = 0; i < 5; i++) {
        fake.silent = false;
        fake.portion = 300;
        fake_run();
        fake.silent = true;
        within_a_second();
        assert_int_equal(xs_write(0, "small", NULL, "1", 1), -ETIMEDOUT);
        assert_int_equal(fake.requests, 0);
    }
    fake.portion = 0;
    speak();
    assert_int_equal(xs_read(0, "big", NULL, &value, &len), 0);
    assert_int_equal(len, sizeof(big));
    assert_memory_equal(value, big, len);
    heap_free(value);
    assert_int_equal(fake.requests, 2);
    assert_null(fake_find("small"));
}

static void without_memory_for_its_end_all_ends(void **state)
{
    static char big[2000];

    (void)state;
    fake.silent = true;
    within_a_second();
    mem_fail_nth(1);
    assert_int_equal(xs_write(0, "big", NULL, big, sizeof(big)), -EPROTO);
    mem_fail_nth(0);
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), -ENOTCONN);
}

static void without_memory_a_late_answer_is_dropped(void **state)
{
    char *value;

    (void)state;
    fake.silent = true;
    within_a_second();
    mem_fail_nth(1);
    assert_int_equal(xs_read(0, "a", NULL, &value, NULL), -ETIMEDOUT);
    mem_fail_nth(0);
    speak();
    assert_int_equal(stats().errors, 1);
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
}

/* The ring is full, or but for some bytes: neither what undoes nor what is to follow fits. */
static void what_undoes_waits_for_space_too(void **state)
{
    static char big[1000];

    (void)state;
    for (unsigned space = 0; space <= 8; space += 8) {
        fake.silent = true;
        within_a_second();
        assert_int_equal(xs_transaction(nothing, NULL), -ETIMEDOUT);
        speak();
        fake.silent = true;
        fake.aborted = 0;
        boot_info.xenstore->req_cons -= XENSTORE_RING_SIZE - space;
        within_a_second();
        assert_int_equal(xs_write(0, "a", NULL, big, sizeof(big)), -ETIMEDOUT);
        boot_info.xenstore->req_cons += XENSTORE_RING_SIZE - space;
        speak();
        assert_int_equal(xs_write(0, "b", NULL, "1", 1), 0);
        assert_int_equal(fake.aborted, 1);
        assert_int_equal(stats().errors, 0);
    }
}

static void what_undoes_may_fail(void **state)
{
    (void)state;
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_transaction(nothing, NULL), -ETIMEDOUT);
    speak();
    boot_info.xenstore->req_cons = boot_info.xenstore->req_prod + 1;
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), -EPROTO);
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), -ENOTCONN);
}

/* ---- several threads ---- */

static int result;
static bool ended;

static void reads_a(void *arg)
{
    char *value;

    (void)arg;
    result = xs_read(0, "a", NULL, &value, NULL);
    heap_free(value);
    ended = true;
}

static struct thread *reader(void)
{
    struct thread *t;

    ended = false;
    assert_int_equal(thread_create(&t, "reader", reads_a, NULL, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_false(ended);
    return t;
}

static void another_thread_ends_the_waiting(void **state)
{
    struct thread *t;
    uint64_t begun;

    (void)state;
    fake.silent = true;
    t = reader();
    thread_sleep(3600 * NSEC_PER_SEC); /* it waits forever */
    assert_false(ended);
    begun = seam_now;
    thread_set_deadline(t, clock_deadline(2 * NSEC_PER_SEC));
    thread_join(t);
    assert_int_equal(result, -ETIMEDOUT);
    assert_int_equal(seam_now, begun + 2 * NSEC_PER_SEC);
    speak();
    assert_int_equal(stats().late, 1);
}

static void deadline_may_be_taken_back(void **state)
{
    struct thread *t;

    (void)state;
    fake_text("a", "1");
    fake.silent = true;
    t = reader();
    thread_set_deadline(t, clock_deadline(2 * NSEC_PER_SEC));
    thread_sleep(NSEC_PER_SEC);
    thread_set_deadline(t, DEADLINE_NEVER);
    thread_sleep(10 * NSEC_PER_SEC);
    assert_false(ended);
    speak();
    thread_join(t);
    assert_int_equal(result, 0);
}

static void writes_much(void *arg)
{
    static char big[3000];

    (void)arg;
    result = xs_write(0, "big", NULL, big, sizeof(big));
    ended = true;
}

/* The thread that writes has no deadline; the thread that waits for its turn has one. */
static void turn_is_waited_for_until_the_deadline(void **state)
{
    struct thread *t;
    uint64_t begun;

    (void)state;
    fake.silent = true;
    ended = false;
    assert_int_equal(thread_create(&t, "writer", writes_much, NULL, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    begun = seam_now;
    within_a_second();
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), -ETIMEDOUT);
    assert_int_equal(seam_now, begun + NSEC_PER_SEC);
    assert_false(ended);
    speak();
    thread_join(t);
    assert_int_equal(result, 0);
    assert_null(fake_find("a")); /* nothing of it was sent */
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
}

static int loses_its_turn(xs_transaction_t t, void *arg)
{
    (void)t;
    fake.silent = true;
    ended = false;
    assert_int_equal(thread_create(arg, "writer", writes_much, NULL, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    within_a_second();
    return -ECANCELED;
}

/* The caller takes a watch or a transaction as over, whatever became of the request. */
static void end_that_was_not_sent_is_sent_later(void **state)
{
    struct xs_watch w = {0};
    struct thread *t;

    (void)state;
    assert_int_equal(xs_watch(&w, "a", NULL), 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(xs_transaction(loses_its_turn, &t), -ECANCELED);
    assert_int_equal(xs_unwatch(&w), -ETIMEDOUT);
    memset(&w, 0xee, sizeof(w)); /* the caller's again */
    speak();
    thread_join(t);
    assert_int_equal(watches(), 1);
    assert_int_equal(fake.ends, 0);
    assert_int_equal(xs_write(0, "b", NULL, "1", 1), 0);
    assert_int_equal(watches(), 0);
    assert_int_equal(fake.aborted, 1);
    assert_int_equal(xs_write(0, "b", NULL, "1", 1), 0);
    assert_int_equal(fake.ends, 1); /* once */
    assert_int_equal(stats().errors, 0);
}

/* ---- the end of the connection ---- */

static void connection_that_breaks_while_undoing(void **state)
{
    struct thread *t;

    (void)state;
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_transaction(nothing, NULL), -ETIMEDOUT);
    speak();
    fake.silent = true;
    boot_info.xenstore->req_cons -= XENSTORE_RING_SIZE; /* no space for the end of it */
    assert_int_equal(thread_create(&t, "writer", writes_much, NULL, 0), 0);
    thread_sleep(NSEC_PER_MSEC);
    boot_info.xenstore->rsp_prod += XENSTORE_RING_SIZE + 1;
    seam_raise(boot_info.xenstore_port);
    thread_join(t);
    assert_int_equal(result, -EPROTO);
}

static void broken_connection_owes_nothing(void **state)
{
    struct xs_watch w = {0};

    (void)state;
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_watch(&w, "a", NULL), -ETIMEDOUT);
    assert_int_equal(xs_transaction(nothing, NULL), -ETIMEDOUT);
    boot_info.xenstore->rsp_prod += XENSTORE_RING_SIZE + 1;
    seam_raise(boot_info.xenstore_port);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), -ENOTCONN);
}

static void suspend_waits_for_what_is_owed(void **state)
{
    static char big[2000];
    uint64_t begun;

    (void)state;
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_write(0, "big", NULL, big, sizeof(big)), -ETIMEDOUT);
    thread_set_deadline(thread_current(), DEADLINE_NEVER);
    fake.silent = false;
    begun = seam_now;
    xs_suspend(); /* and writes the rest of a message */
    assert_true(seam_now - begun < NSEC_PER_MSEC);
    assert_int_equal(fake.requests, 1);
    assert_int_equal(stats().late, 1);
    assert_null(strstr(seam_console(), "without an answer"));
    xs_resume(true);
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), -ETIMEDOUT);
    thread_set_deadline(thread_current(), DEADLINE_NEVER);
    begun = seam_now;
    xs_suspend();
    assert_non_null(strstr(seam_console(), "without an answer"));
    assert_true(seam_now - begun < 10 * NSEC_PER_SEC);
    assert_true(thread_deadline() == DEADLINE_NEVER);
    xs_resume(true);
    speak();
    assert_int_equal(xs_write(0, "a", NULL, "1", 1), 0);
}

/* A daemon on another CPU, which reads as soon as it is notified, and not else. */
static long at_once(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_send)
        fake_run();
    return SEAM_DEFAULT;
}

static void asleep(void)
{
}

static void rest_of_a_message_is_announced(void **state)
{
    static char big[1500];

    (void)state;
    fake.silent = true;
    within_a_second();
    assert_int_equal(xs_write(0, "big", NULL, big, sizeof(big)), -ETIMEDOUT);
    thread_set_deadline(thread_current(), DEADLINE_NEVER);
    fake.silent = false;
    fake_run();
    seam_hypercall = at_once;
    seam_idle = asleep;
    xs_suspend();
    assert_int_equal(fake.requests, 1);
    assert_null(strstr(seam_console(), "without an answer"));
    xs_resume(true);
}

static void quota_of_transactions_is_waited_for_until_the_deadline(void **state)
{
    uint64_t begun = seam_now;

    (void)state;
    fake.full = 1000;
    within_a_second();
    assert_int_equal(xs_transaction(nothing, NULL), -ENOSPC);
    assert_true(seam_now - begun <= NSEC_PER_SEC);
    assert_true(seam_now - begun >= NSEC_PER_SEC / 2);
}

static void quota_of_watches_is_no_space(void **state)
{
    struct xs_watch w[3];

    (void)state;
    memset(w, 0, sizeof(w));
    fake.quota_watches = 2;
    assert_int_equal(xs_watch(&w[0], "a", NULL), 0);
    assert_int_equal(xs_watch(&w[1], "b", NULL), 0);
    assert_int_equal(xs_watch(&w[2], "c", NULL), -ENOSPC); /* C xenstored answers E2BIG */
    assert_int_equal(xs_unwatch(&w[0]), 0);
    assert_int_equal(xs_watch(&w[2], "c", NULL), 0);
    xs_unwatch(&w[1]);
    xs_unwatch(&w[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(call_ends_at_the_deadline),
        TEST(call_in_time_is_as_ever),
        TEST(late_transaction_is_ended),
        TEST(late_watch_is_removed),
        TEST(several_late_ones_are_all_undone),
        TEST(refused_ones_need_no_undoing),
        TEST(batch_ends_at_the_deadline),
        TEST(message_that_was_begun_is_ended),
        TEST(end_of_a_message_in_portions),
        TEST(what_undoes_may_fail),
        TEST(without_memory_for_its_end_all_ends),
        TEST(without_memory_a_late_answer_is_dropped),
        TEST(what_undoes_waits_for_space_too),
        TEST(another_thread_ends_the_waiting),
        TEST(deadline_may_be_taken_back),
        TEST(turn_is_waited_for_until_the_deadline),
        TEST(end_that_was_not_sent_is_sent_later),
        TEST(broken_connection_owes_nothing),
        TEST(connection_that_breaks_while_undoing),
        TEST(suspend_waits_for_what_is_owed),
        TEST(rest_of_a_message_is_announced),
        TEST(quota_of_transactions_is_waited_for_until_the_deadline),
        TEST(quota_of_watches_is_no_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
