/* SPDX-License-Identifier: MIT */
/* The arena of drivers/net, and netfront_mem_alloc, against a model. */
#include "drivers/net/memory/mem.h"
#include "host/seam.h"
#include "random.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/errno.h>
#include <ringlet/netfront.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BLOCKS 600
#define HOLDS  40

static struct {
    uint8_t *p;
    size_t bytes;
    uint8_t fill;
} block[BLOCKS];

static struct {
    struct arena_page *page; /* NULL: none */
    uint8_t *at;             /* what a frame in flight refers to: it must not change */
    uint8_t value;
} hold[HOLDS];

static int setup(void **state)
{
    (void)state;
    seam_init(8 << 20);
    return evtchn_init() || gnttab_init();
}

static int teardown(void **state)
{
    struct heap_stats heap;
    struct page_stats page;

    (void)state;
    heap_get_stats(&heap);
    page_get_stats(&page);
    assert_int_equal(heap.in_use[MEM_NET], 0);
    assert_int_equal(page.in_use[MEM_NET], 0);
    seam_exit();
    return 0;
}

static void check(unsigned i)
{
    for (size_t k = 0; k < block[i].bytes; k++)
        assert_int_equal(block[i].p[k], block[i].fill);
}

static void allocate(struct random *r, unsigned i)
{
    const size_t bytes = random_below(r, 4) ? 1 + random_below(r, 4096) : 1 + random_below(r, 200);
    uint8_t *p = netfront_mem_alloc(bytes);

    if (!p)
        return;
    assert_true(((uintptr_t)p & PAGE_MASK) + bytes <= PAGE_SIZE);
    assert_true(netfront_mem_size(p) >= bytes);
    assert_true(netfront_mem_size(p) < 2 * bytes || netfront_mem_size(p) == 128);
    block[i].p = p;
    block[i].bytes = bytes;
    block[i].fill = (uint8_t)random_below(r, 256);
    memset(p, block[i].fill, bytes);
}

static void release(unsigned i)
{
    check(i);
    netfront_mem_free(block[i].p);
    block[i].p = NULL;
}

static void begin_frame(struct random *r, unsigned h)
{
    const unsigned i = (unsigned)random_below(r, BLOCKS);

    if (!block[i].p)
        return;
    hold[h].page = net_mem_page(block[i].p);
    assert_non_null(hold[h].page);
    hold[h].at = block[i].p;
    hold[h].value = block[i].fill;
    arena_hold(hold[h].page);
}

static void end_frame(unsigned h)
{
    /* freed or not, nobody has written to it */
    assert_int_equal(*hold[h].at, hold[h].value);
    arena_unhold(&net_mem, hold[h].page);
    hold[h].page = NULL;
}

static void blocks_against_a_model(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 30; seed++) {
        struct random r = {seed};

        net_mem_use();
        for (unsigned n = 0; n < 20000; n++) {
            const unsigned i = (unsigned)random_below(&r, BLOCKS);
            const unsigned h = (unsigned)random_below(&r, HOLDS);

            if (random_below(&r, 8) == 0) {
                if (hold[h].page)
                    end_frame(h);
                else
                    begin_frame(&r, h);
            } else if (block[i].p) {
                release(i);
            } else {
                allocate(&r, i);
            }
        }
        for (unsigned h = 0; h < HOLDS; h++)
            if (hold[h].page)
                end_frame(h);
        for (unsigned i = 0; i < BLOCKS; i++)
            if (block[i].p)
                release(i);
        assert_int_equal(net_mem.blocks, 0);
        net_mem_unuse();
    }
}

static void the_limit(void **state)
{
    uint8_t *p[100];
    unsigned n = 0;

    (void)state;
    net_mem_use();
    assert_int_equal(netfront_mem_limit(0), -EINVAL);
    assert_int_equal(netfront_mem_limit(40), 0);
    while ((p[n] = netfront_mem_alloc(4096)))
        n++;
    assert_int_equal(n, 40);
    assert_null(netfront_mem_alloc(1));
    assert_int_equal(netfront_mem_limit(39), -EINVAL);
    assert_int_equal(netfront_mem_limit(41), 0);
    p[n++] = netfront_mem_alloc(1);
    assert_non_null(p[n - 1]);
    while (n)
        netfront_mem_free(p[--n]);
    assert_int_equal(netfront_mem_limit(256), 0);
    net_mem_unuse();
}

