/* SPDX-License-Identifier: MIT */
/* Waiting on several queues at once, and interrupting that. */
#include "unit/events.h"
#include "unit/random.h"
#include <kernel/clock.h>

#define QUEUES 3

static struct wait_queue queue[QUEUES];
static struct wait_queue *const all[QUEUES] = {&queue[0], &queue[1], &queue[2]};

static int setup_queues(void **state)
{
    for (unsigned i = 0; i < QUEUES; i++)
        wait_queue_init(&queue[i]);
    return setup(state);
}

struct waiter {
    char name;
    unsigned n; /* queues: the first n */
    uint64_t deadline;
    int result;
};

static void wait_any(void *arg)
{
    struct waiter *w = arg;
    struct wait_entry entries[QUEUES];

    w->result = wait_on_any(all, entries, w->n, w->deadline);
    memset(entries, 0xa5, sizeof(entries)); /* nobody uses them any more */
    note(w->name);
}

static void all_left(void)
{
    for (unsigned i = 0; i < QUEUES; i++)
        assert_true(list_empty(&queue[i].waiters));
    assert_int_equal(timer_next(), UINT64_MAX);
}

static void test_any_queue_wakes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < QUEUES; i++) {
        struct waiter w = {'a', QUEUES, DEADLINE_NEVER, 1};
        struct thread *t = start(wait_any, &w);

        thread_yield();
        assert_int_equal(w.result, 1);
        assert_ptr_equal(wake_one(&queue[i]), t);
        all_left(); /* before it runs */
        assert_null(wake_one(&queue[(i + 1) % QUEUES]));
        thread_join(t);
        assert_int_equal(w.result, 0);
    }
    assert_string_equal(trace, "aaa");
}

static void wait_one(void *arg)
{
    struct waiter *w = arg;

    w->result = wait_on(&queue[1], DEADLINE_NEVER);
    note(w->name);
}

