/* SPDX-License-Identifier: MIT */
/* A backend that breaks the protocol: the device fails, once, with one line, and gives all back. */
#include "fake_vif.h"

static uint8_t data[4096];
static struct netfront_dev *dev;
static struct back_queue *q;
static uint8_t *memory;

static void begin(const struct netfront_config *config)
{
    dev = vif_open(config);
    q = &back.queue[0];
    memory = netfront_mem_alloc(2048);
    assert_int_equal(vif_send(dev, memory, 1000, user_done), 0); /* something is in flight */
    netfront_flush(dev);
    assert_true(back_take());
}

/* The device must have failed for this reason. */
static void end(const char *what)
{
    struct netfront_stats s;
    struct netfront_limits l;
    uint8_t frame[60] = {0};
    char line[200];

    vif_poll(dev);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.violations, 1);
    snprintf(line, sizeof(line), "vif0: backend 0 broke the protocol: %s\n", what);
    assert_non_null(strstr(seam_console(), line));
    assert_null(strstr(strstr(seam_console(), line) + strlen(line), "broke the protocol"));
    assert_int_equal(vif_send(dev, frame, sizeof(frame), NULL), -ENODEV);
    thread_sleep(20 * NSEC_PER_SEC);
    vif_poll(dev);
    assert_int_equal(user.done, 1);                                   /* once, and ... */
    assert_int_equal(user.last_status, dev->limits.sg ? -ENODEV : 0); /* (else it was copied) */
    assert_int_equal(user.last_event, NETFRONT_EV_FAILED);
    assert_int_equal(user.events, 1);
    assert_int_equal(vif_send(dev, frame, sizeof(frame), NULL), -ENODEV);
    assert_false(netfront_poll(dev, 64));
    netfront_get_limits(dev, &l);
    assert_false(l.connected);
    netfront_mem_free(memory);
    assert_int_equal(shutdown_netfront(dev), 0);
    assert_int_equal(user.done, 1); /* ... not again */
}

/* ---- tx ---- */

static void tx_index(void **state)
{
    (void)state;
    begin(NULL);
    q->tx->index.rsp_prod = 2;
    seam_raise(q->tx_port);
    end("more tx responses than requests");
}

static void tx_index_backwards(void **state)
{
    (void)state;
    begin(NULL);
    q->tx->index.rsp_prod = UINT32_MAX;
    seam_raise(q->tx_port);
    end("more tx responses than requests");
}

static void tx_response(uint16_t id, int16_t status, const char *what)
{
    back_tx_response(q, id, status);
    back_tx_publish(q);
    seam_raise(q->tx_port);
    end(what);
}

static void tx_id(void **state)
{
    (void)state;
    begin(NULL);
    tx_response((uint16_t)(q->answer[0] + 1), 0, "a tx response whose id is not in flight");
}

static void tx_id_of_an_earlier_use(void **state)
{
    (void)state;
    begin(NULL);
    tx_response((uint16_t)(q->answer[0] + 0x100), 0, "a tx response whose id is not in flight");
}

static void tx_id_twice(void **state)
{
    uint8_t frame[60] = {0};

    (void)state;
    begin(NULL);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(vif_send(dev, frame, sizeof(frame), NULL), 0);
    netfront_flush(dev);
    back_tx_response(q, (uint16_t)(q->answer[0] & 0xff00) | 0x01, 0); /* the second slot's */
    back_tx_response(q, (uint16_t)(q->answer[0] & 0xff00) | 0x01, 0);
    back_tx_publish(q);
    seam_raise(q->tx_port);
    end("a tx response whose id is not in flight");
}

static void tx_status(void **state)
{
    (void)state;
    begin(NULL);
    tx_response(q->answer[0], 2, "a tx response of unknown status");
}

static void tx_status_negative(void **state)
{
    (void)state;
    begin(NULL);
    tx_response(q->answer[0], -3, "a tx response of unknown status");
}

static void tx_extra_that_is_none(void **state)
{
    (void)state;
    begin(NULL);
    tx_response(q->answer[0], NETIF_RSP_NULL, "a response to an extra, without one");
}

/* ---- rx ---- */

static void rx_index(void **state)
{
    (void)state;
    begin(NULL);
    q->rx->index.rsp_prod = 129;
    seam_raise(q->rx_port);
    end("more rx responses than requests");
}

static void rx_published(const char *what)
{
    back_rx_publish(q);
    end(what);
    assert_int_equal(user.frames, 0);
}

static void rx_id(void **state)
{
    (void)state;
    begin(NULL);
    back_rx_slot(q, data, 0, 100, 0);
    q->rx->entry[0].response.id++;
    rx_published("a response with another id than its slot's request");
}

static void rx_beyond_the_page(void **state)
{
    (void)state;
    begin(NULL);
    back_rx_slot(q, NULL, 0, 4097, 0);
    rx_published("data beyond the end of a page");
}

static void rx_offset(void **state)
{
    (void)state;
    begin(NULL);
    back_rx_slot(q, NULL, 4095, 2, 0);
    rx_published("data beyond the end of a page");
}

static void rx_offset_wraps(void **state)
{
    (void)state;
    begin(NULL);
    back_rx_slot(q, NULL, 65535, 32767, 0);
    rx_published("data beyond the end of a page");
}

static void rx_endless(void **state)
{
    (void)state;
    begin(NULL);
    for (unsigned i = 0; i < 19; i++)
        back_rx_slot(q, data, 0, 100, NETRXF_more_data);
    rx_published("a frame of too many slots");
}

static void rx_endless_and_empty(void **state)
{
    (void)state;
    begin(NULL);
    for (unsigned i = 0; i < 19; i++)
        back_rx_slot(q, NULL, 0, i % 2 ? 0 : -1, NETRXF_more_data);
    rx_published("a frame of too many slots");
}

