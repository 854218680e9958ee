/* SPDX-License-Identifier: MIT */
/* blktest's own tools: the pattern and its report of wrong data, the permutation, the sum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <guests/blktest/content_sum.h>
#include <guests/blktest/pattern.h>
#include <guests/blktest/permutation.h>
#include <ringlet/string.h>

#define DISK_BYTES 8192

static const struct pattern pattern = {.seed = 1, .disk = 51712, .generation = 3};
static uint8_t disk[DISK_BYTES];
static char said[1024];
static unsigned reports;

static void note(void *arg, uint64_t block, const char *text)
{
    assert_ptr_equal(arg, disk);
    reports++;
    snprintf(said, sizeof(said), "block %llu %s", (unsigned long long)block, text);
}

static uint64_t check(uint64_t offset, size_t len, uint64_t *right)
{
    reports = 0;
    said[0] = '\0';
    return pattern_check(&pattern, offset, disk + offset, len, right, note, disk);
}

static int fill(void **state)
{
    (void)state;
    pattern_fill(&pattern, 0, disk, sizeof(disk));
    return 0;
}

static void own_pattern_is_right(void **state)
{
    uint64_t right;

    (void)state;
    assert_int_equal(check(0, sizeof(disk), &right), 0);
    assert_int_equal(right, sizeof(disk));
    assert_int_equal(reports, 0);
    assert_int_equal(pattern_generation(&pattern, 5, disk + 5 * 512), 3);
}

/* However the bytes are cut into pieces, they are the same. */
static void any_alignment(void **state)
{
    uint8_t piece[1600];

    (void)state;
    for (uint64_t offset = 0; offset < 1030; offset += 7) {
        for (size_t len = 0; len < sizeof(piece); len += 37) {
            uint64_t right;

            pattern_fill(&pattern, offset, piece, len);
            assert_memory_equal(piece, disk + offset, len);
            assert_int_equal(check(offset, len, &right), 0);
            assert_int_equal(right, len);
        }
    }
}

