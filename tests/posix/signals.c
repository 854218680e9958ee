/* SPDX-License-Identifier: MIT */
/* Signals within the process, and timers. Runs on Linux and in a guest. Handlers only run in calls of
 * the C library there, so nothing here waits for one in a loop without such a call. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000L

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* siginterrupt */

static volatile sig_atomic_t calls, last, code, value, inside_mask, on_stack;
static char other_stack[65536] __attribute__((aligned(16)));

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS}, NULL);
}

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / MS;
}

static void handler(int sig)
{
    char here;
    sigset_t mask;

    calls++;
    last = sig;
    on_stack = &here >= other_stack && &here < other_stack + sizeof(other_stack);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    inside_mask = sigismember(&mask, sig);
}

static void info_handler(int sig, siginfo_t *info, void *context)
{
    (void)context;
    handler(sig);
    code = info->si_code;
    value = info->si_value.sival_int;
}

static void install(int sig, void (*fn)(int), int flags)
{
    struct sigaction action = {.sa_flags = flags};

    action.sa_handler = fn;
    sigemptyset(&action.sa_mask);
    sigaction(sig, &action, NULL);
    calls = last = 0;
}

static void install_info(int sig, int flags)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | flags};

    action.sa_sigaction = info_handler;
    sigemptyset(&action.sa_mask);
    sigaction(sig, &action, NULL);
    calls = last = 0;
}

static sigset_t set_of(int sig)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    return set;
}

static void block(int sig)
{
    sigset_t set = set_of(sig);

    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void unblock(int sig)
{
    sigset_t set = set_of(sig);

    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void test_sets(void)
{
    sigset_t set;

    sigemptyset(&set);
    CHECK("set: empty", !sigismember(&set, SIGINT) && !sigismember(&set, SIGRTMAX));
    CHECK("set: add", sigaddset(&set, SIGRTMAX) == 0 && sigismember(&set, SIGRTMAX) == 1);
    CHECK("set: delete", sigdelset(&set, SIGRTMAX) == 0 && sigismember(&set, SIGRTMAX) == 0);
    sigfillset(&set);
    CHECK("set: full", sigismember(&set, SIGINT) == 1 && sigismember(&set, SIGRTMIN) == 1);
    CHECK("set: not a signal", sigaddset(&set, 0) == -1 && errno == EINVAL);
    CHECK("set: beyond", sigaddset(&set, 1000) == -1 && errno == EINVAL);
}

static sigjmp_buf env;

static void jumps(int sig)
{
    siglongjmp(env, sig);
}

static void test_actions(void)
{
    struct sigaction action, old;
    stack_t stack;
    sigset_t mask;
    int ret;

    CHECK("signal: returns the old one",
          signal(SIGUSR1, handler) == SIG_DFL && signal(SIGUSR1, handler) == handler);
    calls = 0;
    CHECK("raise", raise(SIGUSR1) == 0 && calls == 1 && last == SIGUSR1);
    CHECK("blocked in its handler", inside_mask);
    CHECK("signal: the handler stays", raise(SIGUSR1) == 0 && calls == 2);
    CHECK("kill: oneself", kill(getpid(), SIGUSR1) == 0 && calls == 3);
    CHECK("kill: nothing", kill(getpid(), 0) == 0 && calls == 3);
    CHECK("kill: not a signal", kill(getpid(), 1000) == -1 && errno == EINVAL);
    CHECK("sigaction: SIGKILL", (memset(&action, 0, sizeof(action)), action.sa_handler = handler,
                                 sigaction(SIGKILL, &action, NULL)) == -1 &&
                                    errno == EINVAL);
    CHECK("sigaction: query", sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == handler &&
                                  (old.sa_flags & SA_RESTART));
    signal(SIGUSR1, SIG_IGN);
    CHECK("ignored", raise(SIGUSR1) == 0 && calls == 3);
    CHECK("ignored by default", raise(SIGCHLD) == 0);

    install(SIGUSR1, handler, SA_RESETHAND);
    raise(SIGUSR1);
    CHECK("RESETHAND",
          calls == 1 && sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
    install(SIGUSR1, handler, SA_NODEFER);
    raise(SIGUSR1);
    CHECK("NODEFER", calls == 1 && !inside_mask);
    install_info(SIGUSR1, 0);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77});
    CHECK("SIGINFO: sigqueue", calls == 1 && code == SI_QUEUE && value == 77);
    kill(getpid(), SIGUSR1);
    CHECK("SIGINFO: kill", calls == 2 && code == SI_USER);

    CHECK("altstack",
          sigaltstack(&(stack_t){.ss_sp = other_stack, .ss_size = sizeof(other_stack)}, NULL) == 0);
    install(SIGUSR2, handler, SA_ONSTACK);
    raise(SIGUSR2);
    CHECK("ONSTACK", calls == 1 && on_stack);
    install(SIGUSR2, handler, 0);
    raise(SIGUSR2);
    CHECK("without ONSTACK", calls == 1 && !on_stack);
    CHECK("altstack: too small",
          sigaltstack(&(stack_t){.ss_sp = other_stack, .ss_size = 100}, NULL) == -1 &&
              errno == ENOMEM);
    errno = 77;
    CHECK("altstack: disabled, and the rest is ignored",
          sigaltstack(&(stack_t){.ss_sp = &old, .ss_size = 1, .ss_flags = SS_DISABLE}, NULL) == 0 &&
              errno == 77 && sigaltstack(NULL, &stack) == 0 && stack.ss_flags == SS_DISABLE &&
              !stack.ss_sp && !stack.ss_size);

    install(SIGUSR1, jumps, 0);
    ret = sigsetjmp(env, 1);
    if (!ret)
        raise(SIGUSR1);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    CHECK("siglongjmp", ret == SIGUSR1);
    CHECK("and the mask as before", !sigismember(&mask, SIGUSR1));
}

/* The other end of a pipe shows whether somebody still has this one. */
static bool all_closed(int ends[2])
{
    bool ret;

    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    ret = write(ends[1], "x", 1) == -1 && errno == EPIPE;
    close(ends[1]);
    return ret;
}

static void leaves(int sig)
{
    (void)sig;
    pthread_exit(NULL);
}

static void *reads_for_ever(void *arg)
{
    char c;

    return read(*(int *)arg, &c, 1) == 0 ? NULL : arg;
}

static int held[2];

static void jump_out(int flags, bool of_poll)
{
    struct pollfd polled[20];
    char c;

    if (pipe(held))
        return;
    install(SIGALRM, jumps, flags | SA_RESTART);
    for (int i = 0; i < 20; i++)
        polled[i] = (struct pollfd){.fd = held[0], .events = POLLIN};
    if (sigsetjmp(env, 1))
        return;
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = 20000}}, NULL);
    if (of_poll)
        poll(polled, 20, -1);
    else
        read(held[0], &c, 1);
}

