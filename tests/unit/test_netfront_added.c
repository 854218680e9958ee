/* SPDX-License-Identifier: MIT */
/* Memory of others that devices send from: netfront_mem_add(), _remove() and _busy(). */
#include "fake_vif.h"

#include <drivers/net/memory/mem.h>

#define PAGES 4

static uint8_t expected[65536];

/* What a program has from blkfront_buf_alloc or page_alloc. */
static uint8_t *memory(void)
{
    uint8_t *p = page_alloc_zeroed(PAGES, MEM_APP);

    assert_non_null(p);
    vif_pattern(p, PAGES * PAGE_SIZE, 3);
    return p;
}

static int send_from(struct netfront_dev *dev, uint8_t *header, const uint8_t *p, unsigned len)
{
    const struct netfront_tx_frag frag[] = {{header, 54}, {p, len}};
    const struct netfront_tx tx = {.header = 54,
                                   .count = 2,
                                   .frag = frag,
                                   .gso = NETFRONT_GSO_TCPV4,
                                   .gso_size = 1460,
                                   .flags = NETFRONT_CSUM_BLANK,
                                   .done = user_done,
                                   .arg = &user};
    const int ret = netfront_send(dev, &tx);

    memcpy(expected, header, 54);
    memcpy(expected + 54, p, len);
    netfront_flush(dev);
    return ret;
}

static void take_and_compare(unsigned len, unsigned slots)
{
    assert_true(back_take());
    assert_int_equal(back.frame.len, len);
    assert_int_equal(back.frame.slots, slots);
    assert_memory_equal(back.frame.data, expected, len);
}

static uint64_t copied(struct netfront_dev *dev)
{
    struct netfront_stats s;

    netfront_get_stats(dev, &s);
    return s.tx_copied;
}

/* Also over the ends of pages, where netfront_mem_alloc's blocks never lie. */
static void is_sent_from_where_it_is(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t header[54], *p = memory();
    struct gnttab_stats before, after;

    (void)state;
    vif_pattern(header, sizeof(header), 1);
    assert_int_equal(netfront_mem_add(p, PAGES), 0);
    for (unsigned i = 0; i < 3; i++) {
        if (i == 1)
            gnttab_get_stats(&before);
        assert_false(netfront_mem_busy(p, PAGES * PAGE_SIZE));
        assert_int_equal(send_from(dev, header, p + 1000, 10000), 0);
        take_and_compare(54 + 10000, 4);
        assert_true(netfront_mem_busy(p, 1));
        assert_true(netfront_mem_busy(p + PAGE_SIZE - 1, 2));
        assert_false(netfront_mem_busy(p + 3 * PAGE_SIZE, PAGE_SIZE));
        assert_int_equal(netfront_mem_remove(p, PAGES), -EBUSY);
        back_answer();
        vif_poll(dev);
        assert_int_equal(user.done, i + 1);
    }
    gnttab_get_stats(&after);
    assert_int_equal(before.made, after.made); /* granted once */
    assert_int_equal(copied(dev), 3 * 54);
    assert_int_equal(netfront_mem_remove(p, PAGES), 0);
    /* and copied from then on */
    assert_int_equal(send_from(dev, header, p + 1000, 3000), 0);
    vif_poll(dev);
    assert_int_equal(copied(dev), 3 * 54 + 54 + 3000);
    assert_int_equal(shutdown_netfront(dev), 0);
    page_free(p, PAGES);
}

/* Removed pages are granted to nobody; their places are used again. */
static void no_grant_is_left(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t header[54] = {0}, *p = memory();
    struct gnttab_stats before, after;
    unsigned count = 0;

    (void)state;
    back.automatic = true;
    for (unsigned i = 0; i < 6; i++) {
        if (i == 1) { /* what is for copies is granted */
            gnttab_get_stats(&before);
            count = net_mem.count;
        }
        assert_int_equal(netfront_mem_add(p, PAGES), 0);
        assert_int_equal(send_from(dev, header, p, PAGES * PAGE_SIZE), 0);
        vif_poll(dev);
        assert_int_equal(netfront_mem_remove(p, PAGES), 0);
    }
    gnttab_get_stats(&after);
    assert_int_equal(after.made - before.made, 5 * PAGES);
    assert_int_equal(after.ended - before.ended, 5 * PAGES);
    assert_int_equal(net_mem.count, count);
    assert_int_equal(shutdown_netfront(dev), 0);
    page_free(p, PAGES);
}

