/* SPDX-License-Identifier: MIT */
#include "ringlet_disk_private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct disk *disks;

/* ---- opening and closing ---- */

static int open_new(const char *name, int flags, bool format, struct disk **out)
{
    struct disk *disk = sqlite3_malloc64(sizeof(*disk) + strlen(name) + 1);
    int result = SQLITE_CANTOPEN;

    if (!disk)
        return SQLITE_NOMEM;
    memset(disk, 0, sizeof(*disk));
    strcpy(disk->name, name);
    disk->fd = flags & SQLITE_OPEN_READWRITE ? open(name, O_RDWR | O_EXCL | O_CLOEXEC) : -1;
    if (disk->fd < 0) {
        disk->fd = open(name, O_RDONLY | O_EXCL | O_CLOEXEC);
        disk->read_only = true;
    }
    if (disk->fd >= 0)
        result = disk_load(disk, flags & SQLITE_OPEN_CREATE, format);
    if (result == SQLITE_OK) {
        *out = disk;
        return SQLITE_OK;
    }
    if (disk->fd >= 0)
        close(disk->fd);
    sqlite3_free(disk);
    return result;
}

static struct disk *find(const char *name, size_t length)
{
    struct disk *disk = disks;

    while (disk && (strncmp(disk->name, name, length) != 0 || disk->name[length] != '\0'))
        disk = disk->next;
    return disk;
}

int disk_open(const char *name, int *flags, int format, struct disk **out)
{
    sqlite3_mutex *mutex = disks_enter();
    struct disk *disk = find(name, strlen(name));
    int result = SQLITE_OK;

    if (disk && format)
        result = SQLITE_BUSY;
    if (!disk) {
        result = open_new(name, *flags, format, &disk);
        if (result == SQLITE_OK) {
            disk->next = disks;
            disks = disk;
        }
    }
    if (result == SQLITE_OK) {
        disk->users++;
        if (disk->read_only)
            *flags =
                (*flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
        *out = disk;
    }
    disks_leave(mutex);
    return result;
}

int disk_close(struct disk *disk)
{
    sqlite3_mutex *mutex = disks_enter();
    int result = SQLITE_OK;

    if (--disk->users == 0) {
        struct disk **at = &disks;

        while (*at != disk)
            at = &(*at)->next;
        *at = disk->next;
        if (!disk->read_only)
            result = disk_settle(disk);
        if (close(disk->fd) != 0 && result == SQLITE_OK)
            result = SQLITE_IOERR_CLOSE;
        sqlite3_free(disk);
    }
    disks_leave(mutex);
    return result;
}

struct disk *disk_find(const char *name, size_t length)
{
    sqlite3_mutex *mutex = disks_enter();
    struct disk *disk = find(name, length);

    disks_leave(mutex);
    return disk;
}

int disk_journal_open(struct disk *disk, int create)
{
    sqlite3_mutex *mutex = disks_enter();
    int result = SQLITE_OK;

    if (!disk->now.journal && (!create || disk->read_only))
        result = SQLITE_CANTOPEN;
    else
        disk->users++;
    if (result == SQLITE_OK && !disk->now.journal)
        disk_set_size(disk, DISK_JOURNAL, 0);
    disks_leave(mutex);
    return result;
}

int disk_journal_delete(struct disk *disk)
{
    sqlite3_mutex *mutex = disks_enter();
    int result = SQLITE_OK;

    if (!disk->now.journal) {
        result = SQLITE_IOERR_DELETE_NOENT;
    } else {
        disk->now.journal = 0;
        disk->changed = true;
        result = disk_settle(disk);
    }
    disks_leave(mutex);
    return result;
}

/* ---- locks ---- */

int disk_lock(struct disk *disk, int *held, int lock)
{
    sqlite3_mutex *mutex = disks_enter();
    bool foreign = disk->writer && disk->writer != held;
    int result = SQLITE_OK;

    if (lock <= *held) {
        disks_leave(mutex);
        return SQLITE_OK;
    }
    if (*held == SQLITE_LOCK_NONE) {
        /* who waits for exclusive use lets nobody in */
        if (foreign && *disk->writer >= SQLITE_LOCK_PENDING)
            result = SQLITE_BUSY;
        else
            disk->shared++, *held = SQLITE_LOCK_SHARED;
    }
    if (result == SQLITE_OK && lock > SQLITE_LOCK_SHARED) {
        if (foreign) {
            result = SQLITE_BUSY;
        } else {
            disk->writer = held;
            *held = lock;
            if (lock == SQLITE_LOCK_EXCLUSIVE && disk->shared > 1) {
                *held = SQLITE_LOCK_PENDING;
                result = SQLITE_BUSY;
            }
        }
    }
    disks_leave(mutex);
    return result;
}

void disk_unlock(struct disk *disk, int *held, int lock)
{
    sqlite3_mutex *mutex = disks_enter();

    if (*held > SQLITE_LOCK_SHARED && lock <= SQLITE_LOCK_SHARED && disk->writer == held)
        disk->writer = NULL;
    if (*held >= SQLITE_LOCK_SHARED && lock == SQLITE_LOCK_NONE)
        disk->shared--;
    if (lock < *held)
        *held = lock;
    disks_leave(mutex);
}

int disk_reserved(struct disk *disk)
{
    sqlite3_mutex *mutex = disks_enter();
    int reserved = disk->writer != NULL;

    disks_leave(mutex);
    return reserved;
}
