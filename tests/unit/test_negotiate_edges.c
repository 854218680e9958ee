/* SPDX-License-Identifier: MIT */
/* Negotiation at the edges of its ranges: each key's smallest and largest valid value, the next
 * ones beyond, and the message about a value that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/block/device.h"

#include <host/seam.h>
#include <ringlet/clock.h>
#include <ringlet/string.h>

static struct xs_batch_item offers[OFFER_ITEMS], properties[PROPERTY_ITEMS];
static struct blkfront_limits limits;
static struct blkfront_config config;
static enum ring_scheme scheme;

static void set(struct xs_batch_item *item, const char *value)
{
    item->ret = value ? 0 : -ENOENT;
    item->value = (char *)value;
    item->len = value ? strlen(value) : 0;
}

static int setup(void **state)
{
    (void)state;
    seam_init(1 << 20);
    memset(&limits, 0, sizeof(limits));
    strcpy(limits.name, "xvda");
    strcpy(limits.backend, "vbd");
    negotiate_offer_items(offers, "front", "back");
    negotiate_property_items(properties, "back");
    for (unsigned i = 0; i < OFFER_ITEMS; i++)
        set(&offers[i], NULL);
    for (unsigned i = 0; i < PROPERTY_ITEMS; i++)
        set(&properties[i], NULL);
    set(&properties[PROPERTY_SECTORS], "2048");
    assert_int_equal(negotiate_config(NULL, &config), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

/* Whether there is a message. */
static bool offer(enum offer_item item, const char *value)
{
    set(&offers[item], value);
    seam_console_clear();
    negotiate_offers(offers, &config, &limits, &scheme);
    set(&offers[item], NULL);
    return *seam_console();
}

static bool property(enum property_item item, const char *value)
{
    set(&properties[item], value);
    seam_console_clear();
    assert_int_equal(negotiate_properties(properties, &config, &limits), 0);
    set(&properties[item], NULL);
    return *seam_console();
}

static void discard_has_ranges(void **state)
{
    (void)state;
    assert_false(property(PROPERTY_DISCARD, NULL));
    assert_false(limits.discard || limits.discard_secure);
    assert_false(property(PROPERTY_DISCARD_SECURE, "1"));
    assert_false(limits.discard_secure); /* of nothing */
    set(&properties[PROPERTY_DISCARD], "1");
    assert_false(property(PROPERTY_DISCARD_SECURE, "1"));
    assert_true(limits.discard && limits.discard_secure);
    assert_true(property(PROPERTY_DISCARD_SECURE, "2"));
    assert_true(limits.discard && !limits.discard_secure);

    assert_int_equal(limits.discard_granularity, 512);
    assert_false(property(PROPERTY_DISCARD_GRANULARITY, "512"));
    assert_false(property(PROPERTY_DISCARD_GRANULARITY, "196608")); /* no power of two */
    assert_int_equal(limits.discard_granularity, 196608);
    assert_false(property(PROPERTY_DISCARD_GRANULARITY, "4294966784"));
    assert_int_equal(limits.discard_granularity, 4294966784);
    set(&properties[PROPERTY_SECTOR_SIZE], "4096");
    assert_true(property(PROPERTY_DISCARD_GRANULARITY, "512"));
    assert_int_equal(limits.discard_granularity, 4096);
    assert_true(property(PROPERTY_DISCARD_GRANULARITY, "6144"));
    assert_non_null(strstr(seam_console(), "discard-granularity=6144"));
    assert_int_equal(limits.discard_granularity, 4096);
    assert_true(property(PROPERTY_DISCARD_GRANULARITY, "0"));
    assert_true(property(PROPERTY_DISCARD_GRANULARITY, "4294967296"));
    assert_true(property(PROPERTY_DISCARD_GRANULARITY, "-1"));
    assert_int_equal(limits.discard_granularity, 4096);

    set(&properties[PROPERTY_DISCARD_GRANULARITY], "65536");
    assert_false(property(PROPERTY_DISCARD_ALIGNMENT, "0"));
    assert_false(property(PROPERTY_DISCARD_ALIGNMENT, "61440"));
    assert_int_equal(limits.discard_alignment, 61440);
    assert_true(property(PROPERTY_DISCARD_ALIGNMENT, "65536"));
    assert_int_equal(limits.discard_alignment, 0);
    assert_true(property(PROPERTY_DISCARD_ALIGNMENT, "512"));
    assert_int_equal(limits.discard_alignment, 0);
}

