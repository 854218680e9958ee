/* SPDX-License-Identifier: MIT */
/*
 * Files on a disk with ext4: what this program writes, dom0's Linux reads. They are below a directory, with
 * their checksums in the file SUMS, as sha256sum writes it. Modes:
 *
 *   write DIR N          writes N files of various kinds and sizes, and reads them again
 *   acknowledge DIR [K]  for ever: a file, synced, then its line in SUMS, synced, then a line "safe N" on the
 *                        console; every fourth replaces an older file by rename, every fifth is removed; with K,
 *                        only the last K stay, and others are removed after a line "gone N"
 *   check DIR            as sha256sum -c SUMS
 *   full DIR             fills the file system, removes half of it, fills that
 *   read-only DIR        every change is refused
 *   random DIR SEED N    N random operations against a model (tests/ext4/random_files.h)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <ringlet/checksum.h>

#include "main.h"

static char buf[100000];

static _Noreturn void fail(const char *what, const char *path)
{
    printf("not ok %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

static void fill(unsigned number, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (char)(number * 131 + i * 7 + (i >> 8));
}

static int must_open(const char *path, int flags)
{
    int fd = open(path, flags, 0644);

    if (fd < 0)
        fail("open", path);
    return fd;
}

static int sums(const char *dir)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/SUMS", dir);
    return must_open(path, O_WRONLY | O_CREAT | O_APPEND);
}

static void say_sum(int fd, struct sha256 *sum, const char *name)
{
    char hex[65], line[300];
    int len;

    sha256_final_hex(sum, hex);
    len = snprintf(line, sizeof(line), "%s  %s\n", hex, name);
    if (write(fd, line, (size_t)len) != len)
        fail("write", "SUMS");
}

/* Pieces of file `number`: some have holes, some are appended to in small steps. */
static void write_file(const char *dir, const char *name, unsigned number, struct sha256 *sum)
{
    size_t len = (size_t)number * number * 37 % sizeof(buf);
    char path[300];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    fd = must_open(path, O_WRONLY | O_CREAT | O_TRUNC);
    sha256_init(sum);
    if (number % 7 == 3) { /* a hole in front */
        memset(buf, 0, sizeof(buf));
        sha256_update(sum, buf, sizeof(buf));
        lseek(fd, sizeof(buf), SEEK_SET);
    }
    fill(number, len);
    sha256_update(sum, buf, len);
    for (size_t at = 0; at < len;) {
        size_t part = number % 3 ? len - at : len - at < 777 ? len - at : 777;
        ssize_t n = write(fd, buf + at, part);

        if (n <= 0)
            fail("write", path);
        at += (size_t)n;
    }
    if (number % 7 == 3 && len == 0 && ftruncate(fd, sizeof(buf)))
        fail("ftruncate", path);
    if (fsync(fd) || close(fd))
        fail("fsync", path);
}

static int write_files(const char *dir, unsigned count)
{
    int fd = sums(dir);
    char name[100], path[300];

    for (unsigned i = 0; i < count; i++) {
        struct sha256 sum;

        snprintf(name, sizeof(name), "dir-%u", i / 50);
        snprintf(path, sizeof(path), "%s/%s", dir, name);
        if (i % 50 == 0 && mkdir(path, 0755))
            fail("mkdir", path);
        snprintf(name, sizeof(name), "dir-%u/file-%u", i / 50, i);
        write_file(dir, name, i, &sum);
        say_sum(fd, &sum, name);
    }
    snprintf(path, sizeof(path), "%s/link", dir);
    if (symlink("dir-0/file-1", path))
        fail("symlink", path);
    close(fd);
    return check_files(dir, count);
}

static bool is_sum(const char *dir, const char *line)
{
    char path[300], hex[65];
    struct sha256 sum;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", dir, line + 66);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    sha256_init(&sum);
    while ((n = read(fd, buf, sizeof(buf))) > 0)
        sha256_update(&sum, buf, (size_t)n);
    close(fd);
    sha256_final_hex(&sum, hex);
    return n == 0 && !memcmp(hex, line, 64);
}

int check_files(const char *dir, unsigned count)
{
    char path[300], line[300];
    unsigned good = 0, bad = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/SUMS", dir);
    f = fopen(path, "r");
    if (!f)
        fail("fopen", path);
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        if (is_sum(dir, line)) {
            good++;
        } else {
            bad++;
            printf("not ok: %s\n", line + 66);
        }
    }
    fclose(f);
    printf("%u files are as they were written, %u are not\n", good, bad);
    return bad || good < count;
}

