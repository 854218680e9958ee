/* SPDX-License-Identifier: MIT */
/* Small promises of the network driver: when `done` and `ready` are called, what is visible to the backend without
 * being asked for, what is known when open returns. */
#include "drivers/net/life/negotiate.h"
#include "fake_vif.h"

#include <ringlet/errno.h>
#include <ringlet/suspend.h>

static uint8_t data[70000];

/* What cannot be referred to, as it is in too many pieces, is the caller's again at once. */
static void done_at_once_when_copied(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_tx_frag frag[NETFRONT_FRAGS_MAX + 4];
    const struct netfront_tx tx = {.count = ARRAY_SIZE(frag),
                                   .frag = frag,
                                   .header = 54,
                                   .flags = NETFRONT_CSUM_BLANK,
                                   .gso = NETFRONT_GSO_TCPV4,
                                   .gso_size = 1000,
                                   .done = user_done,
                                   .arg = &user};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(frag); i++) {
        uint8_t *p = netfront_mem_alloc(PAGE_SIZE);

        assert_non_null(p);
        memset(p, (int)i, PAGE_SIZE);
        frag[i] = (struct netfront_tx_frag){p, 200};
    }
    assert_int_equal(netfront_send(dev, &tx), 0);
    assert_int_equal(user.done, 1);
    for (unsigned i = 0; i < ARRAY_SIZE(frag); i++)
        netfront_mem_free((void *)(uintptr_t)frag[i].data);
    netfront_flush(dev);
    assert_true(back_take());
    assert_int_equal(back.frame.len, 200 * ARRAY_SIZE(frag));
    assert_int_equal(back.frame.data[200 * ARRAY_SIZE(frag) - 1], ARRAY_SIZE(frag) - 1);
    back_answer();
    vif_poll(dev);
    assert_int_equal(user.done, 1);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* As long as there is memory, a receiver may keep nearly all that the backend has filled. */
static void keeps_most_of_a_ring(void **state)
{
    const struct netfront_config config = {.rx_pages = 1024};
    struct netfront_dev *dev = vif_open(&config);

    (void)state;
    vif_pattern(data, sizeof(data), 9);
    user.keep = 2000;
    while (back.queue[0].rx->index.req_prod - back.queue[0].rx_cons >= 16)
        back_send(data, 15 * PAGE_SIZE, NETRXF_data_validated, XEN_NETIF_GSO_TYPE_TCPV4, 1460);
    thread_sleep(NSEC_PER_MSEC);
    netfront_poll(dev, 64);
    assert_int_equal(user.keeps, WIRE_SLOTS / 16 * 15);
    assert_int_equal(user.keep_failed, 0);
    user_release();
    assert_int_equal(shutdown_netfront(dev), 0);
}

static int answer_all(struct netfront_dev *dev)
{
    (void)dev;
    assert_int_equal(vif_send(dev, data, 100, NULL), 0);
    return 0;
}