static void offers_have_ranges(void **state)
{
    (void)state;
    config.ring_pages = 16;
    assert_false(offer(OFFER_RING_ORDER, "0"));
    assert_int_equal(scheme, RING_ONE_PAGE);
    assert_int_equal(limits.ring_slots, 32);
    assert_false(offer(OFFER_RING_ORDER, "20"));
    assert_int_equal(scheme, RING_PAGE_ORDER);
    assert_int_equal(limits.ring_pages, 16);
    assert_int_equal(limits.ring_slots, 512);
    assert_true(offer(OFFER_RING_ORDER, "21"));
    assert_int_equal(limits.ring_pages, 1);
    assert_int_equal(limits.ring_slots, 32);

    assert_true(offer(OFFER_RING_PAGES, "0"));
    assert_int_equal(limits.ring_pages, 1);
    assert_false(offer(OFFER_RING_PAGES, "1"));
    assert_false(offer(OFFER_RING_PAGES, "1048576"));
    assert_int_equal(scheme, RING_NUM_PAGES);
    assert_int_equal(limits.ring_pages, 16);
    assert_true(offer(OFFER_RING_PAGES, "1048577"));

    assert_true(offer(OFFER_QUEUES, "0"));
    assert_false(offer(OFFER_QUEUES, "1"));
    assert_false(offer(OFFER_QUEUES, "4096"));
    assert_true(offer(OFFER_QUEUES, "4097"));

    assert_false(offer(OFFER_PERSISTENT, "0"));
    assert_false(limits.persistent_offered);
    assert_false(offer(OFFER_PERSISTENT, "1"));
    assert_true(limits.persistent_offered);
    assert_true(offer(OFFER_PERSISTENT, "2"));
    assert_false(limits.persistent_offered);

    assert_false(offer(OFFER_TRUSTED, "0"));
    assert_false(limits.trusted);
    assert_false(offer(OFFER_TRUSTED, "1"));
    assert_true(limits.trusted);
    assert_true(offer(OFFER_TRUSTED, "2"));
    assert_false(limits.trusted);
    assert_false(offer(OFFER_TRUSTED, NULL));
    assert_true(limits.trusted);

    assert_false(offer(OFFER_INDIRECT, "0"));
    assert_int_equal(limits.max_segments, 11);
    assert_false(offer(OFFER_INDIRECT, "4096"));
    assert_int_equal(limits.max_segments, 4096);
    assert_true(offer(OFFER_INDIRECT, "4097"));
    assert_int_equal(limits.max_segments, 4096);
    assert_int_equal(limits.indirect_offered, 4097);
    assert_true(offer(OFFER_INDIRECT, "65535"));
    assert_int_equal(limits.indirect_offered, 65535);
    assert_true(offer(OFFER_INDIRECT, "65536"));
    assert_int_equal(limits.indirect_offered, 0);
}

static void configuration_has_defaults(void **state)
{
    const struct blkfront_config own = {
        .ring_pages = 3, .max_segments = 5, .connect_timeout_ns = 1, .close_timeout_ns = 2};
    struct blkfront_config out;

    (void)state;
    assert_int_equal(config.connect_timeout_ns, 60 * NSEC_PER_SEC);
    assert_int_equal(config.close_timeout_ns, 10 * NSEC_PER_SEC);
    assert_int_equal(config.ring_pages, 1);
    assert_int_equal(config.max_segments, 4096);
    assert_int_equal(config.abi, 64);
    assert_false(config.polled);
    assert_int_equal(negotiate_config(&own, &out), 0);
    assert_int_equal(out.ring_pages, 2);
    assert_int_equal(out.max_segments, 5);
    assert_int_equal(out.connect_timeout_ns, 1);
    assert_int_equal(out.close_timeout_ns, 2);
    out.ring_pages = 16;
    out.max_segments = 4096;
    assert_int_equal(negotiate_config(&out, &out), 0);
    out.ring_pages = 17;
    assert_int_equal(negotiate_config(&out, &out), -EINVAL);
    out.ring_pages = 16;
    out.max_segments = 4097;
    assert_int_equal(negotiate_config(&out, &out), -EINVAL);
    out.max_segments = 4096;
    for (out.abi = 1; out.abi < 70; out.abi++) {
        seam_console_clear();
        assert_int_equal(negotiate_config(&out, &out),
                         out.abi == 32 || out.abi == 64 ? 0 : -EINVAL);
        assert_int_equal(!*seam_console(), out.abi == 32 || out.abi == 64);
    }
}