static void test_jumps_out_of_calls(void)
{
    int ends[2];
    pthread_t t;

    sigaltstack(&(stack_t){.ss_sp = other_stack, .ss_size = sizeof(other_stack)}, NULL);
    jump_out(0, false);
    CHECK("siglongjmp out of read: no reference is left", all_closed(held));
    jump_out(0, true);
    CHECK("siglongjmp out of poll: no reference is left", all_closed(held));
    jump_out(SA_ONSTACK, false);
    CHECK("from another stack", all_closed(held));
    jump_out(SA_ONSTACK, true);
    CHECK("from another stack, out of poll", all_closed(held));
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);

    install(SIGUSR2, leaves, SA_RESTART);
    if (pipe(ends))
        return;
    pthread_create(&t, NULL, reads_for_ever, &ends[0]);
    usleep(20000);
    pthread_kill(t, SIGUSR2);
    pthread_join(t, NULL);
    CHECK("pthread_exit in a handler: no reference is left", all_closed(ends));
}

static void test_masks(void)
{
    sigset_t set, old;
    siginfo_t info;
    int sig;

    install(SIGUSR1, handler, 0);
    block(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK("blocked", calls == 0);
    sigpending(&set);
    CHECK("pending", sigismember(&set, SIGUSR1) == 1 && sigismember(&set, SIGUSR2) == 0);
    unblock(SIGUSR1);
    CHECK("unblocked: it comes, once", calls == 1);
    sigpending(&set);
    CHECK("not pending", sigismember(&set, SIGUSR1) == 0);
    CHECK("sigmask: bad", pthread_sigmask(99, &set, NULL) == EINVAL);
    CHECK("sigprocmask: bad", sigprocmask(99, &set, NULL) == -1 && errno == EINVAL);
    block(SIGUSR1);
    sigprocmask(SIG_SETMASK, NULL, &old);
    CHECK("sigprocmask: query", sigismember(&old, SIGUSR1) == 1);

    set = set_of(SIGUSR1);
    raise(SIGUSR1);
    CHECK("sigwait", sigwait(&set, &sig) == 0 && sig == SIGUSR1 && calls == 1);
    CHECK("sigtimedwait: nothing comes",
          sigtimedwait(&set, &info, &(struct timespec){.tv_nsec = 10 * MS}) == -1 &&
              errno == EAGAIN);
    CHECK("sigtimedwait: bad time",
          sigtimedwait(&set, &info, &(struct timespec){.tv_nsec = 1000000000}) == -1 &&
              errno == EINVAL);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5});
    CHECK("sigwaitinfo", sigwaitinfo(&set, &info) == SIGUSR1 && info.si_code == SI_QUEUE &&
                             info.si_value.sival_int == 5);
    unblock(SIGUSR1);

    block(SIGRTMIN + 1);
    block(SIGRTMIN);
    set = set_of(SIGRTMIN);
    sigaddset(&set, SIGRTMIN + 1);
    sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 1});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 2});
    sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 3});
    CHECK("real-time: the lowest first",
          sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 2);
    CHECK("real-time: each of them",
          sigwaitinfo(&set, &info) == SIGRTMIN && info.si_value.sival_int == 3);
    raise(SIGRTMIN);
    pthread_kill(pthread_self(), SIGRTMIN);
    set = set_of(SIGRTMIN);
    CHECK("real-time signals of one thread queue",
          sigtimedwait(&set, &info, &(struct timespec){0}) == SIGRTMIN &&
              sigtimedwait(&set, &info, &(struct timespec){0}) == SIGRTMIN &&
              sigtimedwait(&set, &info, &(struct timespec){0}) == -1);
    sigaddset(&set, SIGRTMIN + 1);
    CHECK("real-time: then the next", sigwaitinfo(&set, &info) == SIGRTMIN + 1);
    unblock(SIGRTMIN);
    unblock(SIGRTMIN + 1);
}

