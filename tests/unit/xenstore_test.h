/* SPDX-License-Identifier: MIT */
/* Shared by the tests of calls with a deadline: a XenStore, and a check that nothing of its client's
 * or of threads' memory is left. */
#ifndef RINGLET_TESTS_XENSTORE_TEST_H
#define RINGLET_TESTS_XENSTORE_TEST_H

#include "fake_xenstored.h"

#include <kernel/heap.h>
#include <ringlet/clock.h>

#include <setjmp.h>

#include <cmocka.h>

static inline int setup(void **state)
{
    (void)state;
    return fake_setup();
}

static inline int teardown(void **state)
{
    struct heap_stats heap;

    (void)state;
    heap_get_stats(&heap);
    seam_exit();
    return heap.in_use[MEM_XENSTORE] != 0 || heap.in_use[MEM_THREAD] != 0;
}

static inline struct xs_stats stats(void)
{
    struct xs_stats s;

    xs_get_stats(&s);
    return s;
}

#endif
