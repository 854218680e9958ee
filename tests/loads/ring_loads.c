/* SPDX-License-Identifier: MIT */
/*
 * Checks the accesses of the kernel's machine code, in the very objects that images are linked
 * from, to the ring that the backend shares: each byte of a response is loaded once and never again
 * (XSA-155), requests are written once and never read back, each index is loaded once for each
 * decision.
 */
#include "watch_page.h"

#include <host/fake_disk.h>
#include <host/ring_abi.h>

#include <ringlet/event_channel.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define N 6

static struct fake_disk disk;
static struct blkfront_aiocb aiocb[N];
static unsigned completed;
static uint8_t *buffer;

static void done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    (void)ret;
    completed++;
}

static unsigned abi; /* layout of guests of 32 or 64 bits */

static int setup_for(unsigned bits)
{
    const struct fake_options options = {.flush = true, .abi = bits};

    abi = bits;
    fdisk_init(4 << 20);
    fdisk_open(&disk, &options);
    disk.queue[0].ring = watch_page(disk.queue[0].ring);
    buffer = page_alloc_zeroed(N, MEM_APP);
    completed = 0;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return setup_for(64);
}

static int setup32(void **state)
{
    (void)state;
    return setup_for(32);
}

static int teardown(void **state)
{
    (void)state;
    fdisk_close(&disk);
    page_free(buffer, N);
    fdisk_exit();
    return 0;
}

static void start(unsigned i, bool write)
{
    aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                       .aio_buf = buffer + i * PAGE_SIZE,
                                       .aio_nbytes = PAGE_SIZE,
                                       .aio_offset = i * (int64_t)PAGE_SIZE,
                                       .aio_cb = done};
    assert_int_equal(blkfront_aio_enqueue(&aiocb[i], write), 0);
}

static size_t entry_at(unsigned i)
{
    return offsetof(struct wire_ring, entry) + i * abi_request_bytes(abi);
}

#define INDEX(counts, name) watch_sum(counts, offsetof(struct wire_ring, name), 4)

static void answer_all(void)
{
    for (unsigned i = 0; i < N; i++)
        fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
}

static void requests_are_written_once_and_not_read_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N; i++)
        start(i, i & 1);
    watch_begin();
    blkfront_aio_submit(disk.dev);
    watch_end();
    for (unsigned i = 0; i < N; i++) {
        /* one segment is used; the bytes behind it are not touched */
        size_t used =
            sizeof(struct wire_segment) +
            (abi == 32 ? offsetof(struct wire32_request, seg) : offsetof(struct wire_request, seg));

        assert_int_equal(watch_sum(watch_stores, entry_at(i), used), used);
        assert_int_equal(watch_max(watch_stores, entry_at(i), abi_request_bytes(abi)), 1);
        assert_int_equal(watch_sum(watch_stores, entry_at(i), abi_request_bytes(abi)), used);
        assert_int_equal(watch_sum(watch_loads, entry_at(i), abi_request_bytes(abi)), 0);
    }
    assert_int_equal(fdisk_take(&disk), N);
    answer_all();
    thread_poll_events();
    assert_int_equal(completed, N);
}

static void pushing_loads_only_what_the_peer_writes(void **state)
{
    (void)state;
    start(0, false);
    watch_begin();
    blkfront_aio_submit(disk.dev);
    watch_end();
    assert_int_equal(INDEX(watch_stores, req_prod), 4);
    assert_int_equal(INDEX(watch_loads, req_event), 4);
    assert_int_equal(INDEX(watch_loads, req_prod), 0);
    assert_int_equal(INDEX(watch_loads, rsp_event), 0);
    assert_int_equal(INDEX(watch_stores, req_event), 0);
    assert_int_equal(INDEX(watch_stores, rsp_prod), 0);
    assert_int_equal(fdisk_run(&disk), 1);
    thread_poll_events();
}

