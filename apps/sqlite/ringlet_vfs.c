/* SPDX-License-Identifier: MIT */
/*
 * The VFS "disk": names, opening and closing. The disk itself is in ringlet_disk.c.
 */
#include "ringlet_vfs.h"
#include "ringlet_disk.h"

#include <sqlite3.h>
#include <string.h>

struct vfs_file {
    sqlite3_file base;
    struct disk *disk;
    int kind; /* DISK_DB, DISK_JOURNAL */
    int lock; /* SQLITE_LOCK_... of this connection; of databases */
};

static sqlite3_vfs *default_vfs;

static struct vfs_file *vfs_file(sqlite3_file *file)
{
    return (struct vfs_file *)file;
}

static int vfs_close(sqlite3_file *file)
{
    struct vfs_file *f = vfs_file(file);

    disk_unlock(f->disk, &f->lock, SQLITE_LOCK_NONE);
    return disk_close(f->disk);
}

static int vfs_read(sqlite3_file *file, void *to, int count, sqlite3_int64 offset)
{
    return disk_read(vfs_file(file)->disk, vfs_file(file)->kind, to, count, offset);
}

static int vfs_write(sqlite3_file *file, const void *from, int count, sqlite3_int64 offset)
{
    return disk_write(vfs_file(file)->disk, vfs_file(file)->kind, from, count, offset);
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return disk_truncate(vfs_file(file)->disk, vfs_file(file)->kind, size);
}

static int vfs_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    return disk_sync(vfs_file(file)->disk);
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = disk_size(vfs_file(file)->disk, vfs_file(file)->kind);
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *file, int lock)
{
    struct vfs_file *f = vfs_file(file);

    return f->kind == DISK_DB ? disk_lock(f->disk, &f->lock, lock) : SQLITE_OK;
}

static int vfs_unlock(sqlite3_file *file, int lock)
{
    struct vfs_file *f = vfs_file(file);

    if (f->kind == DISK_DB)
        disk_unlock(f->disk, &f->lock, lock);
    return SQLITE_OK;
}

static int vfs_check_reserved(sqlite3_file *file, int *reserved)
{
    *reserved = disk_reserved(vfs_file(file)->disk);
    return SQLITE_OK;
}

static int vfs_control(sqlite3_file *file, int operation, void *argument)
{
    (void)file;
    if (operation != SQLITE_FCNTL_VFSNAME)
        return SQLITE_NOTFOUND;
    *(char **)argument = sqlite3_mprintf("disk");
    return SQLITE_OK;
}

/* What SQLite takes to change together: pages beside a page that is written are in the journal, too. */
static int vfs_sector_size(sqlite3_file *file)
{
    (void)file;
    return 4096;
}

static int vfs_characteristics(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
};

/* ---- files by name: a disk's journal is DISK-journal ---- */

/* The open disk whose database (suffix "") or journal ("-journal") it is, or NULL. */
static struct disk *by_name(const char *name, const char *suffix)
{
    size_t length = strlen(name), end = strlen(suffix);

    if (length < end || strcmp(name + length - end, suffix) != 0)
        return NULL;
    return disk_find(name, length - end);
}

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    struct vfs_file *f = vfs_file(file);
    int result = SQLITE_OK;

    (void)vfs;
    file->pMethods = NULL;
    if (!name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL |
                            SQLITE_OPEN_SUPER_JOURNAL)))
        return default_vfs->xOpen(default_vfs, name, file, flags, out_flags);
    f->lock = SQLITE_LOCK_NONE;
    if (flags & SQLITE_OPEN_MAIN_DB) {
        f->kind = DISK_DB;
        result = disk_open(name, &flags, sqlite3_uri_boolean(name, "format", 0), &f->disk);
    } else {
        struct disk *disk = flags & SQLITE_OPEN_MAIN_JOURNAL ? by_name(name, "-journal") : NULL;

        f->kind = DISK_JOURNAL;
        f->disk = disk;
        result = disk ? disk_journal_open(disk, flags & SQLITE_OPEN_CREATE) : SQLITE_CANTOPEN;
    }
    if (result != SQLITE_OK)
        return result;
    file->pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
    struct disk *disk = by_name(name, "-journal");

    (void)vfs;
    if (disk)
        return disk_journal_delete(disk);
    return default_vfs->xDelete(default_vfs, name, sync_directory);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *result)
{
    struct disk *disk = by_name(name, "-journal");

    (void)vfs;
    if (!disk)
        return default_vfs->xAccess(default_vfs, name, flags, result);
    *result = disk_size(disk, DISK_JOURNAL) >= 0;
    return SQLITE_OK;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int size, char *full)
{
    (void)vfs;
    return default_vfs->xFullPathname(default_vfs, name, size, full);
}

static int vfs_random(sqlite3_vfs *vfs, int count, char *to)
{
    (void)vfs;
    return default_vfs->xRandomness(default_vfs, count, to);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return default_vfs->xSleep(default_vfs, us);
}

static int vfs_time(sqlite3_vfs *vfs, double *day)
{
    (void)vfs;
    return default_vfs->xCurrentTime(default_vfs, day);
}

static int vfs_time_ms(sqlite3_vfs *vfs, sqlite3_int64 *ms)
{
    (void)vfs;
    return default_vfs->xCurrentTimeInt64(default_vfs, ms);
}

static int vfs_error(sqlite3_vfs *vfs, int size, char *text)
{
    (void)vfs;
    return default_vfs->xGetLastError ? default_vfs->xGetLastError(default_vfs, size, text) : 0;
}

int ringlet_vfs_register(const char *unused)
{
    static sqlite3_vfs vfs = {
        .iVersion = 2,
        .zName = "disk",
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_name,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_error,
        .xCurrentTimeInt64 = vfs_time_ms,
    };

    (void)unused;
    default_vfs = sqlite3_vfs_find(NULL);
    if (!default_vfs || default_vfs->iVersion < 2)
        return SQLITE_ERROR;
    vfs.mxPathname = default_vfs->mxPathname;
    /* temporary files are the default's */
    vfs.szOsFile = default_vfs->szOsFile > (int)sizeof(struct vfs_file)
                       ? default_vfs->szOsFile
                       : (int)sizeof(struct vfs_file);
    return sqlite3_vfs_register(&vfs, 0);
}