static void configuration_has_ranges(void **state)
{
    struct blkfront_config c = {.polled = true, .queues = 16};
    struct blkfront_config out;

    (void)state;
    assert_int_equal(config.queues, 1);
    assert_int_equal(config.watchdog_ns, 30 * NSEC_PER_SEC);
    assert_int_equal(config.reconnect_timeout_ns, 30 * NSEC_PER_SEC);
    assert_int_equal(config.request_timeout_ns, 0);
    for (c.persistent = -3; c.persistent <= 3; c.persistent++) {
        seam_console_clear();
        assert_int_equal(negotiate_config(&c, &out),
                         c.persistent >= -1 && c.persistent <= 1 ? 0 : -EINVAL);
        assert_int_equal(!*seam_console(), c.persistent >= -1 && c.persistent <= 1);
    }
    c.persistent = 0;
    assert_int_equal(negotiate_config(&c, &out), 0);
    assert_int_equal(out.queues, 16);
    c.queues = 17;
    assert_int_equal(negotiate_config(&c, &out), -EINVAL);
    c.queues = 1;
    c.watchdog_ns = c.request_timeout_ns = NSEC_PER_MSEC;
    c.reconnect_timeout_ns = 1;
    assert_int_equal(negotiate_config(&c, &out), 0);
    assert_int_equal(out.watchdog_ns, NSEC_PER_MSEC);
    assert_int_equal(out.request_timeout_ns, NSEC_PER_MSEC);
    assert_int_equal(out.reconnect_timeout_ns, 1);
    c.request_timeout_ns--;
    assert_int_equal(negotiate_config(&c, &out), -EINVAL);
    c.request_timeout_ns = 0;
    c.watchdog_ns--;
    assert_int_equal(negotiate_config(&c, &out), -EINVAL);
}

/* The limits show the caller's choice. */
static void choices_are_limits(void **state)
{
    (void)state;
    assert_false(offer(OFFER_QUEUES, "8"));
    assert_false(limits.polled);
    assert_int_equal(limits.abi, 64);
    assert_int_equal(limits.queues, 1);
    assert_int_equal(limits.queues_offered, 8);
    config.polled = true;
    config.abi = 32;
    config.queues = 9;
    assert_false(offer(OFFER_QUEUES, "8"));
    assert_true(limits.polled);
    assert_int_equal(limits.abi, 32);
    assert_int_equal(limits.queues, 8);
}

static void sector_sizes(void **state)
{
    static const char *const good[] = {"512", "1024", "2048", "4096"};
    static const char *const bad[] = {"0",    "511",  "513",  "768", "1536",
                                      "3072", "4095", "4097", "8192"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        assert_false(property(PROPERTY_SECTOR_SIZE, good[i]));
        assert_int_equal(limits.sector_size, 512u << i);
        assert_int_equal(limits.physical_sector_size, 512u << i);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        set(&properties[PROPERTY_SECTOR_SIZE], bad[i]);
        assert_int_equal(negotiate_properties(properties, &config, &limits), -EINVAL);
    }
    set(&properties[PROPERTY_SECTOR_SIZE], "4096");
    set(&properties[PROPERTY_SECTORS], "2044");
    assert_int_equal(negotiate_properties(properties, &config, &limits), -EINVAL);
    set(&properties[PROPERTY_SECTORS], "2040");
    assert_int_equal(negotiate_properties(properties, &config, &limits), 0);
}

static void sizes_of_disks(void **state)
{
    (void)state;
    assert_false(property(PROPERTY_SECTORS, "1"));
    assert_int_equal(limits.sectors, 1);
    assert_false(property(PROPERTY_SECTORS, "18014398509481983")); /* 2^63 - 512 bytes */
    assert_int_equal(limits.sectors, 18014398509481983);
    set(&properties[PROPERTY_SECTORS], "18014398509481984");
    assert_int_equal(negotiate_properties(properties, &config, &limits), -EINVAL);
    assert_false(property(PROPERTY_SECTORS, "0")); /* no medium */
    assert_int_equal(limits.sectors, 0);
}

