/* SPDX-License-Identifier: MIT */
/* A device's statistics as text: complete, and short enough for XenStore. */
#include "disk_test.h"

/* Each figure under its own name, in an order that is the same each time. */
static void every_figure(void **state)
{
    static const char wanted[] =
        "{\"dev\":\"xvda\",\"state\":\"ready\",\"time_ns\":777,\"in_flight\":1,\"completed\":2,"
        "\"errors\":3,\"reads\":4,\"read_sectors\":5,\"writes\":6,\"written_sectors\":7,"
        "\"flushes\":8,"
        "\"barriers\":9,\"discards\":10,\"discarded_sectors\":11,\"latency_ns\":{"
        "\"read\":{\"count\":1000,\"mean\":1,\"p50\":1,\"p99\":2,\"max\":3},"
        "\"write\":{\"count\":1000,\"mean\":1,\"p50\":2,\"p99\":3,\"max\":3},"
        "\"other\":{\"count\":0,\"mean\":0,\"p50\":0,\"p99\":0,\"max\":0}},"
        "\"max_in_flight\":12,\"ring_high_water\":13,\"segments\":14,\"indirect\":15,"
        "\"notifications\":16,\"events\":17,\"spurious\":18,\"grants_made\":19,\"grants_ended\":20,"
        "\"grants_quarantined\":21,\"grants_kept\":30,\"joined\":22,\"bytes_copied\":23,"
        "\"read_merged_writes\":24,\"retried_smaller\":31,"
        "\"waited_slot\":25,\"waited_grant\":26,\"rekicks\":27,\"lost_events\":28,\"timeouts\":29}";
    const struct blkfront_stats figures = {
        .completed = 2,
        .errors = 3,
        .reads = 4,
        .read_sectors = 5,
        .writes = 6,
        .written_sectors = 7,
        .flushes = 8,
        .barriers = 9,
        .discards = 10,
        .discarded_sectors = 11,
        .max_in_flight = 12,
        .ring_high_water = 13,
        .segments = 14,
        .indirect = 15,
        .notifications = 16,
        .events = 17,
        .spurious = 18,
        .grants_made = 19,
        .grants_ended = 20,
        .grants_quarantined = 21,
        .joined = 22,
        .bytes_copied = 23,
        .read_merged_writes = 24,
        .waited_slot = 25,
        .waited_grant = 26,
        .rekicks = 27,
        .lost_events = 28,
        .timeouts = 29,
        .grants_kept = 30,
        .retried_smaller = 31,
    };
    /* how often the values 1, 2 and 3: at a percentile, and one short of it */
    static const unsigned reads[] = {500, 490, 10}, writes[] = {499, 490, 11};
    struct blkfront_stats before;
    char text[XENSTORE_STATS_MAX];
    struct blkfront_dev *dev;
    uint64_t now;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    dev = disk.dev;
    before = dev->stats;
    dev->stats = figures;
    dev->path.in_epoch[0]++;
    for (unsigned i = 0; i < ARRAY_SIZE(reads); i++) {
        for (unsigned n = 0; n < reads[i]; n++)
            histogram_add(&dev->path.latency[BLKFRONT_READ], i + 1);
        for (unsigned n = 0; n < writes[i]; n++)
            histogram_add(&dev->path.latency[BLKFRONT_WRITE], i + 1);
    }
    now = seam_now;
    seam_now = 777;
    assert_int_equal(xenstore_stats_text(dev, text, sizeof(text)), 0);
    seam_now = now;
    dev->path.in_epoch[0]--;
    dev->stats = before;
    assert_string_equal(text, wanted);
    fdisk_close(&disk);
}

/* A node of a guest's has 2048 bytes and no more. */
static void the_largest_text(void **state)
{
    static const char *const counters[] = {
        "reads",         "read_sectors",  "writes",   "written_sectors",
        "flushes",       "barriers",      "discards", "segments",
        "indirect",      "notifications", "events",   "discarded_sectors",
        "max_in_flight", "spurious",      "errors",   "lost_events"};
    char text[XENSTORE_STATS_MAX], key[40];
    struct blkfront_dev *dev;

    (void)state;
    fdisk_open(&disk, &(struct fake_options){0});
    dev = disk.dev;
    memset(&dev->stats, 0xff, sizeof(dev->stats));
    for (unsigned i = 0; i < BLKFRONT_KINDS; i++)
        dev->path.latency[i] = (struct histogram){.count = UINT64_MAX,
                                                  .sum = UINT64_MAX,
                                                  .max = UINT64_MAX,
                                                  .bucket[HISTOGRAM_BUCKETS - 1] = 1};
    assert_int_equal(xenstore_stats_text(dev, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "\"timeouts\":18446744073709551615}"));
    for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
        snprintf(key, sizeof(key), "\"%s\":", counters[i]);
        assert_non_null(strstr(text, key));
    }
    memset(&dev->stats, 0, sizeof(dev->stats));
    dev->state = DEVICE_FAILED;
    assert_int_equal(xenstore_stats_text(dev, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "\"state\":\"lost\""));
    dev->state = DEVICE_OPEN;
    fdisk_close(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_figure, setup, teardown),
        cmocka_unit_test_setup_teardown(the_largest_text, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
