/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <ringlet/clock.h>
#include <ringlet/string.h>

#define MAIN_STACK 200000 /* the Makefile gives it to the linker */
#define STEP       1024

static volatile char filler = 1;

/* Uses at least that many bytes of the stack. */
static __attribute__((noinline)) unsigned use(size_t bytes)
{
    volatile char frame[STEP];

    frame[0] = filler;
    frame[STEP - 1] = filler;
    return bytes > STEP ? use(bytes - STEP) + (unsigned)frame[0] : (unsigned)frame[STEP - 1];
}

static bool handled;

static void handler(struct timer *t)
{
    (void)t;
    handled = use(12 * 1024) && in_handler();
}

static void small(void *arg)
{
    struct timer timer;

    (void)arg;
    timer_init(&timer, handler);
    timer_start(&timer, clock_deadline(100000));
    thread_sleep(1000000);
}

bool stack_check(void)
{
    struct thread *t;
    void *base;
    size_t size;
    bool ok;

    thread_stack(thread_current(), &base, &size);
    ok = check(size == ROUND_UP(MAIN_STACK, PAGE_SIZE) && (char *)&t > (char *)base &&
                   (char *)&t < (char *)base + size,
               "main() has the stack that was asked for");
    ok = check(use(MAIN_STACK - 16 * 1024) > 0, "it can be used") && ok;
    if (thread_create(&t, "small", small, NULL, PAGE_SIZE))
        return check(false, "threads");
    thread_join(t);
    return check(handled, "a handler has more stack than the thread it interrupts") && ok;
}
