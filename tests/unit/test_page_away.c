/* SPDX-License-Identifier: MIT */
/* Pages that leave the allocator and return (kernel/page.h). */
#include "host/seam.h"
#include "unit/arena.h"

#include <kernel/page.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>

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

static size_t away_pages(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.away;
}

static void test_withdrawn_pages_are_nobodys(void **state)
{
    size_t before = free_pages();
    void *pages[300];
    char *p;

    (void)state;
    assert_int_equal(away_pages(), 0);
    assert_int_equal(page_withdraw(pages, 300), 300);
    assert_int_equal(away_pages(), 300);
    assert_int_equal(free_pages(), before - 300);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(page_pin(pages[i]), -EINVAL);
        memset(pages[i], 0, PAGE_SIZE); /* the balloon may still write to it */
        for (unsigned k = 0; k < i; k++)
            assert_ptr_not_equal(pages[i], pages[k]);
    }
    page_free(pages[0], 1);
    assert_non_null(strstr(seam_console(), "is no block"));
    seam_console_clear();
    for (size_t n = 0; n < before - 300; n++) {
        p = page_alloc(1, MEM_APP);
        assert_non_null(p);
        for (unsigned k = 0; k < 300; k++)
            assert_ptr_not_equal(p, pages[k]);
    }
    assert_null(page_alloc(1, MEM_APP));
    assert_int_equal(page_withdraw(pages, 1), 0);
    page_return(pages[7]);
    assert_ptr_equal(page_alloc(1, MEM_APP), pages[7]);
    assert_int_equal(away_pages(), 299);
    assert_string_equal(seam_console(), "");
}

/* Large blocks stay as long as there are small ones, and are whole again afterwards. */
static void test_withdrawing_leaves_large_blocks(void **state)
{
    void *hole[64], *between[64], *pages[256], *away[256], *p;
    size_t before = free_pages();

    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        hole[i] = page_alloc(1, MEM_APP);
        between[i] = page_alloc(1, MEM_APP);
    }
    for (unsigned i = 0; i < 64; i++)
        page_free(hole[i], 1);
    assert_int_equal(page_withdraw(pages, 64), 64);
    p = page_alloc(512, MEM_APP);
    assert_non_null(p);
    page_free(p, 512);
    assert_int_equal(page_withdraw(pages + 64, 192), 192);
    assert_int_equal(page_away(away, 256), 256);
    for (unsigned i = 1; i < 256; i++)
        assert_true(away[i] > away[i - 1]);
    assert_int_equal(page_away(away, 100), 100);
    for (unsigned i = 0; i < 100; i++)
        page_return(away[i]);
    assert_int_equal(page_away(away, 256), 156);
    for (unsigned i = 0; i < 156; i++)
        page_return(away[i]);
    assert_int_equal(page_away(away, 256), 0);
    for (unsigned i = 0; i < 64; i++)
        page_free(between[i], 1);
    assert_int_equal(free_pages(), before);
    assert_int_equal(away_pages(), 0);
    p = page_alloc(512, MEM_APP);
    assert_non_null(p);
    page_free(p, 512);
    check_sum();
}

static void test_return_of_what_is_not_away(void **state)
{
    static char ours;
    void *p = page_alloc(1, MEM_APP);
    struct page_stats before, after;

    (void)state;
    page_get_stats(&before);
    page_return(p);
    page_return(&ours);
    page_return(NULL);
    page_free(p, 1);
    page_return(p);
    page_alloc(1, MEM_APP);
    page_get_stats(&after);
    assert_memory_equal(&before, &after, sizeof(before));
}

/* Memory that is not populated is never touched, with its border in any region. */
static void test_init_partly(void **state)
{
    struct mem_region r[3];
    struct page_stats s;
    void *away[512];

    (void)state;
    arena_map(2 << 20, PAGE_SIZE);
    r[0] = (struct mem_region){(uintptr_t)arena, 100 * PAGE_SIZE};
    r[1] = (struct mem_region){(uintptr_t)arena + 110 * PAGE_SIZE, 100 * PAGE_SIZE};
    r[2] = (struct mem_region){(uintptr_t)arena + 220 * PAGE_SIZE, 100 * PAGE_SIZE};
    assert_int_equal(page_init_partly(r, 3, (uintptr_t)arena + 63 * PAGE_SIZE), -ENOMEM);
    for (unsigned edge = 64; edge <= 320; edge++) {
        unsigned there = MIN(edge, 100U);

        there += MIN(edge, 210U) > 110 ? MIN(edge, 210U) - 110 : 0;
        there += edge > 220 ? edge - 220 : 0;
        assert_int_equal(mprotect(arena, 320 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
        assert_int_equal(
            mprotect(arena + edge * PAGE_SIZE, 320 * PAGE_SIZE - edge * PAGE_SIZE, PROT_NONE), 0);
        assert_int_equal(page_init_partly(r, 3, (uintptr_t)arena + edge * PAGE_SIZE), 0);
        page_get_stats(&s);
        assert_int_equal(s.total, there);
        assert_int_equal(s.away, 300 - there);
        check_sum();
        assert_int_equal(page_away(away, 512), 300 - there);
        if (s.away)
            assert_ptr_equal(away[s.away - 1], arena + 319 * PAGE_SIZE);
        while (page_alloc(1, MEM_APP))
            ;
        assert_int_equal(free_pages(), 0);
    }
    assert_int_equal(page_init_partly(r, 3, UINTPTR_MAX), 0);
    assert_int_equal(away_pages(), 0);
    arena_unmap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_withdrawn_pages_are_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_withdrawing_leaves_large_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_return_of_what_is_not_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_init_partly, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
