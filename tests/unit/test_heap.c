/* SPDX-License-Identifier: MIT */
/* The heap, case by case (test_heap_model.c: at random). */
#include "host/seam.h"

#include "lib/core/mem_private.h"

#include <kernel/heap.h>
#include <kernel/page.h>
#include <ringlet/string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>

#include <cmocka.h>

#define MEMORY (4UL << 20)
#define GRAINS (MEMORY / 16)
#define PAGES  (MEMORY / PAGE_SIZE)

#include "heap_test.h"

static void test_every_size(void **state)
{
    (void)state;
    for (size_t size = 0; size < 9000; size++) {
        unsigned char *p = heap_alloc(size, MEM_APP);

        assert_non_null(p);
        memset(p, 1, size);
        assert_true(heap_size(p) >= size);
        assert_true(heap_size(p) - size <= (size <= 2048 ? size * 11 / 20 + 32 : PAGE_MASK));
        heap_free(p);
    }
    assert_int_equal(heap_stats().blocks, 0);
}

static void test_exhaustion_and_recovery(void **state)
{
    static void *block[GRAINS];
    unsigned counts[2];

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        unsigned n = 0;

        while ((block[n] = heap_alloc(1000, MEM_APP)))
            n++;
        counts[round] = n;
        assert_null(heap_alloc(100000, MEM_APP));
        assert_int_equal(page_stats().free, 0);
        while (n-- > 0)
            heap_free(block[n]);
    }
    assert_int_equal(counts[0], counts[1]);
    /* 1000 bytes are a quarter of a page: nearly all memory was had */
    assert_true(counts[0] > (PAGES - 40) * 4);
    assert_int_equal(heap_stats().blocks, 0);
}

/* As many small blocks as fit into a page; a freed block of a full page is allocated next. */
static void test_full_pages(void **state)
{
    static const size_t sizes[] = {20, 48, 64, 600, 1360};
    static unsigned char *block[300];

    (void)state;
    for (unsigned s = 0; s < ARRAY_SIZE(sizes); s++) {
        size_t pages = page_stats().in_use[MEM_HEAP];

        for (unsigned i = 0; i < 300; i++) {
            block[i] = heap_alloc(sizes[s], MEM_APP);
            memset(block[i], (int)i, sizes[s]);
        }
        pages = page_stats().in_use[MEM_HEAP] - pages;
        assert_int_equal(pages, DIV_ROUND_UP(300, PAGE_SIZE / heap_size(block[0])));
        heap_free(block[0]);
        for (unsigned i = 1; i < 300; i++)
            assert_int_equal(block[i][sizes[s] - 1], (unsigned char)i);
        assert_ptr_equal(heap_alloc(sizes[s], MEM_APP), block[0]);
        for (unsigned i = 0; i < 300; i++)
            heap_free(block[i]);
    }
    assert_int_equal(heap_stats().blocks, 0);
}

static void test_zalloc(void **state)
{
    unsigned char *p = heap_alloc(640, MEM_APP);

    (void)state;
    memset(p, 0xee, 640);
    heap_free(p);
    p = heap_zalloc(64, 10, MEM_APP);
    for (unsigned i = 0; i < 640; i++)
        assert_int_equal(p[i], 0);
    heap_free(p);
    assert_null(heap_zalloc(SIZE_MAX / 2, 3, MEM_APP));
    assert_null(heap_zalloc(1UL << 32, 1UL << 32, MEM_APP));
    assert_null(heap_alloc(SIZE_MAX, MEM_APP));
    assert_null(heap_alloc(SIZE_MAX - PAGE_SIZE + 2, MEM_APP));
    assert_null(heap_alloc((PAGE_SIZE << PAGE_MAX_ORDER) + 1, MEM_APP));
}

static void test_strndup(void **state)
{
    char *p = heap_strndup("ab\0cd", 4, MEM_APP);

    (void)state;
    assert_memory_equal(p, "ab\0c", 5);
    heap_free(p);
    assert_null(heap_strndup("x", SIZE_MAX, MEM_APP));
    mem_fail_nth(1);
    assert_null(heap_strndup("x", 1, MEM_APP));
    heap_free(NULL);
    assert_int_equal(heap_stats().blocks, 0);
}

