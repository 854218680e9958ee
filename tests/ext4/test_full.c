/* SPDX-License-Identifier: MIT */
/* A disk on which no block is free: what can be done there all the same, and what is refused. */
#include "files_test.h"

#define SIZE  (8u << 20)
#define BLOCK 1024
#define AHEAD 3000 /* blocks that are allocated ahead */

static char text[BLOCK], found[BLOCK];

static int setup(void **state)
{
    (void)state;
    image_begin("-t ext4 -b 1024 -m 0 -N 64", SIZE);
    return 0;
}

static int setup_other(void **state)
{
    (void)state;
    image_begin("-t ext3 -b 1024 -m 0 -N 64", SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    image_end();
    return 0;
}

static uint64_t blocks_free(void)
{
    struct fs_stat st = {0};

    assert_int_equal(path_statfs(NULL, "/data", &st), 0);
    return st.blocks_free;
}

/* Files of which each block is written, and those that are not, until no more can be. */
static void fill_disk(const char *path)
{
    struct file *f = must_open(path, FILE_WRONLY | FILE_CREAT);
    int64_t ret, at = 0;

    for (unsigned step = 64 << 10; step >= BLOCK; step /= 2) {
        char *bytes = calloc(1, step);

        while ((ret = file_pwrite(f, bytes, step, at)) > 0)
            at += ret;
        assert_int_equal(ret, -ENOSPC);
        free(bytes);
    }
    /* by holes its map takes what is left */
    for (unsigned i = 0; i < 400; i++) {
        at += 3 * BLOCK;
        ret = file_pwrite(f, text, BLOCK, at);
        assert_true(ret == BLOCK || ret == -ENOSPC);
    }
    assert_int_equal(path_mkdir(NULL, "/data/directory", 0755), -ENOSPC);
    file_put(f);
    assert_true(blocks_free() <= 16);
}

static void check_ahead(struct file *f, unsigned each)
{
    for (unsigned i = 0; i < AHEAD; i++) {
        memset(text, i % each == each / 2 ? (int)(i % 255 + 1) : 0, sizeof(text));
        assert_int_equal(file_pread(f, found, BLOCK, (int64_t)i * BLOCK), BLOCK);
        assert_memory_equal(found, text, BLOCK);
    }
}

/* Each of these writes makes three extents of one, for which in the end there are no nodes. */
static void what_was_allocated_ahead_can_be_written(unsigned each)
{
    struct file *f = must_open("/data/ahead", FILE_RDWR | FILE_CREAT);

    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, AHEAD * BLOCK), 0);
    fill_disk("/data/full");
    for (unsigned i = 0; i < AHEAD; i++) {
        memset(text, (int)(i % 255 + 1), sizeof(text));
        if (i % each == each / 2)
            assert_int_equal(file_pwrite(f, text, BLOCK, (int64_t)i * BLOCK), BLOCK);
    }
    check_ahead(f, each);
    file_put(f);
    image_again();
    f = must_open("/data/ahead", FILE_RDWR);
    check_ahead(f, each);
    file_put(f);
}

static void every_other_block(void **state)
{
    (void)state;
    what_was_allocated_ahead_can_be_written(2);
}

static void few_blocks(void **state)
{
    (void)state;
    what_was_allocated_ahead_can_be_written(37);
}

/* From behind, so that nothing is joined with what is in front of it. */
static void backwards(void **state)
{
    struct file *f = must_open("/data/ahead", FILE_RDWR | FILE_CREAT);

    (void)state;
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, AHEAD * BLOCK), 0);
    fill_disk("/data/full");
    for (unsigned i = AHEAD; i--;) {
        memset(text, (int)(i % 255 + 1), sizeof(text));
        if (i % 2)
            assert_int_equal(file_pwrite(f, text, BLOCK, (int64_t)i * BLOCK), BLOCK);
    }
    check_ahead(f, 2);
    file_put(f);
    image_again();
}

/* Holes in a full file: as many as there are nodes for, and then none; the ends can always be given back. */
static void punch(const char *path)
{
    struct file *f;
    unsigned refused = 0;
    int ret;

    fill_disk(path);
    f = must_open(path, FILE_RDWR);
    for (unsigned i = 1; i < 3000; i += 2) {
        ret = file_allocate(f, ALLOCATE_PUNCH, (int64_t)i * BLOCK, BLOCK);
        assert_true(ret == 0 || ret == -ENOSPC);
        refused += ret != 0;
        memset(text, 0, sizeof(text));
        assert_int_equal(file_pread(f, found, BLOCK, (int64_t)i * BLOCK), BLOCK);
        assert_memory_equal(found, text, BLOCK);
    }
    assert_int_equal(refused, 0); /* each has given a block */
    assert_int_equal(file_allocate(f, ALLOCATE_PUNCH, 0, 1 << 20), 0);
    assert_true(blocks_free() > 1000);
    file_put(f);
    image_again();
    assert_int_equal(path_unlink(NULL, path), 0);
    assert_int_equal(path_mkdir(NULL, "/data/directory", 0755), 0);
}

static void holes(void **state)
{
    (void)state;
    punch("/data/full");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_other_block),
        TEST(few_blocks),
        TEST(backwards),
        TEST(holes),
        cmocka_unit_test_setup_teardown(holes, setup_other, teardown),
    };

    return cmocka_run_group_tests_name("full", tests, NULL, NULL);
}
