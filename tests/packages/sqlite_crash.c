/* SPDX-License-Identifier: MIT */
/*
 * Power failures under the VFS "disk" of apps/sqlite: sqlite_crash [CRASHES [SEED]].
 *
 * The disk has a volatile cache: of the sectors that were written and not flushed, each may be on
 * the medium, or an earlier content of it, or the beginning of the one and the end of the other. At a random call everything stops. The next
 * connection must find the database intact, with all of the last transaction that was committed, or
 * of the one that was being committed, and nothing else.
 */
#include "apps/sqlite/ringlet_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIZE         (384u << 10) /* little, so that database and journal meet */
#define SECTOR       512u
#define NAME         "/dev/xvda"
#define TRANSACTIONS 40

static unsigned char medium[SIZE], cache[SIZE];
static bool dirty[SIZE / SECTOR];
static int disk_fd = -1;
static long calls_left; /* until the power fails; negative: it does not */
static bool failed;
static unsigned long random_state;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(random_state >> 33) % limit;
}

static void to_medium(size_t sector)
{
    memcpy(medium + sector * SECTOR, cache + sector * SECTOR, SECTOR);
}

/* Does the call reach the disk? */
static bool has_power(void)
{
    if (!failed && calls_left == 0) {
        failed = true;
        for (size_t i = 0; i < SIZE / SECTOR; i++) {
            if (dirty[i] && random_below(2))
                memcpy(medium + i * SECTOR, cache + i * SECTOR,
                       random_below(4) ? SECTOR : random_below(64));
        }
    }
    if (failed)
        errno = EIO;
    else if (calls_left > 0)
        calls_left--;
    return !failed;
}

static void power_on(long calls)
{
    memcpy(cache, medium, SIZE);
    memset(dirty, 0, sizeof(dirty));
    failed = false;
    calls_left = calls;
}

/* ---- the system calls of the VFS ---- */

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __wrap_pread(int fd, void *to, size_t count, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *from, size_t count, off_t offset);
int __wrap_fsync(int fd);

int __wrap_open(const char *name, int flags, ...)
{
    if (strcmp(name, NAME) != 0)
        abort();
    disk_fd = __real_open("/dev/null", (flags & O_ACCMODE) | O_CLOEXEC);
    return disk_fd;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list args;

    if (fd != disk_fd || request != BLKGETSIZE64)
        abort();
    va_start(args, request);
    *va_arg(args, uint64_t *) = SIZE;
    va_end(args);
    return 0;
}

static void check_range(int fd, size_t count, off_t offset)
{
    if (fd != disk_fd || offset < 0 || (size_t)offset + count > SIZE)
        abort();
}

ssize_t __wrap_pread(int fd, void *to, size_t count, off_t offset)
{
    check_range(fd, count, offset);
    if (!has_power())
        return -1;
    memcpy(to, cache + offset, count);
    return (ssize_t)count;
}

ssize_t __wrap_pwrite(int fd, const void *from, size_t count, off_t offset)
{
    check_range(fd, count, offset);
    if (!has_power())
        return -1;
    if (count > SECTOR && random_below(16) == 0)
        count = SECTOR; /* a short count */
    memcpy(cache + offset, from, count);
    for (size_t i = (size_t)offset / SECTOR; i <= ((size_t)offset + count - 1) / SECTOR; i++) {
        dirty[i] = true;
        if (random_below(4) == 0)
            to_medium(i);
    }
    return (ssize_t)count;
}

int __wrap_fsync(int fd)
{
    check_range(fd, 0, 0);
    if (!has_power())
        return -1;
    for (size_t i = 0; i < SIZE / SECTOR; i++) {
        if (dirty[i])
            to_medium(i);
        dirty[i] = false;
    }
    return 0;
}

/* ---- the database ---- */

static sqlite3_int64 hash_of[TRANSACTIONS + 1]; /* what the database has after a transaction */

static int integer(void *to, int columns, char **values, char **names)
{
    (void)names;
    if (columns > 0 && values[0])
        *(sqlite3_int64 *)to = atoll(values[0]);
    return 0;
}

static int is_ok(void *to, int columns, char **values, char **names)
{
    (void)names;
    *(bool *)to = columns == 1 && strcmp(values[0], "ok") == 0;
    return 0;
}

