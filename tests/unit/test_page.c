/* SPDX-License-Identifier: MIT */
/* The page allocator: against a model with random calls, and case by case. */
#include "host/seam.h"
#include "unit/random.h"

#include "../../lib/core/mem_private.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

/* ---- an arena at an address with `align` alignment, of which nothing is resident ---- */

static char *reserved, *arena;
static size_t reserved_size;

static void arena_map(size_t bytes, size_t align)
{
    reserved_size = bytes + align;
    reserved = mmap(NULL, reserved_size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(reserved, MAP_FAILED);
    arena = (char *)ROUND_UP((uintptr_t)reserved, align);
}

static void arena_unmap(void)
{
    mem_unpoison(reserved, reserved_size);
    munmap(reserved, reserved_size);
}

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

static void check_sum(void)
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

static size_t free_pages(void)
{
    struct page_stats s;

    page_get_stats(&s);
    return s.free;
}

/* ---- the model ---- */

#define MODEL_PAGES  2048
#define MODEL_BLOCKS 400

struct block {
    char *p; /* NULL: none */
    unsigned count;
    enum mem_class class;
};

static struct {
    struct block block[MODEL_BLOCKS];
    bool is_ram[MODEL_PAGES]; /* of the arena */
    bool is_used[MODEL_PAGES];
    unsigned pins[MODEL_PAGES];
    size_t in_use[MEM_CLASSES];
} model;

static size_t page_number(const void *p)
{
    size_t n = (size_t)((const char *)p - arena) / PAGE_SIZE;

    assert_true((const char *)p >= arena && n < MODEL_PAGES);
    return n;
}

static void model_check(void)
{
    struct page_stats s;
    size_t pinned = 0, quarantined = 0;

    page_get_stats(&s);
    for (unsigned i = 0; i < MODEL_PAGES; i++) {
        pinned += model.pins[i] && model.is_used[i];
        quarantined += model.pins[i] && !model.is_used[i];
    }
    assert_int_equal(s.pinned, pinned);
    assert_int_equal(s.quarantined, quarantined);
    assert_memory_equal(s.in_use, model.in_use, sizeof(s.in_use));
    check_sum();
}

static void model_alloc(struct random *r)
{
    struct block *b = &model.block[random_below(r, MODEL_BLOCKS)];

    if (b->p)
        return;
    b->count = random_below(r, 8) ? 1 + random_below(r, 6) : 1 + random_below(r, 300);
    b->class = (enum mem_class)random_below(r, MEM_CLASSES);
    b->p = page_alloc(b->count, b->class);
    if (!b->p) {
        if (b->count == 1)
            assert_int_equal(free_pages(), 0);
        return;
    }
    assert_int_equal((uintptr_t)b->p & PAGE_MASK, 0);
    for (unsigned i = 0; i < b->count; i++) {
        size_t n = page_number(b->p + i * PAGE_SIZE);

        assert_true(model.is_ram[n]);
        assert_false(model.is_used[n]);
        assert_int_equal(model.pins[n], 0);
        model.is_used[n] = true;
        memcpy(b->p + i * PAGE_SIZE, &b, sizeof(b));
        memcpy(b->p + (i + 1) * PAGE_SIZE - sizeof(b), &b, sizeof(b));
    }
    model.in_use[b->class] += b->count;
}

static void model_free(struct block *b)
{
    if (!b->p)
        return;
    for (unsigned i = 0; i < b->count; i++) {
        assert_memory_equal(b->p + i * PAGE_SIZE, &b, sizeof(b));
        assert_memory_equal(b->p + (i + 1) * PAGE_SIZE - sizeof(b), &b, sizeof(b));
        model.is_used[page_number(b->p + i * PAGE_SIZE)] = false;
    }
    model.in_use[b->class] -= b->count;
    page_free(b->p, b->count);
    b->p = NULL;
}

static void model_pin(struct random *r)
{
    const struct block *b = &model.block[random_below(r, MODEL_BLOCKS)];
    char *va;

    if (!b->p)
        return;
    va = b->p + random_u64(r) % (b->count * PAGE_SIZE);
    assert_int_equal(page_pin(va), 0);
    model.pins[page_number(va)]++;
    assert_true(page_is_pinned(va));
}

static void model_unpin(size_t n)
{
    char *va = arena + n * PAGE_SIZE + 1;

    if (!model.pins[n])
        return;
    page_unpin(va);
    model.pins[n]--;
    assert_int_equal(page_is_pinned(va), model.pins[n] != 0);
}

/* Wrong calls: they change nothing (model_check sees to it). */
static void model_misuse(struct random *r)
{
    const struct block *b = &model.block[random_below(r, MODEL_BLOCKS)];
    size_t n = random_below(r, MODEL_PAGES);

    if (b->p) {
        page_free(b->p, b->count + 1);
        page_free(b->p, b->count - 1);
        page_free(b->p + 1, b->count);
        if (b->count > 1)
            page_free(b->p + PAGE_SIZE, b->count - 1);
    }
    if (!model.is_used[n]) {
        page_free(arena + n * PAGE_SIZE, 1);
        if (!model.pins[n])
            assert_int_equal(page_pin(arena + n * PAGE_SIZE), -EINVAL);
    }
    seam_console_clear();
}

/* How many blocks of each order can be had at once, largest first: a picture of how far the free
 * memory is in one piece. */
static void profile(unsigned found[PAGE_MAX_ORDER + 1])
{
    static void *block[MODEL_PAGES];
    unsigned count[MODEL_PAGES], n = 0;

    for (int order = PAGE_MAX_ORDER; order >= 0; order--) {
        found[order] = 0;
        while ((block[n] = page_alloc(1U << order, MEM_APP))) {
            count[n++] = 1U << order;
            found[order]++;
        }
    }
    assert_int_equal(free_pages(), 0);
    while (n-- > 0)
        page_free(block[n], count[n]);
}

static void model_run(struct random *r)
{
    unsigned before[PAGE_MAX_ORDER + 1], after[PAGE_MAX_ORDER + 1];
    unsigned pages = random_below(r, 4) ? MODEL_PAGES : 64, at = 0, regions = 0;
    struct mem_region region[4];
    struct page_stats s;
    size_t total = 0;

    arena_map(MODEL_PAGES * PAGE_SIZE, 4 * MODEL_PAGES * PAGE_SIZE);
    memset(&model, 0, sizeof(model));
    /* one to four regions with holes, at any byte, the first large enough for the bookkeeping */
    while (regions < 4 && at < pages) {
        unsigned first = at + (pages > 64 ? random_below(r, 100) : 0);
        unsigned end = pages > 64 ? first + 30 + random_below(r, 900) : pages;
        unsigned skew = random_below(r, 2) ? 0 : random_below(r, PAGE_SIZE);

        if (pages > 64 && end >= pages)
            break;
        region[regions].start = (uintptr_t)arena + first * PAGE_SIZE - (skew && first ? skew : 0);
        region[regions].bytes =
            (uintptr_t)arena + end * PAGE_SIZE + (pages > 64 ? skew : 0) - region[regions].start;
        regions++;
        total += end - first;
        for (unsigned i = first; i < end; i++)
            model.is_ram[i] = true;
        at = end + 2;
    }
    if (page_init(region, regions) == -ENOMEM) {
        assert_true(total < 100);
        arena_unmap();
        return;
    }
    page_get_stats(&s);
    assert_int_equal(s.total, total);
    model.in_use[MEM_KERNEL] = s.in_use[MEM_KERNEL];
    assert_int_equal(s.free, total - s.in_use[MEM_KERNEL]);
    model_check();
    profile(before);

    for (unsigned i = 0; i < 6000; i++) {
        unsigned what = random_below(r, 100);
        /* fills up for a while, then empties, and again */
        unsigned bias = i / 500 % 2 ? 30 : 55;

        if (what < bias)
            model_alloc(r);
        else if (what < 85)
            model_free(&model.block[random_below(r, MODEL_BLOCKS)]);
        else if (what < 90)
            model_pin(r);
        else if (what < 98)
            for (unsigned k = 0; k < 60; k++)
                model_unpin(random_below(r, MODEL_PAGES));
        else
            model_misuse(r);
        if (i % 8 == 0)
            model_check();
    }
    for (unsigned i = 0; i < MODEL_BLOCKS; i++)
        model_free(&model.block[i]);
    model_check();
    for (unsigned i = 0; i < MODEL_PAGES; i++)
        while (model.pins[i])
            model_unpin(i);
    model_check();
    profile(after);
    assert_memory_equal(before, after, sizeof(before));
    arena_unmap();
}

static void test_model(void **state)
{
    (void)state;
    random_runs("page model", 24, model_run);
}

/* ---- case by case ---- */

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
    check_sum();
    heap_free(block);
    heap_free(large);
}

static void test_pins_count(void **state)
{
    char *p = page_alloc(1, MEM_APP);

    (void)state;
    for (unsigned i = 0; i < 255; i++)
        assert_int_equal(page_pin(p + i), 0);
    assert_int_equal(page_pin(p), -EOVERFLOW);
    page_free(p, 1);
    for (unsigned i = 0; i < 255; i++) {
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
    check_sum();
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

/* The last page's buddy would lie beyond the memory, where other bookkeeping is: a count of pins
 * that looks like the state of a free page. */
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

/* What a large PVH guest has: memory below and above the hole under 4 GiB. */
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
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_init_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_zero_is_nobodys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_count_wastes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_impossible_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zeroed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_frees_are_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pins_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pin_of_what_is_not_managed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine_under_exhaustion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fail_nth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_buddy_beyond_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sixteen_gib, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cost_does_not_grow_with_the_block, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
