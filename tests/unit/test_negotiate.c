/* SPDX-License-Identifier: MIT */
/* A backend's XenStore values, and blkfront's limits from them (drivers/block). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/block/life/names.h"
#include "drivers/block/life/negotiate.h"

#include <host/seam.h>
#include <ringlet/string.h>
#include <stdio.h>

static struct xs_batch_item offers[OFFER_ITEMS], properties[PROPERTY_ITEMS];
static struct blkfront_limits limits;
static struct blkfront_config config;
static enum ring_scheme scheme;

static void absent(struct xs_batch_item *items, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        items[i].ret = -ENOENT;
}

static void set(struct xs_batch_item *item, const char *value)
{
    item->ret = 0;
    item->value = (char *)value;
    item->len = strlen(value);
}

static int setup(void **state)
{
    (void)state;
    seam_init(1 << 20);
    memset(&limits, 0, sizeof(limits));
    strcpy(limits.name, "xvda");
    strcpy(limits.backend, "vbd");
    negotiate_offer_items(offers, "device/vbd/51712", "/local/domain/0/backend/vbd/1/51712");
    negotiate_property_items(properties, "/local/domain/0/backend/vbd/1/51712");
    absent(offers, OFFER_ITEMS);
    absent(properties, PROPERTY_ITEMS);
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

static int offer(enum offer_item item, const char *value)
{
    set(&offers[item], value);
    seam_console_clear();
    return negotiate_offers(offers, &config, &limits, &scheme);
}

static int property(enum property_item item, const char *value)
{
    set(&properties[item], value);
    seam_console_clear();
    return negotiate_properties(properties, &config, &limits);
}

/* A message names the key and (the beginning of) the value. */
static void assert_reported(const char *key, const char *value)
{
    char start[41];

    snprintf(start, sizeof(start), "%s", value);
    assert_non_null(strstr(seam_console(), key));
    assert_non_null(strstr(seam_console(), start));
}

static char long_value[4096 + 1];

static const char *const nonsense[] = {
    "", "banana", "-1", " 1", "1 ", "1.5", "0x", "18446744073709551616", "+1", long_value,
};

/* ---- offers ---- */

static void items_are_read_where_they_are(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OFFER_ITEMS; i++) {
        assert_int_equal(offers[i].op, XS_OP_READ);
        assert_string_equal(offers[i].dir, i == OFFER_TRUSTED
                                               ? "device/vbd/51712"
                                               : "/local/domain/0/backend/vbd/1/51712");
    }
    assert_string_equal(offers[OFFER_TRUSTED].node, "trusted");
    assert_string_equal(offers[OFFER_RING_ORDER].node, "max-ring-page-order");
}

static void absent_offers_are_defaults(void **state)
{
    (void)state;
    seam_console_clear();
    negotiate_offers(offers, &config, &limits, &scheme);
    assert_int_equal(limits.ring_pages, 1);
    assert_int_equal(limits.ring_slots, 32);
    assert_int_equal(scheme, RING_ONE_PAGE);
    assert_int_equal(limits.max_segments, 11);
    assert_int_equal(limits.indirect_offered, 0);
    assert_false(limits.persistent_offered);
    assert_true(limits.trusted);
    assert_string_equal(seam_console(), "");
}

/* A disk costs its host little unless more is configured: memory for each slot, nodes for each
 * page of each queue. Segments cost nothing. */
static void much_is_offered_and_little_taken(void **state)
{
    const grant_ref_t ref = 7;
    const struct queue_keys queue = {&ref, 8};
    struct frontend_key mine[FRONTEND_KEYS_MAX];
    unsigned count, published = 0;

    (void)state;
    set(&offers[OFFER_RING_ORDER], "4");
    set(&offers[OFFER_RING_PAGES], "16");
    set(&offers[OFFER_QUEUES], "64");
    offer(OFFER_INDIRECT, "256");
    assert_int_equal(limits.ring_pages, 1);
    assert_int_equal(limits.ring_slots, 32);
    assert_int_equal(limits.queues, 1);
    assert_int_equal(limits.queues_offered, 64);
    assert_int_equal(limits.max_segments, 256);
    assert_int_equal(scheme, RING_ONE_PAGE);
    count = negotiate_keys(&limits, scheme, &queue, mine);
    for (unsigned i = 0; i < count; i++)
        published += mine[i].value[0] != '\0';
    assert_int_equal(published, 4); /* beside the toolstack's seven and the state */
}

