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

/* Ahead of the size, where the rest of an extent may not become a written one: what is at its front, or is joined
 * with that, needs no nodes; the rest is refused as long as there are none. */
static void behind_the_size(void **state)
{
    struct file *f = must_open("/data/ahead", FILE_RDWR | FILE_CREAT);
    struct file_stat st;
    unsigned refused = 0;
    int64_t ret;

    (void)state;
    for (unsigned i = 0; i < 8; i++) /* a node of the map, and extents of a block each */
        assert_int_equal(file_pwrite(f, text, BLOCK, (int64_t)i * 2 * BLOCK), BLOCK);
    assert_int_equal(file_allocate(f, ALLOCATE_KEEP_SIZE, 15 * BLOCK, AHEAD * BLOCK), 0);
    fill_disk("/data/full");
    memset(text, 'x', sizeof(text));
    for (unsigned i = 15; i < 100; i++)
        assert_int_equal(file_pwrite(f, text, BLOCK, (int64_t)i * BLOCK), BLOCK);
    assert_int_equal(file_stat(f, &st), 0);
    assert_int_equal(st.size, 100 * BLOCK);
    for (unsigned i = 101; i < AHEAD; i += 2) {
        ret = file_pwrite(f, text, BLOCK, (int64_t)i * BLOCK);
        assert_true(ret == BLOCK || ret == -ENOSPC);
        refused += ret < 0;
    }
    assert_true(refused);
    assert_int_equal(file_pread(f, found, BLOCK, 99 * BLOCK), BLOCK);
    assert_memory_equal(found, text, BLOCK);
    file_put(f);
    image_again();
    assert_int_equal(path_unlink(NULL, "/data/full"), 0);
    f = must_open("/data/ahead", FILE_RDWR);
    assert_int_equal(file_pwrite(f, text, BLOCK, (AHEAD - 2) * BLOCK), BLOCK);
    file_put(f);
}

/* All blocks but those for the map: that is seen only when most of them are the file's. */
static void an_allocation_that_fails_leaves_nothing(void **state)
{
    struct file *f = must_open("/data/ahead", FILE_RDWR | FILE_CREAT);
    uint64_t before = blocks_free();
    struct file_stat st;

    (void)state;
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 100, (int64_t)(before - 16) * BLOCK - 100),
                     -ENOSPC);
    assert_int_equal(file_stat(f, &st), 0);
    assert_int_equal(st.size, 0);
    assert_int_equal(st.blocks, 0);
    file_put(f);
    image_again();
    assert_int_equal(blocks_free(), before);
}

/* What the disk has is looked at as after a crash. */
static int64_t size_after_crash(const char *path)
{
    uint8_t *crashed = malloc(SIZE);
    struct memory_disk after;
    struct file_stat st;
    struct mount *mount;

    memcpy(crashed, image.disk.content, SIZE);
    memory_disk_init(&after, crashed, SIZE);
    assert_int_equal(path_mkdir(NULL, "/crashed", 0755), 0);
    assert_int_equal(ext4_open(&after.disk, &image.config, &mount), 0);
    assert_int_equal(fs_mount("/crashed", mount), 0);
    assert_int_equal(path_stat(NULL, path, 0, &st), 0);
    assert_int_equal(fs_unmount("/crashed"), 0);
    assert_int_equal(path_rmdir(NULL, "/crashed"), 0);
    assert_int_equal(image_check(crashed, SIZE), 0);
    free(crashed);
    return st.size;
}

/* Blocks that another file had are available after a commit, which comes while this one has some of its own. */
static void a_crash_in_the_middle_of_an_allocation(void **state)
{
    const int64_t size = 5000 * BLOCK;
    int64_t found_size;
    struct file *f;

    (void)state;
    image_unmount();
    image.config.cache = 32u << 20; /* so that nothing else makes a commit necessary */
    assert_int_equal(image_mount(), 0);
    f = must_open("/data/other", FILE_RDWR | FILE_CREAT);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 0, 3000 * BLOCK), 0);
    file_put(f);
    f = must_open("/data/ahead", FILE_RDWR | FILE_CREAT);
    assert_int_equal(fs_sync(), 0);
    assert_int_equal(path_unlink(NULL, "/data/other"), 0);
    assert_int_equal(file_allocate(f, ALLOCATE_EXTEND, 100, size - 100), 0);
    found_size = size_after_crash("/crashed/ahead");
    assert_true(found_size > 0 && found_size < size);
    file_put(f);
}

int main(void)
{
#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define OTHER(name) cmocka_unit_test_setup_teardown(name, setup_other, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_other_block),
        TEST(few_blocks),
        TEST(backwards),
        TEST(holes),
        TEST(behind_the_size),
        OTHER(holes),
        OTHER(an_allocation_that_fails_leaves_nothing),
        OTHER(a_crash_in_the_middle_of_an_allocation),
    };

    return cmocka_run_group_tests_name("full", tests, NULL, NULL);
}