static void outlives_devices(void **state)
{
    uint8_t header[54] = {0}, *p = memory();

    (void)state;
    assert_int_equal(netfront_mem_add(p, PAGES), 0);
    back.automatic = true;
    for (unsigned i = 0; i < 2; i++) {
        struct netfront_dev *dev = vif_open(NULL);

        assert_int_equal(send_from(dev, header, p, 8000), 0);
        vif_poll(dev);
        assert_int_equal(copied(dev), 54);
        assert_int_equal(shutdown_netfront(dev), 0);
        vif_fresh();
    }
    assert_int_equal(netfront_mem_remove(p, PAGES), 0);
    page_free(p, PAGES);
}

static void what_cannot_be_added(void **state)
{
    static uint8_t image[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = memory(), *q = netfront_mem_alloc(PAGE_SIZE);

    (void)state;
    assert_int_equal(netfront_mem_add(p + 1, 1), -EINVAL);
    assert_int_equal(netfront_mem_add(p, 0), -EINVAL);
    assert_int_equal(netfront_mem_add(image, 2), -EINVAL);
    assert_int_equal(netfront_mem_add(q, 1), -EINVAL);
    assert_int_equal(netfront_mem_add(p + 2 * PAGE_SIZE, 1), 0);
    assert_int_equal(netfront_mem_add(p, PAGES), -EINVAL); /* the third is there */
    assert_int_equal(netfront_mem_remove(p, 1), -EINVAL);
    assert_int_equal(netfront_mem_remove(p, PAGES), -EINVAL);
    assert_int_equal(netfront_mem_remove(q, 1), -EINVAL);
    assert_int_equal(netfront_mem_remove(p + 2 * PAGE_SIZE + 1, 1), -EINVAL);
    assert_int_equal(netfront_mem_remove(p + 2 * PAGE_SIZE, 0), -EINVAL);
    /* it is not netfront_mem_alloc's */
    assert_int_equal(netfront_mem_size(p + 2 * PAGE_SIZE), 0);
    netfront_mem_free(p + 2 * PAGE_SIZE);
    assert_non_null(strstr(seam_console(), "is not from netfront_mem_alloc"));
    assert_int_equal(netfront_mem_remove(p + 2 * PAGE_SIZE, 1), 0);
    netfront_mem_free(q);
    page_free(p, PAGES);
    assert_int_equal(shutdown_netfront(dev), 0);
}

/* They are no part of the limit. */
static void does_not_count(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t *p = memory(), *q[3];

    (void)state;
    assert_int_equal(netfront_mem_limit(2), 0);
    assert_int_equal(netfront_mem_add(p, PAGES), 0);
    q[0] = netfront_mem_alloc(PAGE_SIZE);
    q[1] = netfront_mem_alloc(PAGE_SIZE);
    assert_non_null(q[0]);
    assert_non_null(q[1]);
    assert_null(netfront_mem_alloc(PAGE_SIZE));
    assert_int_equal(netfront_mem_limit(1), -EINVAL);
    assert_int_equal(netfront_mem_limit(3), 0);
    q[2] = netfront_mem_alloc(PAGE_SIZE);
    assert_non_null(q[2]);
    for (unsigned i = 0; i < 3; i++)
        netfront_mem_free(q[i]);
    assert_int_equal(netfront_mem_remove(p, PAGES), 0);
    page_free(p, PAGES);
    assert_int_equal(netfront_mem_limit(256), 0);
    assert_int_equal(shutdown_netfront(dev), 0);
}

static void map_all(bool map)
{
    for (unsigned ref = 8; ref < 3000; ref++) {
        if (!map)
            seam_grants[ref].flags &= (uint16_t)~GTF_reading;
        else if (seam_grants[ref].flags & GTF_permit_access)
            seam_grants[ref].flags |= GTF_reading;
    }
}

/* What the backend still maps is not given to anybody else. */
static void is_still_mapped(void **state)
{
    struct netfront_dev *dev = vif_open(NULL);
    uint8_t header[54] = {0}, *p = memory();
    struct page_stats pages;

    (void)state;
    assert_int_equal(netfront_mem_add(p, PAGES), 0);
    assert_int_equal(send_from(dev, header, p, 1000), 0);
    take_and_compare(1054, 2);
    back_answer();
    vif_poll(dev);
    map_all(true);
    assert_int_equal(netfront_mem_remove(p, PAGES), 0);
    page_free(p, PAGES);
    page_get_stats(&pages);
    assert_int_equal(pages.quarantined, 1);
    map_all(false);
    thread_sleep(20 * NSEC_PER_SEC); /* the quarantine tries again */
    page_get_stats(&pages);
    assert_int_equal(pages.quarantined, 0);
    assert_int_equal(shutdown_netfront(dev), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vif_setup, vif_teardown)
        TEST(is_sent_from_where_it_is), TEST(no_grant_is_left), TEST(outlives_devices),
        TEST(what_cannot_be_added),     TEST(does_not_count),   TEST(is_still_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