static void remove_file(const char *dir, unsigned number)
{
    char path[300];

    printf("gone %u\n", number);
    snprintf(path, sizeof(path), "%s/safe-%u", dir, number);
    if (unlink(path) && errno != ENOENT)
        fail("unlink", path);
}

static int acknowledge(const char *dir, unsigned keep)
{
    int fd = sums(dir);
    char name[100], path[300], other[300];

    for (unsigned i = 0;; i++) {
        struct sha256 sum;

        if (keep && i >= keep)
            remove_file(dir, i - keep);
        snprintf(name, sizeof(name), "safe-%u", i);
        if (i % 4 == 3) { /* written under another name, and renamed over one that is there */
            write_file(dir, "new", i, &sum);
            snprintf(path, sizeof(path), "%s/new", dir);
            snprintf(other, sizeof(other), "%s/%s", dir, name);
            close(must_open(other, O_WRONLY | O_CREAT));
            if (rename(path, other))
                fail("rename", other);
        } else {
            write_file(dir, name, i, &sum);
        }
        if (i % 5 == 4) { /* this one is not promised */
            snprintf(path, sizeof(path), "%s/%s", dir, name);
            if (unlink(path))
                fail("unlink", path);
            continue;
        }
        say_sum(fd, &sum, name);
        if (fsync(fd))
            fail("fsync", "SUMS");
        printf("safe %u\n", i);
    }
}

static uint64_t fill_up(const char *dir, unsigned part)
{
    uint64_t written = 0;

    for (unsigned i = 0;; i++) {
        char path[300];
        ssize_t n;
        int fd;

        snprintf(path, sizeof(path), "%s/fill-%u-%u", dir, part, i);
        fd = open(path, O_WRONLY | O_CREAT, 0644);
        if (fd < 0) {
            if (errno != ENOSPC)
                fail("open", path);
            return written;
        }
        fill(i, sizeof(buf));
        while ((n = write(fd, buf, sizeof(buf))) > 0 && lseek(fd, 0, SEEK_CUR) < (2 << 20))
            written += (uint64_t)n;
        if (n < 0 && errno != ENOSPC)
            fail("write", path);
        if (fsync(fd))
            fail("fsync", path);
        close(fd);
        if (n < 0)
            return written;
        written += (uint64_t)n;
    }
}

static int fill_twice(const char *dir)
{
    uint64_t first = fill_up(dir, 0), second;
    char path[300];
    struct statvfs st;

    for (unsigned i = 0;; i += 2) {
        snprintf(path, sizeof(path), "%s/fill-0-%u", dir, i);
        if (unlink(path))
            break;
    }
    if (errno != ENOENT)
        fail("unlink", path);
    second = fill_up(dir, 1);
    if (statvfs(dir, &st))
        fail("statvfs", dir);
    printf("filled with %u KiB, then with %u; %u blocks are free\n", (unsigned)(first >> 10),
           (unsigned)(second >> 10), (unsigned)st.f_bavail);
    return !(second > first / 3);
}

static int read_only(const char *dir)
{
    char path[300], other[300];
    int bad = 0;

    snprintf(path, sizeof(path), "%s/file", dir);
    snprintf(other, sizeof(other), "%s/SUMS", dir);
    bad += open(path, O_WRONLY | O_CREAT, 0644) >= 0 || errno != EROFS;
    bad += open(other, O_WRONLY) >= 0 || errno != EROFS;
    bad += !mkdir(path, 0755) || errno != EROFS;
    bad += !unlink(other) || errno != EROFS;
    bad += !rename(other, path) || errno != EROFS;
    bad += !chmod(other, 0600) || errno != EROFS;
    printf("%d changes of a read-only file system were not refused\n", bad);
    return bad || check_files(dir, 1);
}

int main(int argc, char *argv[])
{
    const char *mode = argc > 2 ? argv[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!strcmp(mode, "write") && argc > 3)
        return write_files(argv[2], (unsigned)atoi(argv[3]));
    if (!strcmp(mode, "acknowledge"))
        return acknowledge(argv[2], argc > 3 ? (unsigned)atoi(argv[3]) : 0);
    if (!strcmp(mode, "check"))
        return check_files(argv[2], 1);
    if (!strcmp(mode, "full"))
        return fill_twice(argv[2]);
    if (!strcmp(mode, "read-only"))
        return read_only(argv[2]);
    if (!strcmp(mode, "random") && argc > 4)
        return random_files(argv[2], strtoull(argv[3], NULL, 0), (unsigned)atoi(argv[4]));
    puts("usage: ext4-test write|acknowledge|check|full|read-only|random DIRECTORY ...");
    return 2;
}
