/* SPDX-License-Identifier: MIT */
/* What becomes of received slots: frames of several, GSO, checksums, errors, pages that are kept. */
#include "fake_vif.h"

static uint8_t data[66000];

static void frames_of_any_length(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    const unsigned lengths[] = {14, 60, 1514, 4095, 4096, 4097, 9014, 65549};
    struct netfront_stats s;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
        vif_pattern(data, lengths[i], i);
        back_send(data, lengths[i], 0, 0, 0);
        vif_poll(dev);
        assert_int_equal(user.frames, i + 1);
        assert_int_equal(user.rx.len, lengths[i]);
        assert_int_equal(user.rx.count, (lengths[i] + 4095) / 4096);
        assert_memory_equal(user.data, data, lengths[i]);
    }
    netfront_get_stats(dev, &s);
    assert_int_equal(s.rx_frames, 8);
    assert_int_equal(s.rx_slots, 1 + 1 + 1 + 1 + 1 + 2 + 3 + 17);
    assert_int_equal(s.rx_unchecked, 8);
    assert_int_equal(s.violations, 0);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void gso_and_checksums(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_stats s;

    (void)state;
    vif_pattern(data, 20000, 1);
    back_send(data, 20000, NETRXF_csum_blank | NETRXF_data_validated, XEN_NETIF_GSO_TYPE_TCPV4,
              1448);
    vif_poll(dev);
    assert_int_equal(user.rx.gso, NETFRONT_GSO_TCPV4);
    assert_int_equal(user.rx.gso_size, 1448);
    assert_int_equal(user.rx.flags, NETFRONT_CSUM_BLANK | NETFRONT_DATA_VALIDATED);
    assert_int_equal(user.rx.count, 5);
    assert_memory_equal(user.data, data, 20000);
    back_send(data, 3000, NETRXF_data_validated, XEN_NETIF_GSO_TYPE_TCPV6, 1428);
    vif_poll(dev);
    assert_int_equal(user.rx.gso, NETFRONT_GSO_TCPV6);
    assert_int_equal(user.rx.flags, NETFRONT_DATA_VALIDATED);
    assert_int_equal(user.rx.count, 1);
    back_send(data, 100, 0, 0, 0); /* nothing of it stays */
    vif_poll(dev);
    assert_int_equal(user.rx.gso, NETFRONT_GSO_NONE);
    assert_int_equal(user.rx.gso_size, 0);
    assert_int_equal(user.rx.flags, 0);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.rx_gso, 2);
    assert_int_equal(s.rx_blank, 1);
    assert_int_equal(s.rx_validated, 1);
    assert_int_equal(s.rx_unchecked, 1);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The slots of a frame become visible one by one. */
