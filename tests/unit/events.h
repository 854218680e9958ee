/* SPDX-License-Identifier: MIT */
/* For tests of the scheduler: a source of events that the test controls, and a trace of actions. */
#ifndef RINGLET_TESTS_EVENTS_H
#define RINGLET_TESTS_EVENTS_H

#include "host/seam.h"

#include <kernel/thread.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include <stdarg.h>

#include <cmocka.h>

static bool raised;
static void (*on_event)(void); /* the handler */
static void (*when_idle)(void);
static unsigned dispatched, blocked, yielded;

static inline bool source_pending(void)
{
    return raised;
}

static inline void source_dispatch(void)
{
    raised = false;
    dispatched++;
    if (on_event)
        on_event();
}

static inline void source_block(uint64_t deadline)
{
    blocked++;
    for (unsigned i = 0; when_idle && !raised && (i == 0 || deadline == DEADLINE_NEVER); i++)
        when_idle();
    if (raised)
        return;
    assert_int_not_equal(deadline, DEADLINE_NEVER); /* it would sleep forever */
    if (deadline > seam_now)
        seam_now = deadline;
}

static inline void source_yield(void)
{
    yielded++;
}

static const struct event_source source = {source_pending, source_dispatch, source_block,
                                           source_yield};

/* The trace: a letter for each action. */
static char trace[256];

static inline void note(char c)
{
    size_t n = strlen(trace);

    assert_true(n + 1 < sizeof(trace));
    trace[n] = c;
    trace[n + 1] = '\0';
}

static inline int setup(void **state)
{
    (void)state;
    seam_init(8 << 20);
    thread_set_event_source(&source);
    raised = false;
    on_event = when_idle = NULL;
    dispatched = blocked = yielded = 0;
    trace[0] = '\0';
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static inline struct thread *start(void (*fn)(void *), void *arg)
{
    struct thread *t;

    assert_int_equal(thread_create(&t, "t", fn, arg, 0), 0);
    return t;
}

static inline size_t heap_blocks(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s.blocks;
}

#endif
