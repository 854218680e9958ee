/* SPDX-License-Identifier: MIT */
/* What happens to an open interface: its backend goes and comes back, it is detached, the domain is
 * suspended, XenStore or memory fails; pages that the backend keeps mapped. */
#include "fake_vif.h"

#include <ringlet/suspend.h>

static uint8_t data[3000];

static int sends(struct netfront_dev *dev)
{
    return vif_send(dev, data, 60, NULL);
}

/* Both directions. */
static void works(struct netfront_dev *dev)
{
    const unsigned frames = user.frames;

    vif_pattern(data, sizeof(data), frames);
    back_send(data, sizeof(data), 0, 0, 0);
    vif_poll(dev);
    assert_int_equal(user.frames, frames + 1);
    assert_memory_equal(user.data, data, sizeof(data));
    while (back_take())
        ;
    assert_int_equal(sends(dev), 0);
    netfront_flush(dev);
    assert_true(back_take());
    assert_memory_equal(back.frame.data, data, 60);
    back_answer();
    vif_poll(dev);
}

/* Its backend goes for a while, and its domain's number stays. */
static void goes_and_comes(struct netfront_dev *dev)
{
    const unsigned events = user.events;

    vif_state(XenbusStateClosing);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.events, events + 1);
    assert_int_equal(user.last_event, NETFRONT_EV_AWAY);
    assert_int_equal(sends(dev), -ENETDOWN);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(sends(dev), -ENETDOWN);
    vif_state(XenbusStateInitWait);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.events, events + 2);
    assert_int_equal(user.last_event, NETFRONT_EV_BACK);
    vif_poll(dev);
}

static void the_backend_is_restarted(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2000);
    struct netfront_stats s;
    struct netfront_limits l;

    (void)state;
    works(dev);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(vif_send(dev, p, 2000, user_done), -EMSGSIZE);
        assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
        netfront_flush(dev);
        user.done = 0;
        goes_and_comes(dev);
        assert_int_equal(user.done, 1); /* once, by the poll */
        assert_int_equal(user.last_status, -ENODEV);
        works(dev);
    }
    netfront_get_stats(dev, &s);
    assert_int_equal(s.reconnects, 5);
    assert_int_equal(s.tx_dropped, 5 + 10);
    netfront_get_limits(dev, &l);
    assert_true(l.connected);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Other offers, and another number of queues. */
static void the_next_backend_offers_less(void **state)
{
    const struct netfront_config config = {.queues = 2};
    struct netfront_dev *dev = vif_open(&config);
    struct netfront_limits l;

    (void)state;
    works(dev);
    vif_set(true, "multi-queue-max-queues", "1");
    vif_set(true, "feature-gso-tcpv4", "0");
    goes_and_comes(dev);
    netfront_get_limits(dev, &l);
    assert_int_equal(l.queues, 1);
    assert_false(l.gso_v4);
    works(dev);
    vif_set(true, "multi-queue-max-queues", "4");
    goes_and_comes(dev);
    netfront_get_limits(dev, &l);
    assert_int_equal(l.queues, 2);
    works(dev);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void without_reconnecting(void **state)
{
    const struct netfront_config config = {.reconnect_timeout_ns = NETFRONT_NO_RECONNECT};
    struct netfront_dev *dev = vif_open(&config);

    (void)state;
    vif_state(XenbusStateClosing);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.last_event, NETFRONT_EV_FAILED);
    assert_int_equal(sends(dev), -ENODEV);
    assert_false(netfront_poll(dev, 64));
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* xl network-detach. */
static void it_is_detached(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2000);

    (void)state;
    assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
    vif_set(true, "online", "0");
    vif_state(XenbusStateClosing);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.events, 1);
    assert_int_equal(user.last_event, NETFRONT_EV_FAILED);
    assert_string_equal(fake_value(FRONT "/state"), "6");
    vif_poll(dev);
    assert_int_equal(user.done, 1);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_int_equal(user.done, 1);
}

/* Nobody polls any more: the close ends frames. */
static void closed_with_frames_in_flight(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2000);

    (void)state;
    user.keep = 10;
    back_send(data, sizeof(data), 0, 0, 0);
    vif_poll(dev);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_int_equal(user.done, 100);
    assert_int_equal(user.last_status, -ENODEV);
    netfront_mem_free(p);
    user_release();
}

