/* SPDX-License-Identifier: MIT */
/*
 * harness FIRST LAST [SECONDS] - runs these tests of the table, each for SECONDS at most.
 *
 * On the console are, for each test, a line "@begin N NAME" and a line "@end N STATUS". A test that
 * leaves threads or more behind is the last of its domain: whoever reads the lines goes on with the
 * next test in a new one, as after a crash, where there is no end.
 */
#include "harness.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <ringlet/clock.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/thread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Where the console's descriptors are kept: tests may close or replace 0 to 2. */
#define SPARE_FD 900

static struct {
    int number; /* of the test that runs, or -1 */
    uint64_t deadline;
    sigjmp_buf end;
    bool atexit_used;
    int threads;
} now = {.number = -1};

static pthread_t first_thread;
static uint64_t limit = 30 * NSEC_PER_SEC;

static void mark_end(const char *how)
{
    print_raw("\n@end %d %s\n", now.number, how);
    printk_drain();
    now.number = -1;
}

static void mark_end_status(int status)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", status & 0xff);
    mark_end(text);
}

/* ---- the ends of a test ---- */

void suite_exit(int status)
{
    if (pthread_equal(pthread_self(), first_thread) && !now.atexit_used && now.number >= 0)
        siglongjmp(now.end, 1 + (status & 0xff));
    exit(status);
}

int suite_atexit(void (*fn)(void))
{
    now.atexit_used = true;
    return atexit(fn);
}

/* exit() in another thread, the end of the last thread, _exit() */
void __wrap__exit(int status)
{
    if (now.number >= 0)
        mark_end_status(status);
    __real__exit(0);
}

/* A thread of the kernel's: for the C library it is not there. */
static void watch(void *arg)
{
    (void)arg;
    for (;;) {
        thread_sleep(NSEC_PER_SEC / 2);
        if (now.number >= 0 && clock_now() > now.deadline) {
            mark_end("timeout");
            domain_exit(0);
        }
    }
}

/* ---- threads ---- */

struct start {
    void *(*fn)(void *);
    void *arg;
};

static void one_less(void *arg)
{
    (void)arg;
    now.threads--;
}

static void *counted(void *arg)
{
    const struct start start = *(struct start *)arg;
    void *result;

    free(arg);
    pthread_cleanup_push(one_less, NULL);
    result = start.fn(start.arg);
    pthread_cleanup_pop(1);
    return result;
}

int suite_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    struct start *start = malloc(sizeof(*start));
    int ret;

    if (!start)
        return EAGAIN;
    *start = (struct start){fn, arg};
    now.threads++;
    ret = pthread_create(out, attr, counted, start);
    if (ret) {
        now.threads--;
        free(start);
    }
    return ret;
}

/* ---- what tests change ---- */

static timer_t timers[32];
static unsigned timer_count;

int suite_timer_create(clockid_t clock, struct sigevent *event, timer_t *out)
{
    const int ret = timer_create(clock, event, out);

    if (!ret && timer_count < sizeof(timers) / sizeof(timers[0]))
        timers[timer_count++] = *out;
    return ret;
}

/* lib/libc/aio_private.h: requests in progress of each descriptor, also of one that is closed */
extern unsigned aio_in_progress[1024];

#define PATIENCE 300 /* of 10 ms */

static bool requests_end(void)
{
    for (unsigned tries = 0; tries < PATIENCE; tries++) {
        unsigned left = 0;

        for (int fd = 0; fd < 1024; fd++) {
            if (aio_in_progress[fd])
                aio_cancel(fd, NULL);
            left += aio_in_progress[fd];
        }
        if (!left)
            return true;
        usleep(10000);
    }
    return false;
}

/*
 * A test may return with requests in progress whose aiocb is on its stack, as its process would end: they
 * must have ended before anything else uses that memory, also of ours, so our stack begins below. False:
 * some do not end.
 */
static __attribute__((noinline)) bool requests_end_below(void)
{
    char stack_of_the_test[65536];

    __asm__ volatile("" : : "r"(stack_of_the_test) : "memory");
    return requests_end();
}

static void reset(void)
{
    sigset_t all;

    alarm(0);
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    while (timer_count)
        timer_delete(timers[--timer_count]); /* the test may have done so */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int sig = 1; sig < NSIG; sig++) {
        /* also forgets what is pending */
        signal(sig, SIG_IGN);
        signal(sig, SIG_DFL);
    }
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
    umask(022);
    for (int fd = 0; fd < 3; fd++)
        dup2(SPARE_FD + fd, fd);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    errno = 0;
}

/* True if the next test may run in this domain. */
static bool run(const struct suite_test *test, int number)
{
    char folder[32], *args[] = {(char *)test->name, NULL};
    volatile int status;
    bool ended;
    int jumped;

    snprintf(folder, sizeof(folder), "/tmp/%d", number);
    mkdir(folder, 0777);
    if (chdir(folder))
        perror(folder);
    print_raw("\n@begin %d %s\n", number, test->name);
    now.threads = 0;
    now.deadline = clock_deadline(limit);
    now.number = number;
    jumped = sigsetjmp(now.end, 0);
    status = jumped ? jumped - 1 : test->main(1, args, environ);
    ended = requests_end_below();
    /* as the end of a process: what atexit() registered may change the status */
    if (now.atexit_used)
        exit(status);
    fflush(NULL);
    mark_end_status(status);
    reset();
    return ended && !now.threads && fileno(stdout) == 1 && !ferror(stdout);
}

int main(int argc, char *argv[])
{
    const int first = argc > 1 ? atoi(argv[1]) : 0;
    const int last = argc > 2 ? atoi(argv[2]) : first;

    if (argc > 3)
        limit = (uint64_t)atoi(argv[3]) * NSEC_PER_SEC;
    first_thread = pthread_self();
    for (int fd = 0; fd < 3; fd++)
        fcntl(fd, F_DUPFD, SPARE_FD + fd);
    if (thread_create(NULL, "watch", watch, NULL, 0))
        return 1;
    for (int i = 0; i <= last && suite_tests[i].name; i++)
        if (i >= first && !run(&suite_tests[i], i))
            break;
    return 0;
}