static void physical_sectors_are_a_hint(void **state)
{
    (void)state;
    assert_false(property(PROPERTY_PHYSICAL, "512"));
    assert_int_equal(limits.physical_sector_size, 512);
    assert_false(property(PROPERTY_PHYSICAL, "1073741824"));
    assert_int_equal(limits.physical_sector_size, 1 << 30);
    assert_true(property(PROPERTY_PHYSICAL, "1073741825"));
    assert_int_equal(limits.physical_sector_size, 512);
    assert_true(property(PROPERTY_PHYSICAL, "511"));
    assert_true(property(PROPERTY_PHYSICAL, "1536"));
    assert_int_equal(limits.physical_sector_size, 512);
    set(&properties[PROPERTY_SECTOR_SIZE], "4096");
    assert_true(property(PROPERTY_PHYSICAL, "2048"));
    assert_int_equal(limits.physical_sector_size, 4096);
}

static void modes_and_flags(void **state)
{
    (void)state;
    assert_false(property(PROPERTY_INFO, "0"));
    assert_false(limits.cdrom || limits.removable || limits.readonly);
    assert_false(property(PROPERTY_INFO, "1"));
    assert_true(limits.cdrom && !limits.removable && !limits.readonly);
    assert_false(property(PROPERTY_INFO, "2"));
    assert_true(!limits.cdrom && limits.removable && !limits.readonly);
    assert_false(property(PROPERTY_INFO, "4"));
    assert_true(!limits.cdrom && !limits.removable && limits.readonly);
    assert_false(property(PROPERTY_INFO, "4294967295"));
    assert_true(property(PROPERTY_INFO, "4294967296"));
    assert_false(limits.cdrom || limits.removable || limits.readonly);

    assert_false(property(PROPERTY_MODE, "w"));
    assert_false(limits.readonly);
    assert_false(property(PROPERTY_MODE, "r"));
    assert_true(limits.readonly);
    assert_true(property(PROPERTY_MODE, "x"));
    assert_true(limits.readonly);
    assert_true(property(PROPERTY_MODE, ""));
    assert_true(limits.readonly);
    set(&properties[PROPERTY_INFO], "4");
    assert_false(property(PROPERTY_MODE, "w")); /* the value of `info` counts */
    assert_true(limits.readonly);
}

static void features_are_0_or_1(void **state)
{
    static const struct {
        enum property_item item;
        bool *is;
    } features[] = {
        {PROPERTY_FLUSH, &limits.flush},
        {PROPERTY_BARRIER, &limits.barrier},
        {PROPERTY_DISCARD, &limits.discard_offered},
        {PROPERTY_PERSISTENT, &limits.persistent_offered},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
        limits.persistent_offered = false;
        assert_false(property(features[i].item, "0"));
        assert_false(*features[i].is);
        assert_true(property(features[i].item, "2"));
        assert_false(*features[i].is);
        assert_false(property(features[i].item, "1"));
        assert_true(*features[i].is);
        for (unsigned k = 0; k < ARRAY_SIZE(features); k++)
            if (k != i)
                assert_false(*features[k].is);
    }
    /* an offer before the connection need not be repeated */
    limits.persistent_offered = true;
    assert_false(property(PROPERTY_FLUSH, "0"));
    assert_true(limits.persistent_offered);
}

/* Published before the backend made its offer, and used when both offer it. */
static void persistent_takes_both_sides(void **state)
{
    static const struct {
        int wish;
        const char *trusted, *offer, *later;
        bool said, used;
    } cases[] = {
        {0, NULL, "1", "1", true, true},     {1, NULL, NULL, "1", true, true},
        {0, "1", "1", NULL, true, true},     {0, NULL, NULL, NULL, true, false},
        {1, NULL, "0", "0", true, false},    {-1, NULL, "1", "1", false, false},
        {1, "0", "1", "1", false, false},    {0, "maybe", "1", "1", false, false},
        {0, NULL, NULL, "yes", true, false},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        config.persistent = cases[i].wish;
        set(&offers[OFFER_TRUSTED], cases[i].trusted);
        set(&offers[OFFER_PERSISTENT], cases[i].offer);
        negotiate_offers(offers, &config, &limits, &scheme);
        assert_int_equal(limits.persistent, cases[i].said);
        set(&properties[PROPERTY_PERSISTENT], cases[i].later);
        assert_int_equal(negotiate_properties(properties, &config, &limits), 0);
        assert_int_equal(limits.persistent, cases[i].used);
    }
}