static void closed_while_away(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    vif_state(XenbusStateClosing);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void a_backend_that_does_not_close(void **state)
{
    const struct netfront_config config = {.close_timeout_ns = NSEC_PER_SEC};
    struct netfront_dev *dev = vif_open(&config);

    (void)state;
    closes = false;
    assert_int_equal(shutdown_netfront(dev), -ETIMEDOUT);
    closes = true;
}

/* ---- pages that the backend keeps mapped ---- */

static grant_ref_t mapped[3000];
static unsigned maps;

static void map_all(void)
{
    maps = 0;
    for (unsigned ref = 8; ref < 3000; ref++) {
        if (!(seam_grants[ref].flags & GTF_permit_access))
            continue;
        seam_grants[ref].flags |= GTF_reading;
        mapped[maps++] = ref;
    }
}

static void unmap_all(void)
{
    for (unsigned i = 0; i < maps; i++)
        seam_grants[mapped[i]].flags &= (uint16_t) ~(GTF_reading | GTF_writing);
    thread_sleep(20 * NSEC_PER_SEC); /* the quarantine tries again */
}

static void pages_in_quarantine(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2000), *kept;
    struct page_stats pages;

    (void)state;
    user.keep = 1;
    back_send(data, 100, 0, 0, 0);
    vif_poll(dev);
    kept = user.kept[0]->page;
    assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
    netfront_flush(dev);
    map_all();
    goes_and_comes(dev);
    page_get_stats(&pages);
    assert_true(pages.quarantined > 100);
    assert_true(pages.pinned > 0); /* the receiver's, and the sender's */
    memset(data, 0x55, 100);
    assert_memory_not_equal(kept, data, 100);
    netfront_mem_free(p);
    for (unsigned i = 0; i < 50; i++) { /* none that the old backend reads is written again */
        uint8_t *other = netfront_mem_alloc(4096);

        assert_non_null(other);
        assert_false(page_is_pinned(other));
        works(dev);
        netfront_mem_free(other);
    }
    user.keep = 0;
    works(dev);
    user_release(); /* to nobody: the page must not be used again */
    page_get_stats(&pages);
    assert_int_equal(pages.pinned, 1); /* that of net_mem */
    unmap_all();
    works(dev);
    page_get_stats(&pages);
    assert_int_equal(pages.quarantined, 0);
    assert_int_equal(pages.pinned, 0);
    map_all();
    assert_int_equal(shutdown_netfront(dev), 0);
    unmap_all();
}

/* ---- the domain is suspended ---- */

static void the_domain_is_resumed(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2000);
    struct netfront_stats s;

    (void)state;
    user.keep = 3;
    seam_suspend = vif_stop;
    for (unsigned i = 0; i < 3; i++) {
        works(dev);
        assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
        netfront_flush(dev);
        user.done = user.events = 0;
        assert_int_equal(domain_suspend(), 0);
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(user.events, 1);
        assert_int_equal(user.last_event, NETFRONT_EV_BACK);
        vif_poll(dev);
        assert_int_equal(user.done, 1);
        assert_int_equal(user.last_status, -ENODEV);
        works(dev);
    }
    netfront_get_stats(dev, &s);
    assert_int_equal(s.reconnects, 3);
    user_release();
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
    seam_suspend = NULL;
}

