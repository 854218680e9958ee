/* SPDX-License-Identifier: MIT */
/* What other tests of the network driver do not look at: all channels of all queues, more pages to send from
 * than one list of grants has, exact figures. */
#include "drivers/net/life/lifecycle.h"
#include "fake_vif.h"

#include <ringlet/suspend.h>

static uint8_t data[70000];

/* ---- channels ---- */

static unsigned closes_of[64]; /* EVTCHNOP_close of each port */

static long note_closes(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_event_channel_op && arg[0] == EVTCHNOP_close) {
        const struct evtchn_close *close = (const void *)arg[1];

        assert_true(close->port < ARRAY_SIZE(closes_of));
        closes_of[close->port]++;
    }
    return SEAM_DEFAULT;
}

static bool masked(evtchn_port_t port)
{
    return shared_info->evtchn_mask[port / 64] >> port % 64 & 1;
}

/* Each channel of each queue: open, quiet while the backend is away, and closed once. */
static void channels_of(bool split, unsigned queues)
{
    const struct netfront_config config = {.queues = queues};
    evtchn_port_t port[2 * NET_QUEUES_MAX];
    struct netfront_dev *dev;
    unsigned ports = 0;

    vif_fresh();
    vif_set(true, "feature-split-event-channels", split ? "1" : "0");
    vif_set(true, "multi-queue-max-queues", "8");
    dev = vif_open(&config);
    for (unsigned i = 0; i < queues; i++) {
        const struct net_queue *q = &dev->queues[i];

        assert_int_equal(q->rx_port != q->tx_port, split);
        port[ports++] = q->tx_port;
        if (split)
            port[ports++] = q->rx_port;
    }
    for (unsigned i = 0; i < ports; i++)
        assert_false(masked(port[i]));
    memset(closes_of, 0, sizeof(closes_of));
    seam_hypercall = note_closes;
    net_lifecycle_stop(dev);
    for (unsigned i = 0; i < ports; i++)
        assert_true(masked(port[i]));
    assert_int_equal(shutdown_netfront(dev), 0);
    seam_hypercall = NULL;
    for (unsigned i = 0; i < ports; i++)
        assert_int_equal(closes_of[port[i]], 1);
}

static void channels(void **state)
{
    (void)state;
    for (unsigned queues = 1; queues <= 3; queues += 2) {
        channels_of(false, queues);
        channels_of(true, queues);
    }
}

/* ---- many pages ---- */

#define PAGES (2 * GRANTS_CHUNK + 3)

static uint8_t *block[PAGES];

/* A frame from each page; the backend sees that its grant is good. */
static void send_from_all(struct netfront_dev *dev)
{
    for (unsigned i = 0; i < PAGES; i++) {
        memset(block[i], (int)(i & 0x7f) + 1, PAGE_SIZE);
        assert_int_equal(vif_send(dev, block[i], 1500, user_done), 0);
        netfront_flush(dev);
        assert_true(back_take());
        assert_int_equal(back.frame.len, 1500);
        assert_int_equal(back.frame.data[1499], (i & 0x7f) + 1);
        back_answer();
        netfront_poll(dev, 64);
    }
    assert_int_equal(user.done, PAGES);
    user.done = 0;
}

