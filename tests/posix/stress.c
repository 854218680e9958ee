/* SPDX-License-Identifier: MIT */
/*
 * Threads under load: stress [SEED [SEEDS [STEPS]]]. Each seed makes threads that do random things to
 * shared objects, and give up the CPU at random points, also while they have locks; signals and
 * cancellations come in between. In a guest the seed decides who runs; on Linux the kernel does, too.
 * What must hold at any time is checked at each step, and a lost wake-up is found by the alarm.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORKERS    6
#define BUFFER     3
#define RESOURCES  2
#define SECONDS    120
#define LONG_TIME  30 /* s: a deadline that must not be met */
#define ATOMIC(op) __atomic_##op

static uint64_t steps = 300;

struct worker {
    pthread_t thread;
    uint64_t random;
    unsigned number;
    uint64_t locked; /* how often it had the mutex */
};

static struct worker workers[WORKERS];

static struct {
    pthread_mutex_t mutex, recursive;
    uint64_t counter; /* under mutex */
    int inside;       /* threads in the section that the mutex guards */

    pthread_mutex_t buffer_mutex;
    pthread_cond_t not_full, not_empty;
    uint64_t buffer[BUFFER];
    unsigned filled;
    uint64_t produced, consumed; /* sums */

    pthread_rwlock_t rwlock;
    int readers, writers;
    uint64_t a, b; /* equal whenever no writer is there */

    pthread_barrier_t barrier;
    unsigned phase[WORKERS];

    sem_t resources;
    int in_use;

    pthread_spinlock_t spin;
    uint64_t spun;

    int bad, bad_line;
    uint64_t signals;
} shared;

#define MUST(condition)                    \
    do {                                   \
        if (!(condition) && !shared.bad) { \
            shared.bad = 1;                \
            shared.bad_line = __LINE__;    \
        }                                  \
    } while (0)

static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned choose(struct worker *w, unsigned n)
{
    return (unsigned)(next(&w->random) % n);
}

/* Here others may run. */
static void maybe_yield(struct worker *w)
{
    for (unsigned n = choose(w, 4); n > 1; n--)
        sched_yield();
    if (choose(w, 64) == 0)
        usleep(choose(w, 200));
}

static struct timespec after(long seconds, long ns)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += seconds;
    t.tv_nsec += ns;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

static bool take_mutex(struct worker *w)
{
    struct timespec t;
    int ret;

    switch (choose(w, 4)) {
    case 0:
        ret = pthread_mutex_trylock(&shared.mutex);
        MUST(ret == 0 || ret == EBUSY);
        return ret == 0;
    case 1:
        t = after(0, choose(w, 100000));
        ret = pthread_mutex_timedlock(&shared.mutex, &t);
        MUST(ret == 0 || ret == ETIMEDOUT);
        return ret == 0;
    default:
        MUST(pthread_mutex_lock(&shared.mutex) == 0);
        return true;
    }
}

static void use_mutex(struct worker *w)
{
    uint64_t before;

    if (!take_mutex(w))
        return;
    MUST(ATOMIC(add_fetch)(&shared.inside, 1, __ATOMIC_SEQ_CST) == 1);
    before = shared.counter;
    maybe_yield(w);
    shared.counter = before + 1;
    w->locked++;
    MUST(ATOMIC(sub_fetch)(&shared.inside, 1, __ATOMIC_SEQ_CST) == 0);
    MUST(pthread_mutex_unlock(&shared.mutex) == 0);
}

static void use_recursive(struct worker *w)
{
    const unsigned depth = 1 + choose(w, 3);

    for (unsigned i = 0; i < depth; i++)
        MUST(pthread_mutex_lock(&shared.recursive) == 0);
    maybe_yield(w);
    for (unsigned i = 0; i < depth; i++)
        MUST(pthread_mutex_unlock(&shared.recursive) == 0);
    MUST(pthread_mutex_unlock(&shared.recursive) == EPERM);
}

static void wait_for(struct worker *w, pthread_cond_t *cond)
{
    struct timespec t;
    int ret;

    if (choose(w, 2)) {
        t = after(0, choose(w, 100000));
        ret = pthread_cond_timedwait(cond, &shared.buffer_mutex, &t);
        MUST(ret == 0 || ret == ETIMEDOUT);
    } else {
        t = after(LONG_TIME, 0);
        MUST(pthread_cond_timedwait(cond, &shared.buffer_mutex, &t) == 0);
    }
}

