/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the frontend state machine: a driver that records its calls, in one
 * letter each, and the small xenstored. */
#ifndef RINGLET_TESTS_FRONTEND_TEST_H
#define RINGLET_TESTS_FRONTEND_TEST_H

#include "fake_xenstored.h"

#include <kernel/frontend.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#define PATH "device/vbd/51712"

static struct frontend fe;
static char calls[4096];
static unsigned ncalls;
static int lost_reason, connected_ret;
static char reaction[10]; /* the backend's new state when the frontend writes state n; 0 = stays */

static inline void note(char c)
{
    assert_true(ncalls < sizeof(calls) - 1);
    calls[ncalls++] = c;
    calls[ncalls] = '\0';
}

/* ---- the driver ---- */

/* Publishes a key that names its backend. */
static inline int one_key(struct frontend *f, struct frontend_key *keys, unsigned *count)
{
    note('n');
    snprintf(keys[0].name, sizeof(keys->name), "ring-ref");
    snprintf(keys[0].value, sizeof(keys->value), "%u", f->backend_id + 100);
    *count = 1;
    return 0;
}

static inline int connected(struct frontend *f)
{
    (void)f;
    note('c');
    return connected_ret;
}

static inline void lost(struct frontend *f, int reason)
{
    (void)f;
    note('l');
    lost_reason = reason;
}

static inline void disconnected(struct frontend *f)
{
    (void)f;
    note('d');
}

static inline void away(struct frontend *f)
{
    (void)f;
    note('a');
}

static inline void ended(struct frontend *f, bool orderly)
{
    (void)f;
    note(orderly ? 'e' : 'E');
}

/* ---- */

/* A backend that follows each step. */
static inline int frontend_setup(void)
{
    if (fake_setup())
        return -1;
    memset(&fe, 0, sizeof(fe));
    fe.name = "xvda";
    ncalls = 0;
    calls[0] = '\0';
    lost_reason = connected_ret = 0;
    memset(reaction, 0, sizeof(reaction));
    reaction[3] = '4';
    reaction[5] = '5';
    reaction[6] = '6';
    return 0;
}

static inline int teardown(void **state)
{
    struct heap_stats heap;

    (void)state;
    heap_get_stats(&heap);
    seam_exit();
    return heap.in_use[MEM_XENSTORE] != 0 || heap.in_use[MEM_THREAD] != 0;
}

static inline void settle(void)
{
    thread_sleep(NSEC_PER_MSEC);
}

#endif
