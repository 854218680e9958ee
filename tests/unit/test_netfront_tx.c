/* SPDX-License-Identifier: MIT */
/* What netfront_send makes of a frame: copies and references, slots, flags, events, and answers. */
#include "fake_vif.h"

static uint8_t expected[65536];

static void take_and_compare(unsigned len)
{
    assert_true(back_take());
    assert_int_equal(back.frame.len, len);
    assert_memory_equal(back.frame.data, expected, len);
}

static void memory_is_sent_from_where_it_is(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(1600);
    struct netfront_stats s;

    (void)state;
    assert_int_equal(netfront_mem_size(p), 2048);
    vif_pattern(p, 1514, 1);
    memcpy(expected, p, 1514);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(vif_send(dev, p, 1514, user_done), 0);
        netfront_flush(dev);
        assert_int_equal(user.done, i); /* the backend has it */
        take_and_compare(1514);
        assert_int_equal(back.frame.slots, 1); /* headers are in it */
        back_answer();
        vif_poll(dev);
        assert_int_equal(user.done, i + 1);
        assert_int_equal(user.last_status, 0);
    }
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_frames, 2);
    assert_int_equal(s.tx_bytes, 2 * 1514);
    assert_int_equal(s.tx_slots, 2);
    assert_int_equal(s.tx_copied, 0);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The grant of a page is made once. */
static void a_frame_costs_no_grant(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2048);
    struct gnttab_stats before, after;
    struct netfront_stats s;

    (void)state;
    back.automatic = true;
    for (unsigned i = 0; i < 20; i++) {
        if (i == 1)
            gnttab_get_stats(&before);
        assert_int_equal(vif_send(dev, p, 1514, user_done), 0);
        netfront_flush(dev);
        vif_poll(dev);
    }
    gnttab_get_stats(&after);
    assert_int_equal(before.made, after.made);
    assert_int_equal(before.ended, after.ended);
    assert_int_equal(user.done, 20);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.notifications, 20 + 1); /* (and one for the buffers) */
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Headers in one fragment, data in others: the first slot has all headers, the data is not copied. */
static void headers_are_in_the_first_slot(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t header[66], *a = netfront_mem_alloc(2048), *b = netfront_mem_alloc(2048);
    const struct netfront_tx_frag frag[] = {
        {header, 14}, {header + 14, 0}, {header + 14, 52}, {a, 700}, {b, 700}};
    const struct netfront_tx tx = {
        .header = 66, .count = 5, .frag = frag, .done = user_done, .arg = &user};
    struct netfront_stats s;

    (void)state;
    vif_pattern(header, 66, 1);
    vif_pattern(a, 700, 2);
    vif_pattern(b, 700, 3);
    memcpy(expected, header, 66);
    memcpy(expected + 66, a, 700);
    memcpy(expected + 766, b, 700);
    assert_int_equal(netfront_send(dev, &tx), 0);
    netfront_flush(dev);
    take_and_compare(1466);
    assert_int_equal(back.frame.first, 66);
    assert_int_equal(back.frame.slots, 3);
    back_answer();
    vif_poll(dev);
    assert_int_equal(user.done, 1);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_copied, 66);
    netfront_mem_free(a);
    netfront_mem_free(b);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* The header ends within a fragment of the memory that begins with a part of it. */