static void types_of_backends(void **state)
{
    char type[8];

    (void)state;
    negotiate_backend_type("/local/domain/0/backend/vbd/3/51712", type, sizeof(type));
    assert_string_equal(type, "vbd");
    negotiate_backend_type("/backend/x", type, sizeof(type));
    assert_string_equal(type, "x");
    negotiate_backend_type("/backend/1234567/x", type, sizeof(type));
    assert_string_equal(type, "1234567");
    negotiate_backend_type("/backend/12345678/x", type, sizeof(type));
    assert_string_equal(type, "1234567");
    negotiate_backend_type("/backend/", type, sizeof(type));
    assert_string_equal(type, "?");
    negotiate_backend_type("a//backend/vbd", type, sizeof(type));
    assert_string_equal(type, "vbd");
    negotiate_backend_type("/backend", type, sizeof(type));
    assert_string_equal(type, "?");
}

/* Names and numbers of disks that are almost good. */
static void names_almost_good(void **state)
{
    static const char *const bad[] = {
        "xvd`", "xvd{", "xvda:", "xvda/", "vbd",  "vbd:",     "vbd:1",      "vbd-1x",
        "5:",   "/5",   "1x",    "sd",    "hdaa", "xvdbgqxx", "4294967296", "vbd-4294967296"};
    char name[16];
    unsigned number = 77;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(blkfront_vdev_number(bad[i], &number), -EINVAL);
    assert_int_equal(number, 77);
    assert_int_equal(blkfront_vdev_number("0", &number), 0);
    assert_int_equal(number, 0);
    assert_int_equal(blkfront_vdev_number("4294967295", &number), 0);
    assert_int_equal(number, UINT32_MAX);
    /* the last disk that an xvd number can name, and the first that it cannot */
    assert_string_equal(
        blkfront_vdev_name((1u << 28) + (((1u << 20) - 1) << 8) + 255, name, sizeof(name)),
        "xvdbgqcv255");
    assert_int_equal(blkfront_vdev_number("xvdbgqcv255", &number), 0);
    assert_int_equal(number, (1u << 28) + (((1u << 20) - 1) << 8) + 255);
    assert_string_equal(blkfront_vdev_name((1u << 28) + (1u << 28), name, sizeof(name)),
                        "vbd-536870912");
    assert_int_equal(blkfront_vdev_number("xvdbgqcw", &number), -EINVAL);
    assert_string_equal(blkfront_vdev_name(1u << 28, name, sizeof(name)), "xvda");
    assert_string_equal(blkfront_vdev_name((1u << 28) - 1, name, sizeof(name)), "vbd-268435455");
    assert_string_equal(blkfront_vdev_name((1u << 28) + (25u << 8), name, sizeof(name)), "xvdz");
    assert_string_equal(blkfront_vdev_name((1u << 28) + (26u << 8), name, sizeof(name)), "xvdaa");
    assert_string_equal(blkfront_vdev_name((1u << 28) + (701u << 8), name, sizeof(name)), "xvdzz");
    assert_string_equal(blkfront_vdev_name((1u << 28) + (702u << 8), name, sizeof(name)), "xvdaaa");
}

/* A ring that is shorter than negotiated is published with its real size. */
static void one_page_has_no_size(void **state)
{
    static const enum ring_scheme schemes[] = {RING_PAGE_ORDER, RING_NUM_PAGES, RING_ONE_PAGE};
    struct queue_keys queue = {0};
    grant_ref_t refs[WIRE_RING_PAGES_MAX] = {9};

    (void)state;
    queue.ring_refs = refs;
    queue.port = 5;
    limits.queues = limits.ring_pages = 1;
    for (unsigned i = 0; i < ARRAY_SIZE(schemes); i++) {
        struct frontend_key keys[FRONTEND_KEYS_MAX];
        unsigned count = negotiate_keys(&limits, schemes[i], &queue, keys), dropped = 0;

        for (unsigned k = 0; k < count; k++) {
            if (strstr(keys[k].name, "ring-page")) {
                assert_string_equal(keys[k].value, "");
                dropped++;
            }
        }
        assert_int_equal(dropped, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(offers_have_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(discard_has_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(configuration_has_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(configuration_has_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(choices_are_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(sector_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_of_disks, setup, teardown),
        cmocka_unit_test_setup_teardown(physical_sectors_are_a_hint, setup, teardown),
        cmocka_unit_test_setup_teardown(modes_and_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(features_are_0_or_1, setup, teardown),
        cmocka_unit_test_setup_teardown(persistent_takes_both_sides, setup, teardown),
        cmocka_unit_test_setup_teardown(types_of_backends, setup, teardown),
        cmocka_unit_test_setup_teardown(names_almost_good, setup, teardown),
        cmocka_unit_test_setup_teardown(one_page_has_no_size, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
