/* SPDX-License-Identifier: MIT */
/* What the network driver counts, and that nothing is used up: buffers, packets, pages, queues. */
#include "drivers/net/path/poll.h"
#include "fake_vif.h"

#include <kernel/page.h>
#include <ringlet/errno.h>
#include <ringlet/suspend.h>

static uint8_t data[2000];

static uint64_t grants(const struct netfront_dev *dev)
{
    struct netfront_stats s;

    netfront_get_stats(dev, &s);
    return s.grants;
}

/* Buffers, and a page for the first copy; a resume ends none, as there is nothing to end. */
static void grants_are_counted(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint64_t before = grants(dev);

    (void)state;
    assert_int_equal(before, 128);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(vif_send(dev, data, 100, NULL), 0);
    assert_int_equal(grants(dev), before + 1);
    netfront_flush(dev);
    while (back_take())
        ;
    back_answer();
    vif_poll(dev);
    vif_state(XenbusStateClosed); /* all are ended */
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(grants(dev), 2 * (before + 1));
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void a_resume_ends_none(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    const uint64_t before = grants(dev);

    (void)state;
    connects = false;
    vif_set(true, "multi-queue-max-queues", "1");
    seam_suspend = vif_stop;
    assert_int_equal(domain_suspend(), 0);
    seam_suspend = NULL;
    assert_int_equal(grants(dev), before);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Buffers that the backend does not let go are given up, and are not missed. */
static void mapped_buffers_are_replaced(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    const unsigned keepable = 128 - 32;
    grant_ref_t mapped[20];

    (void)state;
    user.keep = 20;
    for (unsigned i = 0; i < 20; i++) {
        const struct wire_rx_ring *ring = back.queue[0].rx;

        mapped[i] = ring->entry[back.queue[0].rx_cons % WIRE_SLOTS].request.gref;
        back_send(data, 60, 0, 0, 0);
    }
    vif_poll(dev);
    assert_int_equal(user.keeps, 20);
    for (unsigned i = 0; i < 20; i++)
        seam_grants[mapped[i]].flags |= GTF_writing;
    reopens = true;
    vif_state(XenbusStateClosed);
    thread_sleep(NSEC_PER_SEC);
    user_release();
    for (unsigned i = 0; i < 20; i++)
        seam_grants[mapped[i]].flags &= (uint16_t)~GTF_writing;
    thread_sleep(10 * NSEC_PER_SEC);
    vif_poll(dev);
    user.keep = 1000;
    user.keep_failed = 0;
    for (unsigned i = 0; i < keepable; i++) {
        back_send(data, 60, 0, 0, 0);
        vif_poll(dev);
    }
    assert_int_equal(user.keep_failed, 0);
    assert_int_equal(user.keeps, keepable);
    user_release();
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Requests for groups use nothing up. */
static void many_groups(void **state)
{
    static const uint8_t group[6] = {1, 0, 0x5e, 1, 2, 3};
    const struct netfront_config config = {.multicast = 1};
    struct netfront_dev *dev = vif_open(&config);

    (void)state;
    back.automatic = true;
    for (unsigned i = 0; i < 2 * WIRE_SLOTS; i++) {
        assert_int_equal(netfront_multicast(dev, group, !(i & 1)), 0);
        vif_poll(dev);
    }
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* An eighth of the memory is for what is sent, unless something else was said. */
static void an_eighth_of_memory(void **state)
{
    static void *p[5000];
    struct page_stats s;
    unsigned n = 0;

    (void)state;
    page_get_stats(&s);
    net_mem_use();
    while ((p[n] = netfront_mem_alloc(PAGE_SIZE)))
        n++;
    assert_int_equal(n, MIN((s.total - s.away) / 8, (size_t)4096));
    while (n)
        netfront_mem_free(p[--n]);
    net_mem_unuse();
}

static void no_memory_of_others(void **state)
{
    uint8_t *end = (uint8_t *)((page_map.base + page_map.count) << PAGE_SHIFT);

    (void)state;
    assert_int_equal(netfront_mem_add(end, 1), -EINVAL);
    assert_int_equal(netfront_mem_add((uint8_t *)(page_map.base << PAGE_SHIFT) - PAGE_SIZE, 1),
                     -EINVAL);
}

/* One queue is an offer like any other. */
static void one_queue_is_offered(void **state)
{
    struct netfront_dev *dev;

    (void)state;
    vif_set(true, "multi-queue-max-queues", "1");
    dev = vif_open(NULL);
    assert_null(strstr(seam_console(), "multi-queue"));
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* A key that changes often, and makes no sense, is not told each time. */
static void nonsense_is_told_now_and_then(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    unsigned lines = 0;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        vif_set(false, "mtu", i & 1 ? "large" : "small");
        thread_sleep(NSEC_PER_MSEC);
    }
    for (const char *at = seam_console(); (at = strstr(at, "mtu")); at++)
        lines++;
    assert_in_range(lines, 1, 50);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The answers to what was visible early: whoever flushes the rest hears of them. */
static void answers_before_the_flush(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(PAGE_SIZE);

    (void)state;
    assert_int_equal(vif_send(dev, data, 100, NULL), 0);
    netfront_flush(dev);
    assert_true(back_take());
    back_answer();
    vif_poll(dev);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
    while (back_take())
        ;
    back_answer();
    user.ready = 0;
    thread_sleep(NSEC_PER_USEC);
    assert_int_equal(user.ready, 0);
    netfront_flush(dev);
    thread_sleep(NSEC_PER_USEC);
    assert_int_equal(user.ready, 1);
    vif_poll(dev);
    assert_true(user.done > 60);
    while (back_take())
        ;
    back_answer();
    vif_poll(dev);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* `ready` is for all queues. */
static void all_queues_have_room(void **state)
{
    const struct netfront_config config = {.queues = 2};
    struct netfront_dev *dev = vif_open(&config);

    (void)state;
    for (unsigned flow = 0; !(dev->queues[0].tx.full && dev->queues[1].tx.full); flow++) {
        assert_true(flow < 2000);
        data[30] = (uint8_t)flow;
        vif_send(dev, data, 100, NULL);
    }
    netfront_flush(dev);
    while (back_take())
        ;
    back_answer();
    thread_sleep(NSEC_PER_MSEC);
    assert_true(user.ready > 0);
    assert_false(dev->queues[0].tx.full);
    assert_false(dev->queues[1].tx.full);
    vif_poll(dev);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* An event of a backend that broke the protocol is work for nobody. */
static void events_of_a_failed_device(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    back_tx_response(&back.queue[0], 77, NETIF_RSP_OKAY);
    back_tx_publish(&back.queue[0]);
    vif_poll(dev);
    assert_false(net_device_up(dev));
    assert_false(net_poll_event(back.queue[0].tx_port, &dev->queues[0]));
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
    const struct CMUnitTest tests[] = {
        TEST(grants_are_counted),          TEST(a_resume_ends_none),
        TEST(mapped_buffers_are_replaced), TEST(many_groups),
        TEST(an_eighth_of_memory),         TEST(no_memory_of_others),
        TEST(one_queue_is_offered),        TEST(nonsense_is_told_now_and_then),
        TEST(answers_before_the_flush),    TEST(all_queues_have_room),
        TEST(events_of_a_failed_device),
    };

    return cmocka_run_group_tests_name("netfront, counts", tests, NULL, NULL);
}