/* An emptied page stays where it was, one for each size and class, and counts as free. */
static void test_one_empty_page_is_kept(void **state)
{
    const size_t fits = PAGE_SIZE / 64;
    void *first = heap_alloc(64, MEM_APP), *block[3 * PAGE_SIZE / 64];
    struct page_stats before;

    (void)state;
    heap_free(first);
    before = page_stats(); /* (descriptors are there now, for good) */
    assert_int_equal(before.in_use[MEM_HEAP], 0);
    assert_int_equal(heap_empty_pages(), 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(heap_alloc(64, MEM_APP), first);
        assert_int_equal(heap_empty_pages(), 0);
        assert_int_equal(page_stats().in_use[MEM_HEAP], 1);
        assert_int_equal(page_stats().free, before.free - 1);
        heap_free(first);
        assert_int_equal(page_stats().free, before.free);
    }
    for (unsigned i = 0; i < 3 * fits; i++)
        block[i] = heap_alloc(64, MEM_APP);
    assert_int_equal(page_stats().in_use[MEM_HEAP], 3);
    for (unsigned i = 0; i < 3 * fits; i++) {
        assert_true(heap_empty_pages() <= 1);
        heap_free(block[i]);
    }
    assert_int_equal(heap_empty_pages(), 1);
    heap_free(heap_alloc(64, MEM_BLOCK)); /* another class, another page */
    assert_int_equal(heap_empty_pages(), 2);
    assert_int_equal(page_stats().free, before.free);
    assert_int_equal(page_stats().high_water, before.high_water + 2);
}

/* It is nobody's when another wants it: as a page, as a part of more, or for Xen. */
static void test_kept_pages_are_given_back(void **state)
{
    static void *page[PAGES];
    unsigned n = 0, withdrawn;
    size_t all;

    (void)state;
    for (unsigned c = 0; c < MEM_CLASSES; c++)
        for (size_t size = 32; size <= 2048; size += 16)
            heap_free(heap_alloc(size, (enum mem_class)c));
    assert_int_equal(heap_empty_pages(), MEM_CLASSES * 13);
    all = page_stats().free;
    while ((page[n] = page_alloc(1, MEM_APP)))
        n++;
    assert_int_equal(n, all);
    assert_int_equal(heap_empty_pages(), 0);
    assert_int_equal(page_stats().free, 0);
    while (n > 1)
        page_free(page[--n], 1);
    heap_free(heap_alloc(64, MEM_APP));
    withdrawn = page_withdraw(page + 1, PAGES);
    assert_int_equal(withdrawn, all - 1);
    assert_int_equal(heap_empty_pages(), 0);
    assert_null(heap_alloc(64, MEM_APP));
}

/* One that is pinned, as a peer maps it, is not handed out, and not given back. */
static void test_empty_page_is_pinned(void **state)
{
    char *p = heap_alloc(64, MEM_APP), *q;
    size_t free;

    (void)state;
    heap_free(p);
    free = page_stats().free;
    assert_int_equal(page_pin(p), 0);
    assert_int_equal(heap_empty_pages(), 0);
    assert_int_equal(page_stats().free, free - 1);
    q = heap_alloc(64, MEM_APP);
    assert_int_not_equal((uintptr_t)q & ~PAGE_MASK, (uintptr_t)p & ~PAGE_MASK);
    assert_false(heap_give_back());
    page_unpin(p);
    assert_int_equal(page_stats().free, free - 1); /* q's */
    heap_free(q);
    assert_int_equal(page_stats().free, free);
}

static void expect_report(void)
{
    assert_non_null(strstr(seam_console(), "is no block in use"));
    seam_console_clear();
}

static void test_wrong_frees_are_reported(void **state)
{
    static char foreign[64];
    char *a = heap_alloc(100, MEM_APP), *b = heap_alloc(100, MEM_APP);
    char *large = heap_alloc(10000, MEM_APP), *pages = page_alloc(2, MEM_APP);
    struct heap_stats before, after;

    (void)state;
    heap_free(b);
    before = heap_stats();
    heap_free(b);
    expect_report();
    heap_free(a + 16);
    expect_report();
    heap_free(a + 1);
    expect_report();
    heap_free(large + PAGE_SIZE);
    expect_report();
    heap_free(large + 16);
    expect_report();
    heap_free(foreign);
    expect_report();
    heap_free(pages); /* page_alloc's, so page_free's */
    expect_report();
    assert_int_equal(heap_size(pages), 0);
    assert_int_equal(heap_size(foreign), 0);
    assert_int_equal(heap_size(b), 0);
    assert_int_equal(heap_size(large), 12288);
    after = heap_stats();
    assert_memory_equal(&before, &after, sizeof(before));
    page_free(pages, 2);
    heap_free(large);
    heap_free(large);
    expect_report();
    heap_free(a);
    heap_free(a);
    expect_report();
    assert_int_equal(heap_stats().blocks, 0);
}

