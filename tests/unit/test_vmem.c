/* SPDX-License-Identifier: MIT */
/* Memory at consecutive addresses from scattered pages. */
#include "host/seam.h"
#include "unit/random.h"

#include <kernel/heap.h>
#include <kernel/vmem.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static int setup(void **state)
{
    (void)state;
    seam_init(8 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static size_t used(enum mem_class class)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.in_use[class];
}

static size_t heap_blocks(void)
{
    struct heap_stats s;

    heap_get_stats(&s);
    return s.blocks;
}

static bool readable(const void *p)
{
    int fd[2];
    bool ok;

    assert_int_equal(pipe(fd), 0);
    ok = write(fd[1], p, 1) == 1;
    close(fd[0]);
    close(fd[1]);
    return ok;
}

/* No two pages that are free lie side by side: page_alloc cannot help. */
static void test_scattered(void **state)
{
    void *page[2048];
    unsigned n = 0;
    char *m;

    (void)state;
    vmem_free(vmem_alloc(1, MEM_APP));
    for (void *p; n < 2048 && (p = page_alloc(1, MEM_KERNEL)) != NULL;)
        page[n++] = p;
    for (unsigned i = 0; i < n; i++)
        if ((uintptr_t)page[i] >> PAGE_SHIFT & 1)
            page_free(page[i], 1);
    assert_null(page_alloc(2, MEM_APP));
    m = vmem_alloc(100 * PAGE_SIZE - 1, MEM_APP);
    assert_non_null(m);
    assert_int_equal((uintptr_t)m % PAGE_SIZE, 0);
    assert_int_equal(vmem_size(m), 100 * PAGE_SIZE);
    assert_int_equal(vmem_size(m + 1), 0);
    assert_int_equal(used(MEM_APP), 100);
    for (unsigned i = 0; i < 100; i++)
        memset(m + i * PAGE_SIZE, (int)i, PAGE_SIZE);
    for (unsigned i = 0; i < 100; i++) {
        const uint8_t *p = vmem_page(m + i * PAGE_SIZE + 7);

        assert_true(page_map_has(&page_map, p));
        assert_int_equal(p[0], i);
        assert_int_equal(p[PAGE_SIZE - 1], i);
    }
    assert_false(readable(m + 100 * PAGE_SIZE));
    vmem_free(m);
    assert_false(readable(m));
    assert_int_equal(used(MEM_APP), 0);
    assert_null(vmem_page(m));
}

static void test_wrong_calls(void **state)
{
    char *m, *n;

    (void)state;
    assert_ptr_equal(vmem_page(&state), (void *)ROUND_DOWN((uintptr_t)&state, PAGE_SIZE));
    assert_null(vmem_alloc(0, MEM_APP));
    assert_null(vmem_alloc(SIZE_MAX, MEM_APP));
    assert_null(vmem_alloc(1UL << 47, MEM_APP));
    vmem_free(NULL);
    m = vmem_alloc(1, MEM_APP);
    n = vmem_alloc(3 * PAGE_SIZE, MEM_APP);
    assert_ptr_equal(n, m + 2 * PAGE_SIZE); /* a page between them */
    vmem_free(n + PAGE_SIZE);
    assert_non_null(strstr(seam_console(), "is not from vmem_alloc"));
    assert_int_equal(used(MEM_APP), 4);
    vmem_free(m);
    m = vmem_alloc(PAGE_SIZE, MEM_APP); /* into the gap */
    assert_ptr_equal(n, m + 2 * PAGE_SIZE);
    vmem_free(m);
    m = vmem_alloc(2 * PAGE_SIZE, MEM_APP); /* does not fit there */
    assert_ptr_equal(m, n + 4 * PAGE_SIZE);
    vmem_free(m);
    vmem_free(n);
    assert_int_equal(heap_blocks(), 0);
}

static void test_no_memory(void **state)
{
    char *m = vmem_alloc(PAGE_SIZE, MEM_APP);
    struct page_stats before, after;
    unsigned failed = 0;

    (void)state;
    vmem_free(m);
    page_get_stats(&before);
    for (uint64_t n = 1;; n++) {
        mem_fail_nth(n);
        m = vmem_alloc(20 * PAGE_SIZE, MEM_APP);
        if (m)
            break;
        failed++;
        page_get_stats(&after);
        assert_int_equal(after.free, before.free);
        assert_int_equal(heap_blocks(), 0);
    }
    mem_fail_nth(0);
    assert_int_equal(failed, 21);
    vmem_free(m);
    assert_null(vmem_alloc(9 << 20, MEM_APP));
    page_get_stats(&after);
    assert_int_equal(after.free, before.free);
}

/* A peer may still write to it. */
static void test_pinned(void **state)
{
    char *m = vmem_alloc(3 * PAGE_SIZE, MEM_APP);
    void *page = vmem_page(m + PAGE_SIZE);
    struct page_stats s;

    (void)state;
    assert_int_equal(page_pin(page), 0);
    vmem_free(m);
    page_get_stats(&s);
    assert_int_equal(s.quarantined, 1);
    page_unpin(page);
    page_get_stats(&s);
    assert_int_equal(s.quarantined, 0);
}

#define AREAS 24

static void random_run(struct random *r)
{
    uint8_t *area[AREAS] = {0};
    size_t size[AREAS];

    for (unsigned step = 0; step < 400; step++) {
        unsigned i = random_below(r, AREAS);

        if (!area[i]) {
            size[i] = 1 + random_below(r, 30 * PAGE_SIZE);
            area[i] = vmem_alloc(size[i], MEM_APP);
            if (area[i])
                memset(area[i], (int)i + 1, size[i]);
            continue;
        }
        for (size_t at = 0; at < size[i]; at += 509)
            assert_int_equal(area[i][at], i + 1);
        assert_false(readable(area[i] + ROUND_UP(size[i], PAGE_SIZE)));
        vmem_free(area[i]);
        area[i] = NULL;
    }
    for (unsigned i = 0; i < AREAS; i++)
        vmem_free(area[i]);
    assert_int_equal(used(MEM_APP), 0);
    assert_int_equal(heap_blocks(), 0);
}

static void test_random(void **state)
{
    (void)state;
    random_runs("areas", 5, random_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scattered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pinned, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