static void rx_slots_that_were_not_offered(void **state)
{
    const struct netfront_config c = {.no_sg = 1};

    (void)state;
    begin(&c);
    back_rx_slot(q, data, 0, 100, NETRXF_more_data);
    rx_published("a frame of several slots, which was not offered");
}

static void rx_prefix(void **state)
{
    (void)state;
    begin(NULL);
    back_rx_slot(q, data, 0, 100, NETRXF_gso_prefix);
    rx_published("a GSO prefix, which was not offered");
}

static void rx_late_extra(void **state)
{
    (void)state;
    begin(NULL);
    back_rx_slot(q, data, 0, 100, NETRXF_more_data);
    back_rx_slot(q, data, 0, 100, NETRXF_extra_info);
    rx_published("an extra behind a later slot");
}

static void rx_extra(struct wire_extra extra, bool twice, const char *what)
{
    begin(NULL);
    back_rx_slot(q, data, 0, 100, NETRXF_extra_info);
    back_rx_extra(q, &extra);
    if (twice)
        back_rx_extra(q, &extra);
    rx_published(what);
}

#define GSO(gso_type, bytes, extra_flags)                                \
    (struct wire_extra)                                                  \
    {                                                                    \
        .type = XEN_NETIF_EXTRA_TYPE_GSO, .flags = extra_flags, .gso = { \
            .size = bytes,                                               \
            .type = gso_type                                             \
        }                                                                \
    }

static void rx_extra_types(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        if (type == XEN_NETIF_EXTRA_TYPE_GSO)
            continue;
        vif_fresh();
        rx_extra((struct wire_extra){.type = (uint8_t)type}, false,
                 "an extra of a kind that was not asked for");
        seam_console_clear();
    }
}

static void rx_gso_type(void **state)
{
    (void)state;
    rx_extra(GSO(0, 100, 0), false, "a GSO type that was not offered");
}

static void rx_gso_type_unknown(void **state)
{
    (void)state;
    rx_extra(GSO(3, 100, 0), false, "a GSO type that was not offered");
}

static void rx_gso_size(void **state)
{
    (void)state;
    rx_extra(GSO(1, 0, 0), false, "GSO segments of no bytes");
}

static void rx_gso_twice(void **state)
{
    (void)state;
    rx_extra(GSO(1, 100, 1), true, "an extra twice");
}

static void rx_extra_flags(void **state)
{
    (void)state;
    rx_extra(GSO(1, 100, 2), false, "an extra with unknown flags");
}

static void rx_gso_that_was_not_offered(void **state)
{
    const struct netfront_config c = {.no_gso = 1};

    (void)state;
    begin(&c);
    back_rx_slot(q, data, 0, 100, NETRXF_extra_info);
    back_rx_extra(q, &GSO(1, 100, 0));
    rx_published("a GSO type that was not offered");
}

/* ---- what is no violation ---- */

/* A blank checksum that was not offered: nobody would complete it, the frame is dropped. */
static void rx_blank_that_was_not_offered(void **state)
{
    const struct netfront_config c = {.no_csum = 1};
    struct netfront_stats s;

    (void)state;
    begin(&c);
    back_rx_slot(q, data, 0, 100, NETRXF_csum_blank);
    back_rx_publish(q);
    vif_poll(dev);
    netfront_get_stats(dev, &s);
    assert_int_equal(s.rx_errors, 1);
    assert_int_equal(s.violations, 0);
    assert_int_equal(user.frames, 0);
    netfront_mem_free(memory);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* Indexes and slots that the frontend wrote are not read back. */
static void our_own_fields_are_overwritten(void **state)
{
    (void)state;
    begin(NULL);
    for (unsigned i = 0; i < 50; i++) {
        const uint32_t tx = q->tx->index.req_prod, rx = q->rx->index.req_prod;
        uint8_t frame[100];

        vif_pattern(frame, sizeof(frame), i);
        q->tx->index.req_prod = q->rx->index.req_prod = 0x12345678;
        memset(&q->rx->entry[(rx + 3) % WIRE_SLOTS], 0xff, 8);
        back.queue[0].rx->index.req_prod = rx;
        back_send(frame, sizeof(frame), 0, 0, 0);
        q->rx->index.req_prod = 5;
        vif_poll(dev);
        assert_memory_equal(user.data, frame, sizeof(frame));
        q->tx->index.req_prod = tx;
        assert_int_equal(vif_send(dev, frame, sizeof(frame), NULL), 0);
        netfront_flush(dev);
        assert_true(back_take());
        assert_memory_equal(back.frame.data, frame, sizeof(frame));
    }
    assert_int_equal(user.frames, 50);
    back_answer();
    vif_poll(dev);
    netfront_mem_free(memory);
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(tx_index),
        TEST(tx_index_backwards),
        TEST(tx_id),
        TEST(tx_id_of_an_earlier_use),
        TEST(tx_id_twice),
        TEST(tx_status),
        TEST(tx_status_negative),
        TEST(tx_extra_that_is_none),
        TEST(rx_index),
        TEST(rx_id),
        TEST(rx_beyond_the_page),
        TEST(rx_offset),
        TEST(rx_offset_wraps),
        TEST(rx_endless),
        TEST(rx_endless_and_empty),
        TEST(rx_slots_that_were_not_offered),
        TEST(rx_prefix),
        TEST(rx_late_extra),
        TEST(rx_extra_types),
        TEST(rx_gso_type),
        TEST(rx_gso_type_unknown),
        TEST(rx_gso_size),
        TEST(rx_gso_twice),
        TEST(rx_extra_flags),
        TEST(rx_gso_that_was_not_offered),
        TEST(rx_blank_that_was_not_offered),
        TEST(our_own_fields_are_overwritten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
