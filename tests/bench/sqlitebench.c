/* SPDX-License-Identifier: MIT */
/*
 * SQLite's transactions, the same program as a guest of Ringlet's and on Linux:
 *
 *   sqlitebench DIR ROUNDS COUNT
 *
 * A new database in DIR gets COUNT rows of 100 bytes, each inserted by a transaction of its own that is synced
 * (synchronous=FULL), with a rollback journal (SQLite's default) and with a write-ahead log, in exclusive mode,
 * as Ringlet has no shared memory maps. Then the rows are counted, and the database is checked. Prints
 *
 *   RESULT {"type":"sqlite","test":"delete"|"wal","operations":COUNT,"ns":[of each round]}
 *
 * The exit status is 1 if something failed or was not as written, 2 for wrong usage.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#define ROUNDS_MAX 100u
#define COUNT_MAX  1000000u
#define ROW        100

static const struct mode {
    const char *name, *pragmas;
} modes[] = {
    {"delete", "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL"},
    {"wal",
     "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"},
};

static char path[4096];
static unsigned rounds, count;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void must(sqlite3 *db, int result, int wanted, const char *what)
{
    if (result == wanted)
        return;
    fprintf(stderr, "sqlitebench: %s: %s\n", what, db ? sqlite3_errmsg(db) : "no memory");
    exit(1);
}

static void execute(sqlite3 *db, const char *sql)
{
    must(db, sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, sql);
}

/* The first column of the first row of a query is this text. */
static void expect(sqlite3 *db, const char *sql, const char *wanted)
{
    sqlite3_stmt *query;
    const char *found;

    must(db, sqlite3_prepare_v2(db, sql, -1, &query, NULL), SQLITE_OK, sql);
    must(db, sqlite3_step(query), SQLITE_ROW, sql);
    found = (const char *)sqlite3_column_text(query, 0);
    if (!found || strcmp(found, wanted) != 0) {
        fprintf(stderr, "sqlitebench: %s: %s instead of %s\n", sql, found ? found : "nothing",
                wanted);
        exit(1);
    }
    sqlite3_finalize(query);
}

static uint64_t insert_all(sqlite3 *db)
{
    uint8_t row[ROW];
    sqlite3_stmt *insert;
    uint64_t start;

    must(db, sqlite3_prepare_v2(db, "INSERT INTO t(v) VALUES(?)", -1, &insert, NULL), SQLITE_OK,
         "prepare");
    start = now_ns();
    for (unsigned i = 0; i < count; i++) {
        memset(row, (int)(i & 0xff), sizeof(row));
        must(db, sqlite3_bind_blob(insert, 1, row, sizeof(row), SQLITE_STATIC), SQLITE_OK, "bind");
        must(db, sqlite3_step(insert), SQLITE_DONE, "insert");
        must(db, sqlite3_reset(insert), SQLITE_OK, "reset");
    }
    start = now_ns() - start;
    sqlite3_finalize(insert);
    return start;
}

static uint64_t run_round(const struct mode *m)
{
    sqlite3 *db = NULL;
    char rows[16];
    uint64_t ns;

    unlink(path);
    sync();
    must(db, sqlite3_open(path, &db), SQLITE_OK, path);
    execute(db, m->pragmas);
    expect(db, "PRAGMA journal_mode", m->name); /* it is the mode that was asked for */
    expect(db, "PRAGMA synchronous", "2");
    execute(db, "CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB)");
    ns = insert_all(db);
    snprintf(rows, sizeof(rows), "%u", count);
    expect(db,
           "SELECT count(*) FROM t WHERE length(v) = 100 AND hex(substr(v, 50, 1)) = "
           "printf('%02X', (k - 1) % 256)",
           rows);
    expect(db, "PRAGMA integrity_check", "ok");
    must(db, sqlite3_close(db), SQLITE_OK, "close");
    return ns;
}

static void run_mode(const struct mode *m)
{
    uint64_t ns[ROUNDS_MAX];

    for (unsigned i = 0; i < rounds; i++)
        ns[i] = run_round(m);
    printf("RESULT {\"type\":\"sqlite\",\"test\":\"%s\",\"operations\":%u,\"ns\":[", m->name,
           count);
    for (unsigned i = 0; i < rounds; i++)
        printf("%s%llu", i ? "," : "", (unsigned long long)ns[i]);
    printf("]}\n");
    fflush(stdout);
}

static unsigned number(const char *text, unsigned max)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value < 1 || value > max) {
        fprintf(stderr, "sqlitebench: not a number from 1 to %u: %s\n", max, text);
        exit(2);
    }
    return (unsigned)value;
}

int main(int argc, char *argv[])
{
    if (argc != 4 || strlen(argv[1]) + sizeof("/t.db") > sizeof(path)) {
        fprintf(stderr, "usage: sqlitebench DIR ROUNDS COUNT\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/t.db", argv[1]);
    rounds = number(argv[2], ROUNDS_MAX);
    count = number(argv[3], COUNT_MAX);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        run_mode(&modes[i]);
    unlink(path);
    return 0;
}
