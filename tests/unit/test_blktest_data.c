/* SPDX-License-Identifier: MIT */
/* blktest on good and bad disks: a good one passes all tests, each way to lose or damage data is
 * found, and nothing is written without write=1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "blktest_run.h"

/* ---- reading ---- */

static void nothing_is_written_unasked(void **state)
{
    (void)state;
    run("rw=write", "ERROR");
    assert_true(said("add write=1"));
    run("rw=read,randrw", "ERROR");
    run("rw=read,randread bs=4k,1000 iodepth=1,7", "SUCCESS");
    assert_int_equal(fake_disk[0].stats.writes, 0);
}

static void reading_gives_the_digest(void **state)
{
    (void)state;
    run("rw=read bs=4k,44k,1m,512,1 size=100000", "SUCCESS");
    assert_true(digest(0, 0, 100000, "read"));
    assert_int_equal(results("digest", "xvda"), 1);
    assert_int_equal(results("\"rw\":\"read\"", "\"verified_bytes\":100000,\"errors\":0"), 5);
    run("rw=randread bs=3000 offset=777 size=500k", "SUCCESS");
    assert_true(digest(0, 777, 500 * 1024, "read"));
    assert_int_equal(results("\"rw\":\"read\"", "\"bs\":3000"), 1);
    assert_int_equal(results("\"rw\":\"randread\"", "\"bs\":3000"), 1);
}

/* The number behind key in the n-th job's line. */
static uint64_t job_number(unsigned n, const char *key)
{
    const char *line = seam_console();

    for (unsigned i = 0; i <= n; i++) {
        line = strstr(line + 1, "RESULT {\"type\":\"job\"");
        assert_non_null(line);
    }
    line = strstr(line, key);
    assert_non_null(line);
    return strtoull(line + strlen(key), NULL, 10);
}

/* For sums over several disks the times of each must be comparable. */
static void jobs_say_when_they_began(void **state)
{
    uint64_t before = seam_now, first, second;

    (void)state;
    run("rw=read,read verify=0", "SUCCESS");
    first = job_number(0, "\"start_ns\":");
    second = job_number(1, "\"start_ns\":");
    assert_true(first >= before && second + job_number(1, "\"ns\":") <= seam_now);
    assert_true(second >= first + job_number(0, "\"ns\":"));
    assert_true(job_number(0, "\"ns\":") > 0);
}

/* The sum of each second number between text and the next "]]", or of each one up to "]". */
static uint64_t sum_behind(const char *text, unsigned of)
{
    const char *at = strstr(seam_console(), text);
    uint64_t sum = 0;

    assert_non_null(at);
    at += strlen(text);
    for (unsigned i = 1; *at && !(at[0] == ']' && (of == 1 || at[1] == ']')); i++) {
        at += strspn(at, "[],");
        sum += i % of ? 0 : strtoull(at, NULL, 10);
        at += strspn(at, "0123456789");
    }
    return sum;
}

/* The data of the charts add up to the job's totals. */
static void profile_has_every_request(void **state)
{
    (void)state;
    run("rw=read verify=0 bs=4k iodepth=4", "SUCCESS");
    assert_int_equal(results("\"type\":\"profile\"", "\"dev\":\"xvda\""), 1);
    assert_int_equal(sum_behind("\"interval_ns\":5000000,\"bytes\":[", 1),
                     job_number(0, "\"bytes\":"));
    assert_int_equal(sum_behind("\"latency_ns\":[", 2), job_number(0, "\"requests\":"));
    assert_true(job_number(0, "\"requests\":") > 0);
}

static void a_read_that_differs_is_found(void **state)
{
    (void)state;
    fake.flip_read = 300; /* of 2 x 256 */
    run("rw=read,randread bs=4k", "FAILURE");
    assert_true(said("other data than the first one"));
}

static void a_read_that_brings_nothing_is_found(void **state)
{
    (void)state;
    /* one slot, one block, twice: the buffer still holds the right data */
    fake.silent_read = 2;
    run("rw=read bs=4k size=4k iodepth=1 runtime=2us", "FAILURE");
    /* the first read searches for a generation, the second is the read back */
    fake_disk[0].stats.reads = 0;
    fake.silent_read = 4;
    run("rw=write,read write=1 bs=4k size=4k iodepth=1 runtime=2us", "FAILURE");
}

