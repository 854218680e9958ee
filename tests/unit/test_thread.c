/* SPDX-License-Identifier: MIT */
/* Threads: life and death, wait queues with and without a deadline, and whose turn it is. */
#include "host/seam.h"
#include "unit/random.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a source of events: `when_idle` runs while the domain would sleep ---- */

static bool raised;
static void (*on_event)(void); /* the handler */
static void (*when_idle)(void);
static unsigned dispatched, blocked;

static bool source_pending(void)
{
    return raised;
}

static void source_dispatch(void)
{
    raised = false;
    dispatched++;
    if (on_event)
        on_event();
}

static void source_block(uint64_t deadline)
{
    blocked++;
    for (unsigned i = 0; when_idle && !raised && (i == 0 || deadline == DEADLINE_NEVER); i++)
        when_idle();
    if (raised)
        return;
    assert_int_not_equal(deadline, DEADLINE_NEVER); /* it would sleep for ever */
    if (deadline > seam_now)
        seam_now = deadline;
}

static const struct event_source source = {source_pending, source_dispatch, source_block};

/* What happened, as letters. */
static char trace[256];

static void note(char c)
{
    size_t n = strlen(trace);

    assert_true(n + 1 < sizeof(trace));
    trace[n] = c;
    trace[n + 1] = '\0';
}

static int setup(void **state)
{
    (void)state;
    seam_init(8 << 20);
    thread_set_event_source(&source);
    raised = false;
    on_event = when_idle = NULL;
    dispatched = blocked = 0;
    trace[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static struct thread *start(void (*fn)(void *), void *arg)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, "t", fn, arg, 0), 0);
    return t;
}

static struct page_stats pages(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s;
}

static size_t heap_blocks(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s.blocks;
}

/* ---- life ---- */

static void note_and_yield(void *arg)
{
    for (unsigned i = 0; i < 3; i++) {
        note(*(const char *)arg);
        thread_yield();
    }
}

static void test_turns(void **state)
{
    struct thread *a = start(note_and_yield, "a"), *b = start(note_and_yield, "b");

    (void)state;
    note('m');
    thread_yield();
    note('m');
    thread_join(a);
    thread_join(b);
    assert_string_equal(trace, "mabmabab");
    assert_int_equal(blocked, 0);
}

static void save_current(void *arg)
{
    *(struct thread **)arg = thread_current();
}

static void test_names_and_current(void **state)
{
    struct thread *t, *seen = NULL;
    struct thread *self = thread_current();

    (void)state;
    assert_string_equal(thread_name(self), "main");
    assert_string_equal(thread_name(NULL), "?");
    assert_int_equal(
        thread_create(&t, "0123456789012345678901234567890123456789", save_current, &seen, 0), 0);
    assert_string_equal(thread_name(t), "0123456789012345678901234567890");
    assert_null(seen); /* creating does not run it */
    thread_yield();
    assert_ptr_equal(seen, t);
    assert_ptr_equal(thread_current(), self);
    thread_join(t); /* it has ended already */
    assert_int_equal(heap_blocks(), 0);
}

static void exit_at_once(void *arg)
{
    (void)arg;
    note('x');
    thread_exit();
}

static void test_detached_threads_clean_up(void **state)
{
    struct page_stats before;

    (void)state;
    thread_join(start(exit_at_once, NULL)); /* the heap's descriptors are there now */
    before = pages();
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(thread_create(NULL, "d", exit_at_once, NULL, 0), 0);
        assert_int_equal(thread_create(NULL, "e", exit_at_once, NULL, 1), 0);
        thread_yield();
        thread_yield();
    }
    assert_int_equal(strlen(trace), 101);
    assert_int_equal(heap_blocks(), 0);
    assert_int_equal(pages().free, before.free);
    assert_int_equal(pages().in_use[MEM_THREAD], 0);
}

static void join_other(void *arg)
{
    thread_join(arg);
    note('j');
}

