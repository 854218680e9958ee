/* SPDX-License-Identifier: MIT */
/* What ends while something else still refers to it: threads with signals pending, and the process
 * while a thread waits for a stream. Runs on Linux and in a guest. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef __ringlet__
#include <ringlet/thread.h>
#endif

static sem_t go, never;
static volatile sig_atomic_t calls;
static pthread_t called;

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void handler(int sig)
{
    (void)sig;
    calls++;
    called = pthread_self();
}

/* ---- a thread that ends with signals that it blocks ---- */

static void block(int sig)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, sig);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *ends_with_signals(void *arg)
{
    sem_wait(&go);
    return arg;
}

static void *takes_signal(void *arg)
{
    const struct timespec soon = {.tv_nsec = 20000000};
    siginfo_t info;
    sigset_t set;
    int value = 0;

    (void)arg;
    sem_wait(&go);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    while (sigtimedwait(&set, &info, &soon) == SIGRTMIN)
        value = 10 * value + info.si_value.sival_int;
    return (void *)(intptr_t)value;
}

static void (*action_between)(int);

static intptr_t with_signal(void *(*fn)(void *), int value)
{
    void *result;
    pthread_t t;

    pthread_create(&t, NULL, fn, NULL);
    pthread_sigqueue(t, SIGRTMIN, (union sigval){.sival_int = value});
    if (action_between) {
        signal(SIGRTMIN, action_between);
        signal(SIGRTMIN, SIG_DFL);
    }
    sem_post(&go);
    pthread_join(t, &result);
    return (intptr_t)result;
}

static void test_pending(void)
{
    intptr_t value;

    block(SIGRTMIN);
    with_signal(ends_with_signals, 1);
    value = with_signal(takes_signal, 2);
    CHECK("a new thread gets no signals of one that has ended", value == 2);
    action_between = handler;
    CHECK("an action changes nothing of what is pending", with_signal(takes_signal, 3) == 3);
    action_between = SIG_IGN;
    CHECK("but to ignore it does, for another thread, too", with_signal(takes_signal, 4) == 0);
}

/* ---- a thread that is cancelled when a signal has come for the process ---- */

static void *waits(void *arg)
{
    while (sem_wait(&never))
        ;
    return arg;
}

static void test_cancelled(void)
{
    struct sigaction action = {.sa_flags = SA_RESTART};
    pthread_t first, second;

    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&first, NULL, waits, NULL);
    pthread_create(&second, NULL, waits, NULL);
    sleep_ms(20);
    block(SIGUSR1);
    kill(getpid(), SIGUSR1);
    pthread_cancel(first);
    pthread_join(first, NULL);
    for (int i = 0; i < 100 && !calls; i++)
        sleep_ms(5);
    CHECK("a signal of the process is not lost with the thread that was to take it", calls == 1);
    pthread_cancel(second);
    pthread_join(second, NULL);
}

/* ---- threads of the kernel ---- */

#ifdef __ringlet__
static pthread_t adopted;
static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
    destroyed += (int)(uintptr_t)value;
}

static void uses_library(void *arg)
{
    adopted = pthread_self();
    pthread_setspecific(key, arg);
}

static void leaves_by_exit(void *arg)
{
    uses_library(arg);
    pthread_exit(NULL);
}

static void test_adopted(void)
{
    void (*const fns[])(void *) = {uses_library, leaves_by_exit};

    pthread_key_create(&key, destroy);
    for (int i = 0; i < 2; i++) {
        destroyed = 0;
        thread_create(NULL, "kernel's", fns[i], (void *)7, 65536);
        sleep_ms(20);
        CHECK("a kernel's thread: its values are destroyed", destroyed == 7);
        CHECK("a kernel's thread: it is no thread any more", pthread_kill(adopted, 0) == ESRCH);
    }
    pthread_key_delete(key);
}
#else
static void test_adopted(void)
{
}
#endif

/* ---- the end of the process ---- */

static void *reads(void *arg)
{
    sem_post(&go);
    return (void *)(intptr_t)fgetc(arg);
}

/* The process ends all the same. */
static void begin_to_read(void)
{
    pthread_t t;
    int ends[2];
    FILE *f = NULL;

    CHECK("a pipe", pipe(ends) == 0 && (f = fdopen(ends[0], "r")));
    pthread_create(&t, NULL, reads, f);
    pthread_detach(t);
    sem_wait(&go);
    sleep_ms(20);
}

int main(void)
{
    sem_init(&go, 0, 0);
    sem_init(&never, 0, 0);
    test_pending();
    test_cancelled();
    test_adopted();
    begin_to_read();
    return tap_end();
}
