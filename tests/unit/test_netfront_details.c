/* SPDX-License-Identifier: MIT */
/* Details of a network interface: notifications, limits of its configuration, changes while it is
 * connected, and what it remembers for the next backend. */
#include "fake_vif.h"

#include "drivers/net/life/negotiate.h"

static void frames_and_buffers_are_notified(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_stats before, s;
    uint8_t data[60] = {0};
    uint64_t sends;

    (void)state;
    netfront_get_stats(dev, &before);
    assert_in_range(before.grants, 128, 1000); /* of its buffers */
    sends = seam_sends;
    assert_int_equal(vif_send(dev, data, sizeof(data), NULL), 0);
    netfront_flush(dev);
    assert_int_equal(seam_sends, sends + 1);
    assert_int_equal(seam_last_send, back.queue[0].tx_port);
    vif_poll(dev);
    sends = seam_sends;
    back_send(data, sizeof(data), 0, 0, 0);
    back.queue[0].rx->index.req_event =
        back.queue[0].rx->index.req_prod + 1; /* it waits for more */
    vif_poll(dev);
    assert_int_equal(seam_sends, sends + 1);
    assert_int_equal(seam_last_send, back.queue[0].rx_port);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.notifications, before.notifications + 2);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static int answer_at_once(struct netfront_dev *dev)
{
    static const uint8_t data[60];

    return vif_send(dev, data, sizeof(data), NULL);
}

