/* SPDX-License-Identifier: MIT */
/* The order of events and timers between threads. */
#include "unit/events.h"

static struct wait_queue wq;

static void note_and_yield(void *arg)
{
    for (unsigned i = 0; i < 3; i++) {
        note(*(const char *)arg);
        thread_yield();
    }
}

static void exit_at_once(void *arg)
{
    (void)arg;
    note('x');
    thread_exit();
}

static void wake_wq(void)
{
    wake_one(&wq);
}

static void raise_event(void)
{
    seam_now += 700;
    raised = true;
}

static int handler_wait_result;

static void misbehave(void)
{
    assert_true(in_handler());
    handler_wait_result = wait_on(&wq, DEADLINE_NEVER);
    thread_yield();
    note('h');
    raised = true;
    thread_poll_events(); /* not again before this one has ended */
    raised = false;
    assert_true(in_handler());
}

static void test_handlers_run_between_threads_and_cannot_wait(void **state)
{
    struct thread *a;

    (void)state;
    wait_queue_init(&wq);
    on_event = misbehave;
    raised = true;
    note('1');
    assert_false(in_handler());
    a = start(note_and_yield, "a");
    assert_string_equal(trace, "1"); /* not in the middle of a thread */
    thread_poll_events();
    assert_string_equal(trace, "1h"); /* and here no other thread */
    assert_int_equal(handler_wait_result, -EDEADLK);
    assert_non_null(strstr(seam_console(), "a handler tried to wait"));
    assert_true(list_empty(&wq.waiters));
    raised = true;
    thread_yield();
    assert_string_equal(trace, "1hha");
    thread_join(a);
}

static struct thread *joined;
static int join_ret;

static void join_in_handler(void)
{
    join_ret = thread_join(joined);
}

static void join_self(void *arg)
{
    (void)arg;
    join_ret = thread_join(thread_current());
}

static void test_join_where_nothing_can_be_waited_for(void **state)
{
    (void)state;
    joined = start(note_and_yield, "a");
    on_event = join_in_handler;
    raised = true;
    thread_poll_events();
    raised = false;
    assert_int_equal(join_ret, -EDEADLK);
    assert_non_null(strstr(seam_console(), "a handler tried to wait for the end of thread"));
    assert_null(strstr(seam_console(), "a handler tried to wait\n")); /* reported once */
    assert_int_equal(thread_join(joined), 0);
    assert_string_equal(trace, "aaa");
    join_ret = 0;
    assert_int_equal(thread_join(start(join_self, NULL)), 0);
    assert_int_equal(join_ret, -EDEADLK);
    assert_int_equal(heap_blocks(), 0);
}

static void create_from_handler(void)
{
    assert_int_equal(thread_create(NULL, "from handler", exit_at_once, NULL, 0), 0);
}

static void test_create_in_handler(void **state)
{
    (void)state;
    on_event = create_from_handler;
    raised = true;
    thread_poll_events();
    thread_yield();
    assert_string_equal(trace, "x");
    assert_int_equal(heap_blocks(), 0);
}

static void storm(void)
{
    raised = true; /* at once again */
    note('e');
}

static void test_an_event_storm_starves_nobody(void **state)
{
    struct thread *a = start(note_and_yield, "a");

    (void)state;
    on_event = storm;
    raised = true;
    for (unsigned i = 0; i < 3; i++)
        thread_yield();
    assert_string_equal(trace, "eaeeaeeae"); /* one pass at each switch */
    thread_join(a);
}

static struct timer ticker;
static unsigned ticks;

static void tick(struct timer *t)
{
    (void)t;
    ticks++;
}

/* A thread that never idles, as an event is always pending: timers still run. */
static void test_events_do_not_starve_timers(void **state)
{
    (void)state;
    wait_queue_init(&wq);
    on_event = wake_wq;
    when_idle = raise_event;
    ticks = 0;
    timer_init(&ticker, tick);
    timer_start(&ticker, seam_now + 1000);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
    assert_int_equal(ticks, 1);
}

static void wake_and_look(void)
{
    assert_int_equal(clock_recent(), seam_now);
    wake_all(&wq);
}

/* One reading of the clock after each sleep, with or without timers, for the handlers and the
 * thread that they wake. */
static void test_clock_reads(void **state)
{
    (void)state;
    wait_queue_init(&wq);
    on_event = wake_and_look;
    when_idle = raise_event;
    seam_clock_reads = 0;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
    assert_int_equal(seam_clock_reads, 10);
    timer_init(&ticker, tick);
    timer_start(&ticker, seam_now + 1000000);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
    assert_int_equal(seam_clock_reads, 20);
    timer_stop(&ticker);
}

/* Between two threads one reading for all calls, and none without calls. */
static void test_clock_reads_without_sleep(void **state)
{
    (void)state;
    wait_queue_init(&wq);
    on_event = wake_and_look;
    seam_clock_reads = 0;
    for (unsigned i = 0; i < 10; i++)
        thread_yield();
    assert_int_equal(seam_clock_reads, 0);
    for (unsigned i = 0; i < 10; i++) {
        seam_now += 100;
        raised = true;
        thread_yield();
    }
    assert_int_equal(seam_clock_reads, 10);
    timer_init(&ticker, tick);
    timer_start(&ticker, seam_now + 1000000);
    raised = true;
    thread_poll_events();
    assert_int_equal(seam_clock_reads, 11);
    timer_stop(&ticker);
}

/* Alone it lets the event source yield the CPU, and reads the clock once after that; with others
 * ready it only lets them run. Handlers run in both cases. */
static void test_relax(void **state)
{
    struct thread *a = start(note_and_yield, "a");

    (void)state;
    on_event = storm;
    thread_relax();
    assert_string_equal(trace, "a");
    assert_int_equal(yielded, 0);
    raised = true;
    thread_relax();
    assert_string_equal(trace, "aeae");
    thread_join(a);
    raised = false;
    dispatched = ticks = 0;
    timer_init(&ticker, tick);
    timer_start(&ticker, seam_now + 1000);
    seam_clock_reads = 0;
    thread_relax();
    assert_int_equal(yielded, 1);
    assert_int_equal(seam_clock_reads, 1);
    assert_int_equal(ticks + dispatched, 0);
    seam_now += 1000;
    raised = true;
    thread_relax();
    assert_int_equal(yielded, 2);
    assert_int_equal(seam_clock_reads, 2);
    assert_int_equal(clock_recent(), seam_now);
    assert_int_equal(ticks, 1);
    assert_int_equal(dispatched, 1);
    assert_int_equal(seam_yields, 0); /* by the event source, not around it */
}

/* A timer that is due by the last reading of the clock does not wait for the end of the next
 * sleep. */
static void test_overdue_before_the_sleep(void **state)
{
    (void)state;
    wait_queue_init(&wq);
    on_event = wake_wq;
    when_idle = raise_event;
    ticks = 0;
    timer_init(&ticker, tick);
    timer_start(&ticker, seam_now + 1000);
    seam_now += 1000;
    clock_now();
    blocked = 0;
    assert_int_equal(wait_on(&wq, 0), -ETIMEDOUT);
    assert_int_equal(blocked, 0);
    assert_int_equal(ticks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_handlers_run_between_threads_and_cannot_wait, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_join_where_nothing_can_be_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_in_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_event_storm_starves_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_do_not_starve_timers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_reads_without_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_relax, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overdue_before_the_sleep, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