/* Both kinds of waiters of a queue are woken in the order in which they came. */
static void test_order_with_others(void **state)
{
    struct waiter w[4] = {{'a', QUEUES, DEADLINE_NEVER, 1},
                          {'b', 0, 0, 1},
                          {'c', 2, DEADLINE_NEVER, 1},
                          {'d', 0, 0, 1}};
    struct thread *t[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        t[i] = start(i % 2 ? wait_one : wait_any, &w[i]);
    thread_yield();
    assert_ptr_equal(wake_one(&queue[2]), t[0]);
    assert_null(wake_one(&queue[2])); /* c does not wait there */
    assert_ptr_equal(wake_one(&queue[1]), t[1]);
    wake_all(&queue[1]);
    for (unsigned i = 0; i < 4; i++) {
        thread_join(t[i]);
        assert_int_equal(w[i].result, 0);
    }
    assert_string_equal(trace, "abcd");
    all_left();
}

static void test_a_queue_twice(void **state)
{
    struct wait_queue *const twice[] = {&queue[0], &queue[1], &queue[0]};
    struct wait_entry entries[3];

    (void)state;
    assert_int_equal(wait_on_any(twice, entries, 3, seam_now + 10), -ETIMEDOUT);
    all_left();
}

static void test_deadline(void **state)
{
    uint64_t begin = seam_now;
    struct wait_entry entries[QUEUES];

    (void)state;
    assert_int_equal(wait_on_any(all, entries, QUEUES, begin + 5000), -ETIMEDOUT);
    assert_int_equal(seam_now, begin + 5000);
    all_left();
    assert_int_equal(wait_on_any(NULL, NULL, 0, begin + 7000), -ETIMEDOUT);
    assert_int_equal(seam_now, begin + 7000);
    blocked = 0;
    assert_int_equal(wait_on_any(all, entries, QUEUES, begin), -ETIMEDOUT); /* long past */
    assert_int_equal(blocked, 0);
    all_left();
}

static void test_interrupt(void **state)
{
    struct waiter w = {'a', QUEUES, DEADLINE_NEVER, 1}, nothing = {'n', 0, DEADLINE_NEVER, 1},
                  late = {'l', 1, 0, 1}, plain = {'p', 0, 0, 1};
    struct thread *t = start(wait_any, &w);

    (void)state;
    late.deadline = seam_now + 5000;
    assert_false(thread_interrupt(thread_current())); /* it runs */
    assert_false(thread_interrupt(t));                /* it has not begun to wait */
    thread_yield();
    assert_true(thread_interrupt(t));
    assert_false(thread_interrupt(t)); /* it has been */
    all_left();
    assert_null(wake_one(&queue[0]));
    thread_join(t);
    assert_int_equal(w.result, -EINTR);

    t = start(wait_any, &nothing);
    thread_yield();
    assert_true(thread_interrupt(t));
    thread_join(t);
    assert_int_equal(nothing.result, -EINTR);

    t = start(wait_any, &late); /* the deadline of an interrupted wait means nothing */
    thread_yield();
    assert_true(thread_interrupt(t));
    all_left();
    seam_now += 10000;
    thread_join(t);
    assert_int_equal(late.result, -EINTR);

    t = start(wait_any, &w); /* what came first counts */
    thread_yield();
    wake_one(&queue[2]);
    assert_false(thread_interrupt(t));
    thread_join(t);
    assert_int_equal(w.result, 0);

    t = start(wait_one, &plain); /* others cannot be interrupted */
    thread_yield();
    assert_false(thread_interrupt(t));
    wake_one(&queue[1]);
    thread_join(t);
    assert_int_equal(plain.result, 0);
}

static struct thread *victim;

static void interrupt_it(void)
{
    assert_true(thread_interrupt(victim));
}

static void raise_event(void)
{
    raised = true;
}

static void test_interrupt_by_a_handler(void **state)
{
    struct wait_entry entries[QUEUES];

    (void)state;
    victim = thread_current();
    on_event = interrupt_it;
    when_idle = raise_event;
    assert_int_equal(wait_on_any(all, entries, QUEUES, DEADLINE_NEVER), -EINTR);
    all_left();
}

static int in_handler_result;

static void wait_in_handler(void)
{
    struct wait_entry entries[QUEUES];

    in_handler_result = wait_on_any(all, entries, QUEUES, DEADLINE_NEVER);
}

static void test_not_in_a_handler(void **state)
{
    (void)state;
    on_event = wait_in_handler;
    raised = true;
    thread_poll_events();
    assert_int_equal(in_handler_result, -EDEADLK);
    all_left();
}

/* ---- no wake-up is lost and none is used twice: random waits against a count ---- */

#define WORKERS 6

static unsigned tokens[QUEUES], made, taken, interrupts, timeouts;
static bool stopping;
static struct random *dice;
static struct thread *worker[WORKERS];

static void produce(void)
{
    unsigned q = random_below(dice, QUEUES);

    tokens[q]++;
    made++;
    wake_one(&queue[q]);
    if (random_below(dice, 4) == 0 && thread_interrupt(worker[random_below(dice, WORKERS)]))
        interrupts++;
    if (random_below(dice, 4) == 0)
        raised = true;
}

static void idle_peer(void)
{
    seam_now += random_below(dice, 300);
    if (random_below(dice, 3))
        raised = true;
}

static bool take(void)
{
    bool took = false;

    for (unsigned i = 0; i < QUEUES; i++)
        for (; tokens[i]; tokens[i]--, taken++)
            took = true;
    return took;
}

static void consume(void *arg)
{
    struct wait_entry entries[QUEUES];

    (void)arg;
    while (!stopping) {
        unsigned seen = made;
        uint64_t deadline = random_below(dice, 2) ? DEADLINE_NEVER : clock_deadline(500);
        int ret = wait_on_any(all, entries, QUEUES, deadline);

        if (ret == -ETIMEDOUT)
            timeouts++;
        else if (ret == 0 && !stopping)
            assert_int_not_equal(made, seen);
        take();
        stopping = stopping || taken >= 2000;
        if (random_below(dice, 5) == 0)
            thread_yield();
    }
    for (unsigned i = 0; i < QUEUES; i++)
        wake_all(&queue[i]);
}

static void random_run(struct random *r)
{
    dice = r;
    stopping = false;
    made = taken = interrupts = timeouts = 0;
    on_event = produce;
    when_idle = idle_peer;
    for (unsigned i = 0; i < QUEUES; i++) {
        wait_queue_init(&queue[i]);
        tokens[i] = 0;
    }
    for (unsigned i = 0; i < WORKERS; i++)
        worker[i] = start(consume, NULL);
    on_event = produce;
    while (!stopping)
        thread_sleep(10000);
    on_event = NULL; /* which interrupts workers, and these may be gone soon */
    for (unsigned i = 0; i < WORKERS; i++)
        thread_join(worker[i]);
    assert_true(interrupts > 0);
    assert_true(timeouts > 0);
    all_left();
    assert_int_equal(heap_blocks(), 0);
}

static void test_random(void **state)
{
    (void)state;
    random_runs("waits on several queues", 20, random_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_queue_wakes, setup_queues, teardown),
        cmocka_unit_test_setup_teardown(test_order_with_others, setup_queues, teardown),
        cmocka_unit_test_setup_teardown(test_a_queue_twice, setup_queues, teardown),
        cmocka_unit_test_setup_teardown(test_deadline, setup_queues, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt, setup_queues, teardown),
        cmocka_unit_test_setup_teardown(test_interrupt_by_a_handler, setup_queues, teardown),
        cmocka_unit_test_setup_teardown(test_not_in_a_handler, setup_queues, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup_queues, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
