/* SPDX-License-Identifier: MIT */
/* Files and descriptors: opening, reading and writing, positions, copies, flags, sizes, times. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "behaviour.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <utime.h>

static int fd, other;

/* A new file with this content, open for reading and writing. */
static int make(const char *name, const char *content)
{
    int made = open(name, O_RDWR | O_CREAT | O_TRUNC, 0666);

    if (made < 0 || write(made, content, strlen(content)) != (ssize_t)strlen(content) ||
        lseek(made, 0, SEEK_SET) != 0)
        perror(name);
    return made;
}

static long size_of(const char *name)
{
    struct stat st;

    return stat(name, &st) ? -1 : (long)st.st_size;
}

static const char *content_of(const char *name)
{
    static char buf[64];
    int opened = open(name, O_RDONLY);
    ssize_t n = opened < 0 ? -1 : read(opened, buf, sizeof(buf) - 1);

    close(opened);
    buf[n < 0 ? 0 : n] = '\0';
    return buf;
}

GROUP(open)
{
    struct stat st;

    VALUE("enoent", open("none", O_RDONLY));
    SUCCEEDS("creat", fd = open("new", O_CREAT | O_WRONLY, 0777));
    close(fd);
    VALUE("umask", stat("new", &st) ? -1 : st.st_mode & 0777);
    VALUE("creat-excl-exists", open("new", O_CREAT | O_EXCL | O_RDWR, 0666));
    SUCCEEDS("creat-exists", fd = open("new", O_CREAT | O_RDWR, 0666));
    close(fd);
    VALUE("directory-for-writing", open(".", O_WRONLY));
    VALUE("directory-creat", open(".", O_CREAT | O_RDONLY, 0666));
    SUCCEEDS("directory-for-reading", fd = open(".", O_RDONLY));
    close(fd);
    VALUE("o-directory-of-file", open("new", O_RDONLY | O_DIRECTORY));
    VALUE("file-as-directory", open("new/x", O_RDONLY));
    VALUE("file-with-slash", open("new/", O_RDONLY));
    VALUE("creat-with-slash", open("fresh/", O_RDWR | O_CREAT, 0666));
    VALUE("empty-path", open("", O_RDONLY));
    symlink("new", "link");
    symlink("nothing", "dangling");
    VALUE("nofollow", open("link", O_RDONLY | O_NOFOLLOW));
    SUCCEEDS("follow", fd = open("link", O_RDONLY));
    close(fd);
    VALUE("dangling", open("dangling", O_RDONLY));
    VALUE("dangling-excl", open("dangling", O_RDWR | O_CREAT | O_EXCL, 0666));
    SUCCEEDS("dangling-creat", fd = open("dangling", O_RDWR | O_CREAT, 0666));
    close(fd);
    VALUE("dangling-created", access("nothing", F_OK));
    symlink("loop", "loop");
    VALUE("loop", open("loop", O_RDONLY));
    close(make("trunc", "abc"));
    close(open("trunc", O_WRONLY | O_TRUNC));
    VALUE("trunc", size_of("trunc"));
    SUCCEEDS("cloexec", fd = open("new", O_RDONLY | O_CLOEXEC));
    VALUE("cloexec-flag", fcntl(fd, F_GETFD));
    close(fd);
    VALUE("lowest-descriptor", (close(open("new", O_RDONLY)), fd = dup(0), close(fd),
                                other = open("new", O_RDONLY), other == fd));
    close(other);
    VALUE("readonly-write", (fd = open("new", O_RDONLY), write(fd, "x", 1)));
    close(fd);
    VALUE("writeonly-read", (fd = open("new", O_WRONLY), read(fd, &st, 1)));
    close(fd);
    VALUE("name-too-long", ({
              char name[300];
              memset(name, 'x', 299);
              name[299] = '\0';
              open(name, O_RDONLY);
          }));
    VALUE("path-too-long", ({
              static char path[PATH_MAX + 10];
              memset(path, '/', PATH_MAX + 9);
              open(path, O_RDONLY);
          }));
    VALUE("mode-0", (close(open("closed", O_CREAT | O_RDWR, 0)),
                     stat("closed", &st) ? -1 : st.st_mode & 0777));
    SUCCEEDS("dev-null", fd = open("/dev/null", O_RDWR));
    VALUE("dev-null-read", read(fd, &st, 10));
    VALUE("dev-null-write", write(fd, &st, 10));
    close(fd);
    VALUE("dev-full", (fd = open("/dev/full", O_RDWR), write(fd, "x", 1)));
    close(fd);
    VALUE("dev-zero", ({
              char c = 1;
              fd = open("/dev/zero", O_RDONLY);
              read(fd, &c, 1) == 1 && c == 0;
          }));
    close(fd);
}