static void test_join_waits(void **state)
{
    struct thread *a = start(note_and_yield, "a"), *j = start(join_other, a);

    (void)state;
    thread_join(j);
    assert_string_equal(trace, "aaaj");
    assert_int_equal(heap_blocks(), 0);
    assert_int_equal(pages().in_use[MEM_THREAD], 0);
}

static void test_create_without_memory(void **state)
{
    struct thread *t;
    struct page_stats before = pages();
    unsigned failed = 0;

    (void)state;
    for (uint64_t n = 1;; n++) {
        mem_fail_nth(n);
        if (thread_create(&t, "t", exit_at_once, NULL, 0) == 0)
            break;
        failed++;
        assert_int_equal(heap_blocks(), 0);
        assert_int_equal(pages().in_use[MEM_THREAD], 0);
    }
    assert_int_equal(failed, 2); /* structure, stack */
    mem_fail_nth(0);
    thread_join(t);
    assert_true(before.free - pages().free <= 2);
    assert_int_equal(thread_create(&t, "t", exit_at_once, NULL, SIZE_MAX), -ENOMEM);
    assert_int_equal(thread_create(&t, "t", exit_at_once, NULL, (1UL << 44) + 3 * PAGE_SIZE),
                     -ENOMEM);
    assert_int_equal(thread_create(&t, "t", exit_at_once, NULL, 16 << 20), -ENOMEM);
    assert_int_equal(heap_blocks(), 0);
}

/* ---- the guard page ---- */

static bool readable(const void *p)
{
    int fd[2];
    bool ok;

    assert_int_equal(pipe(fd), 0);
    ok = write(fd[1], p, 1) == 1; /* the kernel looks: EFAULT, not a signal */
    close(fd[0]);
    close(fd[1]);
    return ok;
}

static void find_guard(void *arg)
{
    uintptr_t at = ROUND_DOWN((uintptr_t)__builtin_frame_address(0), PAGE_SIZE);
    unsigned n = 0;

    while (readable((const void *)at)) {
        at -= PAGE_SIZE;
        assert_true(n++ < 4);
    }
    *(uintptr_t *)arg = at;
}

static void test_stack_guard(void **state)
{
    struct thread *t;
    uintptr_t guard = 0;

    (void)state;
    assert_int_equal(thread_create(&t, "guarded", find_guard, &guard, 4 * PAGE_SIZE), 0);
    thread_yield();
    assert_int_not_equal(guard, 0);
    assert_false(readable((const void *)guard));
    thread_join(t);
    assert_true(readable((const void *)guard)); /* ordinary memory again */
}

/* ---- wait queues ---- */

static struct wait_queue wq;

static void wait_and_note(void *arg)
{
    assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
    note(*(const char *)arg);
}

static void test_wake_in_order(void **state)
{
    struct thread *t[4];

    (void)state;
    wait_queue_init(&wq);
    assert_null(wake_one(&wq));
    wake_all(&wq);
    for (unsigned i = 0; i < 4; i++)
        t[i] = start(wait_and_note, &"abcd"[i]);
    thread_yield();
    assert_ptr_equal(wake_one(&wq), t[0]);
    assert_string_equal(trace, ""); /* waking does not run it */
    thread_yield();
    assert_string_equal(trace, "a");
    wake_all(&wq);
    thread_yield();
    assert_string_equal(trace, "abcd");
    for (unsigned i = 0; i < 4; i++)
        thread_join(t[i]);
}

static void test_timeout(void **state)
{
    uint64_t begin = seam_now;

    (void)state;
    wait_queue_init(&wq);
    assert_int_equal(wait_on(&wq, begin + 5000), -ETIMEDOUT);
    assert_int_equal(seam_now, begin + 5000);
    assert_true(list_empty(&wq.waiters));
    assert_int_equal(timer_next(), UINT64_MAX);
    blocked = 0;
    assert_int_equal(wait_on(&wq, begin), -ETIMEDOUT); /* long past */
    assert_int_equal(wait_on(&wq, 0), -ETIMEDOUT);
    assert_int_equal(wait_on(&wq, seam_now), -ETIMEDOUT);
    assert_int_equal(blocked, 0);
    assert_int_equal(seam_now, begin + 5000);
}

