/* SPDX-License-Identifier: MIT */
/* What is waited for: pipes, poll and select, counters and timers. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "behaviour.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>

static char buf[70000];
static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static long ms_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

GROUP(pipe)
{
    struct stat st;
    int p[2], n = 0;

    VALUE("pipe", pipe(p));
    VALUE("write", write(p[1], "abc", 3));
    VALUE("fionread", (ioctl(p[0], FIONREAD, &n), n));
    VALUE("read-part", read(p[0], buf, 2));
    VALUE("read-rest", read(p[0], buf, 20));
    VALUE("read-writer", read(p[1], buf, 1));
    VALUE("write-reader", write(p[0], buf, 1));
    VALUE("fifo", (fstat(p[0], &st), S_ISFIFO(st.st_mode)));
    VALUE("pread", pread(p[0], buf, 1, 0));
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    VALUE("empty-nonblock", read(p[0], buf, 1));
    fcntl(p[1], F_SETFL, O_NONBLOCK);
    VALUE("capacity", write(p[1], buf, sizeof(buf)));
    VALUE("full-nonblock", write(p[1], buf, 1));
    VALUE("atomic-does-not-fit", (read(p[0], buf, 100), write(p[1], buf, 4096)));
    close(p[1]);
    while (read(p[0], buf, sizeof(buf)) > 0)
        ;
    VALUE("end", read(p[0], buf, 1));
    close(p[0]);
    VALUE("pipe2-cloexec", (pipe2(p, O_CLOEXEC | O_NONBLOCK), fcntl(p[0], F_GETFD)));
    VALUE("pipe2-nonblock", read(p[0], buf, 1));
    signal(SIGPIPE, SIG_IGN);
    close(p[0]);
    VALUE("broken-ignored", write(p[1], buf, 1));
    signal(SIGPIPE, count);
    VALUE("broken-caught", write(p[1], buf, 1));
    VALUE("signals", signals);
    close(p[1]);
    VALUE("pipe2-flags", pipe2(p, O_APPEND));
}

static int revents(int fd, short events, int timeout)
{
    struct pollfd p = {.fd = fd, .events = events, .revents = 77};

    return poll(&p, 1, timeout) < 0 ? -1 : p.revents;
}

GROUP(poll)
{
    struct timespec start;
    struct pollfd two[2];
    int p[2], file = open("f", O_CREAT | O_RDWR, 0666);

    pipe(p);
    VALUE("nothing", poll(NULL, 0, 0));
    VALUE("empty", revents(p[0], POLLIN, 0));
    VALUE("writable", revents(p[1], POLLOUT, 0));
    write(p[1], "x", 1);
    VALUE("readable", revents(p[0], POLLIN, -1));
    VALUE("rdnorm", revents(p[0], POLLIN | POLLRDNORM, -1) == (POLLIN | POLLRDNORM));
    VALUE("not-asked", revents(p[0], POLLOUT, 0));
    VALUE("negative", revents(-1, POLLIN, 0));
    VALUE("closed", revents(1000, POLLIN, 0) == POLLNVAL);
    VALUE("file", revents(file, POLLIN | POLLOUT, 0));
    two[0] = (struct pollfd){.fd = p[0], .events = POLLIN};
    two[1] = (struct pollfd){.fd = p[1], .events = POLLOUT};
    VALUE("two", poll(two, 2, -1));
    read(p[0], buf, 1);
    clock_gettime(CLOCK_MONOTONIC, &start);
    VALUE("timeout", revents(p[0], POLLIN, 50));
    TRUTH("timeout-not-early", ms_since(&start) >= 49);
    VALUE("too-many", poll(two, 100000, 0));
    close(p[1]);
    VALUE("hangup", (revents(p[0], POLLIN, -1) & POLLHUP) != 0);
    close(p[0]);
    pipe(p);
    close(p[0]);
    VALUE("error", (revents(p[1], POLLOUT, -1) & POLLERR) != 0);
    close(p[1]);
    pipe(p);
    struct timespec ts = {0, 20000000}, wrong = {0, 2000000000};
    two[0] = (struct pollfd){.fd = p[0], .events = POLLIN};
    VALUE("ppoll-timeout", ppoll(two, 1, &ts, NULL));
    VALUE("ppoll-time", ppoll(two, 1, &wrong, NULL));
    sigset_t blocked, none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGUSR1, count);
    signals = 0;
    raise(SIGUSR1);
    VALUE("blocked-signal", signals);
    VALUE("ppoll-mask", ppoll(two, 1, NULL, &none));
    VALUE("ppoll-handler", signals);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    VALUE("ppoll-mask-restored", sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    close(p[0]);
    close(p[1]);
    close(file);
}

GROUP(select)
{
    struct timeval zero = {0, 0}, wrong = {-1, 0}, later = {0, 30000};
    fd_set in, out;
    int p[2], file = open("f", O_RDWR);

    pipe(p);
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    VALUE("empty", select(p[0] + 1, &in, NULL, NULL, &zero));
    VALUE("empty-clears", FD_ISSET(p[0], &in) != 0);
    FD_SET(p[0], &in);
    FD_ZERO(&out);
    FD_SET(p[1], &out);
    VALUE("writable", select(p[1] + 1, &in, &out, NULL, NULL));
    VALUE("writable-set", FD_ISSET(p[1], &out) != 0);
    write(p[1], "x", 1);
    FD_SET(p[0], &in);
    FD_SET(p[1], &out);
    VALUE("both", select(p[1] + 1, &in, &out, NULL, NULL));
    VALUE("beyond-n", (FD_SET(p[0], &in), select(p[0], &in, NULL, NULL, &zero)));
    VALUE("negative-n", select(-1, NULL, NULL, NULL, &zero));
    VALUE("time", select(0, NULL, NULL, NULL, &wrong));
    VALUE("sleep", select(0, NULL, NULL, NULL, &later));
    FD_ZERO(&in);
    close(file);
    FD_SET(file, &in);
    VALUE("closed", select(file + 1, &in, NULL, NULL, &zero));
    close(p[1]);
    read(p[0], buf, 10);
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    VALUE("end-is-readable", select(p[0] + 1, &in, NULL, NULL, &zero));
    struct timespec ts = {0, 1000000};
    FD_ZERO(&in);
    VALUE("pselect", pselect(1, &in, NULL, NULL, &ts, NULL));
    close(p[0]);
}

GROUP(eventfd)
{
    uint64_t value = 0;
    int fd = eventfd(5, EFD_NONBLOCK);

    VALUE("read-size", read(fd, &value, 4));
    VALUE("read", read(fd, &value, 8));
    VALUE("value", value);
    VALUE("empty", read(fd, &value, 8));
    VALUE("write", eventfd_write(fd, 3));
    VALUE("adds", (eventfd_write(fd, 4), eventfd_read(fd, &value), value));
    value = UINT64_MAX;
    VALUE("too-large", write(fd, &value, 8));
    VALUE("maximum", eventfd_write(fd, UINT64_MAX - 1));
    VALUE("overflow", eventfd_write(fd, 1));
    VALUE("poll", revents(fd, POLLIN | POLLOUT, 0));
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    VALUE("semaphore", (eventfd_read(fd, &value), value));
    VALUE("semaphore-second", eventfd_read(fd, &value));
    VALUE("semaphore-empty", eventfd_read(fd, &value));
    VALUE("seek", lseek(fd, 0, SEEK_SET));
    close(fd);
    VALUE("flags", eventfd(0, 0x40000000));
}

GROUP(timerfd)
{
    struct itimerspec once = {{0, 0}, {0, 20000000}}, every = {{0, 10000000}, {0, 10000000}}, old;
    struct itimerspec wrong = {{0, 0}, {0, 1000000000}};
    uint64_t value = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

    VALUE("unset", read(fd, &value, 8));
    VALUE("set", timerfd_settime(fd, 0, &once, NULL));
    VALUE("not-yet", read(fd, &value, 8));
    VALUE("gettime", (timerfd_gettime(fd, &old), old.it_value.tv_nsec > 0));
    VALUE("poll", revents(fd, POLLIN, -1));
    VALUE("read", read(fd, &value, 8));
    VALUE("value", value);
    VALUE("once", revents(fd, POLLIN, 40));
    VALUE("interval", timerfd_settime(fd, 0, &every, &old));
    VALUE("old", old.it_value.tv_sec + old.it_value.tv_nsec);
    struct timespec ms50 = {0, 50000000};
    nanosleep(&ms50, NULL);
    TRUTH("several", read(fd, &value, 8) == 8 && value >= 3);
    VALUE("time", timerfd_settime(fd, 0, &wrong, NULL));
    VALUE("flags", timerfd_settime(fd, 0x4000, &once, NULL));
    VALUE("read-size", read(fd, &value, 4));
    close(fd);
    VALUE("clock", timerfd_create(77, 0));
    fd = open("f", O_RDWR);
    VALUE("other-file", timerfd_settime(fd, 0, &once, NULL));
    close(fd);
    VALUE("closed", timerfd_gettime(fd, &old));
}

int main(void)
{
    behaviour_directory();
    ROWS(pipe);
    ROWS(poll);
    ROWS(select);
    ROWS(eventfd);
    ROWS(timerfd);
    return behaviour_end();
}