static void a_split_header_is_copied(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *a = netfront_mem_alloc(2048), *b = netfront_mem_alloc(2048);
    const struct netfront_tx_frag frag[] = {{a, 30}, {b, 1000}};
    const struct netfront_tx tx = {.header = 54, .count = 2, .frag = frag};

    (void)state;
    vif_pattern(expected, 1030, 9);
    memcpy(a, expected, 30);
    memcpy(b, expected + 30, 1000);
    assert_int_equal(netfront_send(dev, &tx), 0);
    netfront_flush(dev);
    take_and_compare(1030);
    assert_int_equal(back.frame.first, 54);
    assert_int_equal(back.frame.slots, 2);
    back_answer();
    netfront_mem_free(a);
    netfront_mem_free(b);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void large_frame(struct netfront_dev *dev, unsigned gso, unsigned slots)
{
    uint8_t *p[44];
    struct netfront_tx_frag frag[45];
    const struct netfront_tx tx = {.flags = NETFRONT_CSUM_BLANK,
                                   .gso = gso,
                                   .gso_size = 1448,
                                   .header = 54,
                                   .count = slots,
                                   .frag = frag,
                                   .done = user_done,
                                   .arg = &user};
    const unsigned len = 54 + (slots - 1) * 1448;

    vif_pattern(expected, len, 5);
    frag[0] = (struct netfront_tx_frag){expected, 54};
    for (unsigned i = 1; i < slots; i++) {
        p[i - 1] = netfront_mem_alloc(1600);
        assert_non_null(p[i - 1]);
        memcpy(p[i - 1], expected + 54 + (i - 1) * 1448, 1448);
        frag[i] = (struct netfront_tx_frag){p[i - 1], 1448};
    }
    assert_int_equal(netfront_send(dev, &tx), 0);
    netfront_flush(dev);
    take_and_compare(len);
    assert_int_equal(back.frame.flags & ~NETTXF_more_data,
                     NETTXF_csum_blank | NETTXF_data_validated | NETTXF_extra_info);
    assert_int_equal(back.frame.extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
    assert_int_equal(back.frame.extra.gso.type, gso == NETFRONT_GSO_TCPV4
                                                    ? XEN_NETIF_GSO_TYPE_TCPV4
                                                    : XEN_NETIF_GSO_TYPE_TCPV6);
    assert_int_equal(back.frame.extra.gso.size, 1448);
    assert_int_equal(back.frame.extra.gso.features, 0);
    back_answer();
    vif_poll(dev);
    for (unsigned i = 1; i < slots; i++)
        netfront_mem_free(p[i - 1]);
}

static void large_frames(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_stats s;

    (void)state;
    large_frame(dev, NETFRONT_GSO_TCPV4, 18); /* all by reference */
    assert_int_equal(back.frame.slots, 18);
    assert_int_equal(user.done, 1);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_copied, 54);
    assert_int_equal(s.tx_gso, 1);
    assert_int_equal(s.tx_slots, 19);
    large_frame(dev, NETFRONT_GSO_TCPV6, 45); /* these are too many */
    assert_true(back.frame.slots <= 18);
    assert_int_equal(user.done, 2);
    for (unsigned i = 2; i < 45; i++)
        large_frame(dev, NETFRONT_GSO_TCPV4, i);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void what_cannot_be_sent(void **state)
{
    const struct netfront_config plain = {.no_gso = 1};
    struct netfront_dev *dev = vif_open(NULL);
    struct netfront_tx_frag frag = {expected, 13};
    struct netfront_tx tx = {.count = 1, .frag = &frag};

    (void)state;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    frag.len = 1519;
    assert_int_equal(netfront_send(dev, &tx), -EMSGSIZE);
    frag.len = 1518;
    assert_int_equal(netfront_send(dev, &tx), 0);
    tx.header = 1519;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    tx.header = 54;
    tx.gso = NETFRONT_GSO_TCPV4;
    tx.gso_size = 1448;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL); /* without a blank checksum */
    tx.flags = NETFRONT_CSUM_BLANK;
    frag.len = 65536;
    assert_int_equal(netfront_send(dev, &tx), -EMSGSIZE);
    frag.len = NETFRONT_TX_MAX;
    assert_int_equal(netfront_send(dev, &tx), 0);
    tx.gso_size = 0;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    tx.gso_size = 65536;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    tx.gso = 3;
    tx.gso_size = 1448;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    assert_int_equal(shutdown_netfront(dev), 0);
    vif_fresh();
    dev = vif_open(&plain);
    tx.gso = NETFRONT_GSO_TCPV4;
    assert_int_equal(netfront_send(dev, &tx), -EINVAL);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* A frame of one slot only, up to a page. */
static void without_scatter_gather(void **state)
{
    struct netfront_dev *dev;
    struct netfront_limits l;
    uint8_t *p;

    (void)state;
    vif_set(true, "feature-sg", "0");
    vif_set(false, "mtu", "9000");
    dev = vif_open(NULL);
    netfront_get_limits(dev, &l);
    assert_false(l.sg || l.gso_v4 || l.gso_v6);
    assert_int_equal(l.mtu, 4078);
    p = netfront_mem_alloc(4096);
    vif_pattern(p, 4096, 1);
    memcpy(expected, p, 4096);
    assert_int_equal(vif_send(dev, p, 4096, NULL), 0);
    assert_int_equal(vif_send(dev, p, 4097, NULL), -EMSGSIZE);
    netfront_flush(dev);
    take_and_compare(4096);
    assert_int_equal(back.frame.slots, 1);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void not_all_wait_for_the_flush(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t data[60] = {0};

    (void)state;
    for (unsigned i = 0; i < 31; i++)
        assert_int_equal(vif_send(dev, data, sizeof(data), NULL), 0);
    assert_false(back_take());
    assert_int_equal(vif_send(dev, data, sizeof(data), NULL), 0);
    while (back_take())
        ;
    assert_int_equal(back.frames, 32);
    back_answer();
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* A full ring: -ENOBUFS, and ready when there is room. */
static void a_full_ring(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t data[60] = {0};
    struct netfront_stats s;
    unsigned sent = 0;
    int ret;

    (void)state;
    while (!(ret = vif_send(dev, data, sizeof(data), NULL)))
        sent++;
    assert_int_equal(ret, -ENOBUFS);
    assert_int_equal(sent, 256);
    assert_int_equal(user.ready, 0);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.ready, 0);
    while (back_take())
        ; /* it was pushed */
    assert_int_equal(back.frames, 256);
    back_answer();
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 1);
    assert_int_equal(vif_send(dev, data, sizeof(data), NULL), 0);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_full, 1);
    vif_poll(dev);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.ready, 1); /* once */
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Large frames leave slots to small ones, and are sent when there is room for them. */
static void a_ring_full_of_large_frames(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2048), small[512] = {0};
    unsigned large = 0, more = 0;

    (void)state;
    vif_pattern(p, 513, 1);
    while (!vif_send(dev, p, 513, NULL))
        large++;
    assert_int_equal(large, 256 - 16);
    while (!vif_send(dev, small, sizeof(small), NULL))
        more++;
    assert_int_equal(more, 16);
    while (back_take())
        ;
    back_answer();
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 1);
    assert_int_equal(vif_send(dev, p, 513, NULL), 0);
    assert_int_equal(shutdown_netfront(dev), 0);
    netfront_mem_free(p);
}