static void wake_wq(void)
{
    wake_one(&wq);
}

static void storm_that_wakes(void)
{
    raised = true;
    wake_all(&wq);
}

/* A peer that wakes the waiter all the time cannot keep it beyond its deadline, and what an event
 * brought just then still counts. */
static void test_past_deadline_in_a_storm(void **state)
{
    bool condition = false;

    (void)state;
    wait_queue_init(&wq);
    on_event = storm_that_wakes;
    raised = true;
    assert_false(wait_event(&wq, condition, seam_now - 1));
    assert_true(wait_event(&wq, dispatched >= 2, seam_now - 1));
    assert_int_equal(timer_next(), UINT64_MAX);
    assert_int_equal(blocked, 0);
}

static void raise_event(void)
{
    seam_now += 700;
    raised = true;
}

static void test_woken_before_deadline(void **state)
{
    uint64_t begin = seam_now;

    (void)state;
    wait_queue_init(&wq);
    on_event = wake_wq;
    when_idle = raise_event;
    assert_int_equal(wait_on(&wq, begin + 5000), 0);
    assert_int_equal(seam_now, begin + 700);
    assert_int_equal(timer_next(), UINT64_MAX);
    /* deadline and event at once: woken */
    seam_now = begin;
    assert_int_equal(wait_on(&wq, begin + 700), 0);
    /* the end of an earlier wait is forgotten */
    assert_int_equal(wait_on(&wq, 0), -ETIMEDOUT);
    assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
}

static void wait_a_while(void *arg)
{
    *(int *)arg = wait_on(&wq, seam_now + 1000);
}

static void test_woken_and_then_late(void **state)
{
    int result = 1;
    struct thread *t = start(wait_a_while, &result);

    (void)state;
    wait_queue_init(&wq);
    thread_yield();
    wake_one(&wq);
    seam_now += 5000; /* before it gets to run */
    thread_poll_events();
    thread_join(t);
    assert_int_equal(result, 0);
}

static void sleep_and_note(void *arg)
{
    thread_sleep((uint64_t)(*(const char *)arg - 'a') * 1000);
    note(*(const char *)arg);
}

static void test_sleepers_wake_in_order_of_time(void **state)
{
    struct thread *t[5];
    uint64_t begin = seam_now;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        t[i] = start(sleep_and_note, &"dbeac"[i]);
    for (unsigned i = 0; i < 5; i++)
        thread_join(t[i]);
    assert_string_equal(trace, "abcde");
    assert_int_equal(seam_now, begin + 4000);
}

static unsigned counter;

static void count_event(void)
{
    counter++;
    wake_all(&wq);
}

static void test_wait_event(void **state)
{
    (void)state;
    wait_queue_init(&wq);
    counter = 0;
    on_event = count_event;
    when_idle = raise_event;
    assert_true(wait_event(&wq, counter == 5, DEADLINE_NEVER));
    assert_int_equal(dispatched, 5);
    assert_false(wait_event(&wq, counter == 0, seam_now + 2000));
    assert_true(wait_event(&wq, counter > 0, 0)); /* true already: no wait */
}

/* ---- handlers ---- */

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

/* A thread that never idles, as an event always is there: timers still get their turn. */
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

/* From an event to the thread that waits for it the clock is not read; without timers never. */
static void test_clock_reads(void **state)
{
    (void)state;
    wait_queue_init(&wq);
    on_event = wake_wq;
    when_idle = raise_event;
    seam_clock_reads = 0;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
    assert_int_equal(seam_clock_reads, 0);
    timer_init(&ticker, tick);
    timer_start(&ticker, seam_now + 1000000);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
    assert_int_equal(seam_clock_reads, 10);
    timer_stop(&ticker);
}

