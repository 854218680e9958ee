/* SPDX-License-Identifier: MIT */
/* The archive: what tar can say is shown, what it must not say is refused with the entry's name. */
#include "fs_test.h"
#include "tar.h"

#include "lib/fs/romfs.h"

static struct archive tar;
static size_t blocks_before;
static uint8_t *loaded; /* an archive of just its size, so that a step beyond it is seen */

static int setup(void **state)
{
    struct mount *root;

    (void)state;
    fs_start(4 << 20);
    assert_int_equal(memfs_create(0, &root), 0);
    assert_int_equal(fs_mount("/", root), 0);
    assert_int_equal(path_mkdir(NULL, "/rom", 0755), 0);
    blocks_before = heap_blocks();
    tar.size = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(heap_blocks(), blocks_before);
    fs_end();
    return 0;
}

static int load(void)
{
    struct mount *mount;
    int ret;

    loaded = malloc(tar.size + !tar.size);
    memcpy(loaded, tar.bytes, tar.size);
    ret = romfs_create(loaded, tar.size, &mount);
    if (ret)
        free(loaded);
    else
        assert_int_equal(fs_mount("/rom", mount), 0);
    return ret;
}

static void unload(void)
{
    struct node *n;

    assert_int_equal(path_lookup(NULL, "/rom", 0, &n), 0);
    node_put(n);
    assert_int_equal(fs_unmount("/rom"), 0);
    free(loaded);
}

static void a_tree(void **state)
{
    struct file_stat st;
    struct file_dirent e;
    struct file *f;
    char buf[64];

    (void)state;
    tar_add(&tar, '5', "./", "", NULL, 0);
    tar_add(&tar, '5', "dir/", "", NULL, 0);
    tar_add(&tar, '0', "dir/file", "", "content", 7);
    tar_add(&tar, '0', "./made/by/name", "", "x", 1); /* its directories have no entry */
    tar_add(&tar, '2', "dir/link", "../made/by/name", NULL, 0);
    tar_add(&tar, '1', "hard", "dir/file", NULL, 0);
    tar_add(&tar, '0', "empty", "", NULL, 0);
    tar_add(&tar, '0', "/absolute", "", "y", 1);
    tar_add(&tar, '\0', "old/", "", NULL, 0);
    tar_end(&tar);
    assert_int_equal(load(), 0);
    assert_text("/rom/dir/file", "content");
    assert_text("/rom/made/by/name", "x");
    assert_text("/rom/dir/link", "x");
    assert_text("/rom/hard", "content");
    assert_text("/rom/empty", "");
    assert_text("/rom/absolute", "y");
    assert_int_equal(mode_of("/rom/old") & MODE_TYPE, MODE_DIR);
    assert_int_equal(path_stat(NULL, "/rom/hard", 0, &st), 0);
    assert_int_equal(st.nlink, 2);
    assert_int_equal(st.mode, MODE_REGULAR | 0644);
    assert_true(st.uid == 01750 && st.gid == 01751);
    assert_true(st.mtime == 512 * (int64_t)NSEC_PER_SEC);
    assert_int_equal(path_readlink(NULL, "/rom/dir/link", buf, sizeof(buf)), 15);
    /* nothing can be changed */
    assert_int_equal(try_open("/rom/dir/file", FILE_RDWR), -EROFS);
    assert_int_equal(try_open("/rom/dir/file", FILE_RDONLY | FILE_TRUNC), -EROFS);
    assert_int_equal(try_open("/rom/new", FILE_WRONLY | FILE_CREAT), -EROFS);
    assert_int_equal(path_unlink(NULL, "/rom/hard"), -EROFS);
    f = must_open("/rom/dir", FILE_RDONLY);
    assert_int_equal(file_readdir(f, &e) + file_readdir(f, &e) + file_readdir(f, &e), 3);
    assert_string_equal(e.name, "file");
    file_put(f);
    f = must_open("/rom/dir/file", FILE_RDONLY);
    assert_int_equal(file_pread(f, buf, 10, 3), 4);
    assert_memory_equal(buf, "tent", 4);
    assert_int_equal(file_pread(f, buf, 10, 7), 0);
    file_put(f);
    unload();
}

