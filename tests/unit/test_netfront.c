/* SPDX-License-Identifier: MIT */
/* A network interface is opened, and frames pass in both directions. */
#include "fake_vif.h"

static void opens_and_closes(void **state)
{
    static const uint8_t mac[6] = {0, 0x16, 0x3e, 1, 2, 0xfe};
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_limits l;

    (void)state;
    netfront_get_limits(dev, &l);
    assert_string_equal(l.name, "vif0");
    assert_memory_equal(l.mac, mac, 6);
    assert_int_equal(l.mtu, 1500);
    assert_true(l.carrier && l.connected && l.sg && l.gso_v4 && l.gso_v6 && l.csum_v4 && l.csum_v6);
    assert_true(l.split_channels && l.trusted);
    assert_false(l.multicast);
    assert_int_equal(l.queues, 1);
    assert_int_equal(l.queues_offered, 2);
    assert_int_equal(l.rx_pages, 128); /* (a small guest) */
    assert_string_equal(fake_value(FRONT "/request-rx-copy"), "1");
    assert_string_equal(fake_value(FRONT "/feature-rx-notify"), "1");
    assert_string_equal(fake_value(FRONT "/state"), "4");
    assert_null(fake_find(FRONT "/multi-queue-num-queues"));
    assert_int_equal(back.queue[0].rx->index.req_prod, 128);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

static void a_small_frame_is_one_copy(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t data[60];

    (void)state;
    vif_pattern(data, sizeof(data), 1);
    assert_int_equal(vif_send(dev, data, sizeof(data), user_done), 0);
    assert_int_equal(user.done, 1); /* all was copied */
    assert_false(back_take());      /* not before the flush */
    netfront_flush(dev);
    assert_true(back_take());
    assert_int_equal(back.frame.slots, 1);
    assert_int_equal(back.frame.len, sizeof(data));
    assert_memory_equal(back.frame.data, data, sizeof(data));
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void a_frame_is_received(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t data[1514];

    (void)state;
    vif_pattern(data, sizeof(data), 2);
    back_send(data, sizeof(data), 0, 0, 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 1);
    assert_false(netfront_poll(dev, 64));
    assert_int_equal(user.frames, 1);
    assert_int_equal(user.rx.len, sizeof(data));
    assert_int_equal(user.rx.flags, 0);
    assert_memory_equal(user.data, data, sizeof(data));
    assert_int_equal(back.queue[0].rx->index.req_prod, 129);
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(opens_and_closes),
        TEST(a_small_frame_is_one_copy),
        TEST(a_frame_is_received),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