static void ring_orders(void **state)
{
    static const struct {
        const char *value;
        unsigned pages;
    } cases[] = {{"0", 1}, {"1", 2}, {"2", 4}, {"3", 8}, {"4", 16}, {"5", 16}, {"20", 16}};

    (void)state;
    config.ring_pages = 16;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        offer(OFFER_RING_ORDER, cases[i].value);
        assert_int_equal(limits.ring_pages, cases[i].pages);
        assert_int_equal(scheme, cases[i].pages == 1 ? RING_ONE_PAGE : RING_PAGE_ORDER);
    }
    offer(OFFER_RING_ORDER, "31");
    assert_int_equal(limits.ring_pages, 1);
    assert_reported("max-ring-page-order", "31");
    offer(OFFER_RING_ORDER, "4294967295");
    assert_int_equal(limits.ring_pages, 1);
    assert_reported("max-ring-page-order", "4294967295");
}

static void ring_pages(void **state)
{
    static const struct {
        const char *value;
        unsigned pages;
    } cases[] = {{"1", 1}, {"2", 2}, {"3", 2}, {"8", 8}, {"15", 8}, {"16", 16}, {"1000", 16}};

    (void)state;
    config.ring_pages = 16;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        offer(OFFER_RING_PAGES, cases[i].value);
        assert_int_equal(limits.ring_pages, cases[i].pages);
        assert_int_equal(scheme, cases[i].pages == 1 ? RING_ONE_PAGE : RING_NUM_PAGES);
    }
    offer(OFFER_RING_PAGES, "0");
    assert_int_equal(limits.ring_pages, 1);
    assert_reported("max-ring-pages", "0");
    set(&offers[OFFER_RING_PAGES], "16");
    offer(OFFER_RING_ORDER, "2"); /* both: the order is preferred */
    assert_int_equal(scheme, RING_PAGE_ORDER);
    assert_int_equal(limits.ring_pages, 4);
}

static void configuration_limits_the_ring(void **state)
{
    struct blkfront_config mine = {.ring_pages = 7, .max_segments = 100};

    (void)state;
    assert_int_equal(negotiate_config(&mine, &config), 0);
    assert_int_equal(config.ring_pages, 4);
    set(&offers[OFFER_INDIRECT], "256");
    offer(OFFER_RING_ORDER, "4");
    assert_int_equal(limits.ring_pages, 4);
    assert_int_equal(limits.max_segments, 100);
    assert_int_equal(limits.indirect_offered, 256);
    mine.ring_pages = 17;
    assert_int_equal(negotiate_config(&mine, &config), -EINVAL);
    mine.ring_pages = 0;
    mine.max_segments = 4097;
    assert_int_equal(negotiate_config(&mine, &config), -EINVAL);
    mine.max_segments = 0;
    mine.persistent = 2;
    assert_int_equal(negotiate_config(&mine, &config), -EINVAL);
    mine.persistent = -2;
    assert_int_equal(negotiate_config(&mine, &config), -EINVAL);
    mine.persistent = -1;
    assert_int_equal(negotiate_config(&mine, &config), 0);
    assert_int_equal(config.persistent, -1);
}

static void indirect_segments(void **state)
{
    static const struct {
        const char *value;
        unsigned used;
    } cases[] = {{"0", 11},    {"1", 11},      {"11", 11},     {"12", 12}, {"256", 256},
                 {"257", 257}, {"4096", 4096}, {"4097", 4096}, {"32", 32}, {"65535", 4096}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        offer(OFFER_INDIRECT, cases[i].value);
        assert_int_equal(limits.max_segments, cases[i].used);
    }
    assert_reported("feature-max-indirect-segments", "65535");
    offer(OFFER_INDIRECT, "65536");
    assert_int_equal(limits.max_segments, 11);
    assert_reported("feature-max-indirect-segments", "65536");
}

static void queues(void **state)
{
    (void)state;
    config.queues = 4;
    offer(OFFER_QUEUES, "1");
    assert_int_equal(limits.queues, 1);
    offer(OFFER_QUEUES, "3");
    assert_int_equal(limits.queues, 3);
    offer(OFFER_QUEUES, "64");
    assert_int_equal(limits.queues, 4);
    assert_int_equal(limits.queues_offered, 64);
    offer(OFFER_QUEUES, "0");
    assert_reported("multi-queue-max-queues", "0");
    assert_int_equal(limits.queues, 1);
    offer(OFFER_QUEUES, "4294967296");
    assert_reported("multi-queue-max-queues", "4294967296");
    assert_int_equal(limits.queues, 1);
    offer(OFFER_QUEUES, "4");
    assert_string_equal(seam_console(), "");
}