static void many_pages(void **state)
{
    struct netfront_stats before, after;
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    assert_int_equal(netfront_mem_limit(PAGES), 0);
    for (unsigned i = 0; i < PAGES; i++) {
        block[i] = netfront_mem_alloc(PAGE_SIZE);
        assert_non_null(block[i]);
    }
    netfront_get_stats(dev, &before);
    send_from_all(dev);
    netfront_get_stats(dev, &after);
    /* but for the first bytes, which are copied, each page is sent from where it is: one grant each */
    assert_true(after.grants - before.grants >= PAGES);
    before = after;
    send_from_all(dev); /* with the grants that there are */
    netfront_get_stats(dev, &after);
    assert_int_equal(after.grants, before.grants);
    reopens = true;
    vif_state(XenbusStateClosed);
    thread_sleep(NSEC_PER_SEC);
    vif_poll(dev);
    send_from_all(dev);
    seam_suspend = vif_stop;
    assert_int_equal(domain_suspend(), 0);
    seam_suspend = NULL;
    thread_sleep(NSEC_PER_SEC);
    vif_poll(dev);
    send_from_all(dev);
    netfront_get_stats(dev, &after);
    assert_int_equal(after.reconnects, 2);
    for (unsigned i = 0; i < PAGES; i++)
        netfront_mem_free(block[i]);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* ---- figures ---- */

/* A small frame of several fragments is one slot with all its bytes. */
static void small_fragments(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    const struct netfront_tx_frag frag[3] = {{data, 20}, {data + 100, 30}, {data + 200, 14}};
    const struct netfront_tx tx = {.count = 3, .frag = frag, .header = 54};
    struct netfront_stats before, after;

    (void)state;
    vif_pattern(data, sizeof(data), 3);
    netfront_get_stats(dev, &before);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(netfront_send(dev, &tx), 0);
        netfront_flush(dev);
        assert_true(back_take());
        back_answer();
        netfront_poll(dev, 64);
    }
    assert_int_equal(back.frame.len, 64);
    assert_memory_equal(back.frame.data, data, 20);
    assert_memory_equal(back.frame.data + 20, data + 100, 30);
    assert_memory_equal(back.frame.data + 50, data + 200, 14);
    netfront_get_stats(dev, &after);
    assert_int_equal(after.tx_frames - before.tx_frames, 300);
    assert_int_equal(after.tx_bytes - before.tx_bytes, 300 * 64);
    assert_int_equal(after.tx_slots - before.tx_slots, 300);
    assert_int_equal(after.tx_copied - before.tx_copied, 300 * 64);
    assert_int_equal(after.polls - before.polls, 300);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The text has each counter, in the order in which they are declared. */
static void text_of_all_counters(void **state)
{
    static const char *const name[] = {
        "tx_frames", "tx_bytes",      "tx_slots",     "tx_copied",  "tx_gso",
        "tx_errors", "tx_dropped",    "tx_full",      "rx_frames",  "rx_bytes",
        "rx_slots",  "rx_copied",     "rx_gso",       "rx_errors",  "rx_dropped",
        "rx_blank",  "rx_validated",  "rx_unchecked", "events",     "spurious",
        "polls",     "notifications", "grants",       "violations", "reconnects"};
    struct netfront_dev *dev = vif_open(NULL);
    const struct netfront_stats saved = dev->stats;
    uint64_t *counter = (uint64_t *)&dev->stats;
    char text[2000], expected[2000] = "";

    (void)state;
    assert_int_equal(sizeof(dev->stats), sizeof(name) / sizeof(name[0]) * sizeof(uint64_t));
    for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        const size_t at = strlen(expected);

        counter[i] = 1000 + i;
        snprintf(expected + at, sizeof(expected) - at, ",\"%s\":%u", name[i], 1000 + i);
    }
    assert_true(netfront_stats_json(dev, text, sizeof(text)) > 0);
    assert_non_null(strstr(text, expected));
    dev->stats = saved;
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The smallest and the largest of what is accepted. */
static void bounds(void **state)
{
    const struct netfront_config config = {.rx_pages = 1024};
    static const struct {
        const char *text;
        unsigned mtu;
    } cases[] = {{"68", 68}, {"67", 1500}, {"65521", 65521}, {"65522", 1500}};
    struct netfront_limits l;
    struct netfront_dev *dev;

    (void)state;
    for (unsigned own = 0; own < 2; own++) {
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
            vif_fresh();
            vif_set(true, "carrier", i % 2 ? "2" : "1"); /* nonsense is a carrier */
            vif_set(!own, "mtu", cases[i].text);
            dev = vif_open(&config);
            netfront_get_limits(dev, &l);
            assert_int_equal(l.mtu, cases[i].mtu);
            assert_true(l.carrier);
            assert_int_equal(shutdown_netfront(dev), 0);
        }
    }
}

