/* SPDX-License-Identifier: MIT */
/* The page allocator, case by case (test_page_model.c: at random). */
#include "host/seam.h"
#include "unit/arena.h"

#include <kernel/heap.h>
#include <kernel/page.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>

#include <time.h>

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void test_init_refuses(void **state)
{
    struct mem_region r[2];

    (void)state;
    arena_map(1 << 20, PAGE_SIZE);
    r[0] = (struct mem_region){(uintptr_t)arena, 80 * PAGE_SIZE};
    r[1] = (struct mem_region){(uintptr_t)arena + 80 * PAGE_SIZE - 1, 80 * PAGE_SIZE};
    assert_int_equal(page_init(r, 2), -EINVAL);
    r[1].start++;
    assert_int_equal(page_init(r, 2), 0);
    r[1] = (struct mem_region){UINTPTR_MAX - 4096, 8192};
    assert_int_equal(page_init(r, 2), -EINVAL);
    r[0].bytes = 64 * PAGE_SIZE - 1;
    assert_int_equal(page_init(r, 1), -ENOMEM);
    r[0].bytes = 64 * PAGE_SIZE;
    assert_int_equal(page_init(r, 1), 0);
    r[0].start++; /* rounded inwards: 63 whole pages */
    assert_int_equal(page_init(r, 1), -ENOMEM);
    assert_int_equal(page_init(r, 0), -ENOMEM);
    arena_unmap();
}

static void test_page_zero_is_nobodys(void **state)
{
    /* Only its arithmetic can be tried here: a region at 0 of one page counts for nothing. */
    struct mem_region r[2] = {{0, PAGE_SIZE}, {0, 0}};
    struct page_stats s;

    (void)state;
    arena_map(64 * PAGE_SIZE, PAGE_SIZE);
    r[1] = (struct mem_region){(uintptr_t)arena, 64 * PAGE_SIZE};
    assert_int_equal(page_init(r, 2), 0);
    page_get_stats(&s);
    assert_int_equal(s.total, 64);
    arena_unmap();
}

static void test_any_count_wastes_nothing(void **state)
{
    size_t before = free_pages();

    (void)state;
    for (unsigned count = 1; count < 70; count++) {
        void *p = page_alloc(count, MEM_APP);

        assert_non_null(p);
        assert_int_equal(free_pages(), before - count);
        page_free(p, count);
        assert_int_equal(free_pages(), before);
    }
    assert_string_equal(seam_console(), "");
}

static void test_impossible_counts(void **state)
{
    (void)state;
    assert_null(page_alloc(0, MEM_APP));
    assert_null(page_alloc((1U << PAGE_MAX_ORDER) + 1, MEM_APP));
    assert_null(page_alloc(UINT32_MAX, MEM_APP));
    assert_null(page_alloc(4096, MEM_APP)); /* there are 1024 */
    page_free(NULL, 1);
    assert_string_equal(seam_console(), "");
}

static void test_zeroed(void **state)
{
    unsigned char *p = page_alloc(3, MEM_APP);

    (void)state;
    memset(p, 0xff, 3 * PAGE_SIZE);
    page_free(p, 3);
    p = page_alloc_zeroed(3, MEM_APP);
    for (unsigned i = 0; i < 3 * PAGE_SIZE; i++)
        assert_int_equal(p[i], 0);
    page_free(p, 3);
}

/* The allocator leaves nothing of its own in pages that it splits and joins. */
static void test_what_was_not_written_is_zero(void **state)
{
    static unsigned char *page[1024];
    unsigned n = 0;

    (void)state;
    for (unsigned count = 1; count < 100; count += 7)
        page_free(page_alloc(count, MEM_APP), count);
    while ((page[n] = page_alloc(1, MEM_APP)))
        n++;
    for (unsigned i = 0; i < n; i += 2)
        page_free(page[i], 1);
    for (unsigned i = 1; i < n; i += 2)
        page_free(page[i], 1);
    for (unsigned count = 64; count; count /= 2) {
        unsigned char *p;

        while ((p = page_alloc(count, MEM_APP)))
            for (size_t i = 0; i < count * PAGE_SIZE; i++)
                assert_int_equal(p[i], 0);
    }
}

