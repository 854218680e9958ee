/* SPDX-License-Identifier: MIT */
#include "files_test.h"

struct image image;
static size_t blocks_before;

int image_mount(void)
{
    struct mount *mount;
    int ret;

    memory_disk_init(&image.disk, image.disk.content, image.size);
    ret = ext4_open(&image.disk.disk, &image.config, &mount);
    if (ret)
        return ret;
    ret = fs_mount("/data", mount);
    if (ret)
        mount->ops->unmount(mount);
    return ret;
}

/* Afterwards the list of orphans is empty. */
void image_unmount(void)
{
    uint32_t last_orphan;

    assert_int_equal(fs_unmount("/data"), 0);
    memcpy(&last_orphan, image.disk.content + 1024 + 232, sizeof(last_orphan));
    assert_int_equal(last_orphan, 0);
}

void image_begin(const char *options, uint64_t size)
{
    fs_start(64 << 20);
    assert_int_equal(path_mkdir(NULL, "/data", 0755), 0);
    blocks_before = heap_blocks();
    image.size = size;
    image.config = (struct store_config){.commit_ms = ~0u};
    image.disk.content = image_make(options, size);
    assert_int_equal(image_mount(), 0);
}

void image_again(void)
{
    image_unmount();
    assert_int_equal(image_check(image.disk.content, image.size), 0);
    assert_int_equal(image_mount(), 0);
}

void image_end(void)
{
    image_unmount();
    assert_int_equal(image_check(image.disk.content, image.size), 0);
    free(image.disk.content);
    assert_int_equal(heap_blocks(), blocks_before);
    fs_end();
}
