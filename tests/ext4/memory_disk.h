/* SPDX-License-Identifier: MIT */
/* Disks in memory for lib/fs/ext4, and what e2fsprogs' programs make of them. */
#ifndef RINGLET_TESTS_EXT4_MEMORY_DISK_H
#define RINGLET_TESTS_EXT4_MEMORY_DISK_H

#include "lib/fs/ext4/disk/disk.h"

struct memory_disk {
    struct ext4_disk disk;
    uint8_t *content; /* NULL: it is in the file fd */
    int fd;
    uint64_t reads, writes, flushes;
    /* fail_count writes (0: all) from this number on, which counts from 1, fail with -EIO; 0: none does */
    uint64_t fail_write, fail_count;
    uint64_t fail_read; /* the read of this number fails with -EIO; 0: none */
    uint64_t discards, discarded, last_discard; /* number, bytes, offset of the last */
    bool strict;                                /* a transfer beyond the end ends the process */
};

/* A disk of the content's size; closing it frees nothing. The memory is the caller's. */
void memory_disk_init(struct memory_disk *d, void *content, uint64_t size);

/* The same on a file, which may have holes. */
void memory_disk_init_file(struct memory_disk *d, int fd, uint64_t size);

/* A name for mkstemp(), malloc()ed. */
char *image_name(void);
/* The content of a file system that `mke2fs -q OPTIONS FILE` makes: malloc()ed, of `size` bytes. Ends the
 * process when that fails. */
uint8_t *image_make(const char *options, uint64_t size);
/* Runs a shell command on a file with the content, with $IMAGE as its name; the content is read again
 * afterwards if `changes`. The exit status. Its output goes to $IMAGE.log, of which a failing test shows
 * the end. */
int image_run(uint8_t *content, uint64_t size, const char *command, bool changes);
/* e2fsck -fn: 0: nothing to repair. Otherwise its output is shown. */
int image_check(uint8_t *content, uint64_t size);

#endif
