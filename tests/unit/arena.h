/* SPDX-License-Identifier: MIT */
/* For tests of the page allocator: an arena at an address of its own, without resident pages,
 * and sums that always hold. */
#ifndef RINGLET_TESTS_ARENA_H
#define RINGLET_TESTS_ARENA_H

#include "lib/core/mem_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

static char *reserved, *arena;
static size_t reserved_size;

/* bytes at a multiple of align */
static inline void arena_map(size_t bytes, size_t align)
{
    reserved_size = bytes + align;
    reserved = mmap(NULL, reserved_size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(reserved, MAP_FAILED);
    arena = (char *)ROUND_UP((uintptr_t)reserved, align);
}

static inline void arena_unmap(void)
{
    mem_unpoison(reserved, reserved_size);
    munmap(reserved, reserved_size);
}

static inline void check_sum(void)
{
    struct page_stats s;
    size_t sum;

    page_get_stats(&s);
    sum = s.free + s.quarantined;
    for (unsigned c = 0; c < MEM_CLASSES; c++)
        sum += s.in_use[c];
    assert_int_equal(sum, s.total);
    assert_true(s.high_water >= s.total - s.free);
    assert_true(s.high_water <= s.total);
}

static inline size_t free_pages(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.free;
}

#endif