static void what_is_no_block(void **state)
{
    uint8_t *p = netfront_mem_alloc(100), *q = netfront_mem_alloc(100);
    int other;

    (void)state;
    net_mem_use();
    assert_null(netfront_mem_alloc(0));
    assert_null(netfront_mem_alloc(4097));
    netfront_mem_free(NULL);
    netfront_mem_free(&other);
    assert_non_null(strstr(seam_console(), "is not from netfront_mem_alloc"));
    assert_int_equal(netfront_mem_size(&other), 0);
    netfront_mem_free(p);
    netfront_mem_free(p);
    assert_non_null(strstr(seam_console(), "is freed twice"));
    net_mem_unuse(); /* the last block takes all with it */
    assert_int_equal(net_mem.count, 1);
    netfront_mem_free(q);
    assert_int_equal(net_mem.count, 0);
}

/* Without a device nothing is given back, and taken again, with each block. */
static void a_block_at_a_time(void **state)
{
    uint64_t before;

    (void)state;
    netfront_mem_free(netfront_mem_alloc(100));
    before = mem_allocations();
    for (unsigned i = 0; i < 10; i++)
        netfront_mem_free(netfront_mem_alloc(100));
    assert_int_equal(mem_allocations(), before);
    net_mem_use();
    net_mem_unuse();
}

/* A page whose grant could not be ended gets no new block until it could. */
static void a_page_in_quarantine(void **state)
{
    grant_ref_t ref;
    uint8_t *p, *q[40];

    (void)state;
    net_mem_use();
    assert_int_equal(netfront_mem_limit(40), 0);
    for (unsigned full = 0; full < 2; full++) {
        struct arena_page *page;

        p = netfront_mem_alloc(full ? 4096 : 2048);
        page = net_mem_page(p);
        ref = (grant_ref_t)gnttab_grant(0, p, true);
        if (full) { /* the whole page is free, and not the only one */
            netfront_mem_free(netfront_mem_alloc(4096));
            netfront_mem_free(p);
        }
        seam_grants[ref].flags |= GTF_reading;
        assert_int_equal(gnttab_end(ref), -EBUSY);
        arena_quarantine(&net_mem, page, ref);
        if (!full)
            netfront_mem_free(p);
        for (unsigned i = 0; i < 39; i++) {
            q[i] = netfront_mem_alloc(2049);
            assert_non_null(q[i]);
            assert_ptr_not_equal(net_mem_page(q[i]), page);
        }
        assert_null(netfront_mem_alloc(2049));
        seam_grants[ref].flags &= (uint16_t)~GTF_reading;
        thread_sleep(10 * NSEC_PER_SEC);
        q[39] = netfront_mem_alloc(2049);
        assert_ptr_equal(net_mem_page(q[39]), page);
        for (unsigned i = 0; i < 40; i++)
            netfront_mem_free(q[i]);
    }
    assert_int_equal(netfront_mem_limit(256), 0);
    net_mem_unuse();
}

/* The same with a page of which a part is in use, when there is no other. */
static void a_part_in_quarantine(void **state)
{
    struct arena_page *page;
    grant_ref_t ref;
    void *p, *q;

    (void)state;
    net_mem_use();
    assert_int_equal(netfront_mem_limit(1), 0);
    p = netfront_mem_alloc(2048);
    q = netfront_mem_alloc(2048);
    page = net_mem_page(p);
    ref = (grant_ref_t)gnttab_grant(0, page->va, true);
    seam_grants[ref].flags |= GTF_reading;
    assert_int_equal(gnttab_end(ref), -EBUSY);
    arena_quarantine(&net_mem, page, ref);
    netfront_mem_free(p);
    assert_null(netfront_mem_alloc(2048));
    seam_grants[ref].flags &= (uint16_t)~GTF_reading;
    thread_sleep(10 * NSEC_PER_SEC);
    assert_ptr_equal(netfront_mem_alloc(2048), p);
    netfront_mem_free(p);
    netfront_mem_free(q);
    assert_int_equal(netfront_mem_limit(256), 0);
    net_mem_unuse();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(blocks_against_a_model), TEST(the_limit),
        TEST(what_is_no_block),       TEST(a_block_at_a_time),
        TEST(a_page_in_quarantine),   TEST(a_part_in_quarantine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
