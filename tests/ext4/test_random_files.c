/* SPDX-License-Identifier: MIT */
/* Random operations on ext4 in memory, through lib/fs; e2fsck looks at what is left. SEED= and ROUNDS= in the
 * environment: another seed, more of it. */
#include "files_test.h"

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);

    return value ? strtoull(value, NULL, 0) : otherwise;
}

static unsigned run(const char *options, uint64_t size, uint32_t file_size)
{
    struct random_state *s;
    unsigned refused;

    image_begin(options, size);
    s = random_begin(&fs_calls, "/data", number("SEED", 1), file_size);
    assert_non_null(s);
    for (uint64_t round = 0; round < number("ROUNDS", 4); round++) {
        assert_int_equal(random_run(s, 6000), 0);
        assert_int_equal(random_compare(s), 0);
        assert_int_equal(random_close_all(s), 0);
        image_again();
    }
    assert_int_equal(random_compare(s), 0);
    assert_int_equal(random_close_all(s), 0);
    refused = random_refused(s);
    random_end(s);
    image_end();
    return refused;
}

static void as_mke2fs_makes_it(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext4 -b 4096", 64 << 20, 300000), 0);
}

static void without_checksums(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext4 -O ^metadata_csum,^64bit -b 1024", 32 << 20, 200000), 0);
}

static void ext3_with_tables_of_blocks(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext3 -b 1024", 32 << 20, 400000), 0);
}

static void ext2_without_a_journal(void **state)
{
    (void)state;
    assert_int_equal(run("-t ext2 -b 2048 -I 128", 32 << 20, 200000), 0);
}

static void with_too_little_room(void **state)
{
    (void)state;
    assert_true(run("-t ext4 -b 1024 -m 5 -J size=1", 2560 << 10, 300000) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_mke2fs_makes_it),         cmocka_unit_test(without_checksums),
        cmocka_unit_test(ext3_with_tables_of_blocks), cmocka_unit_test(ext2_without_a_journal),
        cmocka_unit_test(with_too_little_room),
    };

    return cmocka_run_group_tests_name("random_files", tests, NULL, NULL);
}