/* What is sent while a frame is received needs no flush. */
static void an_answer_goes_out(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    user.in_receive = answer_all;
    back_send(data, 60, 0, 0, 0);
    thread_sleep(NSEC_PER_MSEC);
    netfront_poll(dev, 64);
    assert_true(back_take());
    assert_int_equal(back.frame.len, 100);
    back_answer();
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* In a callback: fills the ring, has the backend answer, and sends once more, which is possible. */
static int fill_and_go_on(struct netfront_dev *dev)
{
    if (user.frames > 1)
        return 0;
    while (!vif_send(dev, data, 1500, NULL))
        ;
    while (back_take())
        ;
    back_answer();
    user.ready = 0;
    return vif_send(dev, data, 1500, NULL);
}

/* Whoever has found a ring full hears of the room, also when another send has taken the answers. */
static void room_is_told(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    user.in_receive = fill_and_go_on;
    back_send(data, 60, 0, 0, 0);
    thread_sleep(NSEC_PER_MSEC);
    while (netfront_poll(dev, 64))
        ;
    assert_int_equal(user.ready, 0);
    thread_sleep(NSEC_PER_USEC);
    assert_int_equal(user.ready, 1);
    vif_poll(dev);
    while (back_take())
        ;
    back_answer();
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* With the backend, what it had goes: who waits for it is called. */
static void lost_frames_are_told(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(PAGE_SIZE);

    (void)state;
    assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
    netfront_flush(dev);
    assert_true(back_take());
    vif_state(XenbusStateClosed);
    thread_sleep(2 * NSEC_PER_MSEC); /* less than that of answers that come late */
    assert_int_equal(user.done, 0);
    assert_true(user.ready > 0);
    netfront_poll(dev, 64);
    assert_int_equal(user.done, 1);
    assert_int_equal(user.last_status, -ENODEV);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* After a resume nothing is sent until the new backend is there. */
static void nothing_without_rings(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    connects = false;
    seam_suspend = vif_stop;
    assert_int_equal(domain_suspend(), 0);
    assert_int_equal(vif_send(dev, data, 100, NULL), -ENETDOWN);
    assert_false(netfront_poll(dev, 64));
    seam_suspend = NULL;
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* A backend drops a frame whose first slot does not have the addresses. */
static void first_slot_has_the_addresses(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(PAGE_SIZE);

    (void)state;
    vif_pattern(p, PAGE_SIZE, 5);
    for (unsigned head = 1; head <= 14; head++) {
        const struct netfront_tx_frag frag[] = {{data, head}, {p, 1000}};
        const struct netfront_tx tx = {.count = 2, .frag = frag};

        assert_int_equal(netfront_send(dev, &tx), 0);
        netfront_flush(dev);
        assert_true(back_take());
        assert_true(back.frame.first >= 14);
        assert_int_equal(back.frame.len, head + 1000);
        assert_memory_equal(back.frame.data + head, p, 1000);
        back_answer();
        vif_poll(dev);
    }
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* All of a range that is taken back must be there: else nothing is. */
static void ranges_of_others(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = page_alloc_zeroed(2, MEM_APP);

    (void)state;
    assert_int_equal(netfront_mem_add(p, 1), 0);
    assert_int_equal(netfront_mem_remove(p, 2), -EINVAL);
    assert_int_equal(netfront_mem_add(p, 1), -EINVAL); /* still there */
    assert_int_equal(netfront_mem_add(p + PAGE_SIZE, 1), 0);
    assert_int_equal(netfront_mem_remove(p, 2), 0);
    assert_int_equal(netfront_mem_add(p, 2), 0); /* both were gone */
    assert_int_equal(netfront_mem_remove(p, 2), 0);
    page_free(p, 2);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The backend can fill the whole ring as soon as it is connected. */
static void buffers_from_the_start(void **state)
{
    const struct netfront_config config = {.rx_pages = 1024};
    struct netfront_dev *dev;

    (void)state;
    assert_int_equal(netfront_open_device(NULL, &config, &dev), 0);
    assert_int_equal(back.queue[0].rx->index.req_prod, WIRE_SLOTS);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* MTU and carrier are those of XenStore when open returns. */
static void properties_from_the_start(void **state)
{
    const struct netfront_config config = {.arg = &user};
    struct netfront_limits l;
    struct netfront_dev *dev;

    (void)state;
    vif_set(false, "mtu", "9000");
    vif_set(true, "carrier", "0");
    assert_int_equal(netfront_open_device(NULL, &config, &dev), 0);
    netfront_get_limits(dev, &l);
    assert_int_equal(l.mtu, 9000);
    assert_false(l.carrier);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The list of keys has no gaps, whatever was in its memory. */
static void keys_without_gaps(void **state)
{
    static struct frontend_key keys[FRONTEND_KEYS_MAX];
    const struct netfront_limits limits = {.queues = 1};
    const struct net_chain_rules rules = {.sg = true};
    const struct net_queue_keys queue = {1, 2, 3, 4};
    unsigned count;

    (void)state;
    memset(keys, 0x7f, sizeof(keys));
    count = net_negotiate_keys(&limits, &rules, &queue, keys);
    assert_string_equal(keys[0].name, "tx-ring-ref");
    assert_string_equal(keys[0].value, "1");
    for (unsigned i = 0; i < count; i++) {
        assert_in_range(strnlen(keys[i].name, sizeof(keys[i].name)), 1, sizeof(keys[i].name) - 1);
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(keys[i].name, keys[k].name);
    }
    assert_int_equal(keys[count].name[0], 0x7f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
    const struct CMUnitTest tests[] = {
        TEST(done_at_once_when_copied),
        TEST(keeps_most_of_a_ring),
        TEST(an_answer_goes_out),
        TEST(room_is_told),
        TEST(lost_frames_are_told),
        TEST(properties_from_the_start),
        TEST(keys_without_gaps),
        TEST(nothing_without_rings),
        TEST(first_slot_has_the_addresses),
        TEST(ranges_of_others),
        TEST(buffers_from_the_start),
    };

    return cmocka_run_group_tests_name("netfront, the rest", tests, NULL, NULL);
}
