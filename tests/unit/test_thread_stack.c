/* SPDX-License-Identifier: MIT */
/* Stacks: of threads, with their guard page, of handlers, and of the first thread. */
#include "unit/events.h"

#include <kernel/heap.h>
#include <kernel/thread.h>
#include <unistd.h>

static size_t thread_pages(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.in_use[MEM_THREAD];
}

static void check_stack(void *arg)
{
    const char *here = __builtin_frame_address(0);
    void *base;
    size_t size;

    thread_stack(thread_current(), &base, &size);
    assert_int_equal(size, *(const size_t *)arg);
    assert_in_range(here, base, (char *)base + size);
}

static void test_stack_of_a_thread(void **state)
{
    const size_t wanted[] = {5 * PAGE_SIZE, 5 * PAGE_SIZE - 8, 0};
    const size_t is[] = {5 * PAGE_SIZE, 5 * PAGE_SIZE, THREAD_STACK_DEFAULT};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(is); i++) {
        struct thread *t;

        assert_int_equal(thread_create(&t, "s", check_stack, (void *)(uintptr_t)&is[i], wanted[i]),
                         0);
        thread_join(t);
    }
}

/* ---- the guard page ---- */

static bool readable(const void *p)
{
    int fd[2];
    bool ok;

    assert_int_equal(pipe(fd), 0);
    ok = write(fd[1], p, 1) == 1; /* the host's kernel checks it: EFAULT, not a signal */
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

static struct wait_queue main_waits;

static void raise_event(void)
{
    raised = true;
}

/* ---- the stack of handlers ---- */

static const char *handler_frame, *thread_frame;
static char used[64 * 1024];

static void __attribute__((noinline)) use_much(char *space)
{
    char local[sizeof(used) / 2];

    memset(local, 1, sizeof(local));
    memcpy(space, local, sizeof(local));
    handler_frame = __builtin_frame_address(0);
}

static void handler_on_its_stack(void)
{
    use_much(used); /* more than the thread has */
    wake_all(&main_waits);
}

static void small_thread(void *arg)
{
    (void)arg;
    thread_frame = __builtin_frame_address(0);
    assert_int_equal(wait_on(&main_waits, DEADLINE_NEVER), 0);
}

static void timer_on_its_stack(struct timer *t)
{
    (void)t;
    handler_on_its_stack();
}

static void test_handler_stack(void **state)
{
    size_t size;
    char *stack = arch_boot_stack(&size);
    struct timer timer;

    (void)state;
    wait_queue_init(&main_waits);
    on_event = handler_on_its_stack;
    when_idle = raise_event;
    thread_join(start(small_thread, NULL)); /* while it idles */
    assert_in_range(handler_frame, stack, stack + size);
    assert_false(thread_frame >= stack && thread_frame < stack + size);

    handler_frame = NULL; /* before another thread runs */
    on_event = handler_on_its_stack;
    raised = true;
    thread_yield();
    assert_in_range(handler_frame, stack, stack + size);

    handler_frame = NULL; /* a timer */
    on_event = NULL;
    timer_init(&timer, timer_on_its_stack);
    timer_start(&timer, seam_now);
    thread_poll_events();
    assert_in_range(handler_frame, stack, stack + size);
}

static jmp_buf *leave;

static void handler_that_panics(void)
{
    seam_shutdown_jmp = leave;
    thread_exit();
}

/* The test's way out of the domain's end leads over the stacks, whoever runs. */
static void test_end_in_a_handler(void **state)
{
    jmp_buf end;

    (void)state;
    leave = &end;
    on_event = handler_that_panics;
    raised = true;
    if (setjmp(end) == 0)
        thread_poll_events(); /* no thread has run yet */
    assert_int_equal(seam_shutdown_reason, 3);

    seam_exit();
    setup(NULL);
    on_event = handler_that_panics;
    wait_queue_init(&main_waits);
    when_idle = raise_event;
    if (setjmp(end) == 0)
        thread_join(start(small_thread, NULL)); /* on that thread's turn */
    assert_int_equal(seam_shutdown_reason, 3);
}

/* ---- the first thread gets a stack ---- */

static jmp_buf *moved_out;

static void note_a(void *arg)
{
    (void)arg;
    note('a');
}

static void on_main_stack(void)
{
    size_t size = 9 * PAGE_SIZE;

    check_stack(&size);
    note('m');
    thread_join(start(note_a, NULL));
    assert_int_equal(thread_pages(), 10); /* and a guard page */
    host_contexts_jump(moved_out);
}

static void test_move_first(void **state)
{
    jmp_buf out;
    void *base = &base;
    size_t size = 1;

    (void)state;
    thread_stack(thread_current(), &base, &size);
    assert_null(base);
    assert_int_equal(size, 0);
    assert_int_equal(thread_move_first(1UL << 44, on_main_stack), -ENOMEM);
    mem_fail_nth(1);
    assert_int_equal(thread_move_first(9 * PAGE_SIZE, on_main_stack), -ENOMEM);
    mem_fail_nth(0);
    assert_int_equal(thread_pages(), 0);
    moved_out = &out;
    if (setjmp(out) == 0) {
        thread_move_first(8 * PAGE_SIZE + 1, on_main_stack);
        fail();
    }
    assert_string_equal(trace, "ma");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_stack_of_a_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stack_guard, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handler_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_in_a_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(test_move_first, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