/* A freed block of a pinned page counts as free, but no block of that page is allocated. */
static void test_pinned_page_gives_nothing(void **state)
{
    char *a = heap_alloc(128, MEM_BLOCK), *b, *c;

    (void)state;
    assert_int_equal(page_pin(a + 5), 0);
    b = heap_alloc(128, MEM_BLOCK);
    assert_int_not_equal(ROUND_DOWN((uintptr_t)a, PAGE_SIZE), ROUND_DOWN((uintptr_t)b, PAGE_SIZE));
    heap_free(a);
    assert_int_equal(heap_stats().deferred, 1);
    assert_int_equal(heap_stats().blocks, 1);
    heap_free(a);
    expect_report();
    assert_int_equal(page_pin(a), 0);
    page_unpin(a);
    assert_int_equal(heap_stats().deferred, 1);
    page_unpin(a);
    assert_int_equal(heap_stats().deferred, 0);
    assert_false(page_is_pinned(a));
    assert_int_equal(page_stats().in_use[MEM_HEAP], 1);
    c = heap_alloc(128, MEM_APP); /* another class: another page */
    assert_int_not_equal(ROUND_DOWN((uintptr_t)c, PAGE_SIZE), ROUND_DOWN((uintptr_t)b, PAGE_SIZE));
    heap_free(b);
    heap_free(c);
    assert_int_equal(page_stats().in_use[MEM_HEAP], 0);
}

static void test_full_page_pinned_and_freed(void **state)
{
    char *block[32];

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        block[i] = heap_alloc(128, MEM_APP);
    assert_int_equal(page_pin(block[31]), 0);
    for (unsigned i = 0; i < 32; i++)
        heap_free(block[i]);
    assert_int_equal(heap_stats().deferred, 32);
    assert_int_equal(page_stats().in_use[MEM_HEAP], 1);
    page_unpin(block[0]);
    assert_int_equal(page_stats().in_use[MEM_HEAP], 0);
    assert_string_equal(seam_console(), "");
}

static void test_large_block_pinned_and_freed(void **state)
{
    char *p = heap_alloc(3 * PAGE_SIZE, MEM_APP);
    size_t free_before = page_stats().free;

    (void)state;
    assert_int_equal(page_pin(p), 0);
    assert_int_equal(page_pin(p + PAGE_SIZE), 0);
    page_unpin(p);
    heap_free(p);
    assert_int_equal(heap_stats().blocks, 0);
    assert_int_equal(page_stats().free, free_before + 2);
    page_unpin(p + PAGE_SIZE);
    assert_int_equal(page_stats().free, free_before + 3);
    assert_string_equal(seam_console(), "");
}

/* Descriptors are enough for all memory there is. */
static void test_much_memory(void **state)
{
    const size_t bytes = 512UL << 20;
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    struct mem_region r = {(uintptr_t)p, bytes};
    size_t n = 0;

    (void)state;
    assert_ptr_not_equal(p, MAP_FAILED);
    assert_int_equal(page_init(&r, 1), 0);
    while (heap_alloc(2048, MEM_APP))
        n++;
    assert_int_equal(page_stats().free, 0);
    assert_true(n > bytes / 2048 / 100 * 97);
    for (n = 0; n < bytes; n += 1 << 20)
        mem_unpoison(p + n, 1 << 20);
    munmap(p, bytes);
}

#ifdef MEM_ASAN
static void test_sanitizer_sees_the_heap(void **state)
{
    char *p = heap_alloc(100, MEM_APP), *large = heap_alloc(5000, MEM_APP);
    char *other = heap_alloc(100, MEM_APP); /* keeps the page */

    (void)state;
    assert_false(__asan_address_is_poisoned(p + 99));
    assert_true(__asan_address_is_poisoned(p + 100));
    assert_true(__asan_address_is_poisoned(large + 5000));
    assert_int_equal(heap_size(p), 128); /* known to the caller, who may use it */
    assert_false(__asan_address_is_poisoned(p + 127));
    page_pin(p);
    heap_free(p);
    assert_false(__asan_address_is_poisoned(p)); /* a peer may still write there */
    page_unpin(p);
    assert_true(__asan_address_is_poisoned(p));
    assert_false(__asan_address_is_poisoned(other));
    heap_free(other);
    assert_true(__asan_address_is_poisoned(p + 99)); /* the page's first bytes are a free list's */
    heap_free(large);
    assert_true(__asan_address_is_poisoned(large + 100));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exhaustion_and_recovery, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_empty_page_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_pages_are_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_page_is_pinned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zalloc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strndup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_frees_are_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pinned_page_gives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_page_pinned_and_freed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_block_pinned_and_freed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_much_memory, setup, teardown),
#ifdef MEM_ASAN
        cmocka_unit_test_setup_teardown(test_sanitizer_sees_the_heap, setup, teardown),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
