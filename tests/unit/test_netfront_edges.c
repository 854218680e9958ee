/* SPDX-License-Identifier: MIT */
/* Corners of the network driver: memory, grants and slots that run out, the end of the guest, changes
 * of the carrier and the MTU. */
#define VIF_XENSTORE_MAY_KEEP
#include "fake_vif.h"

#include <kernel/shutdown.h>
#include <ringlet/format.h>

static uint8_t data[70000];

/* ---- slots and memory ---- */

/* Without memory for a copy: -ENOBUFS, and ready some time later. */
static void no_memory_for_a_copy(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);

    (void)state;
    for (unsigned n = 1;; n++) { /* that of 16 pages, each with its list's */
        int ret;

        mem_fail_nth(n);
        ret = vif_send(dev, data, 1500, NULL);
        mem_fail_nth(0);
        if (!ret)
            break;
        assert_int_equal(ret, -ENOBUFS);
        user.ready = 0;
        thread_sleep(99 * NSEC_PER_MSEC);
        assert_int_equal(user.ready, 0);
        thread_sleep(2 * NSEC_PER_MSEC);
        assert_int_equal(user.ready, 1);
        vif_poll(dev);
        assert_true(n < 10);
    }
    netfront_flush(dev);
    assert_true(back_take());
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* One of several copies has no page: those that were taken are given back. */
static void no_memory_for_the_last_copy(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    const struct netfront_tx_frag frag = {data, 60000};
    const struct netfront_tx tx = {.flags = NETFRONT_CSUM_BLANK,
                                   .gso = NETFRONT_GSO_TCPV4,
                                   .gso_size = 1448,
                                   .header = 54,
                                   .count = 1,
                                   .frag = &frag};

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        mem_fail_nth(3);
        netfront_send(dev, &tx);
        mem_fail_nth(0);
        if (i % 10 == 0) {
            netfront_flush(dev);
            while (back_take())
                ;
            back_answer();
            vif_poll(dev);
        }
    }
    assert_true(back.frames > 10);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void no_grant_for_the_rings(void **state)
{
    static grant_ref_t ref[20000];
    struct netfront_dev *dev;
    unsigned n = 0;
    void *page = page_alloc(1, MEM_APP);

    (void)state;
    while (gnttab_available() > 1)
        ref[n++] = (grant_ref_t)gnttab_grant(0, page, true);
    assert_int_equal(netfront_open_device("0", NULL, &dev), -ENOSPC);
    while (n > 2)
        gnttab_end(ref[--n]);
    vif_fresh();
    while (gnttab_available() > 12) /* for the rings and ten buffers */
        ref[n++] = (grant_ref_t)gnttab_grant(0, page, true);
    dev = vif_open(NULL);
    assert_int_equal(back.queue[0].rx->index.req_prod, 10);
    assert_int_equal(vif_send(dev, data, 60, NULL), -ENOBUFS);
    while (n)
        gnttab_end(ref[--n]);
    thread_sleep(NSEC_PER_SEC);
    assert_true(user.ready > 0);
    vif_poll(dev);
    assert_int_equal(back.queue[0].rx->index.req_prod, 128);
    assert_int_equal(vif_send(dev, data, 60, NULL), 0);
    assert_int_equal(shutdown_netfront(dev), 0);
    page_free(page, 1);
}