static void a_frame_in_portions(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct back_queue *q = &back.queue[0];

    (void)state;
    vif_pattern(data, 3000, 1);
    for (unsigned i = 0; i < 10; i++) {
        back_rx_slot(q, data, 0, 1000, NETRXF_more_data | NETRXF_extra_info);
        back_rx_publish(q);
        vif_poll(dev);
        assert_int_equal(user.frames, i);
        back_rx_extra(q,
                      &(struct wire_extra){.type = XEN_NETIF_EXTRA_TYPE_GSO,
                                           .gso = {.size = 500, .type = XEN_NETIF_GSO_TYPE_TCPV4}});
        back_rx_publish(q);
        vif_poll(dev);
        back_rx_slot(q, data + 1000, 96, 1000, NETRXF_more_data);
        back_rx_publish(q);
        vif_poll(dev);
        assert_int_equal(user.frames, i);
        back_rx_slot(q, data + 2000, 3096, 1000, 0);
        back_rx_publish(q);
        vif_poll(dev);
        assert_int_equal(user.frames, i + 1);
        assert_int_equal(user.rx.len, 3000);
        assert_int_equal(user.rx.gso_size, 500);
        assert_memory_equal(user.data, data, 3000);
    }
    back_rx_slot(q, data, 0, 1000, NETRXF_more_data); /* never ends */
    back_rx_publish(q);
    vif_poll(dev);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Errors of single frames: counted, and the buffers are used again. */
static void frames_with_errors(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct back_queue *q = &back.queue[0];
    struct netfront_stats s;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        back_rx_slot(q, NULL, 0, NETIF_RSP_ERROR, 0);
        back_rx_slot(q, NULL, 0, NETIF_RSP_DROPPED, 0);
        back_rx_slot(q, data, 0, 100, NETRXF_more_data);
        back_rx_slot(q, NULL, 0, NETIF_RSP_ERROR, NETRXF_more_data);
        back_rx_slot(q, data, 0, 100, 0);
        back_rx_slot(q, data, 0, 13, 0); /* shorter than a header */
        back_rx_slot(q, NULL, 0, 0, 0);
        back_rx_slot(q, data, 0, 7, NETRXF_more_data); /* and this is one */
        back_rx_slot(q, NULL, 0, 0, NETRXF_more_data);
        back_rx_slot(q, data, 0, 7, 0);
        back_rx_publish(q);
        vif_poll(dev);
    }
    assert_int_equal(user.frames, 200);
    assert_int_equal(user.rx.len, 14);
    assert_int_equal(user.rx.count, 2);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.rx_errors, 1000);
    assert_int_equal(s.violations, 0);
    assert_int_equal(q->rx->index.req_prod - q->rx->index.rsp_prod, 128);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void a_budget(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        back_send(data, 60, 0, 0, 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 1);
    assert_true(netfront_poll(dev, 4));
    assert_int_equal(user.frames, 4);
    assert_true(netfront_poll(dev, 4));
    back_send(data, 60, 0, 0, 0); /* without another event */
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 1);
    assert_false(netfront_poll(dev, 4));
    assert_int_equal(user.frames, 11);
    back_send(data, 60, 0, 0, 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 2);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void nobody_receives(void **state)
{
    struct netfront_dev *dev;
    struct netfront_stats s;

    (void)state;
    assert_int_equal(netfront_open_device("vif0", NULL, &dev), 0);
    for (unsigned i = 0; i < 1000; i++) {
        back_send(data, 100, 0, 0, 0);
        vif_poll(dev);
    }
    netfront_get_stats(dev, &s);
    assert_int_equal(s.rx_dropped, 1000);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* A receiver that keeps pages: not the last quarter, and what it keeps is not overwritten. */
static void pages_are_kept(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct back_queue *q = &back.queue[0];

    (void)state;
    user.keep = 2000;
    for (unsigned i = 0; i < 300; i++) {
        memset(data, (int)i, 1000);
        back_send(data, 1000, 0, 0, 0);
        vif_poll(dev);
    }
    assert_int_equal(user.frames, 300);
    assert_int_equal(user.keeps, 96); /* of 128 */
    assert_int_equal(user.keep_failed, 204);
    assert_int_equal(q->rx->index.req_prod - q->rx->index.rsp_prod, 32);
    for (unsigned i = 0; i < 96; i++)
        assert_int_equal(((uint8_t *)user.kept[i]->page)[999], i);
    user_release();
    back_send(data, 1000, 0, 0, 0);
    vif_poll(dev);
    assert_int_equal(q->rx->index.req_prod - q->rx->index.rsp_prod, 127);
    assert_int_equal(user.keeps, 1);
    assert_int_equal(shutdown_netfront(dev), 0); /* the last page stays with its receiver */
    assert_int_equal(((uint8_t *)user.kept[0]->page)[999], 299 & 255);
    user_release();
}

/* In steady state a frame costs no grant and no memory. */
static void a_frame_costs_nothing(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct gnttab_stats before, after;
    struct netfront_stats stats, end;
    uint64_t allocations;

    (void)state;
    back_send(data, 5000, 0, 0, 0);
    vif_poll(dev);
    gnttab_get_stats(&before);
    netfront_get_stats(dev, &stats);
    allocations = mem_allocations();
    for (unsigned i = 0; i < 500; i++)
        back_send(data, 5000, 0, 0, 0), vif_poll(dev);
    assert_int_equal(mem_allocations(), allocations);
    gnttab_get_stats(&after);
    netfront_get_stats(dev, &end);
    assert_int_equal(before.made, after.made);
    assert_int_equal(before.ended, after.ended);
    assert_int_equal(stats.grants, end.grants);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void one_event_for_many(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_stats before, after;

    (void)state;
    netfront_get_stats(dev, &before);
    for (unsigned i = 0; i < 100; i++)
        back_send(data, 100, 0, 0, 0);
    vif_poll(dev);
    netfront_get_stats(dev, &after);
    assert_int_equal(user.frames, 100);
    assert_int_equal(after.events - before.events, 1);
    assert_int_equal(after.notifications - before.notifications, 0); /* the backend has buffers */
    for (unsigned i = 0; i < 50; i++) {                              /* events without a reason */
        seam_raise(back.queue[0].rx_port);
        thread_sleep(NSEC_PER_MSEC);
    }
    netfront_get_stats(dev, &before);
    assert_int_equal(before.spurious - after.spurious, 50);
    assert_int_equal(user.ready, 1);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void parts_are_copied(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_buffer b = {0};
    struct netfront_rx rx = {.len = 300, .count = 3};
    uint8_t out[300];

    (void)state;
    vif_pattern(data, 300, 1);
    for (unsigned i = 0; i < 3; i++)
        rx.frag[i] = (struct netfront_rx_frag){data + 100 * i, 100, &b};
    for (unsigned at = 0; at <= 300; at += 20)
        for (unsigned len = 0; at + len <= 300; len += 20) {
            assert_true(netfront_rx_copy(dev, &rx, at, out, len));
            assert_memory_equal(out, data + at, len);
        }
    assert_false(netfront_rx_copy(dev, &rx, 0, out, 301));
    assert_false(netfront_rx_copy(dev, &rx, 301, out, 0));
    assert_false(netfront_rx_copy(dev, &rx, 1, out, UINT32_MAX));
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(frames_of_any_length),
        TEST(gso_and_checksums),
        TEST(a_frame_in_portions),
        TEST(frames_with_errors),
        TEST(a_budget),
        TEST(nobody_receives),
        TEST(pages_are_kept),
        TEST(a_frame_costs_nothing),
        TEST(one_event_for_many),
        TEST(parts_are_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
