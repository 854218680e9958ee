/* SPDX-License-Identifier: MIT */
/* The ring (drivers/block/path/ring.c): slots, indexes that wrap, notifications, and a peer that
 * lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/block/device.h"
#include "random.h"

#include <host/seam.h>
#include <kernel/heap.h>
#include <ringlet/string.h>

static struct ring q;
static void *ring;
static unsigned ring_pages;
static struct ring_request parts[512];

static void open_ring(unsigned pages, uint32_t start)
{
    ring_pages = pages;
    ring = page_alloc_zeroed(pages, MEM_BLOCK);
    assert_non_null(ring);
    assert_int_equal(ring_init(&q, ring, pages, 0), 0);
    q.prod = q.pushed = q.cons = start;
    q.ring->req_prod = q.ring->rsp_prod = start;
    q.ring->req_event = q.ring->rsp_event = start + 1;
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
    ring_destroy(&q);
    page_free(ring, ring_pages);
    ring = NULL;
    seam_exit();
    return 0;
}

static void put(unsigned i, uint8_t op)
{
    union wire_entry e = {.request = {.operation = op, .sector = i}};

    ring_put(&q, &e, sizeof(e.request), &parts[i], op, op);
}

/* The peer: answers the request at ring index i. */
static void answer(uint32_t at, uint64_t id, uint8_t op, int16_t status)
{
    q.ring->entry[at & q.mask].response =
        (struct wire_response){.id = id, .operation = op, .status = status};
}

static uint64_t id_at(uint32_t at)
{
    return q.ring->entry[at & q.mask].request.id;
}

static void sizes(void **state)
{
    (void)state;
    for (unsigned pages = 1; pages <= 16; pages *= 2) {
        open_ring(pages, 0);
        assert_int_equal(q.slots, 32 * pages);
        assert_int_equal(q.free, q.slots);
        assert_int_equal(q.ring->rsp_event, 1);
        ring_destroy(&q);
        page_free(ring, pages);
    }
    ring = NULL;
}

static void nothing_is_visible_before_push(void **state)
{
    (void)state;
    open_ring(1, 0);
    put(0, BLKIF_OP_READ);
    put(1, BLKIF_OP_READ);
    assert_int_equal(q.ring->req_prod, 0);
    assert_true(ring_push(&q));
    assert_int_equal(q.ring->req_prod, 2);
    assert_false(ring_push(&q)); /* nothing new */
}

static void notify_decision(void **state)
{
    static const uint32_t starts[] = {0, 5, UINT32_MAX - 2, UINT32_MAX, 0x7fffffff};

    (void)state;
    for (unsigned s = 0; s < ARRAY_SIZE(starts); s++) {
        for (uint32_t count = 1; count <= 5; count++) {
            for (int event = -3; event <= 8; event++) {
                open_ring(1, starts[s]);
                for (uint32_t i = 0; i < count; i++)
                    put(i, BLKIF_OP_READ);
                q.ring->req_event = starts[s] + (uint32_t)event;
                /* the backend's next req_event is among the pushed requests: old < event <= new */
                assert_int_equal(ring_push(&q), event > 0 && event <= (int)count);
                ring_destroy(&q);
                page_free(ring, 1);
            }
        }
    }
    ring = NULL;
}

static void notify_decision_ignores_shared_req_prod(void **state)
{
    (void)state;
    open_ring(1, 0);
    put(0, BLKIF_OP_READ);
    ring_push(&q);
    q.ring->req_prod = 0x1000; /* the peer scribbles over our index */
    q.ring->req_event = 2;
    put(1, BLKIF_OP_READ);
    assert_true(ring_push(&q));
    assert_int_equal(q.ring->req_prod, 2);
}

static void take_all(unsigned count)
{
    struct ring_response r;

    assert_int_equal(ring_pending(&q), (int)count);
    while (count--)
        assert_null(ring_take(&q, &r));
}