/* What needs no `done` and no room asks for no event. */
static void events_only_when_wanted(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t data[60] = {0}, *p = netfront_mem_alloc(2048);
    struct netfront_stats before, after;

    (void)state;
    netfront_get_stats(dev, &before);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(vif_send(dev, data, sizeof(data), user_done), 0);
        netfront_flush(dev);
        while (back_take())
            ;
        back_answer();
        thread_sleep(NSEC_PER_MSEC);
        if (!i) /* (the first answer of a connection raises one) */
            vif_poll(dev);
    }
    netfront_get_stats(dev, &after);
    assert_true(after.events - before.events <= 1);
    netfront_get_stats(dev, &before);
    for (unsigned i = 0; i < 50; i++) /* a few: none, but they do not wait for ever */
        assert_int_equal(vif_send(dev, p, 1000, user_done), 0);
    netfront_flush(dev);
    user.done = user.ready = 0;
    while (back_take())
        ;
    back_answer();
    thread_sleep(9 * NSEC_PER_MSEC);
    assert_int_equal(user.ready, 0);
    thread_sleep(2 * NSEC_PER_MSEC);
    assert_int_equal(user.ready, 1);
    vif_poll(dev);
    assert_int_equal(user.done, 50);
    netfront_get_stats(dev, &after);
    assert_int_equal(after.events, before.events);

    assert_int_equal(vif_send(dev, p, 1000, user_done), 0); /* one that is answered late */
    netfront_flush(dev);
    thread_sleep(11 * NSEC_PER_MSEC);
    assert_int_equal(user.ready, 2);
    vif_poll(dev);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(user.ready, 2);
    assert_true(back_take());
    back_answer();
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(user.ready, 3);
    vif_poll(dev);
    assert_int_equal(user.done, 51);
    netfront_get_stats(dev, &before);
    assert_int_equal(before.events, after.events + 1);

    for (unsigned i = 0; i < 200; i++) /* many: the half of them */
        assert_int_equal(vif_send(dev, p, 1000, user_done), 0);
    netfront_flush(dev);
    for (unsigned i = 0; i < 200; i++) {
        assert_true(back_take());
        back_answer();
        thread_sleep(1);
        assert_int_equal(user.ready, i < 99 ? 3 : 4);
    }
    vif_poll(dev);
    assert_int_equal(user.done, 251);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void refused_frames(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2048);
    struct netfront_stats s;

    (void)state;
    for (int status = -2; status < 0; status++) {
        assert_int_equal(vif_send(dev, p, 1000, user_done), 0);
        netfront_flush(dev);
        assert_true(back_take());
        back.status = (int16_t)status;
        back_answer();
        vif_poll(dev);
        assert_int_equal(user.last_status, -EIO);
    }
    assert_int_equal(user.done, 2);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_errors, 2);
    assert_int_equal(s.violations, 0);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* trusted=0: it sees pages of copies only. */
