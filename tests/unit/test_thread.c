/* SPDX-License-Identifier: MIT */
/* Threads: creation and end, names, order, data. */
#include "unit/events.h"

#include <kernel/heap.h>
#include <kernel/thread.h>

static struct page_stats pages(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s;
}

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
    thread_set_name(t, "another-0123456789012345678901234567890");
    assert_string_equal(thread_name(t), "another-01234567890123456789012");
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
    thread_join(start(exit_at_once, NULL)); /* the heap's descriptors exist now */
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

static void join_and_note(void *arg)
{
    note(thread_join(arg) == -EINVAL ? 'i' : 'j');
}

/* Only one may wait for the end of a thread, also between its end and the wait's. */
static void test_join_once(void **state)
{
    struct thread *a = start(note_and_yield, "a"), *j = start(join_other, a), *k;

    (void)state;
    thread_yield();
    assert_int_equal(thread_join(a), -EINVAL);
    assert_int_equal(thread_detach(a), -EINVAL);
    thread_yield();
    thread_yield();
    k = start(join_and_note, a); /* runs after the end of a */
    thread_join(k);
    thread_join(j);
    assert_non_null(strchr(trace, 'i'));
    assert_int_equal(thread_join(thread_current()), -EDEADLK);
    assert_int_equal(heap_blocks(), 0);
}

static void detach_self(void *arg)
{
    (void)arg;
    assert_int_equal(thread_join(thread_current()), -EDEADLK);
    assert_int_equal(thread_detach(thread_current()), 0);
    assert_int_equal(thread_detach(thread_current()), -EINVAL);
    note('d');
}

static void test_detach(void **state)
{
    struct thread *t;

    (void)state;
    assert_int_equal(thread_detach(thread_current()), -EINVAL); /* nobody can wait for main */

    t = start(note_and_yield, "a"); /* before it ends */
    thread_yield();
    assert_int_equal(thread_detach(t), 0);
    assert_int_equal(thread_detach(t), -EINVAL);
    assert_int_equal(thread_join(t), -EINVAL);
    for (unsigned i = 0; i < 5; i++)
        thread_yield();
    assert_string_equal(trace, "aaa");
    assert_int_equal(heap_blocks(), 0);

    t = start(exit_at_once, NULL); /* when it has ended */
    thread_yield();
    assert_int_equal(heap_blocks(), 1);
    assert_int_equal(thread_detach(t), 0);
    assert_int_equal(heap_blocks(), 0);

    start(detach_self, NULL);
    thread_yield();
    thread_yield();
    assert_string_equal(trace, "aaaxd");
    assert_int_equal(heap_blocks(), 0);
    assert_int_equal(pages().in_use[MEM_THREAD], 0);
}

static struct thread *to_detach;
static struct wait_queue main_waits;

static void detach_in_handler(void)
{
    if (to_detach)
        assert_int_equal(thread_detach(to_detach), 0);
    to_detach = NULL;
    wake_all(&main_waits);
}

static void raise_event(void)
{
    raised = true;
}

/* No other thread is ready, so the guest idles on the stack of the thread that has just ended. */
static void test_detach_on_its_stack(void **state)
{
    (void)state;
    wait_queue_init(&main_waits);
    to_detach = start(exit_at_once, NULL);
    on_event = detach_in_handler;
    when_idle = raise_event;
    assert_int_equal(wait_on(&main_waits, DEADLINE_NEVER), 0);
    assert_null(to_detach);
    assert_int_equal(heap_blocks(), 0);
    assert_int_equal(pages().in_use[MEM_THREAD], 0);
}

static void check_data(void *arg)
{
    assert_null(thread_data());
    for (unsigned i = 0; i < 3; i++) {
        thread_set_data(thread_current(), (char *)arg + i);
        thread_yield();
        assert_ptr_equal(thread_data(), (char *)arg + i);
    }
}

static void test_data(void **state)
{
    char a, b;
    struct thread *t = start(check_data, &a), *u = start(check_data, &b);

    (void)state;
    assert_null(thread_data());
    thread_set_data(thread_current(), &trace);
    thread_yield();
    assert_ptr_equal(thread_data(), trace);
    thread_join(t);
    thread_join(u);
    assert_ptr_equal(thread_data(), trace);
    t = start(note_and_yield, "a"); /* of another thread */
    thread_set_data(t, &a);
    thread_yield();
    assert_ptr_equal(thread_data(), trace);
    thread_join(t);
}

static void note_end(void *data)
{
    assert_ptr_equal(thread_data(), data);
    note(*(const char *)data);
}

static void test_end_of_data(void **state)
{
    struct thread *a = start(note_and_yield, "a"), *b = start(note_and_yield, "b");

    (void)state;
    thread_on_end(note_end);
    thread_set_data(a, (void *)"e");
    thread_join(a);
    thread_join(b);
    assert_string_equal(trace, "abababe");
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

/* ---- the end of all ---- */

static struct wait_queue wq;

static void wait_and_note(void *arg)
{
    assert_int_equal(wait_on(&wq, DEADLINE_NEVER), 0);
    note(*(const char *)arg);
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

static struct wait_queue worker_waits;
static bool serve;

static void serve_main(void *arg)
{
    (void)arg;
    while (serve) {
        wait_on(&worker_waits, DEADLINE_NEVER);
        wake_all(&main_waits);
    }
}

static void wake_worker(void)
{
    wake_all(&worker_waits);
}

static void fired(struct timer *t)
{
    (void)t;
    note('t');
}

/* An event wakes a thread, and that another one: the clock is read once. With a third thread that is ready
 * it is read again, and timers that are due run. */
static void test_clock_is_read_once_after_a_sleep(void **state)
{
    struct thread *worker, *third;
    struct timer timer;
    uint64_t before;

    (void)state;
    wait_queue_init(&main_waits);
    wait_queue_init(&worker_waits);
    timer_init(&timer, fired);
    timer_start(&timer, seam_now + NSEC_PER_SEC);
    serve = true;
    worker = start(serve_main, NULL);
    thread_yield();
    on_event = wake_worker;
    when_idle = raise_event;
    before = seam_clock_reads;
    wait_on(&main_waits, DEADLINE_NEVER);
    assert_int_equal(seam_clock_reads, before + 1);
    seam_now += 2 * NSEC_PER_SEC;
    third = start(note_and_yield, "x");
    thread_yield();
    assert_string_equal(trace, "tx");
    serve = false;
    thread_join(third);
    wake_worker();
    thread_join(worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_and_current, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detached_threads_clean_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detach, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detach_on_its_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_of_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_without_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_is_read_once_after_a_sleep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_wait_for_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
