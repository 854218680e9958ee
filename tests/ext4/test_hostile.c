/* SPDX-License-Identifier: MIT */
/* Images that are made to harm: each of them is refused, or gives an error where it is used. */
#include <unistd.h>

#include "files_test.h"

#define SIZE (8u << 20)

/* The image is changed by a shell command, which has it as $IMAGE, and mounted again. */
static int change(const char *command)
{
    image_unmount();
    assert_int_equal(image_run(image.disk.content, image.size, command, true), 0);
    return image_mount();
}

static void begin(const char *options)
{
    struct file *f;

    image_begin(options, SIZE);
    assert_int_equal(path_mkdir(NULL, "/data/a", 0755), 0);
    assert_int_equal(path_mkdir(NULL, "/data/a/b", 0755), 0);
    assert_int_equal(path_mkdir(NULL, "/data/c", 0755), 0);
    f = must_open("/data/f", FILE_RDWR | FILE_CREAT);
    assert_int_equal(file_pwrite(f, "content", 7, 0), 7);
    file_put(f);
}

static void end(void)
{
    free(image.disk.content);
    fs_end();
}

static uint64_t blocks_free(void)
{
    struct fs_stat st;

    assert_int_equal(path_statfs(NULL, "/data", &st), 0);
    return st.blocks_free + st.files_free * 1000000;
}

/* Whoever drops the last reference to an inode without links frees it: it must not be found by a name. */
static void a_name_of_a_free_inode(void **state)
{
    struct file_stat st;
    uint64_t before;

    (void)state;
    begin("-t ext4 -b 1024");
    assert_int_equal(change("debugfs -w -R 'sif /f links_count 0' $IMAGE"), 0);
    before = blocks_free();
    assert_int_equal(path_stat(NULL, "/data/f", 0, &st), -EIO);
    assert_int_equal(path_unlink(NULL, "/data/f"), -EIO);
    assert_int_equal(path_rename(NULL, "/data/f", NULL, "/data/g"), -EIO);
    assert_int_equal(path_rename(NULL, "/data/c", NULL, "/data/f"), -EIO);
    assert_int_equal(blocks_free(), before);
    image_unmount();
    end();
}

/* A file that is open, without links, and has another name nonetheless. */
static void a_name_too_many(void **state)
{
    struct file_stat st;
    struct file *f;

    (void)state;
    begin("-t ext4 -b 1024");
    assert_int_equal(change("debugfs -w -R 'ln /f /g' $IMAGE"), 0);
    f = must_open("/data/f", FILE_RDONLY);
    assert_int_equal(path_unlink(NULL, "/data/f"), 0);
    assert_int_equal(path_stat(NULL, "/data/g", 0, &st), -EIO);
    file_put(f);
    assert_int_equal(path_stat(NULL, "/data/g", 0, &st), -EIO);
    image_unmount();
    end();
}

/* /data/a/b's ".." is itself. */
static void a_circle_of_parents(void **state)
{
    (void)state;
    begin("-t ext4 -b 1024 -O ^metadata_csum");
    assert_int_equal(
        change("debugfs -w -R 'unlink /a/b/..' $IMAGE; debugfs -w -R 'ln /a/b /a/b/..' $IMAGE"), 0);
    assert_int_equal(path_rename(NULL, "/data/c", NULL, "/data/a/b/c"), -EIO);
    image_unmount();
    end();
}

static void set16(unsigned at, uint16_t value)
{
    memcpy(image.disk.content + 1024 + at, &value, sizeof(value));
}

/* More blocks in a group than its bitmap has bits. */
static void groups_beyond_their_bitmaps(void **state)
{
    uint16_t per_group = 65528;

    (void)state;
    begin("-t ext4 -b 1024 -O ^metadata_csum,^resize_inode,^flex_bg -g 8192 -N 1024");
    image_unmount();
    set16(32, per_group);
    set16(36, per_group);
    set16(40, 1024); /* all inodes are in the one group that there is */
    assert_int_equal(image_mount(), -EINVAL);
    end();
}

/* The journal has a superblock with a feature that is not supported (inline_data). */
static void a_superblock_from_the_journal(void **state)
{
    (void)state;
    begin("-t ext4 -b 1024 -O ^metadata_csum");
    image_unmount();
    assert_int_equal(image_run(image.disk.content, image.size,
                               "dd if=$IMAGE of=$IMAGE.s bs=1024 skip=1 count=1 && "
                               "printf '\\202' | dd of=$IMAGE.s bs=1 seek=97 conv=notrunc && "
                               "printf 'jo\\njw -b 1 '$IMAGE'.s\\njc\\n' >$IMAGE.c && "
                               "debugfs -w -f $IMAGE.c $IMAGE; rm $IMAGE.s $IMAGE.c",
                               true),
                     0);
    assert_int_equal(image_mount(), -EOPNOTSUPP);
    end();
}