static void read_errors_are_reported(void **state)
{
    (void)state;
    fake.fail_read = 17;
    run("rw=read,randread bs=4k", "FAILURE");
    assert_true(said("error: xvda: read of 4096 bytes at "));
    assert_true(said("-EIO"));
    /* no digest from a pass with a hole; the next one gives it */
    assert_int_equal(results("digest", "read"), 1);
    assert_true(digest(0, 0, DISK_BYTES, "read"));
}

/* ---- writing ---- */

static void every_workload_on_a_good_disk(void **state)
{
    (void)state;
    run("write=1 rw=write,randwrite,rw,randrw,read,randread bs=4k,44k,1000 iodepth=1,32",
        "SUCCESS");
    assert_true(digest(0, 0, DISK_BYTES, "written"));
    assert_int_equal(results("digest", "xvda"), 1);
    assert_int_equal(results("\"type\":\"job\"", "\"rw\":\"read_back\""), 4 * 6);
    assert_int_equal(results("\"type\":\"job\"", "\"errors\":0"), 10 * 6);
    assert_int_equal(results("\"type\":\"job\"", "\"verified_bytes\":1048576"), 8 * 6);
    assert_int_equal(results("\"type\":\"counters\"", "\"devid\":51712"), 1);
}

static void the_start_is_said_once(void **state)
{
    (void)state;
    run("rw=read,randread bs=4k", "SUCCESS");
    assert_int_equal(results("\"type\":\"start\"", "\"xenstore_ns\":7,\"xenstore_waits\":6"), 1);
    /* what only writes has none */
    run("write=1 rw=write bs=4k verify=0", "SUCCESS");
    assert_int_equal(results("\"type\":\"start\"", ""), 0);
}

static void bytes_beside_the_region_stay(void **state)
{
    static uint8_t before[DISK_BYTES];

    (void)state;
    memcpy(before, content[0], sizeof(before));
    run("write=1 rw=randwrite,rw bs=3000,4k offset=10001 size=99999", "SUCCESS");
    assert_true(digest(0, 10001, 99999, "written"));
    assert_memory_equal(before, content[0], 10001);
    assert_memory_equal(before + 110000, content[0] + 110000, DISK_BYTES - 110000);
}

static void first_mixed_job_writes_the_region(void **state)
{
    (void)state;
    run("write=1 rw=randrw", "SUCCESS");
    assert_int_equal(results("\"type\":\"job\"", "\"rw\":\"write\""), 1);
    assert_int_equal(results("\"rw\":\"randrw\"", "\"requests\":512,\"bytes\":2097152"), 1);
    assert_int_equal(results("\"rw\":\"randrw\"", "\"verified_bytes\":1048576"), 1);
}

static void a_lost_write_is_found(void **state)
{
    static const char *const workloads[] = {"write", "randwrite", "rw", "randrw"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(workloads); i++) {
        char words[64];

        snprintf(words, sizeof(words), "write=1 rw=%s", workloads[i]);
        fake_disk[0].stats.writes = 0;
        fake.lose_write = 19; /* a block that the mix reads */
        run(words, "FAILURE");
        assert_true(said("8 wrong blocks"));
    }
}

/* The same seed as the run before: the lost block holds a correct pattern, of that run. */
static void a_lost_write_of_a_second_run_is_found(void **state)
{
    (void)state;
    run("write=1 rw=write", "SUCCESS");
    fake_disk[0].stats.writes = 0;
    fake.lose_write = 20;
    run("write=1 rw=write", "FAILURE");
    assert_true(said("of generation 2 holds block "));
    assert_true(said("of generation 1\n"));
}

static void a_misplaced_write_is_found(void **state)
{
    (void)state;
    fake.misplace_write = 3;
    run("write=1 rw=write iodepth=1 bs=4k", "FAILURE");
    assert_true(said("block 0 of generation 1 holds block 16 of generation 1"));
    assert_true(said("(16 wrong blocks)"));
    assert_true(said("xvda: 16 complaints, the first: block "));
}

