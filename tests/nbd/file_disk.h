/* SPDX-License-Identifier: MIT */
/*
 * A disk of the NBD server (apps/nbdserver/disk.h) on a file, for host processes. Requests are done at
 * once, and end later, when file_disk_complete() is called, in an order that a seed decides: not that in
 * which they were begun.
 */
#ifndef RINGLET_TESTS_NBD_FILE_DISK_H
#define RINGLET_TESTS_NBD_FILE_DISK_H

#include "disk.h"

struct file_disk {
    struct disk disk;
    int fd;
    uint64_t size;
    struct list started;
    unsigned in_flight;
    uint64_t random;
    /* faults */
    uint64_t bad_from, bad_to; /* bytes: reads and writes of some of them end with -EIO */
    int flush_result;
    unsigned flushes, reads, writes, trims, zeroes; /* that were done */
};

/* The file of this descriptor, with `buffers` buffers. 0 or -errno. */
int file_disk_open(struct file_disk *f, int fd, unsigned buffers, uint64_t seed);
/* Ends up to max requests. Returns how many. */
unsigned file_disk_complete(struct file_disk *f, unsigned max);
/* Nothing is in flight, and no buffer is in use. */
void file_disk_close(struct file_disk *f);

#endif