static void test_wrong_frees_are_reported(void **state)
{
    char *p = page_alloc(2, MEM_APP), *block = heap_alloc(100, MEM_APP);
    char *large = heap_alloc(5000, MEM_APP);
    static char foreign[PAGE_SIZE];
    struct page_stats before, after;

    (void)state;
    page_get_stats(&before);
    page_free(p, 1);
    assert_non_null(strstr(seam_console(), "is no block of 1 pages"));
    seam_console_clear();
    page_free(p + PAGE_SIZE, 1);
    page_free(foreign, 1);
    page_free((void *)ROUND_DOWN((uintptr_t)block, PAGE_SIZE), 1);
    page_free(large, 2);
    page_free((void *)boot_info.ram[0].start, 1); /* the allocator's own */
    page_get_stats(&after);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(heap_size(block), 128);
    page_free(p, 2);
    seam_console_clear();
    page_free(p, 2);
    assert_non_null(strstr(seam_console(), "is no block of 2 pages"));
    seam_console_clear();
    check_sum();
    heap_free(block);
    heap_free(large);
}

static void test_pins_count(void **state)
{
    char *p = page_alloc(1, MEM_APP);

    (void)state;
    for (unsigned i = 0; i < 254; i++)
        assert_int_equal(page_pin(p + i), 0);
    page_free(p, 1);
    for (unsigned i = 0; i < 254; i++) {
        struct page_stats s;

        page_get_stats(&s);
        assert_int_equal(s.quarantined, 1);
        assert_int_equal(s.pinned, 0);
        assert_true(page_is_pinned(p));
        page_unpin(p);
    }
    assert_false(page_is_pinned(p));
    assert_string_equal(seam_console(), "");
    page_unpin(p);
    assert_non_null(strstr(seam_console(), "is not pinned"));
    seam_console_clear();
    check_sum();
}

/* A peer that maps a page more often than pins are counted must not get it shared with others. */
static void test_pins_beyond_the_count(void **state)
{
    char *p = page_alloc(1, MEM_APP);

    (void)state;
    for (unsigned i = 0; i < 300; i++)
        assert_int_equal(page_pin(p), 0);
    page_free(p, 1);
    for (unsigned i = 0; i < 300; i++)
        page_unpin(p);
    assert_true(page_is_pinned(p));
    for (void *other; (other = page_alloc(1, MEM_APP)) != NULL;)
        assert_ptr_not_equal(other, p);
    assert_string_equal(seam_console(), "");
}

static void test_pin_of_what_is_not_managed(void **state)
{
    static char ours;
    void *p = page_alloc(1, MEM_APP);

    (void)state;
    page_free(p, 1);
    assert_int_equal(page_pin(p), -EINVAL);
    assert_int_equal(page_pin(&ours), -EINVAL);
    assert_int_equal(page_pin(NULL), -EINVAL);
    assert_int_equal(page_pin((void *)UINTPTR_MAX), -EINVAL);
    assert_int_equal(page_pin((void *)boot_info.ram[0].start), -EINVAL);
    assert_false(page_is_pinned(&ours));
}

/* A quarantined page in the middle of a freed block stays away while all else is used up. */
static void test_quarantine_under_exhaustion(void **state)
{
    static void *all[1024];
    size_t before = free_pages();
    char *p = page_alloc(8, MEM_BLOCK);
    unsigned n = 0;

    (void)state;
    assert_int_equal(page_pin(p + 3 * PAGE_SIZE), 0);
    page_free(p, 8);
    assert_int_equal(free_pages(), before - 1);
    while ((all[n] = page_alloc(1, MEM_APP)))
        assert_ptr_not_equal(all[n++], p + 3 * PAGE_SIZE);
    assert_int_equal(n, before - 1);
    check_sum();
    page_unpin(p + 3 * PAGE_SIZE);
    assert_ptr_equal(page_alloc(1, MEM_APP), p + 3 * PAGE_SIZE);
    page_free(p + 3 * PAGE_SIZE, 1);
    while (n-- > 0)
        page_free(all[n], 1);
    assert_int_equal(free_pages(), before);
    assert_non_null(p = page_alloc(256, MEM_APP)); /* in one piece again */
    page_free(p, 256);
}

