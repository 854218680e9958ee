/* SPDX-License-Identifier: MIT */
/* Few grants, or little memory, for receive buffers: a backend waits for ever when there are fewer than its
 * frame needs, so a queue must have enough again when there are. */
#include "fake_vif.h"

static uint8_t data[70000];
static grant_ref_t taken[20000];
static unsigned taken_count;
static void *page;

/* Others have all grants but so many. */
static void leave_grants(unsigned n)
{
    page = page_alloc(1, MEM_APP);
    for (taken_count = 0; gnttab_available() > n; taken_count++)
        taken[taken_count] = (grant_ref_t)gnttab_grant(0, page, true);
}

static void give_grants(void)
{
    while (taken_count)
        gnttab_end(taken[--taken_count]);
    page_free(page, 1);
}

static unsigned posted(unsigned queue)
{
    const struct back_queue *q = &back.queue[queue];

    return q->rx->index.req_prod - q->rx_cons;
}

/* Nothing arrives, as the backend waits for more buffers: they are posted when there are grants. */
static void too_few_to_receive(void **state)
{
    struct netfront_dev *dev;

    (void)state;
    leave_grants(2 + NET_POSTED_MIN - 1);
    dev = vif_open(NULL);
    assert_int_equal(posted(0), NET_POSTED_MIN - 1);
    for (unsigned i = 0; i < 3; i++) {
        thread_sleep(NSEC_PER_SEC);
        assert_true(user.ready > 0); /* it tries again */
        user.ready = 0;
        vif_poll(dev);
        assert_int_equal(posted(0), NET_POSTED_MIN - 1);
    }
    give_grants();
    thread_sleep(NSEC_PER_SEC);
    assert_true(user.ready > 0);
    user.ready = 0;
    vif_poll(dev);
    assert_int_equal(posted(0), 128);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.ready, 0);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* As many as are needed: then nobody looks again and again. */
static void just_enough_to_receive(void **state)
{
    struct netfront_dev *dev;

    (void)state;
    leave_grants(2 + NET_POSTED_MIN);
    dev = vif_open(NULL);
    assert_int_equal(posted(0), NET_POSTED_MIN);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.ready, 0);
    assert_int_equal(shutdown_netfront(dev), 0);
    give_grants();
}

/* A receiver that keeps all that it gets for ever. */
static void kept_while_there_are_few(void **state)
{
    struct netfront_dev *dev;

    (void)state;
    leave_grants(2 + NET_POSTED_MIN + 6);
    dev = vif_open(NULL);
    user.keep = 100;
    assert_int_equal(posted(0), NET_POSTED_MIN + 6);
    for (unsigned i = 0; i < 20; i++) {
        back_send(data, 60, 0, 0, 0);
        vif_poll(dev);
        assert_true(posted(0) >= NET_POSTED_MIN);
    }
    assert_int_equal(user.frames, 20);
    assert_int_equal(user.keeps, 6);
    assert_int_equal(user.keep_failed, 14);
    give_grants();
    back_send(data, 60, 0, 0, 0);
    vif_poll(dev); /* there is more */
    back_send(data, 60, 0, 0, 0);
    vif_poll(dev);
    assert_int_equal(user.keeps, 7);
    user_release();
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The same after a reconnect: what was kept has no grant. */
static void kept_by_an_earlier_connection(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    user.keep = 50;
    for (unsigned i = 0; i < 50; i++)
        back_send(data, 60, 0, 0, 0);
    vif_poll(dev);
    assert_int_equal(user.keeps, 50);
    vif_state(XenbusStateClosed);
    thread_sleep(NSEC_PER_SEC);
    leave_grants(2 + NET_POSTED_MIN + 6);
    vif_state(XenbusStateInitWait);
    thread_sleep(NSEC_PER_SEC);
    vif_poll(dev);
    assert_int_equal(posted(0), NET_POSTED_MIN + 6);
    user_release();
    user.keep = 10;
    for (unsigned i = 0; i < 10; i++) {
        back_send(data, 60, 0, 0, 0);
        vif_poll(dev);
    }
    assert_int_equal(user.keeps, 6);
    user_release();
    assert_int_equal(shutdown_netfront(dev), 0);
    give_grants();
}

/* Two queues share what there is; with less there is one. */
static void two_queues_with_few_grants(void **state)
{
    const struct netfront_config config = {.queues = 2};
    struct netfront_limits l;
    struct netfront_dev *dev;

    (void)state;
    for (unsigned less = 0; less < 2; less++) {
        vif_fresh();
        vif_set(true, "multi-queue-max-queues", "2");
        leave_grants(2 * (2 + NET_POSTED_MIN + NETFRONT_FRAGS_MAX) - less);
        dev = vif_open(&config);
        netfront_get_limits(dev, &l);
        assert_int_equal(l.queues, 2 - less);
        for (unsigned i = 0; i < l.queues; i++)
            assert_true(posted(i) >= NET_POSTED_MIN);
        assert_int_equal(shutdown_netfront(dev), 0);
        give_grants();
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
    const struct CMUnitTest tests[] = {
        TEST(too_few_to_receive),         TEST(just_enough_to_receive),
        TEST(kept_while_there_are_few),   TEST(kept_by_an_earlier_connection),
        TEST(two_queues_with_few_grants),
    };

    return cmocka_run_group_tests_name("netfront, few grants", tests, NULL, NULL);
}
