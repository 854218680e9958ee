/* SPDX-License-Identifier: MIT */
/* The heap against a model: random calls, with pages pinned and unpinned under the blocks. */
#include "host/seam.h"
#include "unit/random.h"

#include <ringlet/heap.h>
#include <ringlet/string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MEMORY (4UL << 20)
#define GRAINS (MEMORY / 16)
#define PAGES  (MEMORY / PAGE_SIZE)
#define BLOCKS 1500

#include "heap_test.h"

struct block {
    unsigned char *p; /* NULL: none */
    size_t size;
    enum mem_class class;
    unsigned char fill;
};

static struct {
    struct block block[BLOCKS];
    uint16_t owner[GRAINS]; /* block number + 1 of each 16 bytes; KEPT: freed while pinned */
    unsigned pins[PAGES];
    int class[PAGES]; /* of the blocks in it + 1 */
    unsigned in_page[PAGES];
    size_t in_use[MEM_CLASSES], blocks;
} model;

#define KEPT UINT16_MAX

static size_t offset_of(const void *p)
{
    return (uintptr_t)p - boot_info.ram[0].start;
}

static void model_alloc(struct random *r)
{
    unsigned n = random_below(r, BLOCKS);
    struct block *b = &model.block[n];
    size_t at, real;

    if (b->p)
        return;
    b->size = random_below(r, 10) ? random_below(r, 300) : random_below(r, 12000);
    b->class = (enum mem_class)random_below(r, MEM_CLASSES);
    b->p = heap_alloc(b->size, b->class);
    if (!b->p)
        return;
    real = heap_size(b->p);
    assert_true(real >= b->size && real <= MAX(b->size * 3 / 2 + 32, ROUND_UP(b->size, PAGE_SIZE)));
    assert_int_equal((uintptr_t)b->p % 16, 0);
    if (b->size > 2048)
        assert_int_equal((uintptr_t)b->p & PAGE_MASK, 0);
    at = offset_of(b->p);
    for (size_t g = at / 16; g < (at + real) / 16; g++) {
        assert_int_equal(model.owner[g], 0);
        model.owner[g] = (uint16_t)(n + 1);
    }
    for (size_t page = at / PAGE_SIZE; page <= (at + real - 1) / PAGE_SIZE; page++) {
        assert_int_equal(model.pins[page], 0);
        assert_true(model.class[page] == 0 || model.class[page] == (int)b->class + 1);
        model.class[page] = (int)b->class + 1;
        model.in_page[page]++;
    }
    b->fill = (unsigned char)random_u64(r);
    memset(b->p, b->fill, real);
    model.in_use[b->class] += real;
    model.blocks++;
}

static void model_free(struct block *b)
{
    size_t at, real;

    if (!b->p)
        return;
    at = offset_of(b->p);
    real = heap_size(b->p);
    for (size_t i = 0; i < real; i++)
        assert_int_equal(b->p[i], b->fill);
    for (size_t g = at / 16; g < (at + real) / 16; g++)
        model.owner[g] = model.pins[g * 16 / PAGE_SIZE] ? KEPT : 0;
    for (size_t page = at / PAGE_SIZE; page <= (at + real - 1) / PAGE_SIZE; page++)
        if (!--model.in_page[page] && !model.pins[page])
            model.class[page] = 0;
    heap_free(b->p);
    model.in_use[b->class] -= real;
    model.blocks--;
    b->p = NULL;
}

static void model_pin(struct random *r)
{
    const struct block *b = &model.block[random_below(r, BLOCKS)];
    size_t i;

    if (!b->p)
        return;
    i = random_u64(r) % heap_size(b->p);
    assert_int_equal(page_pin(b->p + i), 0);
    model.pins[offset_of(b->p + i) / PAGE_SIZE]++;
}

static void model_unpin(size_t page)
{
    if (!model.pins[page])
        return;
    page_unpin((char *)boot_info.ram[0].start + page * PAGE_SIZE);
    if (--model.pins[page])
        return;
    for (size_t g = page * PAGE_SIZE / 16; g < (page + 1) * PAGE_SIZE / 16; g++)
        if (model.owner[g] == KEPT)
            model.owner[g] = 0;
    if (!model.in_page[page])
        model.class[page] = 0;
}

static void model_check(void)
{
    struct heap_stats h = heap_stats();
    struct page_stats p = page_stats();
    size_t sum = p.free + p.quarantined;

    assert_memory_equal(h.in_use, model.in_use, sizeof(h.in_use));
    assert_int_equal(h.blocks, model.blocks);
    for (unsigned c = 0; c < MEM_CLASSES; c++) {
        assert_true(h.high_water[c] >= h.in_use[c]);
        sum += p.in_use[c];
    }
    assert_int_equal(sum, p.total);
}

static void model_run(struct random *r)
{
    struct page_stats before, after;

    seam_exit();
    seam_init(MEMORY);
    memset(&model, 0, sizeof(model));
    before = page_stats();
    for (unsigned i = 0; i < 30000; i++) {
        unsigned what = random_below(r, 100);
        unsigned bias = i / 4000 % 2 ? 35 : 55;

        if (what < bias)
            model_alloc(r);
        else if (what < 92)
            model_free(&model.block[random_below(r, BLOCKS)]);
        else if (what < 96)
            model_pin(r);
        else
            for (unsigned k = 0; k < 30; k++)
                model_unpin(random_below(r, PAGES));
        if (i % 64 == 0)
            model_check();
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        model_free(&model.block[i]);
    model_check();
    for (unsigned i = 0; i < PAGES; i++)
        while (model.pins[i])
            model_unpin(i);
    model_check();
    assert_int_equal(heap_stats().deferred, 0);
    /* all but the descriptors has gone back */
    after = page_stats();
    assert_int_equal(after.in_use[MEM_HEAP], 0);
    assert_int_equal(after.quarantined + after.pinned, 0);
    assert_int_equal(before.free - after.free,
                     after.in_use[MEM_KERNEL] - before.in_use[MEM_KERNEL]);
    assert_true(before.free - after.free < 20);
    assert_string_equal(seam_console(), "");
}

static void test_model(void **state)
{
    (void)state;
    random_runs("heap model", 10, model_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