/* A violation that a sender finds, as it looks for room. */
static void found_by_a_sender(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    int ret;

    (void)state;
    while (!(ret = vif_send(dev, data, 60, NULL)))
        ;
    assert_int_equal(ret, -ENOBUFS);
    back.queue[0].tx->index.rsp_prod = 1000;
    assert_int_equal(vif_send(dev, data, 60, NULL), -ENODEV);
    assert_int_equal(user.events, 0);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.last_event, NETFRONT_EV_FAILED);
    netfront_flush(dev);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void a_full_ring_and_a_group(void **state)
{
    const struct netfront_config config = {.multicast = 1};
    static const uint8_t group[6] = {1, 0, 0x5e, 0, 0, 1};
    struct netfront_dev *dev = vif_open(&config);

    (void)state;
    while (!vif_send(dev, data, 60, NULL))
        ;
    assert_int_equal(netfront_multicast(dev, group, true), -ENOBUFS);
    while (back_take())
        ;
    back_answer();
    thread_sleep(NSEC_PER_MSEC);
    assert_true(user.ready > 0);
    assert_int_equal(netfront_multicast(dev, group, true), 0);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Pieces that continue each other in a page are one slot. */
static void neighbours_are_one_slot(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(4096);
    const struct netfront_tx_frag frag[] = {{p, 600}, {p + 600, 500}, {p + 1100, 400}};
    const struct netfront_tx tx = {.header = 54, .count = 3, .frag = frag};

    (void)state;
    vif_pattern(p, 1500, 4);
    assert_int_equal(netfront_send(dev, &tx), 0);
    netfront_flush(dev);
    assert_true(back_take());
    assert_int_equal(back.frame.slots, 1);
    assert_memory_equal(back.frame.data, p, 1500);
    back_answer();
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* More pages than one array of references has. */
static void many_pages(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    static uint8_t *p[1200];
    unsigned n = 0;

    (void)state;
    back.automatic = true;
    assert_int_equal(netfront_mem_limit(1100), 0);
    while ((p[n] = netfront_mem_alloc(4096)))
        n++;
    assert_int_equal(n, 1100);
    for (unsigned i = n; i--;) {
        p[i][0] = (uint8_t)i;
        assert_int_equal(vif_send(dev, p[i], 1000, user_done), 0);
        netfront_flush(dev);
        vif_poll(dev);
        assert_int_equal(back.frame.data[0], (uint8_t)i);
    }
    assert_int_equal(user.done, 1100);
    while (n)
        netfront_mem_free(p[--n]);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_int_equal(netfront_mem_limit(256), 0);
}

static void flows_of_ipv6(void **state)
{
    const struct netfront_config config = {.queues = 2};
    struct netfront_dev *dev = vif_open(&config);
    unsigned used[2] = {0};

    (void)state;
    memset(data, 0, 100);
    data[12] = 0x86;
    data[13] = 0xdd;
    for (unsigned flow = 0; flow < 64; flow++) {
        data[57] = (uint8_t)flow;
        data[60] = (uint8_t)(3 * flow); /* not a part of the flow */
        assert_int_equal(vif_send(dev, data, 100, NULL), 0);
        netfront_flush(dev);
        for (unsigned q = 0; q < 2; q++)
            used[q] += back_take_from(&back.queue[q]);
        back_answer();
    }
    assert_true(used[0] > 16 && used[1] > 16);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void without_checksums(void **state)
{
    const struct netfront_config config = {.no_csum = 1};
    struct netfront_dev *dev = vif_open(&config);
    const struct netfront_tx_frag frag = {data, 100};
    const struct netfront_tx tx = {.flags = NETFRONT_CSUM_BLANK, .count = 1, .frag = &frag};

    (void)state;
    assert_string_equal(fake_value(FRONT "/feature-no-csum-offload"), "1");
    assert_null(fake_find(FRONT "/feature-gso-tcpv4"));
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* All but a quarter are kept when nothing more arrives: who releases them has them posted. */
static void released_without_traffic(void **state)
{
    const struct netfront_config config = {.rx_pages = 64};
    struct netfront_dev *dev = vif_open(&config);
    struct back_queue *q = &back.queue[0];

    (void)state;
    user.keep = 40;
    for (unsigned i = 0; i < 40; i++) {
        back_send(data, 1000, 0, 0, 0);
        vif_poll(dev);
    }
    assert_int_equal(q->rx->index.req_prod - q->rx->index.rsp_prod, 24);
    user.ready = 0;
    user_release();
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 1);
    vif_poll(dev);
    assert_int_equal(q->rx->index.req_prod - q->rx->index.rsp_prod, 64);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* ---- XenStore ---- */

static void carrier_and_mtu(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_limits l;

    (void)state;
    vif_set(true, "carrier", "0");
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.last_event, NETFRONT_EV_CARRIER);
    netfront_get_limits(dev, &l);
    assert_false(l.carrier);
    assert_int_equal(vif_send(dev, data, 60, NULL), -ENETDOWN);
    vif_set(false, "mtu", "9000");
    vif_set(true, "carrier", "1");
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.events, 3);
    assert_int_equal(user.last_event, NETFRONT_EV_MTU);
    netfront_get_limits(dev, &l);
    assert_true(l.carrier);
    assert_int_equal(l.mtu, 9000);
    assert_int_equal(vif_send(dev, data, 9014, NULL), 0);
    vif_set(false, "mtu", "67"); /* nonsense: the default */
    vif_set(true, "carrier", "2");
    thread_sleep(NSEC_PER_SEC);
    netfront_get_limits(dev, &l);
    assert_true(l.carrier);
    assert_int_equal(l.mtu, 1500);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The frontend's own, which changes without anything of the backend's. */
static void mtu_alone(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_limits l;

    (void)state;
    for (unsigned i = 1; i < 4; i++) {
        char text[8];

        format(text, sizeof(text), "%u", 1000 * i);
        vif_set(false, "mtu", text);
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(user.events, i);
        assert_int_equal(user.last_event, NETFRONT_EV_MTU);
        netfront_get_limits(dev, &l);
        assert_int_equal(l.mtu, 1000 * i);
    }
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* XenStore answers nothing: neither a name nor the first interface is looked for longer than allowed. */
static void opens_without_xenstore(void **state)
{
    const struct netfront_config config = {.connect_timeout_ns = 2 * NSEC_PER_SEC};
    struct netfront_dev *dev;

    (void)state;
    seam_idle = NULL;
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t begin = clock_now();

        assert_true(netfront_open_device(i ? "0" : NULL, &config, &dev) < 0);
        assert_true(clock_now() - begin < 4 * NSEC_PER_SEC);
        assert_null(dev);
        assert_true(thread_deadline() == DEADLINE_NEVER);
    }
}

/* XenStore answers nothing any more: the end takes no longer than it may. */
static void closes_without_xenstore(void **state)
{
    const struct netfront_config config = {.close_timeout_ns = 2 * NSEC_PER_SEC};
    struct netfront_dev *dev = vif_open(&config);
    uint64_t begin;

    (void)state;
    seam_idle = NULL;
    begin = clock_now();
    assert_int_equal(shutdown_netfront(dev), -ETIMEDOUT);
    assert_true(clock_now() - begin < 4 * NSEC_PER_SEC);
}

static void trust_that_cannot_be_understood(void **state)
{
    struct netfront_dev *dev;

    (void)state;
    vif_set(false, "trusted", "yes");
    dev = vif_open(NULL);
    assert_false(dev->limits.trusted);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* ---- the end of the guest ---- */

static void the_guest_ends(void **state)
{
    struct netfront_dev *dev;
    uint8_t *p;
    jmp_buf end;

    (void)state;
    assert_int_equal(shutdown_init(), 0);
    thread_sleep(NSEC_PER_MSEC);
    dev = vif_open(NULL);
    p = netfront_mem_alloc(2000);
    assert_int_equal(vif_send(dev, p, 1500, user_done), 0);
    seam_shutdown_jmp = &end;
    if (!setjmp(end))
        domain_shutdown(SHUTDOWN_REASON_POWEROFF);
    assert_string_equal(fake_value(FRONT "/state"), "6");
    assert_int_equal(user.done, 1);
    assert_int_equal(vif_send(dev, p, 1500, user_done), -ENODEV);
    assert_false(netfront_poll(dev, 64));
    netfront_flush(dev);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_int_equal(user.done, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(no_memory_for_a_copy),
        TEST(no_memory_for_the_last_copy),
        TEST(no_grant_for_the_rings),
        TEST(found_by_a_sender),
        TEST(a_full_ring_and_a_group),
        TEST(neighbours_are_one_slot),
        TEST(many_pages),
        TEST(flows_of_ipv6),
        TEST(without_checksums),
        TEST(released_without_traffic),
        TEST(carrier_and_mtu),
        TEST(mtu_alone),
        TEST(opens_without_xenstore),
        TEST(closes_without_xenstore),
        TEST(trust_that_cannot_be_understood),
        TEST(the_guest_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