static void test_all_wait_for_nothing(void **state)
{
    jmp_buf end;

    (void)state;
    wait_queue_init(&wq);
    thread_set_event_source(NULL);
    thread_join(start(exit_at_once, NULL));
    seam_shutdown_jmp = &end;
    if (setjmp(end) == 0) {
        start(wait_and_note, "w");
        thread_exit(); /* of the first thread, which may not; see below for the other */
    }
    assert_int_equal(seam_shutdown_reason, 3);
    assert_non_null(strstr(seam_console(), "panic: a handler or the first thread must not end"));
    assert_non_null(strstr(seam_console(), "in thread main"));

    seam_exit();
    seam_init(8 << 20);
    wait_queue_init(&wq);
    seam_shutdown_jmp = &end;
    if (setjmp(end) == 0)
        thread_join(start(wait_and_note, "w")); /* both wait: ends on the other's stack */
    assert_int_equal(seam_shutdown_reason, 3);
}

/* ---- no wake-up is lost: random threads and events against a count ---- */

#define QUEUES  3
#define WORKERS 6

static struct wait_queue queue[QUEUES];
static unsigned produced[QUEUES], consumed[QUEUES], timeouts, wanted;
static bool stopping;
static struct random *dice;

static void produce(void)
{
    unsigned q = random_below(dice, QUEUES);

    produced[q]++;
    if (random_below(dice, 2))
        wake_one(&queue[q]);
    else
        wake_all(&queue[q]);
    if (random_below(dice, 4) == 0)
        raised = true;
}

static void idle_peer(void)
{
    seam_now += random_below(dice, 300);
    if (random_below(dice, 3))
        raised = true;
}

static void consume(void *arg)
{
    unsigned q = (unsigned)(uintptr_t)arg % QUEUES;

    while (!stopping) {
        uint64_t deadline = random_below(dice, 2) ? DEADLINE_NEVER : clock_deadline(500);

        if (wait_event(&queue[q], produced[q] > consumed[q] || stopping, deadline)) {
            consumed[q]++;
            stopping = consumed[0] + consumed[1] + consumed[2] >= wanted;
        } else {
            timeouts++;
        }
        if (random_below(dice, 5) == 0)
            thread_yield();
        if (random_below(dice, 9) == 0)
            raised = true;
    }
    for (unsigned i = 0; i < QUEUES; i++)
        wake_all(&queue[i]);
}

static void lost_wakeup_run(struct random *r)
{
    struct thread *t[WORKERS];

    dice = r;
    stopping = false;
    wanted = 2000;
    timeouts = 0;
    on_event = produce;
    when_idle = idle_peer;
    for (unsigned i = 0; i < QUEUES; i++) {
        wait_queue_init(&queue[i]);
        produced[i] = consumed[i] = 0;
    }
    for (unsigned i = 0; i < WORKERS; i++)
        t[i] = start(consume, (void *)(uintptr_t)i);
    for (unsigned i = 0; i < WORKERS; i++)
        thread_join(t[i]); /* hangs (source_block fails) when a wake-up is lost */
    assert_true(timeouts > 0);
    assert_int_equal(timer_next(), UINT64_MAX);
    assert_int_equal(heap_blocks(), 0);
}

static void test_no_lost_wakeup(void **state)
{
    (void)state;
    random_runs("wake-ups", 20, lost_wakeup_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_and_current, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detached_threads_clean_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_without_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stack_guard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wake_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_past_deadline_in_a_storm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_woken_before_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_woken_and_then_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sleepers_wake_in_order_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wait_event, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handlers_run_between_threads_and_cannot_wait, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_create_in_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_event_storm_starves_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_do_not_starve_timers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_wait_for_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_lost_wakeup, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
