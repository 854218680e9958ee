/* SPDX-License-Identifier: MIT */
/*
 * The same for the rings of a network interface: what the backend wrote is loaded once, requests are
 * written once and never read back.
 */
#include "watch_page.h"

#include <unit/fake_vif.h>

#define N 6

static struct netfront_dev *dev;
static struct back_queue *q;
static uint8_t data[6000];

static int setup(void **state)
{
    if (vif_setup(state))
        return -1;
    dev = vif_open(NULL);
    q = &back.queue[0];
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(shutdown_netfront(dev), 0);
    return vif_teardown(state);
}

#define TX(counts, name) watch_sum(counts, offsetof(struct ring_index, name), 4)

static size_t tx_entry(unsigned i)
{
    return offsetof(struct wire_tx_ring, entry) + i * sizeof(union wire_tx_entry);
}

static size_t rx_entry(unsigned i)
{
    return offsetof(struct wire_rx_ring, entry) + i * sizeof(union wire_rx_entry);
}

static void sending(void **state)
{
    (void)state;
    q->tx = watch_page(q->tx);
    watch_begin();
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(vif_send(dev, data, 100, NULL), 0);
    netfront_flush(dev);
    watch_end();
    assert_int_equal(watch_max(watch_stores, tx_entry(0), N * 12), 1);
    assert_int_equal(watch_sum(watch_stores, tx_entry(0), N * 12), N * 12);
    assert_int_equal(watch_sum(watch_loads, tx_entry(0), N * 12), 0);
    assert_int_equal(TX(watch_stores, req_prod), 4);
    assert_int_equal(TX(watch_loads, req_event), 4);
    assert_int_equal(TX(watch_loads, req_prod), 0);
    assert_int_equal(TX(watch_stores, req_event), 0);
    assert_int_equal(TX(watch_stores, rsp_prod), 0);
    while (back_take())
        ;
    back_answer();
    watch_begin();
    assert_false(netfront_poll(dev, 64));
    watch_end();
    for (unsigned i = 0; i < N; i++) { /* id and status, once */
        assert_int_equal(watch_sum(watch_loads, tx_entry(i), 4), 4);
        assert_int_equal(watch_max(watch_loads, tx_entry(i), 4), 1);
        assert_int_equal(watch_sum(watch_loads, tx_entry(i) + 4, 8), 0);
    }
    assert_int_equal(watch_sum(watch_stores, tx_entry(0), N * 12), 0);
    assert_int_equal(TX(watch_loads, rsp_prod), 4);
    assert_int_equal(TX(watch_loads, rsp_event), 0);
}

static void receiving(void **state)
{
    const unsigned slots = 3;

    (void)state;
    q->rx = watch_page(q->rx);
    back_send(data, sizeof(data), NETRXF_csum_blank, XEN_NETIF_GSO_TYPE_TCPV4, 1448);
    watch_begin();
    netfront_poll(dev, 64);
    watch_end();
    assert_int_equal(user.frames, 1);
    /* each slot, also that of an extra, by one load */
    assert_int_equal(watch_sum(watch_loads, rx_entry(0), slots * 8), slots * 8);
    assert_int_equal(watch_max(watch_loads, rx_entry(0), slots * 8), 1);
    assert_int_equal(watch_sum(watch_stores, rx_entry(0), slots * 8), 0);
    /* what was posted instead is behind the 128 of the beginning */
    assert_int_equal(watch_sum(watch_stores, rx_entry(128), slots * 8), slots * 8);
    assert_int_equal(watch_max(watch_stores, rx_entry(128), slots * 8), 1);
    assert_int_equal(watch_sum(watch_loads, rx_entry(slots), (256 - slots) * 8), 0);
    assert_int_equal(TX(watch_stores, req_prod), 4);
    assert_int_equal(TX(watch_loads, req_prod), 0);
    assert_int_equal(TX(watch_stores, rsp_event), 4);
    assert_int_equal(TX(watch_loads, rsp_event), 0);
    /* before the first slot, when those are taken, and after the wish for an event */
    assert_int_equal(TX(watch_loads, rsp_prod), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(sending),
        TEST(receiving),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
