/* SPDX-License-Identifier: MIT */
/* Journals that e2fsprogs has written, in each format of Linux, replayed; and those that must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kernel/event_channel.h>

#include "host/seam.h"
#include "lib/fs/ext4/store/store.h"
#include "memory_disk.h"

#define SIZE  (8u << 20)
#define BLOCK 1024u

static struct memory_disk disk;
static uint8_t *image;

/* Blocks 7000 and 7001 are written, the first of them with the journal's magic number; 7002 is written and
 * then revoked; 7003 is revoked and then written; 7000 is written again. */
#define WRITE_JOURNAL                                                                              \
    "d=$IMAGE.d; mkdir $d; { printf '\\300\\073\\071\\230'; head -c 1020 /dev/zero | tr '\\0' A; " \
    "head -c 1024 /dev/zero | tr '\\0' B; } >$d/1; head -c 1024 /dev/zero | tr '\\0' C >$d/2; "    \
    "{ printf '\\300\\073\\071\\230'; head -c 1020 /dev/zero | tr '\\0' D; } >$d/3; "              \
    "printf 'jo %s\\njw -b 7000,7001 '$d'/1\\njw -b 7002 '$d'/2\\njw -r 7002\\njw -r 7003\\n"      \
    "jw -b 7003 '$d'/2\\njw -b 7000 '$d'/3\\njc\\n' >$d/4; debugfs -w -f $d/4 $IMAGE; rm -r $d"

static void make(const char *mke2fs, const char *journal)
{
    char command[1024];

    image = image_make(mke2fs, SIZE);
    snprintf(command, sizeof(command), WRITE_JOURNAL, journal);
    assert_int_equal(image_run(image, SIZE, command, true), 0);
    memory_disk_init(&disk, image, SIZE);
}

static bool is_filled(unsigned block, char with, bool magic)
{
    static const uint8_t start[4] = {0xc0, 0x3b, 0x39, 0x98};
    const uint8_t *b = image + (size_t)block * BLOCK;

    for (unsigned i = magic ? 4 : 0; i < BLOCK; i++)
        if (b[i] != with)
            return false;
    return !magic || memcmp(b, start, 4) == 0;
}

static void each_format_is_replayed(void **state)
{
    static const char *const file_systems[] = {
        "-t ext4 -b 1024 -O 64bit",
        "-t ext4 -b 1024 -O ^64bit",
        "-t ext4 -b 1024 -O ^64bit,^metadata_csum",
        "-t ext3 -b 1024",
    };
    static const char *const journals[] = {"", "-c -v 2", "-c -v 3"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(file_systems); i++)
        for (unsigned k = 0; k < ARRAY_SIZE(journals); k++) {
            struct store_stats stats;
            struct store *s;

            make(file_systems[i], journals[k]);
            assert_false(is_filled(7001, 'B', false));
            assert_int_equal(store_open(&disk.disk, NULL, &s), 0);
            store_get_stats(s, &stats);
            assert_int_equal(stats.replayed_transactions, 6);
            assert_true(is_filled(7000, 'D', true));
            assert_true(is_filled(7001, 'B', false));
            assert_true(is_filled(7002, 0, false));
            assert_true(is_filled(7003, 'C', false));
            assert_int_equal(store_close(s), 0);
            assert_int_equal(image_check(image, SIZE), 0);
            free(image);
        }
}

/* Where the log has its n-th block of this type. */
static uint8_t *log_block(unsigned type, unsigned n)
{
    for (unsigned b = 0; b < SIZE / BLOCK; b++) {
        uint8_t *p = image + (size_t)b * BLOCK;
        static const uint8_t magic[] = {0xc0, 0x3b, 0x39, 0x98, 0, 0, 0};

        if (memcmp(p, magic, sizeof(magic)) == 0 && p[7] == type && n-- == 0)
            return p;
    }
    fail();
    return NULL;
}

static void a_transaction_without_a_commit_block_is_not_replayed(void **state)
{
    struct store_stats stats;
    struct store *s;

    (void)state;
    make("-t ext4 -b 1024", "-c -v 3");
    log_block(2, 1)[100] ^= 1;
    assert_int_equal(store_open(&disk.disk, NULL, &s), 0);
    store_get_stats(s, &stats);
    assert_int_equal(stats.replayed_transactions, 1);
    assert_true(is_filled(7000, 'A', true));
    assert_true(is_filled(7003, 0, false));
    assert_int_equal(store_close(s), 0);
    free(image);
}

static void a_committed_block_that_is_not_what_was_logged_is_refused(void **state)
{
    struct store *s;

    (void)state;
    make("-t ext4 -b 1024", "-c -v 3");
    log_block(1, 1)[BLOCK + 500] ^= 1; /* the block behind the second descriptor */
    assert_int_equal(store_open(&disk.disk, NULL, &s), -EIO);
    assert_int_equal(disk.writes, 0);
    assert_non_null(strstr(seam_console(), "a committed block is not what was logged"));
    free(image);
}

static void a_block_beyond_the_end_is_refused(void **state)
{
    struct store *s;

    (void)state;
    make("-t ext4 -b 1024 -O ^metadata_csum", "");
    log_block(1, 0)[12] = 0x7f; /* the first tag's block */
    assert_int_equal(store_open(&disk.disk, NULL, &s), -EIO);
    assert_int_equal(disk.writes, 0);
    free(image);
}

static void a_read_only_disk_is_not_replayed(void **state)
{
    struct store *s;

    (void)state;
    make("-t ext4 -b 1024", "");
    disk.disk.readonly = true;
    assert_int_equal(store_open(&disk.disk, NULL, &s), -EROFS);
    assert_non_null(strstr(seam_console(), "the journal must be replayed"));
    assert_int_equal(disk.writes, 0);
    free(image);
}

/* A replay that ended at any of its writes, and those of the open, is begun again. */
static void a_replay_can_be_repeated(void **state)
{
    bool whole = false;

    (void)state;
    make("-t ext4 -b 1024", "-c -v 3");
    for (unsigned n = 1; !whole; n++) {
        uint8_t *copy = malloc(SIZE);
        struct store *s;

        assert_non_null(copy);
        memcpy(copy, image, SIZE);
        memory_disk_init(&disk, copy, SIZE);
        disk.fail_write = n;
        whole = store_open(&disk.disk, NULL, &s) == 0;
        assert_true(whole || n < 20);
        if (!whole) {
            disk.fail_write = 0;
            assert_int_equal(store_open(&disk.disk, NULL, &s), 0);
        }
        disk.fail_write = 0;
        assert_int_equal(store_close(s), 0);
        free(image);
        image = copy;
        assert_true(is_filled(7000, 'D', true) && is_filled(7001, 'B', false));
        assert_true(is_filled(7002, 0, false) && is_filled(7003, 'C', false));
        assert_int_equal(image_check(image, SIZE), 0);
        free(image);
        if (!whole)
            make("-t ext4 -b 1024", "-c -v 3");
    }
}

static int setup(void **state)
{
    (void)state;
    seam_init(16 << 20);
    assert_int_equal(evtchn_init(), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_format_is_replayed),
        TEST(a_transaction_without_a_commit_block_is_not_replayed),
        TEST(a_committed_block_that_is_not_what_was_logged_is_refused),
        TEST(a_block_beyond_the_end_is_refused),
        TEST(a_read_only_disk_is_not_replayed),
        TEST(a_replay_can_be_repeated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