static void produce(struct worker *w)
{
    const uint64_t value = next(&w->random) & 0xffff;

    pthread_mutex_lock(&shared.buffer_mutex);
    while (shared.filled == BUFFER)
        wait_for(w, &shared.not_full);
    shared.buffer[shared.filled++] = value;
    shared.produced += value;
    if (choose(w, 2))
        pthread_cond_broadcast(&shared.not_empty);
    else
        pthread_cond_signal(&shared.not_empty);
    if (choose(w, 3) == 0)
        maybe_yield(w);
    pthread_mutex_unlock(&shared.buffer_mutex);
}

static void consume(struct worker *w)
{
    pthread_mutex_lock(&shared.buffer_mutex);
    while (!shared.filled)
        wait_for(w, &shared.not_empty);
    MUST(shared.filled <= BUFFER);
    shared.consumed += shared.buffer[--shared.filled];
    pthread_cond_signal(&shared.not_full);
    pthread_mutex_unlock(&shared.buffer_mutex);
}

/* Half of the workers produce and half consume, as often. */
static void use_buffer(struct worker *w)
{
    if (w->number % 2)
        produce(w);
    else
        consume(w);
}

static void do_read(struct worker *w)
{
    ATOMIC(add_fetch)(&shared.readers, 1, __ATOMIC_SEQ_CST);
    MUST(shared.writers == 0 && shared.a == shared.b);
    maybe_yield(w);
    MUST(shared.writers == 0 && shared.a == shared.b);
    ATOMIC(sub_fetch)(&shared.readers, 1, __ATOMIC_SEQ_CST);
}

static void do_write(struct worker *w)
{
    MUST(ATOMIC(add_fetch)(&shared.writers, 1, __ATOMIC_SEQ_CST) == 1 && shared.readers == 0);
    shared.a++;
    maybe_yield(w);
    shared.b++;
    MUST(ATOMIC(sub_fetch)(&shared.writers, 1, __ATOMIC_SEQ_CST) == 0 && shared.readers == 0);
}

static void use_rwlock(struct worker *w)
{
    struct timespec t = after(0, choose(w, 100000));
    const bool write = choose(w, 3) == 0;
    int ret;

    switch (choose(w, 3)) {
    case 0:
        ret = write ? pthread_rwlock_trywrlock(&shared.rwlock)
                    : pthread_rwlock_tryrdlock(&shared.rwlock);
        break;
    case 1:
        ret = write ? pthread_rwlock_timedwrlock(&shared.rwlock, &t)
                    : pthread_rwlock_timedrdlock(&shared.rwlock, &t);
        break;
    default:
        ret = write ? pthread_rwlock_wrlock(&shared.rwlock) : pthread_rwlock_rdlock(&shared.rwlock);
    }
    MUST(ret == 0 || ret == EBUSY || ret == ETIMEDOUT);
    if (ret)
        return;
    if (write)
        do_write(w);
    else
        do_read(w);
    MUST(pthread_rwlock_unlock(&shared.rwlock) == 0);
}

static void use_resource(struct worker *w)
{
    struct timespec t = after(0, choose(w, 100000));

    if (choose(w, 2) ? sem_wait(&shared.resources) : sem_timedwait(&shared.resources, &t)) {
        MUST(errno == EINTR || errno == ETIMEDOUT);
        return;
    }
    MUST(ATOMIC(add_fetch)(&shared.in_use, 1, __ATOMIC_SEQ_CST) <= RESOURCES);
    maybe_yield(w);
    ATOMIC(sub_fetch)(&shared.in_use, 1, __ATOMIC_SEQ_CST);
    MUST(sem_post(&shared.resources) == 0);
}

static void use_spin(struct worker *w)
{
    uint64_t before;

    pthread_spin_lock(&shared.spin);
    before = shared.spun;
    if (choose(w, 8) == 0)
        sched_yield();
    shared.spun = before + 1;
    pthread_spin_unlock(&shared.spin);
}

