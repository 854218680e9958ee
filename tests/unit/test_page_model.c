/* SPDX-License-Identifier: MIT */
/* The page allocator against a model: random calls on random memory maps. */
#include "host/seam.h"
#include "unit/arena.h"
#include "unit/random.h"

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

/* The number of blocks of each order that can be allocated at once, largest first: a measure of
 * fragmentation. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