static void a_suspend_that_is_cancelled(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    assert_int_equal(domain_suspend(), 1);
    works(dev);
    assert_int_equal(user.events, 0);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* ---- states ---- */

/* As docs/design.md draws them. */
static void states_follow_the_table(void **state)
{
    static const char *const arrows[] = {"01", "04", "12", "13", "14", "21", "24", "32", "34"};

    (void)state;
    for (unsigned from = 0; from < NET_STATES; from++)
        for (unsigned to = 0; to < NET_STATES; to++) {
            bool drawn = from == to;

            for (unsigned i = 0; i < ARRAY_SIZE(arrows); i++)
                drawn |= arrows[i][0] == (char)('0' + from) && arrows[i][1] == (char)('0' + to);
            assert_int_equal(net_device_may_become(from, to), drawn);
        }
}

static int poll_in_receive(struct netfront_dev *dev)
{
    assert_false(netfront_poll(dev, 64));
    return 0;
}

static void a_poll_within_a_poll(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    user.in_receive = poll_in_receive;
    works(dev);
    works(dev);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* ---- errors ---- */

static void each_allocation_fails_once(void **state)
{
    struct netfront_dev *dev;

    (void)state;
    for (uint64_t n = 1;; n++) {
        uint64_t begin = mem_allocations();
        bool hit;
        int ret;

        vif_fresh();
        memset(&user, 0, sizeof(user));
        mem_fail_nth(n);
        ret = netfront_open_device("0", NULL, &dev);
        if (!ret) {
            uint8_t *p = netfront_mem_alloc(2000);

            vif_poll(dev); /* without a buffer nothing can be received */
            back_send(data, sizeof(data), 0, 0, 0);
            vif_poll(dev);
            if (p) {
                vif_send(dev, p, 1500, user_done);
                netfront_mem_free(p);
            }
            sends(dev);
            thread_sleep(NSEC_PER_SEC);
        }
        mem_fail_nth(0);
        hit = mem_allocations() - begin >= n;
        if (ret)
            assert_int_equal(ret, -ENOMEM);
        else
            assert_int_equal(shutdown_netfront(dev), 0);
        vif_nothing_left();
        if (!hit)
            break;
        assert_true(n < 2000);
    }
}

static void bad_keys(void **state)
{
    static const char *const macs[] = {"",
                                       "00:16:3e:01:02",
                                       "00:16:3e:01:02:fe:",
                                       "01:16:3e:01:02:fe",
                                       "00:00:00:00:00:00",
                                       "00-16-3e-01-02-fe",
                                       "00:16:3e:01:02:fg",
                                       "0:16:3e:01:02:fe:"};
    struct netfront_dev *dev;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(macs); i++) {
        vif_fresh();
        vif_set(false, "mac", macs[i]);
        assert_int_equal(netfront_open_device("vif0", NULL, &dev), -EINVAL);
        assert_null(dev);
    }
    assert_non_null(strstr(seam_console(), "vif0: mac=\"00-16-3e-01-02-fe\""));
    vif_set(false, "mac", "00:16:3E:AB:cd:fe");
    vif_set(true, "feature-rx-copy", "0");
    vif_fresh();
    assert_int_equal(netfront_open_device("vif0", NULL, &dev), -EOPNOTSUPP);
    assert_int_equal(netfront_open_device("vif1", NULL, &dev), -ENOENT);
    assert_int_equal(netfront_open_device("vif00", NULL, &dev), -EINVAL);
    assert_int_equal(netfront_open_device("eth0", NULL, &dev), -EINVAL);
}

static void bad_configurations(void **state)
{
    const struct netfront_config configs[] = {
        {.queues = 9}, {.rx_pages = 63}, {.rx_pages = 1025}, {.queues = UINT32_MAX}};
    struct netfront_dev *dev;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(configs); i++)
        assert_int_equal(netfront_open_device("0", &configs[i], &dev), -EINVAL);
}

static int close_in_receive(struct netfront_dev *dev)
{
    assert_int_equal(shutdown_netfront(dev), -EDEADLK);
    return 0;
}

static void not_in_a_callback(void **state)
{
    struct netfront_dev *dev = vif_open(NULL), *again;

    (void)state;
    user.in_receive = close_in_receive;
    works(dev);
    assert_int_equal(netfront_open_device("0", NULL, &again), -EBUSY);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_int_equal(shutdown_netfront(NULL), 0);
}

static void multicast(void **state)
{
    const struct netfront_config config = {.multicast = 1};
    static const uint8_t group[6] = {0x33, 0x33, 0, 0, 0, 1};
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t many[6] = {1};

    (void)state;
    assert_int_equal(netfront_multicast(dev, group, true), -EOPNOTSUPP);
    assert_int_equal(shutdown_netfront(dev), 0);
    vif_fresh();
    dev = vif_open(&config);
    assert_string_equal(fake_value(FRONT "/request-multicast-control"), "1");
    assert_int_equal(netfront_multicast(dev, group, true), 0);
    assert_int_equal(netfront_multicast(dev, group, true), 0);
    assert_true(back_take());
    assert_int_equal(back.frame.extra.type, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    assert_memory_equal(back.frame.extra.group, group, 6);
    assert_int_equal(back.frame.len, 0);
    assert_false(back_take());
    back_answer();
    goes_and_comes(dev); /* the next backend is told, too */
    assert_true(back_take());
    assert_memory_equal(back.frame.extra.group, group, 6);
    back_answer();
    assert_int_equal(netfront_multicast(dev, group, false), 0);
    assert_true(back_take());
    assert_int_equal(back.frame.extra.type, XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
    back_answer();
    for (unsigned i = 0; i < 64; i++) {
        many[5] = (uint8_t)i;
        assert_int_equal(netfront_multicast(dev, many, true), 0);
    }
    assert_int_equal(netfront_multicast(dev, group, true), -ENOBUFS);
    works(dev);
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(the_backend_is_restarted),
        TEST(the_next_backend_offers_less),
        TEST(without_reconnecting),
        TEST(it_is_detached),
        TEST(closed_with_frames_in_flight),
        TEST(closed_while_away),
        TEST(a_backend_that_does_not_close),
        TEST(pages_in_quarantine),
        TEST(the_domain_is_resumed),
        TEST(a_suspend_that_is_cancelled),
        TEST(states_follow_the_table),
        TEST(a_poll_within_a_poll),
        TEST(each_allocation_fails_once),
        TEST(bad_keys),
        TEST(bad_configurations),
        TEST(not_in_a_callback),
        TEST(multicast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