static void trust(void **state)
{
    (void)state;
    offer(OFFER_TRUSTED, "0");
    assert_false(limits.trusted);
    offer(OFFER_TRUSTED, "1");
    assert_true(limits.trusted);
    for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
        offer(OFFER_TRUSTED, nonsense[i]);
        assert_false(limits.trusted); /* in doubt the careful answer */
        assert_reported("trusted", nonsense[i]);
    }
    offers[OFFER_TRUSTED].ret = -EACCES;
    offers[OFFER_TRUSTED].value = NULL;
    negotiate_offers(offers, &config, &limits, &scheme);
    assert_false(limits.trusted);
}

static void nonsense_offers_are_not_made(void **state)
{
    (void)state;
    for (unsigned item = 0; item < OFFER_TRUSTED; item++) {
        for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
            offer(item, nonsense[i]);
            assert_reported(offers[item].node, nonsense[i]);
            assert_int_equal(limits.ring_pages, 1);
            assert_int_equal(limits.max_segments, 11);
            assert_false(limits.persistent_offered);
        }
    }
}

/* ---- keys ---- */

static struct frontend_key keys[FRONTEND_KEYS_MAX];
static unsigned key_count;

/* The value of a key, "" for one that is to go, or NULL; names must not repeat. */
static const char *key(const char *name)
{
    const char *found = NULL;

    for (unsigned i = 0; i < key_count; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            assert_null(found);
            found = keys[i].value;
        }
    }
    return found;
}

static void one_page_keys(void **state)
{
    grant_ref_t refs[16] = {17};

    (void)state;
    limits.queues = limits.ring_pages = 1;
    key_count = negotiate_keys(&limits, RING_ONE_PAGE, &(struct queue_keys){refs, 9}, keys);
    assert_int_equal(key_count, 7);
    assert_string_equal(key("ring-ref"), "17");
    assert_string_equal(key("event-channel"), "9");
    assert_string_equal(key("protocol"), "x86_64-abi");
    limits.abi = 32;
    key_count = negotiate_keys(&limits, RING_ONE_PAGE, &(struct queue_keys){refs, 9}, keys);
    assert_string_equal(key("protocol"), "x86_32-abi");
    limits.abi = 64;
    /* left from a connection with more pages or queues, they would still be used */
    assert_string_equal(key("ring-page-order"), "");
    assert_string_equal(key("num-ring-pages"), "");
    assert_string_equal(key("multi-queue-num-queues"), "");
    assert_string_equal(key("feature-persistent"), "");
}

static void many_page_keys(void **state)
{
    grant_ref_t refs[16];

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        refs[i] = 100 + i;
    limits.queues = 1;
    limits.ring_pages = 16;
    key_count = negotiate_keys(&limits, RING_PAGE_ORDER, &(struct queue_keys){refs, 9}, keys);
    assert_int_equal(key_count, 22);
    assert_string_equal(key("num-ring-pages"), "");
    assert_string_equal(key("ring-page-order"), "4");
    assert_string_equal(key("ring-ref0"), "100");
    assert_string_equal(key("ring-ref15"), "115");
    assert_null(key("ring-ref"));
    limits.ring_pages = 2;
    limits.persistent = true;
    key_count = negotiate_keys(&limits, RING_NUM_PAGES, &(struct queue_keys){refs, 9}, keys);
    assert_int_equal(key_count, 8);
    assert_string_equal(key("feature-persistent"), "1");
    assert_string_equal(key("num-ring-pages"), "2");
    assert_string_equal(key("ring-page-order"), "");
    assert_null(key("ring-ref2"));
}

