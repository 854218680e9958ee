/* SPDX-License-Identifier: MIT */
/*
 * A disk with a database and a journal (layout: ringlet_vfs.h), opened once and shared by the
 * connections of this program. Functions return SQLITE_... codes, and are for any thread.
 */
#ifndef RINGLET_DISK_H
#define RINGLET_DISK_H

#include <sqlite3.h>
#include <stddef.h>

enum { DISK_DB, DISK_JOURNAL };

struct disk;

/* Opens the disk of that name, or counts one more user of it. *flags: SQLITE_OPEN_..., changed to what
 * it is; format: whatever the disk has is lost. SQLITE_CANTOPEN: the system refuses, or it is smaller
 * than 256 KiB; SQLITE_NOTADB: it has something else, or is damaged. */
int disk_open(const char *name, int *flags, int format, struct disk **out);
/* One user less; the last one closes the disk. */
int disk_close(struct disk *disk);
/* The open disk with this name, or NULL. */
struct disk *disk_find(const char *name, size_t length);

/* One more user, for the journal. If there is none it is created, or that is SQLITE_CANTOPEN. */
int disk_journal_open(struct disk *disk, int create);
/* The journal is no more, durably, after all that was written before: the commit of a transaction. */
int disk_journal_delete(struct disk *disk);

/* SQLITE_IOERR_SHORT_READ: the file ends before; the rest is zero. */
int disk_read(struct disk *disk, int kind, void *to, int count, sqlite3_int64 offset);
/* SQLITE_FULL: there is no room between database and journal. */
int disk_write(struct disk *disk, int kind, const void *from, int count, sqlite3_int64 offset);
int disk_truncate(struct disk *disk, int kind, sqlite3_int64 size);
/* What was written, of both files, and their sizes are on stable storage. */
int disk_sync(struct disk *disk);
sqlite3_int64 disk_size(struct disk *disk, int kind); /* bytes; -1: there is no journal */

/* SQLite's locks between connections (xLock, xUnlock); *held: SQLITE_LOCK_... of this one. */
int disk_lock(struct disk *disk, int *held, int lock);
void disk_unlock(struct disk *disk, int *held, int lock);
int disk_reserved(struct disk *disk); /* does a connection have RESERVED or more? */

#endif