static void a_flipped_bit_is_found(void **state)
{
    (void)state;
    fake.flip_read = 100;
    run("write=1 rw=write", "FAILURE");
    assert_true(said("damaged (wrong checksum)"));
    assert_int_equal(results("\"rw\":\"read_back\"", "\"errors\":1"), 1);
    assert_int_equal(results("\"rw\":\"read_back\"", "\"verified_bytes\":1048064"), 1);
}

static void a_failed_write_leaves_no_digest(void **state)
{
    (void)state;
    fake.fail_write = 5;
    run("write=1 rw=write", "FAILURE");
    assert_int_equal(results("digest", "written"), 0);
    assert_int_equal(results("\"rw\":\"read_back\"", ""), 0);
    assert_int_equal(results("\"rw\":\"write\"", "\"requests\":256"), 1);
}

static void trim_discards_and_looks(void **state)
{
    (void)state;
    run("rw=trim", "ERROR");
    assert_true(said("rw=trim empties the disk: add write=1"));
    assert_int_equal(fake_completed, 0);

    run("write=1 rw=trim bs=64k iodepth=4", "SUCCESS");
    assert_int_equal(fake_disk[0].stats.discards, 16);
    assert_int_equal(results("\"rw\":\"trim\"", "\"bytes\":1048576"), 1);
    assert_int_equal(results("\"rw\":\"read_back\"", "\"verified_bytes\":1048576"), 2);
    assert_int_equal(results("\"rw\":\"write\"", "\"errors\":0"), 2);
    assert_int_equal(results("counters", "\"discards\":16,\"discarded_sectors\":2048"), 1);
    assert_true(digest(0, 0, DISK_BYTES, "written")); /* written again */

    /* nothing whole in a block */
    run("write=1 rw=trim,read bs=2k iodepth=4", "SUCCESS");
    assert_int_equal(fake_disk[0].stats.discards, 16);
    assert_true(said("holds no whole granule"));

    run("write=1 rw=trim verify=0 bs=64k", "SUCCESS");
    assert_int_equal(fake_disk[0].stats.discards, 32);
    assert_int_equal(results("\"type\":\"job\"", ""), 1);
}

/* A read beside it: half of the blocks are zeroes, which is right. */
static void what_is_trimmed_reads_as_either(void **state)
{
    (void)state;
    run("write=1 rw=trim,randread,randrw bs=64k size=512k offset=1k", "SUCCESS");
    fake.trim_garbage = true;
    run("write=1 rw=trim bs=64k", "FAILURE");
    assert_int_equal(results("\"rw\":\"read_back\"", "\"errors\":16"), 1);
}

static void a_disk_that_does_not_discard_is_left_out(void **state)
{
    (void)state;
    fake_disk[0].limits.discard = false;
    run("write=1 rw=trim,read bs=64k", "SKIP");
    assert_true(said("does not discard"));
    assert_int_equal(fake_disk[0].stats.discards, 0);
    assert_int_equal(results("\"rw\":\"read\"", ""), 1);
    fake_add(0, content[0], DISK_BYTES, true);
    run("write=1 rw=trim", "SUCCESS");
    assert_true(said("write refused with -EROFS"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_written_unasked),
        TEST(reading_gives_the_digest),
        TEST(jobs_say_when_they_began),
        TEST(profile_has_every_request),
        TEST(a_read_that_differs_is_found),
        TEST(a_read_that_brings_nothing_is_found),
        TEST(read_errors_are_reported),
        TEST(every_workload_on_a_good_disk),
        TEST(the_start_is_said_once),
        TEST(bytes_beside_the_region_stay),
        TEST(first_mixed_job_writes_the_region),
        TEST(a_lost_write_is_found),
        TEST(a_lost_write_of_a_second_run_is_found),
        TEST(a_misplaced_write_is_found),
        TEST(a_flipped_bit_is_found),
        TEST(a_failed_write_leaves_no_digest),
        TEST(trim_discards_and_looks),
        TEST(what_is_trimmed_reads_as_either),
        TEST(a_disk_that_does_not_discard_is_left_out),
    };

    return cmocka_run_group_tests_name("blktest: data", tests, NULL, NULL);
}