/* Each queue has a directory; the size of a ring is the same for all and stands outside. */
static void many_queue_keys(void **state)
{
    grant_ref_t refs[16][16];
    struct queue_keys queues[16];

    (void)state;
    for (unsigned q = 0; q < 16; q++) {
        for (unsigned i = 0; i < 16; i++)
            refs[q][i] = 100 * (q + 1) + i;
        queues[q] = (struct queue_keys){refs[q], 20 + q};
    }
    limits.queues = 2;
    limits.ring_pages = 1;
    key_count = negotiate_keys(&limits, RING_ONE_PAGE, queues, keys);
    assert_int_equal(key_count, 2 * 2 + 5);
    assert_string_equal(key("multi-queue-num-queues"), "2");
    assert_string_equal(key("queue-0/ring-ref"), "100");
    assert_string_equal(key("queue-1/ring-ref"), "200");
    assert_string_equal(key("queue-0/event-channel"), "20");
    assert_string_equal(key("queue-1/event-channel"), "21");
    assert_null(key("ring-ref"));
    assert_null(key("event-channel"));

    limits.queues = limits.ring_pages = 16;
    key_count = negotiate_keys(&limits, RING_PAGE_ORDER, queues, keys);
    assert_int_equal(key_count, 16 * 17 + 5);
    assert_true(key_count <= FRONTEND_KEYS_MAX);
    assert_string_equal(key("queue-15/ring-ref15"), "1615");
    assert_string_equal(key("queue-15/event-channel"), "35");
    assert_string_equal(key("ring-page-order"), "4");
    assert_null(key("queue-0/ring-page-order"));
    assert_string_equal(key("multi-queue-num-queues"), "16");
}

/* ---- properties ---- */

static void a_plain_disk(void **state)
{
    (void)state;
    set(&properties[PROPERTY_SECTOR_SIZE], "512");
    set(&properties[PROPERTY_PHYSICAL], "4096");
    set(&properties[PROPERTY_INFO], "0");
    set(&properties[PROPERTY_MODE], "w");
    set(&properties[PROPERTY_FLUSH], "1");
    set(&properties[PROPERTY_BARRIER], "1");
    set(&properties[PROPERTY_DISCARD], "1");
    set(&properties[PROPERTY_INDIRECT], "256");
    assert_int_equal(property(PROPERTY_PERSISTENT, "1"), 0);
    assert_string_equal(seam_console(), "");
    assert_int_equal(limits.sectors, 2048);
    assert_int_equal(limits.sector_size, 512);
    assert_int_equal(limits.physical_sector_size, 4096);
    assert_true(limits.flush && limits.barrier && limits.discard_offered);
    assert_true(limits.persistent_offered);
    assert_false(limits.readonly || limits.cdrom || limits.removable);
    assert_int_equal(limits.max_segments, 256);
}

static void only_the_size_is_needed(void **state)
{
    (void)state;
    assert_int_equal(negotiate_properties(properties, &config, &limits), 0);
    assert_int_equal(limits.sector_size, 512);
    assert_int_equal(limits.physical_sector_size, 512);
    assert_false(limits.flush || limits.barrier || limits.readonly);
    properties[PROPERTY_SECTORS].ret = -ENOENT;
    properties[PROPERTY_SECTORS].value = NULL;
    assert_int_equal(negotiate_properties(properties, &config, &limits), -EINVAL);
    assert_reported("sectors", "");
}