static void meet(struct worker *w)
{
    shared.phase[w->number]++;
    pthread_barrier_wait(&shared.barrier);
    for (unsigned i = 0; i < WORKERS; i++)
        MUST(shared.phase[i] == shared.phase[w->number]);
    pthread_barrier_wait(&shared.barrier);
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static void *waits_for_ever(void *arg)
{
    pthread_mutex_lock(arg);
    pthread_cleanup_push(unlock, arg);
    for (;;)
        pthread_cond_wait(&shared.not_full, arg);
    pthread_cleanup_pop(1);
    return arg;
}

/* A thread that waits for the same condition is cancelled: its wake-ups must not be lost with it. */
static void cancel_one(struct worker *w)
{
    pthread_t t;
    void *result;

    if (pthread_create(&t, NULL, waits_for_ever, &shared.buffer_mutex))
        return;
    maybe_yield(w);
    MUST(pthread_cancel(t) == 0);
    MUST(pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
    pthread_mutex_lock(&shared.buffer_mutex); /* one that it has taken is passed on */
    pthread_cond_broadcast(&shared.not_full);
    pthread_mutex_unlock(&shared.buffer_mutex);
}

static void count_signal(int sig)
{
    (void)sig;
    ATOMIC(add_fetch)(&shared.signals, 1, __ATOMIC_SEQ_CST);
}

static void *work(void *arg)
{
    struct worker *w = arg;

    meet(w); /* all are there */
    for (uint64_t i = 0; i < steps && !shared.bad; i++) {
        switch (choose(w, 6)) {
        case 0:
            use_mutex(w);
            break;
        case 1:
            use_recursive(w);
            break;
        case 2:
            use_rwlock(w);
            break;
        case 3:
            use_resource(w);
            break;
        case 4:
            use_spin(w);
            break;
        default:
            if (choose(w, 16) == 0)
                cancel_one(w);
            else if (choose(w, 4) == 0)
                pthread_kill(workers[choose(w, WORKERS)].thread, SIGUSR1);
        }
        use_buffer(w);
        maybe_yield(w);
        if (i % 16 == 15)
            meet(w);
    }
    return NULL;
}

static void lost(int sig)
{
    static const char text[] = "not ok - a thread waits for ever\n";

    (void)sig;
    if (write(1, text, sizeof(text) - 1) < 0)
        _exit(2);
    _exit(1);
}

static void setup(void)
{
    pthread_mutexattr_t attr;

    memset(&shared, 0, sizeof(shared));
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&shared.mutex, NULL);
    pthread_mutex_init(&shared.recursive, &attr);
    pthread_mutex_init(&shared.buffer_mutex, NULL);
    pthread_cond_init(&shared.not_full, NULL);
    pthread_cond_init(&shared.not_empty, NULL);
    pthread_rwlock_init(&shared.rwlock, NULL);
    pthread_barrier_init(&shared.barrier, NULL, WORKERS);
    pthread_spin_init(&shared.spin, 0);
    sem_init(&shared.resources, 0, RESOURCES);
}

/* All objects are free again, and nothing was lost. */
static void check_end(void)
{
    uint64_t locked = 0;
    int value;

    for (unsigned i = 0; i < WORKERS; i++)
        locked += workers[i].locked;
    MUST(locked == shared.counter);
    MUST(shared.produced == shared.consumed && !shared.filled);
    MUST(shared.a == shared.b);
    MUST(sem_getvalue(&shared.resources, &value) == 0 && value == RESOURCES);
    MUST(pthread_mutex_destroy(&shared.mutex) == 0);
    MUST(pthread_mutex_destroy(&shared.recursive) == 0);
    MUST(pthread_mutex_destroy(&shared.buffer_mutex) == 0);
    MUST(pthread_cond_destroy(&shared.not_full) == 0);
    MUST(pthread_rwlock_trywrlock(&shared.rwlock) == 0 &&
         pthread_rwlock_unlock(&shared.rwlock) == 0);
    MUST(pthread_rwlock_destroy(&shared.rwlock) == 0);
    MUST(pthread_barrier_destroy(&shared.barrier) == 0);
    MUST(sem_destroy(&shared.resources) == 0);
}

static void run(uint64_t seed)
{
    char name[64];

    setup();
    alarm(SECONDS);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.random = seed * 1000 + i, .number = i};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            abort();
    }
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    alarm(0);
    if (!shared.bad)
        check_end();
    snprintf(name, sizeof(name), "seed %lu", (unsigned long)seed);
    tap_check(!shared.bad, name, "see the line of stress.c", shared.bad_line);
}

int main(int argc, char *argv[])
{
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    const uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 0) : 5;
    struct sigaction action = {.sa_flags = 0};

    if (argc > 3)
        steps = strtoull(argv[3], NULL, 0);
    steps -= steps % 16; /* all workers meet equally often */
    action.sa_handler = count_signal;
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = lost;
    sigaction(SIGALRM, &action, NULL);
    for (uint64_t seed = first; seed < first + seeds; seed++)
        run(seed);
    return tap_end();
}