/* The bytes of a response's fields, once; the rest of the slot, not at all. */
static void assert_one_copy(unsigned i)
{
    static const struct {
        size_t at, bytes;
    } field[] = {
        {offsetof(struct wire_response, id), 8},
        {offsetof(struct wire_response, operation), 1},
        {offsetof(struct wire_response, status), 2},
    };
    size_t at = entry_at(i);

    assert_int_equal(watch_max(watch_loads, at, abi_request_bytes(abi)), 1);
    for (unsigned f = 0; f < ARRAY_SIZE(field); f++)
        assert_int_equal(watch_sum(watch_loads, at + field[f].at, field[f].bytes), field[f].bytes);
    assert_int_equal(watch_sum(watch_loads, at + 12, abi_request_bytes(abi) - 12), 0);
    assert_int_equal(watch_sum(watch_stores, at, abi_request_bytes(abi)), 0);
}

static void start_and_take_all(void)
{
    for (unsigned i = 0; i < N; i++)
        start(i, i & 1);
    blkfront_aio_submit(disk.dev);
    assert_int_equal(fdisk_take(&disk), N);
}

static void responses_are_loaded_once(void **state)
{
    (void)state;
    start_and_take_all();
    answer_all();
    watch_begin();
    thread_poll_events();
    watch_end();
    assert_int_equal(completed, N);
    for (unsigned i = 0; i < N; i++)
        assert_one_copy(i);
    for (unsigned i = N; i < disk.slots; i++)
        assert_int_equal(watch_sum(watch_loads, entry_at(i), abi_request_bytes(abi)), 0);
}

/* A pass: the index, the responses, the request for an event; one more check finds nothing new. */
static void the_index_is_loaded_once_per_pass(void **state)
{
    (void)state;
    start_and_take_all();
    answer_all();
    watch_begin();
    thread_poll_events();
    watch_end();
    assert_int_equal(INDEX(watch_stores, rsp_event), 4);
    assert_int_equal(INDEX(watch_loads, rsp_prod), 2 * 4);
    assert_int_equal(INDEX(watch_loads, rsp_event), 0);
    assert_int_equal(INDEX(watch_loads, req_prod), 0);
    assert_int_equal(INDEX(watch_loads, req_event), 0);
    assert_int_equal(INDEX(watch_stores, rsp_prod), 0);
}

/* A response that is refused is not read again either, not even for the message. */
static void refused_response(unsigned kind)
{
    uint64_t id;

    start_and_take_all();
    id = disk.taken[0].id;
    fdisk_respond(&disk,
                  kind == 0   ? id | 0xffff
                  : kind == 1 ? id ^ 1ULL << 40
                              : id,
                  kind == 2 ? BLKIF_OP_DISCARD : disk.taken[0].op, kind == 3 ? 99 : BLKIF_RSP_OKAY);
    fdisk_publish(&disk);
    watch_begin();
    thread_poll_events();
    watch_end();
    assert_true(disk.dev->state >= DEVICE_FAILED);
    assert_one_copy(0);
    assert_int_equal(INDEX(watch_loads, rsp_prod), 4);

    /* and then the ring is not read at all */
    watch_begin();
    seam_raise(disk.dev->path.queues[0].port);
    thread_poll_events();
    blkfront_aio_poll(disk.dev);
    watch_end();
    assert_int_equal(watch_sum(watch_loads, 0, PAGE_SIZE), 0);
    assert_int_equal(watch_sum(watch_stores, 0, PAGE_SIZE), 0);
}

static void an_id_out_of_range_is_loaded_once(void **state)
{
    (void)state;
    refused_response(0);
}

static void a_stale_id_is_loaded_once(void **state)
{
    (void)state;
    refused_response(1);
}

static void another_operation_is_loaded_once(void **state)
{
    (void)state;
    refused_response(2);
}

static void an_unknown_status_is_loaded_once(void **state)
{
    (void)state;
    refused_response(3);
}

#define TEST(name)                                          \
    cmocka_unit_test_setup_teardown(name, setup, teardown), \
    {                                                       \
#name "_on_32_bits", name, setup32, teardown, NULL  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_are_written_once_and_not_read_back),
        TEST(pushing_loads_only_what_the_peer_writes),
        TEST(responses_are_loaded_once),
        TEST(the_index_is_loaded_once_per_pass),
        TEST(an_id_out_of_range_is_loaded_once),
        TEST(a_stale_id_is_loaded_once),
        TEST(another_operation_is_loaded_once),
        TEST(an_unknown_status_is_loaded_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