/* The first event of several tells that there is something to poll for. */
static void ready_once(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        back_send(data, 60, 0, 0, 0);
        for (unsigned n = 0; n < 3; n++) {
            thread_sleep(NSEC_PER_MSEC);
            assert_int_equal(user.ready, i + 1);
            seam_raise(back.queue[0].rx_port);
        }
        thread_sleep(NSEC_PER_MSEC);
        vif_poll(dev);
        assert_int_equal(user.ready, i + 1);
        assert_int_equal(user.frames, i + 1);
    }
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Fragments of up to 128 bytes are copied, and the Ethernet header in any case. */
static void what_is_copied(void **state)
{
    static const struct {
        unsigned len, copied;
    } cases[] = {{127, 20 + 127}, {128, 20 + 128}, {129, 20}};
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *small = netfront_mem_alloc(200), *large = netfront_mem_alloc(PAGE_SIZE);

    (void)state;
    vif_pattern(small, 200, 1);
    vif_pattern(large, PAGE_SIZE, 2);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct netfront_tx_frag frag[3] = {{data, 20}, {small, cases[i].len}, {large, 1000}};
        const struct netfront_tx tx = {.count = 3, .frag = frag, .header = 20};
        struct netfront_stats before, after;

        netfront_get_stats(dev, &before);
        assert_int_equal(netfront_send(dev, &tx), 0);
        netfront_get_stats(dev, &after);
        assert_int_equal(after.tx_copied - before.tx_copied, cases[i].copied);
        netfront_flush(dev);
        assert_true(back_take());
        assert_int_equal(back.frame.len, 20 + cases[i].len + 1000);
        assert_memory_equal(back.frame.data + 20, small, cases[i].len);
        assert_memory_equal(back.frame.data + 20 + cases[i].len, large, 1000);
        back_answer();
        vif_poll(dev);
    }
    netfront_mem_free(small);
    netfront_mem_free(large);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The shortest frame, and one byte less. */
static void shortest(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    assert_int_equal(vif_send(dev, data, 13, NULL), -EINVAL);
    assert_int_equal(vif_send(dev, data, 14, NULL), 0);
    netfront_flush(dev);
    assert_true(back_take());
    assert_int_equal(back.frame.len, 14);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* An interface whose owner wants to hear of nothing. */
static void nobody_listens(void **state)
{
    const struct netfront_config config = {.queues = 1};
    struct netfront_limits l;
    struct netfront_dev *dev;

    (void)state;
    assert_int_equal(netfront_open_device(NULL, &config, &dev), 0);
    thread_sleep(NSEC_PER_MSEC);
    vif_set(false, "mtu", "1000");
    thread_sleep(NSEC_PER_SEC);
    netfront_get_limits(dev, &l);
    assert_int_equal(l.mtu, 1000);
    back_send(data, 60, 0, 0, 0);
    vif_poll(dev);
    assert_int_equal(dev->stats.rx_dropped, 1);
    vif_state(XenbusStateClosed);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* A request about a group needs two entries of the ring, and is no frame. */
static void group_and_a_full_ring(void **state)
{
    static const uint8_t group[6] = {1, 0, 0x5e, 1, 2, 3};
    const struct netfront_config config = {.multicast = 1};
    struct netfront_stats before, after;
    struct netfront_dev *dev;

    (void)state;
    vif_set(true, "feature-multicast-control", "1");
    dev = vif_open(&config);
    for (unsigned room = 0; room < 3; room++) {
        for (unsigned i = 0; i < WIRE_SLOTS - room; i++)
            assert_int_equal(vif_send(dev, data, 60, NULL), 0);
        netfront_get_stats(dev, &before);
        assert_int_equal(netfront_multicast(dev, group, true), room < 2 ? -ENOBUFS : 0);
        netfront_flush(dev);
        for (unsigned i = 0; i < WIRE_SLOTS - room; i++) {
            assert_true(back_take());
            assert_int_equal(back.frame.len, 60);
        }
        assert_int_equal(back_take(), room == 2);
        back.status = NETIF_RSP_ERROR;
        back_answer();
        back.status = NETIF_RSP_OKAY;
        vif_poll(dev);
        netfront_get_stats(dev, &after);
        assert_int_equal(after.tx_frames, before.tx_frames);
        assert_int_equal(after.tx_errors - before.tx_errors, WIRE_SLOTS - room);
    }
    assert_int_equal(back.frame.len, 0);
    assert_int_equal(back.frame.extra.type, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    assert_memory_equal(back.frame.extra.group, group, 6);
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
    const struct CMUnitTest tests[] = {
        TEST(channels),        TEST(many_pages),
        TEST(small_fragments), TEST(text_of_all_counters),
        TEST(bounds),          TEST(group_and_a_full_ring),
        TEST(ready_once),      TEST(what_is_copied),
        TEST(shortest),        TEST(nobody_listens),
    };

    return cmocka_run_group_tests_name("netfront, exactly", tests, NULL, NULL);
}