GROUP(close)
{
    VALUE("bad", close(1000));
    VALUE("negative", close(-1));
    fd = make("f", "x");
    VALUE("once", close(fd));
    VALUE("twice", close(fd));
}

GROUP(openat)
{
    mkdir("d", 0777);
    close(make("d/f", "inside"));
    other = open("d", O_RDONLY | O_DIRECTORY);
    SUCCEEDS("relative", fd = openat(other, "f", O_RDONLY));
    close(fd);
    SUCCEEDS("absolute-ignores-descriptor", fd = openat(-1, "/dev/null", O_RDONLY));
    close(fd);
    VALUE("bad-descriptor", openat(1000, "f", O_RDONLY));
    fd = make("f", "x");
    VALUE("not-a-directory", openat(fd, "f", O_RDONLY));
    close(fd);
    SUCCEEDS("cwd", fd = openat(AT_FDCWD, "f", O_RDONLY));
    close(fd);
    close(other);
}

GROUP(read)
{
    char buf[16] = "";

    fd = make("f", "abcdef");
    VALUE("all", read(fd, buf, 16));
    VALUE("end", read(fd, buf, 16));
    VALUE("zero", read(fd, buf, 0));
    lseek(fd, 3, SEEK_SET);
    VALUE("part", read(fd, buf, 2));
    VALUE("position", lseek(fd, 0, SEEK_CUR));
    VALUE("beyond-end", (lseek(fd, 100, SEEK_SET), read(fd, buf, 1)));
    close(fd);
    VALUE("closed", read(fd, buf, 1));
    fd = open(".", O_RDONLY);
    VALUE("directory", read(fd, buf, 1));
    close(fd);
}

GROUP(write)
{
    fd = make("f", "abcdef");
    VALUE("over", write(fd, "XY", 2));
    TEXT("over-content", content_of("f"));
    VALUE("zero", write(fd, "", 0));
    lseek(fd, 10, SEEK_SET);
    VALUE("hole", write(fd, "Z", 1));
    VALUE("hole-size", size_of("f"));
    close(fd);
    fd = open("f", O_WRONLY | O_APPEND);
    VALUE("append", write(fd, "!", 1));
    VALUE("append-position", lseek(fd, 0, SEEK_CUR));
    VALUE("append-after-seek", (lseek(fd, 0, SEEK_SET), write(fd, "!", 1)));
    VALUE("append-size", size_of("f"));
    close(fd);
}

GROUP(lseek)
{
    fd = make("f", "abcdef");
    VALUE("set", lseek(fd, 4, SEEK_SET));
    VALUE("current", lseek(fd, -1, SEEK_CUR));
    VALUE("end", lseek(fd, 2, SEEK_END));
    VALUE("negative", lseek(fd, -1, SEEK_SET));
    VALUE("before-start", lseek(fd, -100, SEEK_CUR));
    VALUE("unchanged-after-error", lseek(fd, 0, SEEK_CUR));
    VALUE("whence", lseek(fd, 0, 99));
    close(fd);
    VALUE("closed", lseek(fd, 0, SEEK_SET));
    int ends[2];
    if (!pipe(ends)) {
        VALUE("pipe", lseek(ends[0], 0, SEEK_SET));
        close(ends[0]);
        close(ends[1]);
    }
}

