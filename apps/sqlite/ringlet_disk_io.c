/* SPDX-License-Identifier: MIT */
#include "ringlet_disk_private.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALLEST (4 * DISK_DATABASE)

_Static_assert(sizeof(struct disk_super) == 56 && offsetof(struct disk_super, database) == 16,
               "as documented");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the superblock is written as it is in memory");

/* ---- bytes ---- */

static bool read_all(int fd, char *to, size_t count, off_t offset)
{
    while (count > 0) {
        ssize_t n = pread(fd, to, count, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n, count -= n, offset += n;
    }
    return true;
}

static bool write_all(int fd, const char *from, size_t count, off_t offset)
{
    while (count > 0) {
        ssize_t n = pwrite(fd, from, count, offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        from += n, count -= n, offset += n;
    }
    return true;
}

static uint64_t size_of(const struct disk *disk, int kind)
{
    return kind == DISK_DB ? disk->now.database : disk->now.journal ? disk->now.journal - 1 : 0;
}

void disk_set_size(struct disk *disk, int kind, uint64_t size)
{
    if (kind == DISK_DB)
        disk->now.database = size;
    else
        disk->now.journal = size + 1;
    disk->changed = true;
}

static uint64_t round_up(uint64_t size)
{
    return (size + DISK_DATABASE - 1) / DISK_DATABASE * DISK_DATABASE;
}

/* Where a file's byte is, and how many follow it on the disk. */
static off_t place(const struct disk *disk, int kind, uint64_t offset, size_t *count)
{
    uint64_t within = offset % DISK_DATABASE;

    if (kind == DISK_DB)
        return (off_t)(DISK_DATABASE + offset);
    if (*count > DISK_DATABASE - within)
        *count = DISK_DATABASE - within;
    return (off_t)(disk->now.end - DISK_DATABASE - (offset - within) + within);
}

/* ---- the superblock ---- */

static uint64_t check_of(const struct disk_super *super)
{
    const unsigned char *bytes = (const unsigned char *)super;
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < offsetof(struct disk_super, check); i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static bool is_valid(const struct disk_super *super, uint64_t size)
{
    uint64_t room = super->end - DISK_DATABASE, journal = super->journal ? super->journal - 1 : 0;

    return memcmp(super->magic, DISK_MAGIC, sizeof(super->magic)) == 0 &&
           super->check == check_of(super) && super->end % DISK_DATABASE == 0 &&
           super->end >= SMALLEST && super->end <= size && super->database <= room &&
           journal <= room && round_up(super->database) + round_up(journal) <= room;
}

/* Everything that was written is on the disk; then the sizes, into the copy that does not count. */
int disk_settle(struct disk *disk)
{
    if (disk->written) {
        if (fsync(disk->fd) != 0)
            return SQLITE_IOERR_FSYNC;
        disk->written = false;
    }
    if (disk->changed) {
        struct disk_super super = disk->now;

        super.generation++;
        super.check = check_of(&super);
        if (!write_all(disk->fd, (const char *)&super, sizeof(super),
                       (off_t)(super.generation % 2 * DISK_SUPER_STEP)) ||
            fsync(disk->fd) != 0)
            return SQLITE_IOERR_FSYNC;
        disk->now = super;
        disk->changed = false;
    }
    return SQLITE_OK;
}

/* The size in bytes, 0: neither a disk nor a file. */
static uint64_t measure(int fd)
{
    struct stat st;
    uint64_t bytes = 0;

    if (fstat(fd, &st) != 0)
        return 0;
    if (S_ISREG(st.st_mode))
        return st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return ioctl(fd, BLKGETSIZE64, &bytes) == 0 ? bytes : 0;
}

static bool is_blank(int fd)
{
    static const char zero[DISK_SUPER_STEP];
    char block[DISK_SUPER_STEP];

    for (off_t at = 0; at < DISK_DATABASE; at += sizeof(block)) {
        if (!read_all(fd, block, sizeof(block), at) || memcmp(block, zero, sizeof(zero)) != 0)
            return false;
    }
    return true;
}

int disk_load(struct disk *disk, bool create, bool format)
{
    uint64_t size = measure(disk->fd);
    struct disk_super copy[2];

    if (size < SMALLEST)
        return SQLITE_CANTOPEN;
    for (int i = 0; i < 2; i++) {
        if (!read_all(disk->fd, (char *)&copy[i], sizeof(copy[i]), (off_t)i * DISK_SUPER_STEP))
            return SQLITE_IOERR_READ;
        if (!is_valid(&copy[i], size))
            memset(&copy[i], 0, sizeof(copy[i]));
    }
    disk->now = copy[copy[1].generation > copy[0].generation];
    if (disk->now.check != 0 && !format) {
        if (!disk->now.journal &&
            disk->now.end != size / DISK_DATABASE * DISK_DATABASE) { /* it has grown */
            disk->now.end = size / DISK_DATABASE * DISK_DATABASE;
            disk->changed = true;
        }
        return SQLITE_OK;
    }
    if (!format && !(create && is_blank(disk->fd)))
        return SQLITE_NOTADB;
    if (disk->read_only)
        return SQLITE_READONLY;
    memcpy(disk->now.magic, DISK_MAGIC, sizeof(disk->now.magic));
    disk->now.database = disk->now.journal = 0;
    disk->now.end = size / DISK_DATABASE * DISK_DATABASE;
    disk->changed = true;
    return disk_settle(disk);
}

/* ---- reading and writing ---- */

int disk_read(struct disk *disk, int kind, void *to, int count, sqlite3_int64 offset)
{
    sqlite3_mutex *mutex = disks_enter();
    uint64_t size = size_of(disk, kind);
    size_t have = 0, done = 0;
    int result = SQLITE_OK;

    if ((uint64_t)offset < size)
        have =
            size - (uint64_t)offset < (uint64_t)count ? size - (uint64_t)offset : (uint64_t)count;
    while (done < have) {
        size_t n = have - done;
        off_t at = place(disk, kind, (uint64_t)offset + done, &n);

        if (!read_all(disk->fd, (char *)to + done, n, at)) {
            result = SQLITE_IOERR_READ;
            break;
        }
        done += n;
    }
    disks_leave(mutex);
    if (result != SQLITE_OK || have == (size_t)count)
        return result;
    memset((char *)to + have, 0, (size_t)count - have);
    return SQLITE_IOERR_SHORT_READ;
}

/* Bytes between the end of a file and where a write beyond it begins: nobody may see what was there. */
static int fill(struct disk *disk, int kind, uint64_t from, uint64_t to)
{
    static const char zero[DISK_SUPER_STEP];

    while (from < to) {
        size_t n = to - from < sizeof(zero) ? to - from : sizeof(zero);
        off_t at = place(disk, kind, from, &n);

        if (!write_all(disk->fd, zero, n, at))
            return SQLITE_IOERR_WRITE;
        from += n;
    }
    return SQLITE_OK;
}

int disk_write(struct disk *disk, int kind, const void *from, int count, sqlite3_int64 offset)
{
    sqlite3_mutex *mutex = disks_enter();
    uint64_t size = size_of(disk, kind), end = (uint64_t)offset + (uint64_t)count;
    uint64_t other = round_up(size_of(disk, kind == DISK_DB ? DISK_JOURNAL : DISK_DB));
    size_t done = 0;
    int result = SQLITE_OK;

    if (disk->read_only)
        result = SQLITE_READONLY;
    else if (end > size && round_up(end) + other > disk->now.end - DISK_DATABASE)
        result = SQLITE_FULL;
    if (result == SQLITE_OK) {
        disk->written = true;
        result = fill(disk, kind, size, (uint64_t)offset);
    }
    while (result == SQLITE_OK && done < (size_t)count) {
        size_t n = (size_t)count - done;
        off_t at = place(disk, kind, (uint64_t)offset + done, &n);

        if (!write_all(disk->fd, (const char *)from + done, n, at))
            result = SQLITE_IOERR_WRITE;
        done += n;
    }
    if (result == SQLITE_OK && end > size)
        disk_set_size(disk, kind, end);
    disks_leave(mutex);
    return result;
}

int disk_truncate(struct disk *disk, int kind, sqlite3_int64 size)
{
    sqlite3_mutex *mutex = disks_enter();
    uint64_t old = size_of(disk, kind);
    int result = SQLITE_OK;

    if ((uint64_t)size < old) {
        disk_set_size(disk, kind, (uint64_t)size);
        if (kind == DISK_JOURNAL && size == 0)
            result =
                disk_settle(disk); /* the commit of a transaction, with journal_mode=TRUNCATE */
    }
    disks_leave(mutex);
    return result;
}

int disk_sync(struct disk *disk)
{
    sqlite3_mutex *mutex = disks_enter();
    int result = disk->read_only ? SQLITE_OK : disk_settle(disk);

    disks_leave(mutex);
    return result;
}

sqlite3_int64 disk_size(struct disk *disk, int kind)
{
    sqlite3_mutex *mutex = disks_enter();
    sqlite3_int64 size =
        kind == DISK_JOURNAL && !disk->now.journal ? -1 : (sqlite3_int64)size_of(disk, kind);

    disks_leave(mutex);
    return size;
}