/* Of both queues. */
static void a_poll_shows_what_was_sent_in_it(void **state)
{
    const struct netfront_config config = {.queues = 2};
    struct netfront_dev *dev = vif_open(&config);
    uint8_t data[60] = {0};

    (void)state;
    back.automatic = false;
    user.in_receive = answer_at_once;
    for (unsigned i = 0; i < 2; i++) {
        back_rx_slot(&back.queue[i], data, 0, sizeof(data), 0);
        back_rx_publish(&back.queue[i]);
    }
    thread_sleep(NSEC_PER_MSEC);
    netfront_poll(dev, 8);
    assert_int_equal(user.frames, 2);
    assert_true(back_take() && back_take());
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void the_configuration_has_limits(void **state)
{
    static const struct {
        struct netfront_config config;
        int ret;
    } cases[] = {
        {{.rx_pages = 63}, -EINVAL}, {{.rx_pages = 64}, 0}, {{.rx_pages = 1025}, -EINVAL},
        {{.queues = 9}, -EINVAL},    {{.queues = 8}, 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct netfront_config config = cases[i].config;
        struct netfront_dev *dev = NULL;

        assert_int_equal(netfront_open_device(NULL, &config, &dev), cases[i].ret);
        if (dev)
            assert_int_equal(shutdown_netfront(dev), 0);
        vif_fresh();
    }
}

static void the_connect_timeout_is_kept(void **state)
{
    const struct netfront_config config = {.connect_timeout_ns = 3 * NSEC_PER_SEC};
    uint64_t begun = seam_now;
    struct netfront_dev *dev;

    (void)state;
    connects = false;
    assert_int_equal(netfront_open_device(NULL, &config, &dev), -ETIMEDOUT);
    assert_in_range(seam_now - begun, 3 * NSEC_PER_SEC, 20 * NSEC_PER_SEC);
}

/* Any value but 0 and 1 is one that nobody can have meant to trust with. */
static void trust_is_one_or_absent(void **state)
{
    static const struct {
        const char *value;
        bool trusted;
    } cases[] = {{NULL, true}, {"1", true}, {"0", false}, {"2", false}, {"yes", false}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct netfront_limits l;
        struct netfront_dev *dev;

        if (cases[i].value)
            vif_set(false, "trusted", cases[i].value);
        dev = vif_open(NULL);
        netfront_get_limits(dev, &l);
        assert_int_equal(l.trusted, cases[i].trusted);
        assert_int_equal(shutdown_netfront(dev), 0);
        vif_fresh();
    }
}

static void carrier_and_mtu_change(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_limits l;
    struct netfront_stats s;
    uint8_t data[1000] = {0};
    unsigned events = user.events;

    (void)state;
    vif_set(true, "carrier", "0");
    thread_sleep(NSEC_PER_MSEC);
    netfront_get_limits(dev, &l);
    assert_false(l.carrier);
    assert_true(l.connected);
    assert_int_equal(user.events, events + 1);
    assert_int_equal(user.last_event, NETFRONT_EV_CARRIER);
    assert_int_equal(vif_send(dev, data, 60, NULL), -ENETDOWN);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_dropped, 1);

    vif_set(false, "mtu", "900");
    vif_set(true, "mtu", "800"); /* the frontend's own goes first */
    vif_set(true, "carrier", "1");
    thread_sleep(NSEC_PER_MSEC);
    netfront_get_limits(dev, &l);
    assert_true(l.carrier);
    assert_int_equal(l.mtu, 900);
    assert_int_equal(user.events, events + 3);
    assert_int_equal(user.last_event, NETFRONT_EV_MTU);
    assert_int_equal(vif_send(dev, data, 918, NULL), 0); /* with a VLAN tag */
    assert_int_equal(vif_send(dev, data, 919, NULL), -EMSGSIZE);

    vif_set(true, "carrier", "1"); /* no change */
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.events, events + 3);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void a_blank_checksum_has_to_be_negotiated(void **state)
{
    const struct netfront_config config = {.no_csum = 1};
    struct netfront_dev *dev = vif_open(&config);
    uint8_t data[100] = {0};
    const struct netfront_tx_frag frag = {data, sizeof(data)};
    struct netfront_tx tx = {.flags = NETFRONT_CSUM_BLANK, .count = 1, .frag = &frag, .header = 54};

    (void)state;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    tx.flags = 0;
    assert_int_equal(netfront_send(dev, &tx), 0);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* However often they are kept and released, the bound stays where it is. */
static void pages_are_kept_again_and_again(void **state)
{
    const struct netfront_config config = {.rx_pages = 64};
    struct netfront_dev *dev = vif_open(&config);
    uint8_t data[60] = {0};

    (void)state;
    user.keep = 1;
    for (unsigned i = 0; i < 200; i++) {
        back_send(data, sizeof(data), 0, 0, 0);
        vif_poll(dev);
        assert_int_equal(user.keeps, 1);
        user_release();
    }
    assert_int_equal(user.keep_failed, 0);
    user.keep = 100;
    for (unsigned i = 0; i < 60; i++) {
        back_send(data, sizeof(data), 0, 0, 0);
        vif_poll(dev);
    }
    assert_int_equal(user.keeps, 64 - 24);
    assert_int_equal(user.keep_failed, 20);
    user_release();
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The next backend is told at once, and of those that are still wanted. */
static void groups_are_remembered(void **state)
{
    static const uint8_t group[3][6] = {
        {1, 0, 0x5e, 0, 0, 1}, {1, 0, 0x5e, 0, 0, 2}, {1, 0, 0x5e, 0, 0, 3}};
    const struct netfront_config config = {.multicast = 1};
    struct netfront_dev *dev = vif_open(&config);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(netfront_multicast(dev, group[i], true), 0);
    assert_int_equal(netfront_multicast(dev, group[0], false), 0);
    vif_poll(dev);
    back.automatic = false;
    reopens = true;
    vif_state(XenbusStateClosing);
    thread_sleep(NSEC_PER_SEC);
    assert_string_equal(fake_value(FRONT "/state"), "4");
    for (unsigned i = 0; i < 2; i++) {
        assert_true(back_take());
        assert_int_equal(back.frame.extra.type, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
        assert_memory_equal(back.frame.extra.group, group[2 - i], 6);
    }
    assert_false(back_take());
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void addresses_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint8_t mac[6];
    } cases[] = {
        {"00:16:3e:01:02:fe", true, {0, 0x16, 0x3e, 1, 2, 0xfe}},
        {"0A:bC:Fd:90:9f:A0", true, {0x0a, 0xbc, 0xfd, 0x90, 0x9f, 0xa0}},
        {"fe:ff:ff:ff:ff:ff", true, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff}},
        {"ff:ff:ff:ff:ff:ff", false, {0}},
        {"01:00:5e:00:00:01", false, {0}},
        {"00:00:00:00:00:00", false, {0}},
        {"00:16:3e:01:02:0g", false, {0}},
        {"00:16:3e:01:02:G0", false, {0}},
        {"00:16:3e:01:02:0@", false, {0}},
        {"00:16:3e:01:02:0`", false, {0}},
        {"00:16:3e:01:02:0/", false, {0}},
        {"00:16:3e:01:02::0", false, {0}},
        {"00-16-3e-01-02-fe", false, {0}},
        {"00:16:3e:01:02:f", false, {0}},
        {"00:16:3e:01:02:fe ", false, {0}},
        {"", false, {0}},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t mac[6];

        assert_int_equal(net_negotiate_mac(cases[i].text, strlen(cases[i].text), mac),
                         cases[i].good);
        if (cases[i].good)
            assert_memory_equal(mac, cases[i].mac, 6);
    }
}

/* Only 1 .. 4096 are offers of queues; all else is one queue. */
static void offers_of_queues(void **state)
{
    static const struct {
        const char *value;
        unsigned offered, used;
    } cases[] = {{"1", 1, 1}, {"2", 2, 2},    {"4096", 4096, 4},
                 {"0", 1, 1}, {"4097", 1, 1}, {"x", 1, 1}};
    const struct netfront_config config = {.queues = 4};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct netfront_limits l;
        struct netfront_dev *dev;

        vif_set(true, "multi-queue-max-queues", cases[i].value);
        dev = vif_open(&config);
        memset(&l, 0xff, sizeof(l));
        netfront_get_limits(dev, &l);
        assert_int_equal(l.queues_offered, cases[i].offered);
        assert_int_equal(l.queues, cases[i].used);
        assert_int_equal(l.tx_slots, 256);
        assert_int_equal(l.rx_slots, 256);
        assert_int_equal(shutdown_netfront(dev), 0);
        vif_fresh();
    }
    memset(user.data, 0xff, sizeof(struct netfront_limits));
    netfront_get_limits(NULL, (void *)user.data);
    for (unsigned i = 0; i < sizeof(struct netfront_limits); i++)
        assert_int_equal(user.data[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(frames_and_buffers_are_notified),
        TEST(a_poll_shows_what_was_sent_in_it),
        TEST(the_configuration_has_limits),
        TEST(the_connect_timeout_is_kept),
        TEST(trust_is_one_or_absent),
        TEST(carrier_and_mtu_change),
        TEST(a_blank_checksum_has_to_be_negotiated),
        TEST(pages_are_kept_again_and_again),
        TEST(groups_are_remembered),
        TEST(addresses_are_read_exactly),
        TEST(offers_of_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