/* ---- waits ---- */

static void *raise_after(void *arg)
{
    sleep_ms(20);
    pthread_kill(*(pthread_t *)arg, SIGUSR1);
    return NULL;
}

static pthread_t self, helper;

static void soon(void)
{
    self = pthread_self();
    calls = 0;
    pthread_create(&helper, NULL, raise_after, &self);
}

static void *posts_after(void *arg)
{
    sleep_ms(60);
    sem_post(arg);
    return NULL;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *holds_mutex(void *arg)
{
    pthread_mutex_lock(&mutex);
    sem_post(arg);
    sleep_ms(60);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

/* A handler that waits, in a wait that is never restarted. */

static int inner[2];
static volatile long inner_read;

static void writes_inner(int sig)
{
    (void)sig;
    if (write(inner[1], "x", 1) != 1)
        inner_read = -2;
}

static void reads_inner(int sig)
{
    struct itimerval it = {.it_value = {0, 10000}};
    char c;

    (void)sig;
    calls++;
    setitimer(ITIMER_REAL, &it, NULL);
    inner_read = read(inner[0], &c, 1);
}

static void test_nested(void)
{
    install(SIGALRM, writes_inner, SA_RESTART);
    install(SIGUSR1, reads_inner, SA_RESTART);
    CHECK("nested: pipe", pipe(inner) == 0);
    soon();
    CHECK("nested: poll ends", poll(NULL, 0, 1000) == -1 && errno == EINTR && calls == 1);
    CHECK("nested: read in the handler is restarted", inner_read == 1);
    pthread_join(helper, NULL);
    close(inner[0]);
    close(inner[1]);
}

/* Functions that only look: a loop of them comes across signals. */
static void test_looks(void)
{
    struct itimerval it = {.it_value = {0, 10000}};
    long end = now_ms() + 1000;

    install(SIGALRM, handler, 0);
    setitimer(ITIMER_REAL, &it, NULL);
    while (!calls && now_ms() < end)
        poll(NULL, 0, 0);
    CHECK("a loop of polls that do not wait", calls == 1);
}

static void test_waits(void)
{
    struct timespec left;
    sigset_t set;
    pthread_t other;
    sem_t sem;
    long start;
    int ret;

    install(SIGUSR1, handler, SA_RESTART);
    soon();
    ret = nanosleep(&(struct timespec){.tv_sec = 10}, &left);
    CHECK("nanosleep: interrupted", ret == -1 && errno == EINTR && calls == 1 && left.tv_sec == 9);
    pthread_join(helper, NULL);
    soon();
    CHECK("sleep: what is left", sleep(10) >= 9 && calls == 1);
    pthread_join(helper, NULL);
    soon();
    CHECK("pause", pause() == -1 && errno == EINTR && calls == 1);
    pthread_join(helper, NULL);
    soon();
    CHECK("poll: interrupted", poll(NULL, 0, 10000) == -1 && errno == EINTR && calls == 1);
    pthread_join(helper, NULL);

    sem_init(&sem, 0, 0);
    soon();
    pthread_create(&other, NULL, posts_after, &sem);
    CHECK("sem_wait: restarted", sem_wait(&sem) == 0 && calls == 1);
    pthread_join(helper, NULL);
    pthread_join(other, NULL);
    install(SIGUSR1, handler, 0);
    soon();
    CHECK("sem_wait: interrupted", sem_wait(&sem) == -1 && errno == EINTR && calls == 1);
    pthread_join(helper, NULL);
    siginterrupt(SIGUSR1, 0);
    soon();
    pthread_create(&other, NULL, posts_after, &sem);
    CHECK("siginterrupt", sem_wait(&sem) == 0 && calls == 1);
    pthread_join(helper, NULL);
    pthread_join(other, NULL);
    install(SIGUSR1, handler, 0);

    pthread_create(&other, NULL, holds_mutex, &sem);
    sem_wait(&sem);
    soon();
    start = now_ms();
    CHECK("mutex_lock: the handler runs, the wait goes on",
          pthread_mutex_lock(&mutex) == 0 && calls == 1 && now_ms() - start >= 30);
    pthread_mutex_unlock(&mutex);
    pthread_join(helper, NULL);
    pthread_join(other, NULL);
    soon();
    CHECK("join: not interrupted", pthread_join(helper, NULL) == 0);
    sleep_ms(1);
    CHECK("but the handler ran", calls == 1);

    block(SIGUSR1);
    calls = 0;
    raise(SIGUSR1);
    sigemptyset(&set);
    CHECK("sigsuspend", sigsuspend(&set) == -1 && errno == EINTR && calls == 1);
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    CHECK("sigsuspend: the mask as before", sigismember(&set, SIGUSR1) == 1);
    unblock(SIGUSR1);
    sem_destroy(&sem);
}

/* ---- threads ---- */

static void *waits_for_signal(void *arg)
{
    sigset_t set = set_of(SIGUSR2);
    int sig = 0;

    (void)arg;
    sigwait(&set, &sig);
    return (void *)(uintptr_t)sig;
}

static volatile pthread_t ran_in;

static void where(int sig)
{
    (void)sig;
    ran_in = pthread_self();
    calls++;
}

static void *sleeps(void *arg)
{
    (void)arg;
    sleep(5);
    return NULL;
}

static void test_threads(void)
{
    pthread_t t;
    void *result;

    block(SIGUSR2);
    pthread_create(&t, NULL, waits_for_signal, NULL);
    sleep_ms(10);
    kill(getpid(), SIGUSR2);
    pthread_join(t, &result);
    CHECK("a thread in sigwait gets the process' signal", result == (void *)(uintptr_t)SIGUSR2);
    install(SIGUSR2, where, 0);
    pthread_create(&t, NULL, sleeps, NULL); /* blocks it, too */
    sleep_ms(10);
    pthread_kill(t, SIGUSR2);
    sleep_ms(10);
    CHECK("blocked in that thread", calls == 0);
    pthread_cancel(t);
    pthread_join(t, NULL);
    unblock(SIGUSR2);
    CHECK("is gone with that thread", calls == 0);
    pthread_create(&t, NULL, sleeps, NULL);
    sleep_ms(10);
    pthread_kill(t, SIGUSR2);
    pthread_join(t, NULL);
    CHECK("pthread_kill: in that thread", calls == 1 && pthread_equal(ran_in, t));
    CHECK("pthread_kill: not a signal", pthread_kill(pthread_self(), 1000) == EINVAL);
    install(SIGUSR2, where, 0);
    block(SIGUSR2);
    pthread_create(&t, NULL, sleeps, NULL);
    unblock(SIGUSR2);
    sleep_ms(10);
    kill(getpid(), SIGUSR2);
    CHECK("kill: in a thread that does not block it",
          calls == 1 && pthread_equal(ran_in, pthread_self()));
    pthread_cancel(t);
    pthread_join(t, NULL);
}

/* ---- timers ---- */

static sem_t notified;
static volatile int notified_value;

static void notify(union sigval v)
{
    notified_value = v.sival_int;
    sem_post(&notified);
}

static void test_timers(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerval it = {.it_value = {0, 20000}, .it_interval = {0, 20000}};
    struct itimerspec its = {.it_value = {0, 20 * MS}}, got;
    sigset_t set = set_of(SIGUSR1);
    struct timespec t;
    siginfo_t info;
    timer_t timer;

    install(SIGALRM, handler, 0);
    alarm(100);
    CHECK("alarm: what was left", alarm(0) == 100 && alarm(0) == 0);
    CHECK("setitimer", setitimer(ITIMER_REAL, &it, NULL) == 0);
    pause();
    pause();
    CHECK("setitimer: periodic", calls == 2 && last == SIGALRM);
    CHECK("getitimer", getitimer(ITIMER_REAL, &it) == 0 && it.it_interval.tv_usec == 20000 &&
                           it.it_value.tv_usec <= 20000);
    it = (struct itimerval){0};
    setitimer(ITIMER_REAL, &it, NULL);

    install_info(SIGUSR1, 0);
    event.sigev_value.sival_int = 9;
    CHECK("timer: create", timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    CHECK("timer: not running",
          timer_gettime(timer, &got) == 0 && !got.it_value.tv_sec && !got.it_value.tv_nsec);
    CHECK("timer: set", timer_settime(timer, 0, &its, NULL) == 0);
    CHECK("timer: get", timer_gettime(timer, &got) == 0 && got.it_value.tv_nsec > 0 &&
                            got.it_value.tv_nsec <= 20 * MS);
    pause();
    CHECK("timer: signal", calls == 1 && code == SI_TIMER && value == 9);
    its.it_value.tv_nsec = 1000000000;
    CHECK("timer: bad time", timer_settime(timer, 0, &its, NULL) == -1 && errno == EINVAL);
    clock_gettime(CLOCK_MONOTONIC, &t);
    its.it_value = t;
    its.it_value.tv_sec += t.tv_nsec >= 980 * MS;
    its.it_value.tv_nsec = (t.tv_nsec + 20 * MS) % 1000000000;
    timer_settime(timer, TIMER_ABSTIME, &its, NULL);
    pause();
    CHECK("timer: absolute", calls == 2);
    block(SIGUSR1);
    its = (struct itimerspec){.it_value = {0, 10 * MS}, .it_interval = {0, 10 * MS}};
    timer_settime(timer, 0, &its, NULL);
    sleep_ms(55);
    its = (struct itimerspec){0};
    CHECK("timer: one signal is pending", sigwaitinfo(&set, &info) == SIGUSR1);
    CHECK("timer: overrun", timer_getoverrun(timer) >= 3 && timer_getoverrun(timer) <= 50);
    timer_settime(timer, 0, &its, NULL);
    CHECK("timer: delete", timer_delete(timer) == 0);
    unblock(SIGUSR1);

    timer_create(CLOCK_MONOTONIC, NULL, &timer);
    install(SIGALRM, handler, 0);
    its = (struct itimerspec){.it_value = {0, 10 * MS}, .it_interval = {INT64_MAX, 0}};
    CHECK("timer: an endless interval", timer_settime(timer, 0, &its, NULL) == 0);
    pause();
    sleep_ms(20);
    CHECK("sleep: before the clock began",
          clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){-1, 0}, NULL) ==
              EINVAL);
    CHECK("timer: does not come again", calls == 1 && timer_getoverrun(timer) == 0);
    timer_delete(timer);

    sem_init(&notified, 0, 0);
    event = (struct sigevent){.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify};
    event.sigev_value.sival_int = 11;
    CHECK("timer: for a thread", timer_create(CLOCK_REALTIME, &event, &timer) == 0);
    its = (struct itimerspec){.it_value = {0, 10 * MS}};
    timer_settime(timer, 0, &its, NULL);
    CHECK("timer: the thread runs", sem_wait(&notified) == 0 && notified_value == 11);
    timer_delete(timer);
    event.sigev_notify = 99;
    CHECK("timer: bad event",
          timer_create(CLOCK_REALTIME, &event, &timer) == -1 && errno == EINVAL);
}

/* ---- clocks ---- */

static void test_clocks(void)
{
    struct timespec a, b;
    struct timeval tv;
    struct tm tm = {.tm_year = 124, .tm_mon = 1, .tm_mday = 29, .tm_hour = 12};
    long start;

    CHECK("clock: wall", clock_gettime(CLOCK_REALTIME, &a) == 0 && a.tv_sec > 1600000000);
    gettimeofday(&tv, NULL);
    CHECK("gettimeofday", tv.tv_sec - a.tv_sec <= 1 && time(NULL) - a.tv_sec <= 1);
    clock_gettime(CLOCK_MONOTONIC, &a);
    CHECK("clock: monotonic",
          clock_gettime(CLOCK_MONOTONIC, &b) == 0 &&
              (b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec)));
    CHECK("clock: bad", clock_gettime(99, &a) == -1 && errno == EINVAL);
    CHECK("clock: resolution",
          clock_getres(CLOCK_MONOTONIC, &a) == 0 && a.tv_sec == 0 && a.tv_nsec > 0);
    CHECK("clock: cannot be set", clock_settime(CLOCK_MONOTONIC, &a) == -1 && errno == EINVAL);
    CHECK("clock: CPU time", clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a) == 0);
    sleep_ms(50);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    CHECK("clock: CPU time without sleep",
          (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / MS < 40);
    start = now_ms();
    for (volatile long i = 0; now_ms() - start < 20; i++)
        ;
    CHECK("clock()", clock() != (clock_t)-1);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    CHECK("clock: CPU time with work",
          (a.tv_sec - b.tv_sec) * 1000 + (a.tv_nsec - b.tv_nsec) / MS >= 5);
    start = now_ms();
    usleep(30000);
    CHECK("usleep", now_ms() - start >= 30);
    clock_gettime(CLOCK_REALTIME, &a);
    start = now_ms();
    a.tv_nsec += 30 * MS;
    if (a.tv_nsec >= 1000000000) {
        a.tv_nsec -= 1000000000;
        a.tv_sec++;
    }
    CHECK("clock_nanosleep: absolute, wall clock",
          clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &a, NULL) == 0 && now_ms() - start >= 28);
    CHECK("clock_nanosleep: bad time",
          clock_nanosleep(CLOCK_REALTIME, 0, &(struct timespec){.tv_nsec = -1}, NULL) == EINVAL);
    CHECK("nanosleep: negative",
          nanosleep(&(struct timespec){.tv_sec = -1}, NULL) == -1 && errno == EINVAL);
    CHECK("timegm", timegm(&tm) == 1709208000);
    tm = (struct tm){.tm_year = 69, .tm_mon = 14, .tm_mday = -1};
    CHECK("timegm: normalises",
          timegm(&tm) == 4924800 && tm.tm_year == 70 && tm.tm_mon == 1 && tm.tm_mday == 27);
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    localtime_r(&(time_t){1719835200}, &tm); /* 2024-07-01 12:00 UTC */
    CHECK("localtime", tm.tm_hour == 14 && tm.tm_isdst == 1);
    CHECK("timezone", timezone == -3600);
}

int main(void)
{
    test_sets();
    test_actions();
    test_jumps_out_of_calls();
    test_masks();
    test_waits();
    test_nested();
    test_looks();
    test_threads();
    test_timers();
    test_clocks();
    return tap_end();
}