GROUP(pread)
{
    char buf[16] = "";

    fd = make("f", "abcdef");
    VALUE("part", pread(fd, buf, 3, 2));
    TEXT("part-content", buf);
    VALUE("position-stays", lseek(fd, 0, SEEK_CUR));
    VALUE("end", pread(fd, buf, 3, 6));
    VALUE("negative", pread(fd, buf, 3, -1));
    VALUE("pwrite", pwrite(fd, "12", 2, 1));
    TEXT("pwrite-content", content_of("f"));
    VALUE("pwrite-beyond", pwrite(fd, "x", 1, 20));
    VALUE("pwrite-size", size_of("f"));
    VALUE("pwrite-negative", pwrite(fd, "x", 1, -5));
    close(fd);
}

GROUP(readv)
{
    char a[3] = "", b[5] = "";
    struct iovec in[2] = {{a, 2}, {b, 4}},
                 out[3] = {{(char *)"ab", 2}, {NULL, 0}, {(char *)"cdef", 4}};
    struct iovec huge[1] = {{a, (size_t)-1}};

    fd = make("f", "");
    VALUE("writev", writev(fd, out, 3));
    VALUE("preadv", preadv(fd, in, 2, 1));
    TEXT("preadv-first", a);
    TEXT("preadv-second", b);
    lseek(fd, 0, SEEK_SET);
    VALUE("readv", readv(fd, in, 2));
    VALUE("pwritev", pwritev(fd, out, 3, 3));
    TEXT("content", content_of("f"));
    VALUE("negative-count", readv(fd, in, -1));
    VALUE("too-many", readv(fd, in, 5000));
    VALUE("none", readv(fd, in, 0));
    VALUE("length-negative", readv(fd, huge, 1));
    close(fd);
}

GROUP(dup)
{
    fd = make("f", "abcdef");
    SUCCEEDS("dup", other = dup(fd));
    VALUE("shares-position", (lseek(fd, 3, SEEK_SET), lseek(other, 0, SEEK_CUR)));
    close(other);
    VALUE("bad", dup(1000));
    VALUE("dup2", dup2(fd, 50));
    VALUE("dup2-same", dup2(fd, fd) == fd);
    VALUE("dup2-bad", dup2(1000, 51));
    VALUE("dup2-negative", dup2(fd, -1));
    VALUE("dup2-clears-cloexec",
          (fcntl(fd, F_SETFD, FD_CLOEXEC), dup2(fd, 50), fcntl(50, F_GETFD)));
    VALUE("dup3-cloexec", (dup3(fd, 50, O_CLOEXEC), fcntl(50, F_GETFD)));
    VALUE("dup3-same", dup3(fd, fd, 0));
    VALUE("dup3-flags", dup3(fd, 50, O_APPEND));
    VALUE("dupfd", fcntl(fd, F_DUPFD, 60));
    VALUE("dupfd-negative", fcntl(fd, F_DUPFD, -1));
    VALUE("dupfd-cloexec", (other = fcntl(fd, F_DUPFD_CLOEXEC, 70), fcntl(other, F_GETFD)));
    close(other);
    close(60);
    close(50);
    close(fd);
}