static void test_fail_nth(void **state)
{
    uint64_t before = mem_allocations();
    void *p;

    (void)state;
    mem_fail_nth(2);
    p = page_alloc(1, MEM_APP);
    assert_non_null(p);
    assert_null(heap_alloc(10, MEM_APP));
    page_free(p, 1);
    p = page_alloc(1, MEM_APP);
    assert_non_null(p);
    page_free(p, 1);
    assert_int_equal(mem_allocations() - before, 3);
    mem_fail_nth(1);
    mem_fail_nth(0);
    p = page_alloc(1, MEM_APP);
    assert_non_null(p);
    page_free(p, 1);
}

/* The last page's buddy would lie beyond the memory, in other tables: a pin count there looks
 * like the state of a free page. */
static void test_buddy_beyond_the_end(void **state)
{
    struct mem_region r[2];
    static char *all[128];
    unsigned n = 0;

    (void)state;
    arena_map(1 << 20, 1 << 20);
    r[0] = (struct mem_region){(uintptr_t)arena + 64 * PAGE_SIZE, 65 * PAGE_SIZE};
    r[1] = (struct mem_region){(uintptr_t)arena, 4 * PAGE_SIZE};
    assert_int_equal(page_init(r, 2), 0);
    while ((all[n] = page_alloc(1, MEM_APP)))
        n++;
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(page_pin(arena), 0);
    page_free(arena + 128 * PAGE_SIZE, 1);
    assert_int_equal(free_pages(), 1);
    assert_ptr_equal(page_alloc(1, MEM_APP), arena + 128 * PAGE_SIZE);
    assert_string_equal(seam_console(), "");
    arena_unmap();
}

/* A large PVH guest's memory: below and above the hole under 4 GiB. */
static void test_sixteen_gib(void **state)
{
    const size_t gib = 1UL << 30;
    struct mem_region r[2];
    void *big[4];
    struct page_stats s;

    (void)state;
    arena_map(20 * gib, 4 * gib);
    r[0] = (struct mem_region){(uintptr_t)arena + (1 << 20), 3 * gib};
    r[1] = (struct mem_region){(uintptr_t)arena + 4 * gib, 13 * gib};
    assert_int_equal(page_init(r, 2), 0);
    page_get_stats(&s);
    assert_int_equal(s.total, 16 * gib / PAGE_SIZE);
    assert_int_equal(s.total, s.free + s.in_use[MEM_KERNEL]);
    for (unsigned i = 0; i < 3; i++) {
        big[i] = page_alloc(1U << PAGE_MAX_ORDER, MEM_APP);
        assert_non_null(big[i]);
        assert_true((uintptr_t)big[i] >= r[1].start);
    }
    assert_null(page_alloc(1U << PAGE_MAX_ORDER, MEM_APP));
    big[3] = page_alloc((1U << (PAGE_MAX_ORDER - 2)) - 5, MEM_APP);
    assert_non_null(big[3]);
    page_free(big[3], (1U << (PAGE_MAX_ORDER - 2)) - 5);
    page_free(big[0], 1U << PAGE_MAX_ORDER);
    check_sum();
    big[0] = page_alloc(1U << PAGE_MAX_ORDER, MEM_APP);
    assert_non_null(big[0]);
    arena_unmap();
}

/* A page costs the same whether it is cut from a small block or from one of 1 GiB. */
static void test_cost_does_not_grow_with_the_block(void **state)
{
    const size_t gib = 1UL << 30, span = gib / PAGE_SIZE + 512;
    const size_t books = DIV_ROUND_UP(span * 6, PAGE_SIZE);
    struct mem_region r[2];
    clock_t begin;

    (void)state;
    arena_map(2 * gib, gib);
    /* the bookkeeping fills the first region */
    r[0] = (struct mem_region){(uintptr_t)arena + gib - 512 * PAGE_SIZE, books * PAGE_SIZE};
    r[1] = (struct mem_region){(uintptr_t)arena + gib, gib};
    assert_int_equal(page_init(r, 2), 0);
    assert_int_equal(free_pages(), gib / PAGE_SIZE);
    begin = clock();
    for (unsigned i = 0; i < 20000; i++)
        page_free(page_alloc(1, MEM_APP), 1);
    assert_true(clock() - begin < CLOCKS_PER_SEC);
    arena_unmap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_init_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_zero_is_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_count_wastes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_impossible_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zeroed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_not_written_is_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_frees_are_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pins_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pins_beyond_the_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pin_of_what_is_not_managed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine_under_exhaustion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fail_nth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_buddy_beyond_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sixteen_gib, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cost_does_not_grow_with_the_block, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
