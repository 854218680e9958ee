/* SPDX-License-Identifier: MIT */
/*
 * A VFS for SQLite that has a database and its rollback journal on a disk without a file system:
 *   sqlite3_open_v2("file:/dev/xvda?vfs=disk", ...), or `sqlite3 -vfs disk /dev/xvda`
 *
 * The disk, in bytes; numbers are little-endian:
 *
 *        0  superblock, copy 0            4096  superblock, copy 1
 *    65536  the database file, upwards
 *      end  the journal, downwards: its bytes [65536 * k, 65536 * (k + 1)) are the 65536 bytes before
 *           end - 65536 * k, in ascending order
 *
 *   a superblock: struct disk_super. The valid one with the larger generation counts.
 *
 * So the database of a disk that was closed in order is, on any system,
 *   tail -c +65537 DISK | head -c SIZE >file.db
 * with SIZE the number at byte 16 of the superblock that counts. Without `head` the file is too long,
 * which SQLite tolerates. If the superblock names a journal, the transaction in it has to be rolled
 * back first, by opening the disk by this VFS.
 *
 * After a crash or a power failure the disk has all of the last transaction that was committed, if
 * fsync() of the disk flushes its cache. Sectors of 512 bytes may arrive in any order, and need not
 * be written atomically.
 *
 * A blank disk (its first 64 KiB are zero) is formatted when it is opened with SQLITE_OPEN_CREATE,
 * and another one, whatever it has, with "&format=1". The name may be that of a file, too, which must
 * have its size.
 *
 * Threads and connections of this program share a disk as SQLite's locks allow. No other program may
 * use it meanwhile (O_EXCL). Temporary files are those of the default VFS. Refused, with
 * SQLITE_CANTOPEN: a write-ahead log, and a transaction that changes several such disks.
 */
#ifndef RINGLET_VFS_H
#define RINGLET_VFS_H

#include <stdint.h>

#define DISK_MAGIC      "Ringlet-SQLite 1" /* 16 bytes, without a 0 */
#define DISK_DATABASE   65536 /* where it begins, and the smallest unit of either file */
#define DISK_SUPER_STEP 4096

struct disk_super {
    char magic[16];
    uint64_t database; /* bytes */
    uint64_t generation;
    uint64_t end;     /* a multiple of DISK_DATABASE, as all of them are at most the disk's size */
    uint64_t journal; /* bytes + 1; 0: there is none */
    uint64_t check;   /* FNV-1a of what is before */
};

/* Makes the VFS "disk" known; SQLITE_EXTRA_INIT for the amalgamation. */
int ringlet_vfs_register(const char *unused);

#endif