/* A block of which each word is a block's number, also its own: as a table of tables it has the same over and
 * over. */
static void fill(unsigned block_size, uint32_t block, uint32_t with)
{
    for (unsigned i = 0; i < block_size / 4; i++)
        memcpy(image.disk.content + (size_t)block * block_size + i * 4, &with, 4);
}

/* Behind the journal's end its tables have 1024^3 blocks. */
static void a_journal_without_end(void **state)
{
    (void)state;
    image_begin("-t ext3 -b 4096 -J size=4", 2 * SIZE);
    alarm(20);
    assert_int_equal(change("debugfs -w -R 'sif <8> block[TIND] 2000' $IMAGE"), 0);
    image_unmount();
    fill(4096, 2000, 2000);
    assert_int_equal(image_mount(), 0);
    alarm(0);
    image_unmount();
    end();
}

/* The block of a directory on blocks of 1 KiB, by its first name. */
static uint32_t find_names(const char *first)
{
    for (uint32_t i = 1; i < SIZE / 1024; i++)
        if (memcmp(image.disk.content + i * 1024 + 32, first, strlen(first)) == 0 &&
            image.disk.content[i * 1024 + 8] == '.')
            return i;
    fail_msg("no block with %s", first);
    return 0;
}

/* A disk that cannot be read does not fill the console. */
static void errors_without_end(void **state)
{
    struct file_stat st;
    unsigned lines = 0;

    (void)state;
    begin("-t ext4 -b 1024");
    image_again();
    seam_console_clear();
    for (unsigned i = 0; i < 1000; i++) {
        image.disk.fail_read = image.disk.reads + 1;
        assert_int_equal(path_stat(NULL, "/data/a/b", 0, &st), -EIO);
    }
    for (const char *at = seam_console(); (at = strchr(at, '\n')); at++)
        lines++;
    assert_in_range(lines, 1, 30);
    image_unmount();
    end();
}

/* A directory of which each block is the same one. */
static void repeat_names(const char *path, const char *first, unsigned size)
{
    char command[500];
    uint32_t block;

    image_unmount();
    block = find_names(first);
    snprintf(command, sizeof(command),
             "for n in 1 2 3 4 5 6 7 8 9 10 11; do echo \"sif %s block[$n] %u\"; done >$IMAGE.c; "
             "echo 'sif %s block[IND] 8000\nsif %s block[DIND] 8001\nsif %s size %u' >>$IMAGE.c; "
             "debugfs -w -f $IMAGE.c $IMAGE; rm $IMAGE.c",
             path, block, path, path, path, size);
    assert_int_equal(image_run(image.disk.content, image.size, command, true), 0);
    fill(1024, 8000, block);
    fill(1024, 8001, 8000);
    assert_int_equal(image_mount(), 0);
}

static void names_without_end(void **state)
{
    struct page_stats before, after;
    struct file_dirent entry;
    struct file_stat st;
    struct file *f;
    void *held = NULL;

    (void)state;
    image_begin("-t ext3 -b 1024 -O ^dir_index", SIZE);
    assert_int_equal(path_mkdir(NULL, "/data/d", 0755), 0);
    for (unsigned i = 0; i < 60; i++) {
        char name[16];

        snprintf(name, sizeof(name), "/data/d/%02u", i);
        assert_int_equal(path_mkdir(NULL, name, 0755), 0);
    }
    repeat_names("/d", "00", 60u << 20); /* on 8 MiB */
    assert_int_equal(path_stat(NULL, "/data/d", 0, &st), -EIO);
    repeat_names("/d", "00", 8000u << 10);
    f = must_open("/data/d", FILE_RDONLY);
    for (page_get_stats(&before); before.free > (10u << 20) / PAGE_SIZE; page_get_stats(&before)) {
        void **page = page_alloc(1, MEM_APP);

        *page = held;
        held = page;
    }
    assert_int_equal(file_readdir(f, &entry), -ENOMEM);
    page_get_stats(&after);
    /* others had their share, and have all of it again */
    assert_true(after.total - after.high_water >= before.free / 2 - 16);
    assert_true(after.free >= before.free - 16);
    while (held) {
        void *next = *(void **)held;

        page_free(held, 1);
        held = next;
    }
    file_put(f);
    image_unmount();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_of_a_free_inode),
        cmocka_unit_test(a_name_too_many),
        cmocka_unit_test(a_circle_of_parents),
        cmocka_unit_test(groups_beyond_their_bitmaps),
        cmocka_unit_test(a_superblock_from_the_journal),
        cmocka_unit_test(a_journal_without_end),
        cmocka_unit_test(errors_without_end),
        cmocka_unit_test(names_without_end),
    };

    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