static void nothing_is_shared_with_an_untrusted_backend(void **state)
{
    struct netfront_dev *dev;
    struct netfront_stats s;
    uint8_t *p;

    (void)state;
    vif_set(false, "trusted", "0");
    dev = vif_open(NULL);
    p = netfront_mem_alloc(2048);
    vif_pattern(p, 1514, 3);
    memcpy(expected, p, 1514);
    assert_int_equal(vif_send(dev, p, 1514, user_done), 0);
    assert_int_equal(user.done, 1);
    netfront_flush(dev);
    take_and_compare(1514);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_copied, 1514);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Freed memory is not given out again while a frame in flight is in its page. */
static void memory_in_flight_is_not_reused(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2048), *others[20];
    uint8_t *page = (uint8_t *)((uintptr_t)p & ~PAGE_MASK);

    (void)state;
    assert_int_equal(vif_send(dev, p, 1000, user_done), 0);
    netfront_flush(dev);
    netfront_mem_free(p);
    for (unsigned i = 0; i < 20; i++) {
        others[i] = netfront_mem_alloc(2048);
        assert_ptr_not_equal(others[i], p);
    }
    assert_true(back_take());
    back_answer();
    vif_poll(dev);
    p = netfront_mem_alloc(2048);
    assert_ptr_equal((uint8_t *)((uintptr_t)p & ~PAGE_MASK), page);
    netfront_mem_free(p);
    for (unsigned i = 0; i < 20; i++)
        netfront_mem_free(others[i]);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void when_grants_are_short_data_is_copied(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = netfront_mem_alloc(2048);
    static grant_ref_t ref[20000];
    struct netfront_stats s;
    unsigned n = 0;

    (void)state;
    while (gnttab_available() > 100)
        ref[n++] = (grant_ref_t)gnttab_grant(0, p, true);
    assert_int_equal(vif_send(dev, p, 1000, NULL), 0);
    netfront_flush(dev);
    assert_true(back_take());
    netfront_get_stats(dev, &s);
    assert_int_equal(s.tx_copied, 1000);
    while (n)
        gnttab_end(ref[--n]);
    netfront_mem_free(p);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void two_queues(void **state)
{
    const struct netfront_config config = {.queues = 8, .split_channels = -1};
    struct netfront_dev *dev;
    struct netfront_limits l;
    unsigned used[2] = {0};
    uint8_t data[100] = {[12] = 8};

    (void)state;
    dev = vif_open(&config);
    netfront_get_limits(dev, &l);
    assert_int_equal(l.queues, 2);
    assert_false(l.split_channels);
    assert_string_equal(fake_value(FRONT "/multi-queue-num-queues"), "2");
    assert_null(fake_find(FRONT "/tx-ring-ref"));
    for (unsigned flow = 0; flow < 32; flow++) {
        unsigned queue = 2;

        data[35] = (uint8_t)flow; /* its port */
        for (unsigned i = 0; i < 2; i++) {
            data[99] = (uint8_t)i;
            assert_int_equal(vif_send(dev, data, sizeof(data), NULL), 0);
            netfront_flush(dev);
            for (unsigned q = 0; q < 2; q++) {
                if (!back_take_from(&back.queue[q]))
                    continue;
                assert_true(queue == 2 || queue == q); /* a flow stays in order */
                queue = q;
                used[q]++;
            }
        }
        back_answer();
    }
    assert_true(used[0] > 8 && used[1] > 8);
    assert_int_equal(used[0] + used[1], 64);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static int send_in_done(struct netfront_dev *dev)
{
    static uint8_t data[60];

    for (unsigned i = 0; i < 300; i++)
        if (vif_send(dev, data, sizeof(data), NULL))
            break;
    return 0;
}

static void sending_in_a_callback(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t data[60] = {0};

    (void)state;
    back.automatic = true;
    user.in_receive = send_in_done;
    back_send(data, sizeof(data), 0, 0, 0);
    vif_poll(dev); /* the ring is full now; ready comes when it is not */
    user.ready = 0;
    thread_sleep(NSEC_PER_SEC);
    assert_true(user.ready >= 1);
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(memory_is_sent_from_where_it_is),
        TEST(a_frame_costs_no_grant),
        TEST(headers_are_in_the_first_slot),
        TEST(a_split_header_is_copied),
        TEST(large_frames),
        TEST(what_cannot_be_sent),
        TEST(without_scatter_gather),
        TEST(not_all_wait_for_the_flush),
        TEST(a_full_ring),
        TEST(a_ring_full_of_large_frames),
        TEST(events_only_when_wanted),
        TEST(refused_frames),
        TEST(nothing_is_shared_with_an_untrusted_backend),
        TEST(memory_in_flight_is_not_reused),
        TEST(when_grants_are_short_data_is_copied),
        TEST(two_queues),
        TEST(sending_in_a_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