GROUP(fcntl)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int copy;

    fd = make("f", "abcdef");
    VALUE("getfd", fcntl(fd, F_GETFD));
    VALUE("setfd", fcntl(fd, F_SETFD, FD_CLOEXEC));
    VALUE("getfd-set", fcntl(fd, F_GETFD));
    VALUE("getfl-mode", fcntl(fd, F_GETFL) & O_ACCMODE);
    VALUE("setfl-append", fcntl(fd, F_SETFL, O_APPEND));
    VALUE("getfl-append", (fcntl(fd, F_GETFL) & O_APPEND) != 0);
    VALUE("setfl-keeps-mode",
          (fcntl(fd, F_SETFL, O_RDONLY), fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    VALUE("setfl-nonblock",
          (fcntl(fd, F_SETFL, O_NONBLOCK), (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0));
    VALUE("setlk", fcntl(fd, F_SETLK, &lock));
    VALUE("setlkw", fcntl(fd, F_SETLKW, &lock));
    VALUE("getlk", fcntl(fd, F_GETLK, &lock));
    TRUTH("getlk-unlocked", lock.l_type == F_UNLCK);
    lock = (struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET};
    VALUE("unlock", fcntl(fd, F_SETLK, &lock));
    lock = (struct flock){.l_type = 77, .l_whence = SEEK_SET};
    VALUE("lock-type", fcntl(fd, F_SETLK, &lock));
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = -1};
    VALUE("lock-negative", fcntl(fd, F_SETLK, &lock));
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = INT64_MAX};
    VALUE("lock-beyond", fcntl(fd, F_SETLK, &lock));
    lock =
        (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = INT64_MAX};
    VALUE("lock-to-the-end", fcntl(fd, F_SETLK, &lock));
    lock.l_start = 2;
    VALUE("lock-too-long", fcntl(fd, F_SETLK, &lock));
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = -2};
    VALUE("lock-before", fcntl(fd, F_SETLK, &lock));
    other = open("f", O_RDONLY);
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    VALUE("write-lock-of-reader", fcntl(other, F_SETLK, &lock));
    close(other);
    VALUE("flock", flock(fd, LOCK_EX));
    VALUE("flock-operation", flock(fd, 77));
    VALUE("flock-again", flock(fd, LOCK_EX | LOCK_NB));
    other = open("f", O_RDONLY);
    VALUE("flock-other", flock(other, LOCK_SH | LOCK_NB));
    VALUE("flock-shared", flock(fd, LOCK_SH));
    VALUE("flock-both-shared", flock(other, LOCK_SH | LOCK_NB));
    VALUE("flock-one-exclusive", flock(other, LOCK_EX | LOCK_NB));
    copy = dup(fd);
    close(fd);
    VALUE("flock-copy-keeps-it", flock(other, LOCK_EX | LOCK_NB));
    close(copy);
    VALUE("flock-closed", flock(other, LOCK_EX | LOCK_NB));
    close(other);
    fd = open("f", O_RDWR);
    VALUE("flock-unlock", flock(fd, LOCK_UN));
    VALUE("lockf", lockf(fd, F_LOCK, 0));
    VALUE("lockf-test", lockf(fd, F_TEST, 0));
    VALUE("lockf-command", lockf(fd, 77, 0));
    VALUE("command", fcntl(fd, 7777, 0));
    close(fd);
    VALUE("closed", fcntl(fd, F_GETFL));
}