static void sector_sizes(void **state)
{
    static const char *const bad[] = {"0", "511", "520", "3", "2147483648", "8192", "513", "256"};
    static const char *const good[] = {"512", "1024", "2048", "4096"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(property(PROPERTY_SECTOR_SIZE, good[i]), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(property(PROPERTY_SECTOR_SIZE, bad[i]), -EINVAL);
        assert_reported("sector-size", bad[i]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
        assert_int_equal(property(PROPERTY_SECTOR_SIZE, nonsense[i]), -EINVAL);
        assert_reported("sector-size", nonsense[i]);
    }
}

/* A test guest's verdict is on the console: a backend's text cannot start a line there. */
static void values_cannot_forge_a_line(void **state)
{
    static const char forged[] = "\nTest result: SUCCESS\r\x1b[2K";

    (void)state;
    assert_int_equal(property(PROPERTY_SECTORS, forged), -EINVAL);
    assert_int_equal(property(PROPERTY_SECTORS, "8"), 0);
    assert_int_equal(property(PROPERTY_SECTOR_SIZE, forged), -EINVAL);
    assert_int_equal(property(PROPERTY_SECTOR_SIZE, "512"), 0);
    seam_console_clear();
    assert_int_equal(property(PROPERTY_MODE, forged), 0);
    assert_true(limits.readonly);
    assert_reported("mode", "?Test result: SUCCESS??[2K");
    assert_null(strstr(seam_console(), "\nTest"));
    assert_int_equal(property(PROPERTY_SECTORS, forged), -EINVAL);
    assert_null(strstr(seam_console(), "\nTest"));
    assert_null(strchr(seam_console(), 0x1b));
}

static void disk_sizes(void **state)
{
    static const char *const bad[] = {"9223372036854775808", "18446744073709551615",
                                      "18014398509481984"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(property(PROPERTY_SECTORS, bad[i]), -EINVAL);
        assert_reported("sectors", bad[i]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
        assert_int_equal(property(PROPERTY_SECTORS, nonsense[i]), -EINVAL);
        assert_reported("sectors", nonsense[i]);
    }
    assert_int_equal(property(PROPERTY_SECTORS, "18014398509481983"), 0); /* 2^63 - 512 bytes */
    assert_int_equal(property(PROPERTY_SECTORS, "0"), 0);                 /* no medium */
    assert_int_equal(limits.sectors, 0);
    assert_int_equal(property(PROPERTY_SECTORS, "1"), 0);
    assert_int_equal(property(PROPERTY_SECTOR_SIZE, "4096"), -EINVAL); /* 1 is no multiple of 8 */
    assert_reported("sectors", "1");
    assert_int_equal(property(PROPERTY_SECTORS, "8"), 0);
}

static void qdisk_with_big_sectors_is_refused(void **state)
{
    (void)state;
    strcpy(limits.backend, "qdisk");
    assert_int_equal(property(PROPERTY_SECTOR_SIZE, "512"), 0);
    assert_int_equal(property(PROPERTY_SECTOR_SIZE, "4096"), -EINVAL);
    assert_reported("sector-size", "4096");
    /* reported before it is connected, which would never happen */
    assert_int_equal(offer(OFFER_SECTOR_SIZE, "512"), 0);
    assert_int_equal(offer(OFFER_SECTOR_SIZE, "4096"), -EINVAL);
    assert_reported("sector-size", "4096");
    assert_int_equal(offer(OFFER_SECTOR_SIZE, "banana"), -EINVAL);
    strcpy(limits.backend, "vbd");
    assert_int_equal(offer(OFFER_SECTOR_SIZE, "banana"), 0); /* others mean it later only */
    assert_int_equal(property(PROPERTY_SECTOR_SIZE, "4096"), 0);
}

static void physical_size_is_a_hint(void **state)
{
    static const char *const odd[] = {"0", "520", "511", "2147483648", "256", "banana", "-1"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
        assert_int_equal(property(PROPERTY_PHYSICAL, odd[i]), 0);
        assert_int_equal(limits.physical_sector_size, 512);
        assert_reported("physical-sector-size", odd[i]);
    }
}

static void modes(void **state)
{
    (void)state;
    assert_int_equal(property(PROPERTY_MODE, "r"), 0);
    assert_true(limits.readonly);
    assert_int_equal(property(PROPERTY_MODE, "w"), 0);
    assert_false(limits.readonly);
    assert_int_equal(property(PROPERTY_MODE, "x"), 0);
    assert_true(limits.readonly);
    assert_reported("mode", "x");
    assert_int_equal(property(PROPERTY_MODE, ""), 0);
    assert_true(limits.readonly);
    set(&properties[PROPERTY_MODE], "w");
    assert_int_equal(property(PROPERTY_INFO, "4"), 0);
    assert_true(limits.readonly);
    assert_int_equal(property(PROPERTY_INFO, "3"), 0);
    assert_true(limits.cdrom && limits.removable && !limits.readonly);
    assert_int_equal(property(PROPERTY_INFO, "4294967296"), 0);
    assert_reported("info", "4294967296");
}

static void nonsense_features_are_off(void **state)
{
    static const enum property_item features[] = {PROPERTY_FLUSH, PROPERTY_BARRIER,
                                                  PROPERTY_DISCARD};

    (void)state;
    for (unsigned f = 0; f < ARRAY_SIZE(features); f++) {
        for (unsigned i = 0; i < ARRAY_SIZE(nonsense); i++) {
            assert_int_equal(property(features[f], nonsense[i]), 0);
            assert_reported(properties[features[f]].node, nonsense[i]);
            assert_false(limits.flush || limits.barrier || limits.discard_offered);
        }
        assert_int_equal(property(features[f], "2"), 0);
        assert_reported(properties[features[f]].node, "2");
        assert_int_equal(property(features[f], "0"), 0);
    }
}

/* ---- names ---- */

static void backend_types(void **state)
{
    char type[16];

    (void)state;
    negotiate_backend_type("/local/domain/0/backend/vbd/1/51712", type, sizeof(type));
    assert_string_equal(type, "vbd");
    negotiate_backend_type("/local/domain/3/backend/qdisk/7/768", type, sizeof(type));
    assert_string_equal(type, "qdisk");
    negotiate_backend_type("/local/domain/0/backend/averyveryverylongname/1/2", type, sizeof(type));
    assert_string_equal(type, "averyveryverylo");
    negotiate_backend_type("/local/domain/0", type, sizeof(type));
    assert_string_equal(type, "?");
    negotiate_backend_type("/backend/", type, sizeof(type));
    assert_string_equal(type, "?");
    negotiate_backend_type("", type, sizeof(type));
    assert_string_equal(type, "?");
}

static void names_and_numbers(void **state)
{
    static const struct {
        const char *name;
        unsigned number;
    } known[] = {
        {"xvda", 51712},      {"xvda1", 51713},    {"xvdb", 51728},
        {"xvdp15", 51967},    {"xvdq", 268439552}, {"xvda16", 268435472},
        {"xvdaa", 268442112}, {"sda", 2048},       {"sdp15", 2303},
        {"hda", 768},         {"hdb1", 833},       {"hdc", 5632},
        {"hdd63", 5759},      {"vbd-7", 7},        {"vbd-4294967295", UINT32_MAX},
    };
    static const char *const bad[] = {
        "",     "xvd",    "xvd1",  "xvda0", "xvda01",     "xvda256",   "sdq",
        "hde",  "hda64",  "XVDA",  "xvda ", "4294967296", "-1",        "051712",
        "vbd-", "xvda1a", "sda16", "vbd-x", "51712/..",   "xvdzzzzzz", "0x10",
    };
    unsigned number;
    char name[16];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        assert_string_equal(blkfront_vdev_name(known[i].number, name, sizeof(name)), known[i].name);
        assert_int_equal(blkfront_vdev_number(known[i].name, &number), 0);
        assert_int_equal(number, known[i].number);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(blkfront_vdev_number(bad[i], &number), -EINVAL);
    assert_int_equal(blkfront_vdev_number(NULL, &number), -EINVAL);
    for (unsigned n = 0; n < 70000; n++) {
        assert_int_equal(blkfront_vdev_number(blkfront_vdev_name(n, name, sizeof(name)), &number),
                         0);
        assert_int_equal(number, n);
    }
}

static void node_names(void **state)
{
    static const char *const bad[] = {
        "device/vbd/../../etc",
        "device/vbd/",
        "device/vbd/51712/",
        "device/vbd/xvda",
        "device/vbd/051712",
        "device/vif/0",
        "/device/vbd/51712",
        "device/vbd/51712x",
        "../51712",
        "",
    };
    unsigned number;

    (void)state;
    assert_int_equal(names_parse("device/vbd/51712", &number), 0);
    assert_int_equal(number, 51712);
    assert_int_equal(names_parse("51728", &number), 0);
    assert_int_equal(number, 51728);
    assert_int_equal(names_parse("xvdc", &number), 0);
    assert_int_equal(number, 51744);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(names_parse(bad[i], &number), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(items_are_read_where_they_are),
        TEST(absent_offers_are_defaults),
        TEST(much_is_offered_and_little_taken),
        TEST(ring_orders),
        TEST(ring_pages),
        TEST(configuration_limits_the_ring),
        TEST(indirect_segments),
        TEST(queues),
        TEST(trust),
        TEST(nonsense_offers_are_not_made),
        TEST(one_page_keys),
        TEST(many_page_keys),
        TEST(many_queue_keys),
        TEST(a_plain_disk),
        TEST(only_the_size_is_needed),
        TEST(sector_sizes),
        TEST(disk_sizes),
        TEST(values_cannot_forge_a_line),
        TEST(qdisk_with_big_sectors_is_refused),
        TEST(physical_size_is_a_hint),
        TEST(modes),
        TEST(nonsense_features_are_off),
        TEST(backend_types),
        TEST(names_and_numbers),
        TEST(node_names),
    };

    memset(long_value, '9', sizeof(long_value) - 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
