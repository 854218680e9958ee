/* SPDX-License-Identifier: MIT */
/* Shared by tests of the heap: MEMORY bytes for each test, and statistics as values. Include it
 * after cmocka.h and the definition of MEMORY. */
#ifndef RINGLET_TESTS_HEAP_TEST_H
#define RINGLET_TESTS_HEAP_TEST_H

static inline int setup(void **state)
{
    (void)state;
    seam_init(MEMORY);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static inline struct page_stats page_stats(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s;
}

static inline struct heap_stats heap_stats(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s;
}

#endif
