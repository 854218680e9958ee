/* SPDX-License-Identifier: MIT */
/* Mutex and semaphore: exclusion, order, deadlines, fairness. */
#include "host/seam.h"

#include <kernel/thread.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct mutex mutex;
static struct semaphore semaphore;
static char trace[64];
static bool raised;
static void (*on_event)(void);

static bool source_pending(void)
{
    return raised;
}

static void source_dispatch(void)
{
    raised = false;
    on_event();
}

static void source_block(uint64_t deadline)
{
    assert_int_not_equal(deadline, DEADLINE_NEVER);
    seam_now = MAX(seam_now, deadline);
}

static const struct event_source source = {
    .pending = source_pending, .dispatch = source_dispatch, .block = source_block};

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
    seam_init(4 << 20);
    thread_set_event_source(&source);
    raised = false;
    trace[0] = '\0';
    mutex_init(&mutex);
    semaphore_init(&semaphore, 0);
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

static unsigned inside;

static void critical(void *arg)
{
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mutex_lock(&mutex), 0);
        assert_int_equal(inside++, 0);
        note(*(const char *)arg);
        thread_yield();
        assert_int_equal(--inside, 0);
        assert_int_equal(mutex_unlock(&mutex), 0);
        /* and at once again: the other threads get their turn nevertheless */
    }
}

static void test_mutex_excludes_and_is_fair(void **state)
{
    struct thread *t[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        t[i] = start(critical, &"abc"[i]);
    for (unsigned i = 0; i < 3; i++)
        thread_join(t[i]);
    assert_string_equal(trace, "abcabcabc");
    assert_null(mutex.owner);
}

static void lock_others(void *arg)
{
    (void)arg;
    assert_int_equal(mutex_unlock(&mutex), -EPERM);
    assert_false(mutex_trylock(&mutex));
    note('x');
}

static void test_mutex_errors(void **state)
{
    static struct mutex ready = MUTEX_INIT(ready);

    (void)state;
    assert_int_equal(mutex_unlock(&mutex), -EPERM);
    assert_int_equal(mutex_lock(&mutex), 0);
    assert_int_equal(mutex_lock(&mutex), -EDEADLK);
    assert_false(mutex_trylock(&mutex));
    thread_join(start(lock_others, NULL));
    assert_string_equal(trace, "x");
    assert_int_equal(mutex_unlock(&mutex), 0);
    assert_true(mutex_trylock(&mutex));
    assert_int_equal(mutex_unlock(&mutex), 0);
    assert_int_equal(mutex_lock(&ready), 0);
    assert_int_equal(mutex_unlock(&ready), 0);
}

static void lock_once(void *arg)
{
    assert_int_equal(mutex_lock(&mutex), 0);
    note(*(const char *)arg);
    assert_int_equal(mutex_unlock(&mutex), 0);
}

/* Between unlock and the waiter's turn the mutex is the waiter's already. */
static void test_mutex_is_handed_over(void **state)
{
    struct thread *t;

    (void)state;
    assert_int_equal(mutex_lock(&mutex), 0);
    t = start(lock_once, "w");
    thread_yield();
    assert_int_equal(mutex_unlock(&mutex), 0);
    assert_ptr_equal(mutex.owner, t);
    assert_false(mutex_trylock(&mutex));
    assert_int_equal(mutex_unlock(&mutex), -EPERM);
    thread_join(t);
    assert_string_equal(trace, "w");
    assert_true(mutex_trylock(&mutex));
}

static void down(void *arg)
{
    assert_int_equal(semaphore_down(&semaphore, DEADLINE_NEVER), 0);
    note(*(const char *)arg);
}

static void test_semaphore_counts_in_order(void **state)
{
    struct thread *t[3];

    (void)state;
    semaphore_init(&semaphore, 1);
    for (unsigned i = 0; i < 3; i++)
        t[i] = start(down, &"abc"[i]);
    thread_yield();
    assert_string_equal(trace, "a");
    semaphore_up(&semaphore);
    semaphore_up(&semaphore);
    /* both are taken: the next thread waits */
    assert_int_equal(semaphore_down(&semaphore, seam_now), -ETIMEDOUT);
    for (unsigned i = 0; i < 3; i++)
        thread_join(t[i]);
    assert_string_equal(trace, "abc");
    semaphore_up(&semaphore);
    semaphore_up(&semaphore);
    assert_int_equal(semaphore_down(&semaphore, 0), 0);
    assert_int_equal(semaphore_down(&semaphore, 0), 0);
    assert_int_equal(semaphore.count, 0);
}

static void up(void)
{
    semaphore_up(&semaphore);
}

static void test_semaphore_deadline(void **state)
{
    uint64_t begin = seam_now;

    (void)state;
    on_event = up;
    assert_int_equal(semaphore_down(&semaphore, begin + 300), -ETIMEDOUT);
    assert_int_equal(seam_now, begin + 300);
    raised = true; /* up by a handler */
    assert_int_equal(semaphore_down(&semaphore, begin + 400), 0);
    raised = true; /* in the same pass as the end of the wait: not lost */
    assert_int_equal(semaphore_down(&semaphore, begin), 0);
    assert_int_equal(semaphore.count, 0);
    assert_int_equal(seam_now, begin + 300);
}

static int handler_result;

static void down_in_handler(void)
{
    handler_result = semaphore_down(&semaphore, DEADLINE_NEVER);
}

static void test_semaphore_in_handler(void **state)
{
    (void)state;
    on_event = down_in_handler;
    raised = true;
    thread_poll_events();
    assert_int_equal(handler_result, -EDEADLK);
    assert_int_equal(semaphore.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mutex_excludes_and_is_fair, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mutex_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mutex_is_handed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_semaphore_counts_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_semaphore_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_semaphore_in_handler, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
