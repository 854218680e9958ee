/* SPDX-License-Identifier: MIT */
/* Threads: life and death, names, turns, the guard page. */
#include "unit/events.h"

#include <unistd.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_and_current, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detached_threads_clean_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_join_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_without_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stack_guard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_wait_for_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