static sqlite3 *connect_disk(void)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2("file:" NAME "?vfs=disk", &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
                        NULL) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    /* small, so that pages are written before the commit, too */
    sqlite3_exec(db, "PRAGMA cache_size = 10", NULL, NULL, NULL);
    return db;
}

static bool get_hash(sqlite3 *db, sqlite3_int64 *hash)
{
    *hash = -1;
    return sqlite3_exec(db,
                        "SELECT ifnull(sum((k * 31 + length(v)) * (unicode(hex(v)) + n)), 0) FROM "
                        "t, (SELECT n FROM state)",
                        integer, hash, NULL) == SQLITE_OK;
}

/* Transaction number n: is it committed? */
static bool change(sqlite3 *db, int n)
{
    char sql[200];
    bool ok = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;

    for (unsigned i = random_below(20) + 1; ok && i > 0; i--) {
        unsigned k = random_below(60);

        if (random_below(3) == 0)
            snprintf(sql, sizeof(sql), "DELETE FROM t WHERE k %% 7 = %u", k % 7);
        else
            snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO t VALUES(%u, randomblob(%u))", k,
                     random_below(4) ? random_below(300) : random_below(40000));
        ok = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
    }
    snprintf(sql, sizeof(sql), "UPDATE state SET n = %d", n);
    ok = ok && sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK && get_hash(db, &hash_of[n]);
    return ok && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* Is the database intact, after transaction `committed` or the next? The number, or -1. */
static int verify(int committed)
{
    sqlite3 *db = connect_disk();
    sqlite3_int64 n = -1, hash = -1;
    bool ok = false;

    if (!db)
        return -1;
    sqlite3_exec(db, "PRAGMA integrity_check", is_ok, &ok, NULL);
    sqlite3_exec(db, "SELECT n FROM state", integer, &n, NULL);
    ok = ok && get_hash(db, &hash);
    sqlite3_close(db);
    if (ok && (n == committed || n == committed + 1) && hash == hash_of[n])
        return (int)n;
    printf("# intact: %d, transaction %lld after %d, hash %lld instead of %lld\n", ok, n, committed,
           hash, n >= 0 && n <= TRANSACTIONS ? hash_of[n] : -1);
    return -1;
}

/* One life of a disk, with several failures. */
static bool life(unsigned long seed, int *crashes)
{
    static const char *const modes[] = {"DELETE", "TRUNCATE", "PERSIST"};
    int committed = 0;
    char sql[80];
    sqlite3 *db;

    random_state = seed;
    memset(medium, 0, SIZE);
    power_on(-1);
    db = connect_disk();
    if (!db ||
        sqlite3_exec(db,
                     "CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB); CREATE TABLE state(n); INSERT "
                     "INTO state VALUES(0)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        !get_hash(db, &hash_of[0]))
        return false;
    sqlite3_close(db);
    while (committed < TRANSACTIONS - 1) {
        memcpy(medium, cache, SIZE);
        power_on((long)random_below(400));
        db = connect_disk();
        if (db) {
            snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s; PRAGMA synchronous = FULL",
                     modes[random_below(3)]);
            sqlite3_exec(db, sql, NULL, NULL, NULL);
            while (committed < TRANSACTIONS - 1 && change(db, committed + 1)) {
                committed++;
                if (random_below(8) == 0)
                    sqlite3_exec(db, "VACUUM", NULL, NULL, NULL);
            }
            sqlite3_close(db);
        }
        if (!failed) {
            calls_left = 0;
            has_power();
        }
        ++*crashes;
        power_on(-1);
        committed = verify(committed);
        if (committed < 0)
            return false;
    }
    return true;
}

int main(int argc, char *argv[])
{
    int wanted = argc > 1 ? atoi(argv[1]) : 200, crashes = 0;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;

    if (ringlet_vfs_register(NULL) != SQLITE_OK)
        return 2;
    for (; crashes < wanted; seed++) {
        if (!life(seed, &crashes)) {
            printf("not ok 1 - power failures: seed %lu\n1..1\n", seed);
            return 1;
        }
    }
    printf("ok 1 - %d power failures\n1..1\n", crashes);
    return 0;
}
