/* SPDX-License-Identifier: MIT */
/* An archive that is linked into the image appears at /rom with the first path; a damaged one does not,
 * and the rest is there all the same. */
#include "fs_test.h"
#include "tar.h"

#include "lib/fs/romfs.h"

/* 4 KiB for an archive, which the tests write by another name: the usual one is of constant data, whose
 * changes a compiler may leave out. */
__asm__(".data\n"
        ".globl ringlet_rom_start, ringlet_rom_end, written_rom\n"
        ".balign 16\n"
        "written_rom:\n"
        "ringlet_rom_start: .space 4096\n"
        "ringlet_rom_end:\n"
        ".text\n");

extern char written_rom[4096];
static struct archive tar;

static void place(void)
{
    assert_true(tar.size <= sizeof(written_rom));
    memset(written_rom, 0, sizeof(written_rom));
    memcpy(written_rom, tar.bytes, tar.size);
}

static int setup(void **state)
{
    (void)state;
    fs_start(4 << 20);
    tar.size = 0;
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
    place();
    assert_text("/rom/dir/file", "content");
    assert_int_equal(path_statfs(NULL, "/rom", &st), 0);
    assert_true(st.read_only);
    assert_int_equal(st.blocks_free, 0);
    assert_int_equal(try_open("/rom/new", FILE_CREAT | FILE_WRONLY), -EROFS);
    assert_int_equal(path_mkdir(NULL, "/rom/new", 0755), -EROFS);
}

static void is_refused_when_damaged(void **state)
{
    (void)state;
    tar_add(&tar, '0', "../file", "", "content", 7);
    tar_end(&tar);
    place();
    assert_true(exists("/tmp"));
    assert_int_equal(mode_of("/rom"), MODE_DIR | 0755); /* empty */
    assert_false(exists("/rom/file"));
    assert_non_null(strstr(seam_console(), "archive: entry \"../file\" at byte 0: "));
    assert_non_null(strstr(seam_console(), "/rom: EINVAL"));
}

/* The toolstack's is beside it. */
static void a_ramdisk_is_beside_it(void **state)
{
    static struct archive other;

    (void)state;
    tar_add(&tar, '0', "file", "", "content", 7);
    tar_end(&tar);
    place();
    other.size = 0;
    tar_add(&other, '0', "file", "", "of the toolstack", 16);
    tar_end(&other);
    seam_module = other.bytes;
    seam_module_bytes = other.size;
    assert_text("/rom/file", "content");
    assert_text("/ramdisk/file", "of the toolstack");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_mounted, setup, teardown),
        cmocka_unit_test_setup_teardown(is_refused_when_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(a_ramdisk_is_beside_it, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
