/* SPDX-License-Identifier: MIT */
/* Images that are made to harm: each of them is refused, or gives an error where it is used. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_of_a_free_inode),
        cmocka_unit_test(a_name_too_many),
        cmocka_unit_test(a_circle_of_parents),
        cmocka_unit_test(groups_beyond_their_bitmaps),
        cmocka_unit_test(a_superblock_from_the_journal),
    };

    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
