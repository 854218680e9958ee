/* SPDX-License-Identifier: MIT */
/* Wait queues, with and without a deadline: order, time, and that no wake-up is lost. */
#include "unit/events.h"
#include "unit/random.h"
#include <kernel/clock.h>

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

/* A peer that wakes the waiter all the time cannot delay it beyond its deadline, and the effect
 * of an event just then still counts. */
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
    assert_int_equal(wait_on(&wq, seam_now + 700), 0);
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
        cmocka_unit_test_setup_teardown(test_wake_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_past_deadline_in_a_storm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_woken_before_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_woken_and_then_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sleepers_wake_in_order_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wait_event, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_lost_wakeup, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
