/* SPDX-License-Identifier: MIT */
/* The toolstack's module, if it is a tar archive, is /rom in an image that has none. */
#include "fs_test.h"
#include "tar.h"

static struct archive tar;

static int setup(void **state)
{
    (void)state;
    fs_start(4 << 20);
    memset(&tar, 0, sizeof(tar));
    seam_module = tar.bytes;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fs_end();
    return 0;
}

static void is_mounted(void **state)
{
    struct fs_stat st;

    (void)state;
    tar_add(&tar, '0', "dir/file", "", "content", 7);
    tar_end(&tar);
    seam_module_bytes = tar.size;
    assert_text("/rom/dir/file", "content");
    assert_int_equal(path_statfs(NULL, "/rom", &st), 0);
    assert_true(st.read_only);
    assert_false(exists("/ramdisk"));
    assert_int_equal(try_open("/rom/new", FILE_CREAT | FILE_WRONLY), -EROFS);
}

/* What is not meant for us, such as a Linux guest's: cpio. */
static void anything_else_is_left_alone(void **state)
{
    (void)state;
    memcpy(tar.bytes, "070701", 6);
    seam_module_bytes = sizeof(tar.bytes);
    assert_true(exists("/tmp"));
    assert_false(exists("/rom"));
    assert_non_null(strstr(seam_console(), "the ramdisk is not mounted: it is no tar archive"));
}

static void a_short_one_is_not_read_beyond_its_end(void **state)
{
    uint8_t *copy = malloc(511);

    (void)state;
    tar_add(&tar, '0', "file", "", "content", 7);
    memcpy(copy, tar.bytes, 511);
    seam_module = copy;
    seam_module_bytes = 511;
    assert_true(exists("/tmp"));
    assert_false(exists("/rom"));
    free(copy);
}

static void is_refused_when_damaged(void **state)
{
    (void)state;
    tar_add(&tar, '0', "../file", "", "content", 7);
    tar_end(&tar);
    seam_module_bytes = tar.size;
    assert_true(exists("/tmp"));
    assert_int_equal(mode_of("/rom"), MODE_DIR | 0755); /* empty */
    assert_non_null(strstr(seam_console(), "/rom: EINVAL"));
}

static void nothing_is_there_without(void **state)
{
    (void)state;
    seam_module = NULL;
    assert_true(exists("/tmp"));
    assert_false(exists("/rom"));
    assert_null(strstr(seam_console(), "ramdisk"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(is_mounted),
        TEST(anything_else_is_left_alone),
        TEST(a_short_one_is_not_read_beyond_its_end),
        TEST(is_refused_when_damaged),
        TEST(nothing_is_there_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
