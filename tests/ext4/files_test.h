/* SPDX-License-Identifier: MIT */
/* Common setup of the tests of lib/fs/ext4/files: an image in memory, mounted at /data. */
#ifndef RINGLET_TESTS_EXT4_FILES_TEST_H
#define RINGLET_TESTS_EXT4_FILES_TEST_H

#include "fs_calls.h"
#include "lib/fs/ext4/files/ext4.h"
#include "memory_disk.h"
#include "unit/fs_test.h"

/* Makes an image with these options of mke2fs, and mounts it. */
void image_begin(const char *options, uint64_t size);
/* Unmounts it, e2fsck must find nothing, and mounts it again. */
void image_again(void);
/* Unmounts it; e2fsck must find nothing; heap and pages are as before. */
void image_end(void);

/* The parts of these: */
struct image {
    struct memory_disk disk;
    uint64_t size;
    struct store_config config;
};
extern struct image image;
int image_mount(void);
void image_unmount(void);

#endif
