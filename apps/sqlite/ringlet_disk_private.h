/* SPDX-License-Identifier: MIT */
/* What ringlet_disk.c (which disks are open, by whom) and ringlet_disk_io.c (what is on them) share. */
#ifndef RINGLET_DISK_PRIVATE_H
#define RINGLET_DISK_PRIVATE_H

#include "ringlet_disk.h"
#include "ringlet_vfs.h"

#include <stdbool.h>

struct disk {
    struct disk *next;
    int users, fd;
    bool read_only;
    bool written; /* and not flushed */
    bool changed; /* `now` is not on the disk */
    struct disk_super now;
    int shared;  /* connections with a lock of SHARED or more */
    int *writer; /* the lock of the one with more than that, or NULL */
    char name[];
};

/* One for all disks: what is done under it is short, but for reading and writing, which on one vCPU
 * lose nothing by it. */
static inline sqlite3_mutex *disks_enter(void)
{
    sqlite3_mutex *mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);

    sqlite3_mutex_enter(mutex);
    return mutex;
}

static inline void disks_leave(sqlite3_mutex *mutex)
{
    sqlite3_mutex_leave(mutex);
}

/* Reads the superblock, and formats the disk if there is none, as disk_open; fd and read_only are set. */
int disk_load(struct disk *disk, bool create, bool format);
/* Everything that was written is on stable storage, and then the sizes. */
int disk_settle(struct disk *disk);
/* A new size; the file was created if it did not exist. */
void disk_set_size(struct disk *disk, int kind, uint64_t size);

#endif
