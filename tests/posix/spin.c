/* SPDX-License-Identifier: MIT */
/* A thread that does not give up the CPU for some seconds. In a guest its name must be in a message,
 * which the case of tests/lab expects; and that of another one, which only works much, must not. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *work(void *arg)
{
    for (double end = now() + 3; now() < end;)
        sched_yield();
    return arg;
}

static void *spin(void *arg)
{
    for (double end = now() + 4; now() < end;)
        ;
    return arg;
}

static bool run(void *(*fn)(void *), const char *name)
{
    pthread_t t;

    if (pthread_create(&t, NULL, fn, NULL))
        return false;
    pthread_setname_np(t, name);
    sleep(1);
    return pthread_join(t, NULL) == 0;
}

int main(void)
{
    CHECK("a thread that yields", run(work, "worker"));
    CHECK("a thread that does not", run(spin, "spinner"));
    sleep(2);
    return tap_end();
}