GROUP(truncate)
{
    char byte = 1;

    fd = make("f", "abcdef");
    VALUE("shorter", ftruncate(fd, 3));
    TEXT("shorter-content", content_of("f"));
    VALUE("longer", ftruncate(fd, 10));
    VALUE("longer-size", size_of("f"));
    VALUE("longer-is-zero", pread(fd, &byte, 1, 5) == 1 && byte == 0);
    VALUE("negative", ftruncate(fd, -1));
    close(fd);
    fd = open("f", O_RDONLY);
    VALUE("readonly", ftruncate(fd, 0));
    close(fd);
    VALUE("path", truncate("f", 2));
    VALUE("path-size", size_of("f"));
    VALUE("path-enoent", truncate("none", 2));
    mkdir("d", 0777);
    VALUE("path-directory", truncate("d", 0));
    fd = make("g", "x");
    RETURNS("fallocate", posix_fallocate(fd, 0, 5000));
    VALUE("fallocate-size", size_of("g"));
    RETURNS("fallocate-zero", posix_fallocate(fd, 0, 0));
    RETURNS("fallocate-negative", posix_fallocate(fd, -1, 5));
    VALUE("keep-size", (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 90000), size_of("g")));
    VALUE("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
    VALUE("punched-is-zero", pread(fd, &byte, 1, 0) == 1 && byte == 0);
    VALUE("fsync", fsync(fd));
    VALUE("fdatasync", fdatasync(fd));
    RETURNS("fadvise", posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    RETURNS("fadvise-advice", posix_fadvise(fd, 0, 0, 77));
    close(fd);
    VALUE("fsync-closed", fsync(fd));
    fd = open(".", O_RDONLY);
    VALUE("fsync-directory", fsync(fd));
    close(fd);
}

GROUP(stat)
{
    struct stat st;
    struct statvfs fs;

    fd = make("f", "abcdef");
    VALUE("fstat", fstat(fd, &st));
    VALUE("size", st.st_size);
    TRUTH("regular", S_ISREG(st.st_mode));
    VALUE("links", st.st_nlink);
    VALUE("enoent", stat("none", &st));
    VALUE("closed", fstat(1000, &st));
    symlink("f", "l");
    VALUE("lstat", (lstat("l", &st), S_ISLNK(st.st_mode)));
    VALUE("lstat-size", st.st_size);
    VALUE("follows", (stat("l", &st), S_ISREG(st.st_mode)));
    VALUE("fstatat-nofollow",
          (fstatat(AT_FDCWD, "l", &st, AT_SYMLINK_NOFOLLOW), S_ISLNK(st.st_mode)));
    VALUE("fstatat-flags", fstatat(AT_FDCWD, "l", &st, 0x40000000));
    VALUE("directory", (stat(".", &st), S_ISDIR(st.st_mode)));
    VALUE("dev-null", (stat("/dev/null", &st), S_ISCHR(st.st_mode)));
    VALUE("chmod", chmod("f", 0640));
    VALUE("chmod-mode", (stat("f", &st), st.st_mode & 07777));
    VALUE("fchmod", fchmod(fd, 0604));
    VALUE("fchmod-mode", (stat("f", &st), st.st_mode & 07777));
    VALUE("chown", chown("f", 5, 6));
    VALUE("chown-owner", (stat("f", &st), st.st_uid * 100 + st.st_gid));
    VALUE("fchown-keeps", (fchown(fd, -1, 7), stat("f", &st), st.st_uid * 100 + st.st_gid));
    VALUE("access", access("f", R_OK | W_OK));
    VALUE("access-execute", (chmod("f", 0600), access("f", X_OK)));
    VALUE("access-enoent", access("none", F_OK));
    VALUE("access-mode", access("f", 77));
    VALUE("statvfs", statvfs(".", &fs));
    VALUE("fstatvfs", fstatvfs(fd, &fs));
    VALUE("namemax", fs.f_namemax);
    VALUE("statvfs-enoent", statvfs("none", &fs));
    close(fd);
}

GROUP(times)
{
    struct timespec ts[2] = {{100, 5}, {200, 6}};
    struct timeval tv[2] = {{300, 0}, {400, 0}};
    struct utimbuf ut = {500, 600};
    struct stat st;

    fd = make("f", "x");
    VALUE("futimens", futimens(fd, ts));
    VALUE("futimens-atime", (stat("f", &st), st.st_atim.tv_sec));
    VALUE("futimens-mtime", st.st_mtim.tv_sec);
    VALUE("futimens-ns", st.st_mtim.tv_nsec);
    ts[0].tv_nsec = UTIME_OMIT;
    ts[1].tv_sec = 201;
    VALUE("omit", utimensat(AT_FDCWD, "f", ts, 0));
    VALUE("omit-keeps", (stat("f", &st), st.st_atim.tv_sec));
    VALUE("omit-other", st.st_mtim.tv_sec);
    ts[1].tv_nsec = UTIME_NOW;
    VALUE("now", (utimensat(AT_FDCWD, "f", ts, 0), stat("f", &st), st.st_mtim.tv_sec > 1000000000));
    ts[1].tv_nsec = 1000000000;
    VALUE("nanoseconds", utimensat(AT_FDCWD, "f", ts, 0));
    VALUE("utimes", (utimes("f", tv), stat("f", &st), st.st_mtim.tv_sec));
    VALUE("utime", (utime("f", &ut), stat("f", &st), st.st_mtim.tv_sec));
    VALUE("null", (utime("f", NULL), stat("f", &st), st.st_mtim.tv_sec > 1000000000));
    VALUE("enoent", utimes("none", tv));
    write(fd, "y", 1);
    VALUE("write-changes-mtime", ({
              utime("f", &ut);
              write(fd, "y", 1);
              stat("f", &st);
              st.st_mtim.tv_sec != 600;
          }));
    close(fd);
}

int main(void)
{
    behaviour_directory();
    umask(027);
    ROWS(open);
    ROWS(close);
    ROWS(openat);
    ROWS(read);
    ROWS(write);
    ROWS(lseek);
    ROWS(pread);
    ROWS(readv);
    ROWS(dup);
    ROWS(fcntl);
    ROWS(truncate);
    ROWS(stat);
    ROWS(times);
    return behaviour_end();
}