static void every_bit_matters(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 512 * 8; bit++) {
        uint64_t right;

        disk[1024 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(check(0, sizeof(disk), &right), 1);
        assert_int_equal(right, sizeof(disk) - 512);
        assert_int_equal(strncmp(said, "block 2 ", 8), 0);
        assert_int_equal(pattern_generation(&pattern, 2, disk + 1024), 0);
        disk[1024 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void misplaced_block_is_named(void **state)
{
    (void)state;
    memcpy(disk + 3 * 512, disk + 9 * 512, 512);
    assert_int_equal(check(0, sizeof(disk), NULL), 1);
    assert_string_equal(said, "block 3 of generation 3 holds block 9 of generation 3");
}

static void stale_block_is_named(void **state)
{
    struct pattern old = pattern;

    (void)state;
    old.generation = 2;
    pattern_fill(&old, 512, disk + 512, 512);
    assert_int_equal(check(0, sizeof(disk), NULL), 1);
    assert_string_equal(said, "block 1 of generation 3 holds block 1 of generation 2");
}

static void other_runs_and_other_disks_are_named(void **state)
{
    struct pattern other = {.seed = 2, .disk = 51728, .generation = 3};

    (void)state;
    pattern_fill(&other, 512, disk + 512, 512);
    assert_int_equal(check(0, sizeof(disk), NULL), 1);
    assert_string_equal(
        said, "block 1 of generation 3 holds block 1 of generation 3, seed 2, of disk 51728");
}

static void torn_block_is_named(void **state)
{
    struct pattern old = pattern;
    uint8_t block[512];

    (void)state;
    old.generation = 2;
    pattern_fill(&old, 512, block, 512);
    memcpy(disk + 512 + 256, block + 256, 256);
    assert_int_equal(check(0, sizeof(disk), NULL), 1);
    assert_string_equal(said, "block 1 of generation 3 holds block 1 of generation 3, damaged "
                              "(wrong checksum), first wrong byte 256");
}

static void zeroes_and_foreign_data_are_named(void **state)
{
    (void)state;
    memset(disk + 512, 0, 512);
    assert_int_equal(check(0, sizeof(disk), NULL), 1);
    assert_string_equal(said, "block 1 of generation 3 is all zeroes");
    pattern_fill(&pattern, 0, disk, sizeof(disk));
    disk[512] ^= 0xff;
    assert_int_equal(check(0, sizeof(disk), NULL), 1);
    assert_string_equal(said, "block 1 of generation 3 has 0xad instead of 0x52 at byte 0");
}

/* A part of a block has no header to read, but the byte is counted from the block's start. */
static void wrong_part_of_a_block(void **state)
{
    uint64_t right;

    (void)state;
    disk[700] = (uint8_t)~disk[700];
    assert_int_equal(check(600, 200, &right), 1);
    assert_int_equal(right, 0);
    assert_non_null(strstr(said, "block 1 of generation 3 has 0x"));
    assert_non_null(strstr(said, "at byte 188"));
}

/* The generators must not repeat: no two blocks share their fill, in one pass or in the next. */
static void blocks_differ(void **state)
{
    struct pattern next = pattern;
    uint8_t again[DISK_BYTES];

    (void)state;
    next.generation++;
    pattern_fill(&next, 0, again, sizeof(again));
    for (unsigned a = 0; a < DISK_BYTES; a += 512) {
        assert_memory_not_equal(disk + a + 32, again + a + 32, 480);
        for (unsigned b = a + 512; b < DISK_BYTES; b += 512)
            assert_memory_not_equal(disk + a + 32, disk + b + 32, 480);
    }
}

static void permutation_has_each_number_once(void **state)
{
    static uint8_t seen[5000];

    (void)state;
    for (uint64_t n = 1; n <= sizeof(seen); n = n < 70 ? n + 1 : n * 3 + 1) {
        struct permutation p;

        memset(seen, 0, sizeof(seen));
        permutation_init(&p, n, n * 11);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = permutation_at(&p, i);

            assert_true(at < n);
            assert_int_equal(seen[at]++, 0);
        }
    }
}

static void permutation_depends_on_the_seed(void **state)
{
    struct permutation a, b;
    unsigned same = 0, in_place = 0;

    (void)state;
    permutation_init(&a, 1000, 1);
    permutation_init(&b, 1000, 2);
    for (unsigned i = 0; i < 1000; i++) {
        same += permutation_at(&a, i) == permutation_at(&b, i);
        in_place += permutation_at(&a, i) == i;
    }
    assert_true(same < 20);
    assert_true(in_place < 20);
}

static void permutation_of_a_huge_disk(void **state)
{
    struct permutation p;

    (void)state;
    permutation_init(&p, (1ULL << 55) - 3, 5);
    for (uint64_t i = 0; i < 1000; i++)
        assert_true(permutation_at(&p, i) < p.n);
}

/* In pieces of any length and in any order: the same sum. */
static void sum_is_independent_of_the_pieces(void **state)
{
    uint64_t whole = content_sum(0, disk, sizeof(disk));

    (void)state;
    for (size_t piece = 1; piece < 1030; piece = piece < 20 ? piece + 1 : piece * 2 - 7) {
        size_t pieces = DIV_ROUND_UP(sizeof(disk), piece);
        uint64_t sum = 0;

        for (size_t i = pieces; i-- > 0;)
            sum += content_sum(i * piece, disk + i * piece, MIN(piece, sizeof(disk) - i * piece));
        assert_true(sum == whole);
    }
}

static void sum_notices_changes(void **state)
{
    uint64_t whole = content_sum(0, disk, sizeof(disk));
    uint8_t block[512];

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        disk[4096 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(content_sum(0, disk, sizeof(disk)) != whole);
        disk[4096 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memcpy(block, disk, 512);
    memcpy(disk, disk + 512, 512);
    memcpy(disk + 512, block, 512);
    assert_true(content_sum(0, disk, sizeof(disk)) != whole);
    assert_true(content_sum(512, disk, 512) != content_sum(0, disk, 512));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(own_pattern_is_right, fill),
        cmocka_unit_test_setup(any_alignment, fill),
        cmocka_unit_test_setup(every_bit_matters, fill),
        cmocka_unit_test_setup(misplaced_block_is_named, fill),
        cmocka_unit_test_setup(stale_block_is_named, fill),
        cmocka_unit_test_setup(other_runs_and_other_disks_are_named, fill),
        cmocka_unit_test_setup(torn_block_is_named, fill),
        cmocka_unit_test_setup(zeroes_and_foreign_data_are_named, fill),
        cmocka_unit_test_setup(wrong_part_of_a_block, fill),
        cmocka_unit_test_setup(blocks_differ, fill),
        cmocka_unit_test(permutation_has_each_number_once),
        cmocka_unit_test(permutation_depends_on_the_seed),
        cmocka_unit_test(permutation_of_a_huge_disk),
        cmocka_unit_test_setup(sum_is_independent_of_the_pieces, fill),
        cmocka_unit_test_setup(sum_notices_changes, fill),
    };

    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