static void later_entries_replace(void **state)
{
    (void)state;
    tar_add(&tar, '0', "f", "", "one", 3);
    tar_add(&tar, '1', "g", "f", NULL, 0);
    tar_add(&tar, '0', "f", "", "two", 3);
    tar_add(&tar, '1', "f", "f", NULL, 0);
    assert_int_equal(load(), 0); /* the end may be that of the archive */
    assert_text("/rom/f", "two");
    assert_text("/rom/g", "one");
    unload();
}

static void long_names(void **state)
{
    char name[300], record[400], path[400];
    struct file_stat st;
    uint8_t *h;
    int n;

    (void)state;
    memset(name, 'n', sizeof(name));
    for (unsigned i = 50; i < sizeof(name); i += 50)
        name[i] = '/';
    /* GNU's */
    name[200] = '\0';
    tar_add(&tar, 'L', "././@LongLink", "", name, 201);
    tar_add(&tar, '0', "cut", "", "gnu", 3);
    tar_add(&tar, 'K', "././@LongLink", "", name, 201);
    tar_add(&tar, '2', "to-gnu", "cut", NULL, 0);
    /* pax */
    name[200] = '/';
    name[0] = 'p';
    name[250] = '\0';
    n = snprintf(record, sizeof(record), "260 path=%s\n15 mtime=99.75\n9 size=3\n12 other=xy\n",
                 name);
    tar_add(&tar, 'x', "PaxHeaders/x", "", record, (size_t)n);
    h = tar_add(&tar, '0', "cut", "", "pax", 3);
    memcpy(h + 124, "00000000000", 11); /* the size is pax' */
    tar_seal(h);
    tar_add(&tar, 'x', "PaxHeaders/y", "", "14 linkpath=s\n", 14);
    tar_add(&tar, '2', "to-s", "cut", NULL, 0);
    /* ustar's prefix */
    h = tar_add(&tar, '0', "last", "", "ustar", 5);
    memcpy(h + 345, "first/second", 12);
    tar_seal(h);
    tar_end(&tar);
    assert_int_equal(load(), 0);
    assert_text("/rom/first/second/last", "ustar");
    snprintf(path, sizeof(path), "/rom/%s", name);
    assert_text(path, "pax");
    path_stat(NULL, path, 0, &st);
    assert_int_equal(st.mtime, 99 * (int64_t)NSEC_PER_SEC);
    path[5 + 200] = '\0';
    assert_int_equal(path_readlink(NULL, "/rom/to-gnu", record, sizeof(record)), 200);
    assert_memory_equal(record + 1, name + 1, 199);
    assert_int_equal(path_readlink(NULL, "/rom/to-s", record, sizeof(record)), 1);
    unload();
}

static void refused(const char *name, const char *why)
{
    char text[64];

    seam_console_clear();
    assert_int_equal(load(), -EINVAL);
    snprintf(text, sizeof(text), "entry \"%s", name);
    if (!strstr(seam_console(), text) || !strstr(seam_console(), why))
        fail_msg("not \"%s ... %s\" but: %s", text, why, seam_console());
    tar.size = 0;
}