static void wraps_at_32_bits(void **state)
{
    struct ring_response r;

    (void)state;
    open_ring(1, UINT32_MAX - 40);
    for (unsigned round = 0; round < 8; round++) {
        uint32_t at = q.prod;

        for (unsigned i = 0; i < 13; i++)
            put(i, BLKIF_OP_WRITE);
        ring_push(&q);
        for (unsigned i = 0; i < 13; i++)
            answer(at + i, id_at(at + i), BLKIF_OP_WRITE, BLKIF_RSP_OKAY);
        q.ring->rsp_prod = at + 13;
        assert_int_equal(ring_pending(&q), 13);
        for (unsigned i = 0; i < 13; i++) {
            assert_null(ring_take(&q, &r));
            assert_ptr_equal(r.request, &parts[i]);
        }
        ring_rearm(&q);
        assert_int_equal(q.ring->rsp_event, at + 14);
        assert_int_equal(ring_pending(&q), 0);
        assert_int_equal(q.free, 32);
    }
    assert_true(q.cons < 100); /* it did wrap */
}

static void full_ring(void **state)
{
    (void)state;
    open_ring(2, UINT32_MAX - 10);
    for (unsigned i = 0; i < 64; i++) {
        assert_false(ring_full(&q));
        put(i, BLKIF_OP_READ);
    }
    assert_true(ring_full(&q));
    assert_int_equal(ring_in_use(&q), 64);
    ring_push(&q);
    for (unsigned i = 0; i < 64; i++)
        answer(q.cons + i, id_at(q.cons + i), BLKIF_OP_READ, BLKIF_RSP_OKAY);
    q.ring->rsp_prod = q.pushed;
    take_all(64);
    assert_int_equal(ring_in_use(&q), 0);
}

/* Only pushed requests may be answered; and rsp_prod never moves back. */
static void rsp_prod_is_bounded(void **state)
{
    static const uint32_t lies[] = {4, 5, 33, 0x80000000, UINT32_MAX, 0xfffffff0};

    (void)state;
    open_ring(1, 0);
    for (unsigned i = 0; i < 4; i++)
        put(i, BLKIF_OP_READ);
    ring_push(&q);
    put(4, BLKIF_OP_READ); /* prepared, not pushed */
    answer(0, id_at(0), BLKIF_OP_READ, 0);
    q.ring->rsp_prod = 1;
    take_all(1);
    for (unsigned i = 0; i < ARRAY_SIZE(lies); i++) {
        q.ring->rsp_prod = lies[i];
        assert_int_equal(ring_pending(&q), lies[i] == 4 ? 3 : -EPROTO);
    }
    q.ring->rsp_prod = 0; /* backwards */
    assert_int_equal(ring_pending(&q), -EPROTO);
}

static void lies_in_responses(void **state)
{
    static const int16_t statuses[] = {1, -3, 32767, -32768, 2, -100};
    struct ring_response r;
    uint64_t id;

    (void)state;
    open_ring(1, 0);
    put(0, BLKIF_OP_READ);
    ring_push(&q);
    id = id_at(0);
    q.ring->rsp_prod = 1;

    const uint64_t out_of_range[] = {32, 33, 0xffffffff, id | 0x80, UINT64_MAX};
    const uint64_t not_in_flight[] = {id + 1, id & 0xffffffff, id + (1ULL << 32), 5};

    for (unsigned i = 0; i < ARRAY_SIZE(out_of_range); i++) {
        answer(0, out_of_range[i], BLKIF_OP_READ, 0);
        assert_string_equal(ring_take(&q, &r), "response id out of range");
        assert_null(r.request);
        assert_null(r.request);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(not_in_flight); i++) {
        answer(0, not_in_flight[i], BLKIF_OP_READ, 0);
        assert_string_equal(ring_take(&q, &r), "response id not in flight");
        assert_null(r.request);
    }
    for (unsigned op = 1; op < 256; op++) {
        answer(0, id, (uint8_t)op, 0);
        assert_string_equal(ring_take(&q, &r), "response to another operation");
        assert_null(r.request);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(statuses); i++) {
        answer(0, id, BLKIF_OP_READ, statuses[i]);
        assert_string_equal(ring_take(&q, &r), "unknown response status");
        assert_null(r.request);
    }
    /* nothing of that was believed */
    assert_int_equal(ring_in_use(&q), 1);
    assert_ptr_equal(ring_at(&q, (unsigned)id), &parts[0]);
    answer(0, id, BLKIF_OP_READ, BLKIF_RSP_EOPNOTSUPP);
    assert_null(ring_take(&q, &r));
    assert_ptr_equal(r.request, &parts[0]);
    assert_int_equal(r.status, BLKIF_RSP_EOPNOTSUPP);
}

static void duplicate_is_refused_even_when_the_slot_is_used_again(void **state)
{
    struct ring_response r;
    uint64_t old;

    (void)state;
    open_ring(1, 0);
    put(0, BLKIF_OP_READ);
    ring_push(&q);
    old = id_at(0);
    answer(0, old, BLKIF_OP_READ, 0);
    q.ring->rsp_prod = 1;
    take_all(1);
    put(1, BLKIF_OP_READ);
    ring_push(&q);
    assert_int_equal((uint32_t)id_at(1), (uint32_t)old); /* the same slot: last in, first out */
    answer(1, old, BLKIF_OP_READ, 0);
    q.ring->rsp_prod = 2;
    assert_int_equal(ring_pending(&q), 1);
    assert_string_equal(ring_take(&q, &r), "response id not in flight");
}

static void indirect_may_be_answered_either_way(void **state)
{
    struct ring_response r;

    (void)state;
    open_ring(1, 0);
    for (unsigned i = 0; i < 3; i++) {
        union wire_entry e = {.indirect = {.operation = BLKIF_OP_INDIRECT}};

        ring_put(&q, &e, sizeof(e.indirect), &parts[i], BLKIF_OP_WRITE, BLKIF_OP_INDIRECT);
    }
    ring_push(&q);
    answer(0, id_at(0), BLKIF_OP_WRITE, 0);
    answer(1, id_at(1), BLKIF_OP_INDIRECT, 0);
    answer(2, id_at(2), BLKIF_OP_READ, 0);
    q.ring->rsp_prod = 3;
    assert_null(ring_take(&q, &r));
    assert_null(ring_take(&q, &r));
    assert_non_null(ring_take(&q, &r));
}

static void no_memory(void **state)
{
    (void)state;
    ring_pages = 16;
    ring = page_alloc_zeroed(16, MEM_BLOCK);
    for (uint64_t n = 1; n <= 2; n++) {
        mem_fail_nth(n);
        assert_int_equal(ring_init(&q, ring, 16, 0), -ENOMEM);
    }
    mem_fail_nth(0);
    assert_int_equal(ring_init(&q, ring, 16, 0), 0);
}

/* Random traffic with a peer that answers in any order: slots and parts stay in step. */
static void random_traffic(struct random *r)
{
    struct {
        uint64_t id;
        unsigned part;
    } open[512];
    unsigned count = 0;
    uint32_t taken = 0;
    bool busy[512] = {false};

    open_ring(1u << random_below(r, 5), (uint32_t)random_u64(r));
    taken = q.prod;
    for (unsigned step = 0; step < 2000; step++) {
        if (random_below(r, 2)) {
            for (unsigned n = random_below(r, 9); n && !ring_full(&q); n--) {
                unsigned i = random_below(r, 512);

                while (busy[i])
                    i = (i + 1) % 512;
                busy[i] = true;
                put(i, BLKIF_OP_READ);
            }
            ring_push(&q);
            for (; taken != q.ring->req_prod; taken++) {
                open[count].id = id_at(taken);
                open[count++].part = (unsigned)q.ring->entry[taken & q.mask].request.sector;
            }
        } else {
            for (unsigned n = random_below(r, 9); n && count; n--) {
                unsigned i = random_below(r, count);
                struct ring_response rsp;

                answer(q.ring->rsp_prod, open[i].id, BLKIF_OP_READ, 0);
                q.ring->rsp_prod++;
                assert_int_equal(ring_pending(&q), 1);
                assert_null(ring_take(&q, &rsp));
                assert_ptr_equal(rsp.request, &parts[open[i].part]);
                busy[open[i].part] = false;
                open[i] = open[--count];
            }
        }
        assert_int_equal(ring_in_use(&q), count);
    }
    ring_destroy(&q);
    page_free(ring, ring_pages);
    ring = NULL;
}

static void random_runs_of_traffic(void **state)
{
    (void)state;
    random_runs("random_runs_of_traffic", 20, random_traffic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(sizes),
        TEST(nothing_is_visible_before_push),
        TEST(notify_decision),
        TEST(notify_decision_ignores_shared_req_prod),
        TEST(wraps_at_32_bits),
        TEST(full_ring),
        TEST(rsp_prod_is_bounded),
        TEST(lies_in_responses),
        TEST(duplicate_is_refused_even_when_the_slot_is_used_again),
        TEST(indirect_may_be_answered_either_way),
        TEST(no_memory),
        TEST(random_runs_of_traffic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