static void what_is_refused(void **state)
{
    char name[301];
    uint8_t *h;

    (void)state;
    tar_add(&tar, '0', "a/../b", "", "x", 1);
    refused("a/../b", "\"..\"");
    memset(name, 'n', 300);
    name[300] = '\0';
    tar_add(&tar, 'L', "././@LongLink", "", name, 301);
    tar_add(&tar, '0', "cut", "", "x", 1);
    refused("nnn", "at byte 1024: a part of the name is \"..\", or too long");
    tar_add(&tar, '0', "f", "", "x", 1);
    tar_add(&tar, '0', "f/g", "", "x", 1);
    refused("f/g", "no directory");
    tar_add(&tar, '5', "f", "", NULL, 0);
    tar_add(&tar, '0', "f", "", "x", 1);
    refused("f", "directory of that name");
    tar_add(&tar, '0', "f", "", "x", 1);
    tar_add(&tar, '5', "f", "", NULL, 0);
    refused("f", "something else");
    tar_add(&tar, '1', "f", "nowhere", NULL, 0);
    refused("f", "what is not there");
    tar_add(&tar, '1', "f", "no/where", NULL, 0);
    refused("f", "what is not there");
    tar_add(&tar, '5', "d", "", NULL, 0);
    tar_add(&tar, '1', "f", "d", NULL, 0);
    refused("f", "what is not there");
    tar_add(&tar, '2', "f", "", NULL, 0);
    refused("f", "without a target");
    tar_add(&tar, '3', "dev", "", NULL, 0);
    refused("dev", "a device");
    tar_add(&tar, '0', "", "", "x", 1);
    refused("", "no name");
    h = tar_add(&tar, '0', "f", "", "x", 1);
    h[0] = 'g';
    refused("g", "checksum");
    h = tar_add(&tar, '0', "f", "", "x", 1);
    h[124] = 'z';
    tar_seal(h);
    refused("f", "no number");
    h = tar_add(&tar, '0', "f", "", "x", 1);
    memcpy(h + 124, "00000002001", 11);
    tar_seal(h);
    refused("f", "beyond the archive");
    h = tar_add(&tar, '0', "f", "", "x", 1);
    memset(h + 124, 0xff, 12);
    h[124] = 0x80;
    tar_seal(h);
    refused("f", "no number");
    h = tar_add(&tar, '0', "f", "", "x", 1);
    h[100] = '9';
    tar_seal(h);
    refused("f", "no number");
    tar_add(&tar, '0', "f", "", "x", 1);
    tar.size -= 512 + 1;
    refused("", "in a header");
    tar_add(&tar, 'L', "long", "", "name", 5);
    tar_end(&tar);
    refused("name", "ends before");
}

static void pax_records_that_are_refused(void **state)
{
    static const struct {
        const char *records, *why;
    } bad[] = {
        {"x path=f\n", "length"},   {"9 path=f\n9", "length"},
        {"99 path=f\n", "length"},  {"9 path=f.", "end"},
        {"5 p=\n ", "length"},      {"8 pathf\n", "without ="},
        {"9 size=x\n", "number"},   {"26 size=99999999999999999\n", "beyond"},
        {"10 size=\n\n", "number"}, {"30 size=99999999999999999999\n\n", "number"},
        {"10 mtime=\n", "number"},  {"25 GNU.sparse.major=1.0\n\n", "sparse"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        tar_add(&tar, 'x', "pax", "", bad[i].records, strlen(bad[i].records));
        tar_add(&tar, '0', "f", "", "x", 1);
        refused("", bad[i].why);
    }
}

/* Each allocation fails once. */
static void no_memory(void **state)
{
    unsigned nth = 1;
    int ret;

    (void)state;
    tar_add(&tar, '0', "a/b/c", "", "x", 1);
    tar_add(&tar, '2', "a/l", "c", NULL, 0);
    tar_end(&tar);
    do {
        mem_fail_nth(nth++);
        ret = load();
        mem_fail_nth(0);
        assert_true(ret == 0 || ret == -ENOMEM);
        if (ret)
            assert_int_equal(heap_blocks(), blocks_before);
    } while (ret);
    assert_true(nth > 10);
    unload();
}

static void no_archive(void **state)
{
    (void)state;
    assert_int_equal(load(), 0); /* of no bytes: of no entries */
    unload();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
        TEST(a_tree),          TEST(later_entries_replace),        TEST(long_names),
        TEST(what_is_refused), TEST(pax_records_that_are_refused), TEST(no_memory),
        TEST(no_archive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
