/* SPDX-License-Identifier: MIT */
/* Threads, and what they synchronise with. Runs on Linux and in a guest. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000L

static struct timespec in_ns(clockid_t clock, long ns)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_nsec += ns;
    while (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS}, NULL);
}

/* ---- life ---- */

static void *twice(void *arg)
{
    return (void *)((uintptr_t)arg * 2);
}

static void *exits(void *arg)
{
    pthread_exit(arg);
}

static void *own_errno(void *arg)
{
    (void)arg;
    errno = 7;
    sched_yield();
    return (void *)(uintptr_t)errno;
}

static void *who_am_i(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return NULL;
}

static sem_t detached_ran;

static void *detaches(void *arg)
{
    pthread_detach(pthread_self());
    sem_post(&detached_ran);
    return arg;
}

static void *on_own_stack(void *arg)
{
    int here;
    char **range = arg;

    return (void *)(uintptr_t)((char *)&here >= range[0] && (char *)&here < range[1]);
}

static void *own_attributes(void *arg)
{
    pthread_attr_t attr;
    void *stack;
    size_t size;
    int here;

    (void)arg;
    if (pthread_getattr_np(pthread_self(), &attr))
        return NULL;
    pthread_attr_getstack(&attr, &stack, &size);
    pthread_attr_destroy(&attr);
    return (void *)(uintptr_t)((char *)&here >= (char *)stack &&
                               (char *)&here < (char *)stack + size);
}

static void *own_policy(void *arg)
{
    struct sched_param param;
    int policy = -1;

    (void)arg;
    pthread_getschedparam(pthread_self(), &policy, &param);
    return (void *)(uintptr_t)policy;
}

/* The attributes' policy is for PTHREAD_EXPLICIT_SCHED only. */
static void test_inherited_policy(void)
{
    const struct sched_param param = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    pthread_attr_t attr;
    pthread_t thread;
    void *policy = (void *)-1;
    int inherit = -1;

    pthread_attr_init(&attr);
    CHECK("a thread's policy is inherited unless said otherwise",
          !pthread_attr_getinheritsched(&attr, &inherit) && inherit == PTHREAD_INHERIT_SCHED);
    pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
    pthread_attr_setschedparam(&attr, &param);
    CHECK("with another one in the attributes",
          !pthread_create(&thread, &attr, own_policy, NULL) && !pthread_join(thread, &policy));
    CHECK("it is inherited", policy == (void *)SCHED_OTHER);
    CHECK("the process' policy is the usual one", sched_getscheduler(0) == SCHED_OTHER);
    CHECK("and can be set again",
          !sched_setscheduler(getpid(), SCHED_OTHER, &(struct sched_param){0}));
    CHECK("not with a priority that it lacks",
          sched_setscheduler(0, SCHED_OTHER, &param) == -1 && errno == EINVAL);
    pthread_attr_destroy(&attr);
}

static void test_life(void)
{
    pthread_t t[20], self;
    pthread_attr_t attr;
    char name[16], *range[2];
    void *result;
    bool all = true;
    int state;
    size_t size;

    CHECK("create", pthread_create(&t[0], NULL, twice, (void *)21) == 0);
    CHECK("join", pthread_join(t[0], &result) == 0 && result == (void *)42);
    pthread_create(&t[0], NULL, exits, (void *)5);
    CHECK("exit's value", pthread_join(t[0], &result) == 0 && result == (void *)5);
    for (int i = 0; i < 20; i++)
        all &= pthread_create(&t[i], NULL, twice, (void *)(uintptr_t)i) == 0;
    for (int i = 0; i < 20; i++)
        all &= pthread_join(t[i], &result) == 0 && result == (void *)(uintptr_t)(2 * i);
    CHECK("many", all);
    errno = 3;
    pthread_create(&t[0], NULL, own_errno, NULL);
    pthread_join(t[0], &result);
    CHECK("errno of each thread", errno == 3 && result == (void *)7);
    pthread_create(&t[0], NULL, who_am_i, &self);
    pthread_join(t[0], NULL);
    CHECK("self", pthread_equal(self, t[0]) && !pthread_equal(self, pthread_self()));
    CHECK("join oneself", pthread_join(pthread_self(), NULL) == EDEADLK);
    sem_init(&detached_ran, 0, 0);
    CHECK("create for detach", pthread_create(&t[0], NULL, detaches, NULL) == 0);
    CHECK("a detached thread runs", sem_wait(&detached_ran) == 0);

    pthread_attr_init(&attr);
    CHECK("attr: default state",
          pthread_attr_getdetachstate(&attr, &state) == 0 && state == PTHREAD_CREATE_JOINABLE);
    CHECK("attr: bad state", pthread_attr_setdetachstate(&attr, 77) == EINVAL);
    CHECK("attr: small stack", pthread_attr_setstacksize(&attr, 100) == EINVAL);
    CHECK("attr: stack size", pthread_attr_setstacksize(&attr, 128 * 1024) == 0 &&
                                  pthread_attr_getstacksize(&attr, &size) == 0 &&
                                  size == 128 * 1024);
    CHECK("attr: guard size", pthread_attr_setguardsize(&attr, 8192) == 0 &&
                                  pthread_attr_getguardsize(&attr, &size) == 0 && size == 8192);
    CHECK("attr: policy is kept", pthread_attr_setschedpolicy(&attr, SCHED_RR) == 0 &&
                                      pthread_attr_getschedpolicy(&attr, &state) == 0 &&
                                      state == SCHED_RR);
    CHECK("attr: priority out of range",
          pthread_attr_setschedparam(&attr, &(struct sched_param){.sched_priority = 1000}) ==
              EINVAL);
    CHECK("attr: and inherited",
          pthread_attr_getinheritsched(&attr, &state) == 0 && state == PTHREAD_INHERIT_SCHED);
    CHECK("create: the creator's policy", pthread_create(&t[0], &attr, own_policy, NULL) == 0 &&
                                              pthread_join(t[0], &result) == 0 &&
                                              result == (void *)(uintptr_t)SCHED_OTHER);
    CHECK("attr: process scope", pthread_attr_setscope(&attr, PTHREAD_SCOPE_PROCESS) == ENOTSUP);
    pthread_create(&t[0], &attr, own_attributes, NULL);
    pthread_join(t[0], &result);
    CHECK("getattr_np gives the stack", result == (void *)1);
    range[0] = malloc(128 * 1024);
    range[1] = range[0] + 128 * 1024;
    CHECK("attr: own stack", pthread_attr_setstack(&attr, range[0], 128 * 1024) == 0);
    CHECK("a thread with it", pthread_create(&t[0], &attr, on_own_stack, range) == 0);
    pthread_join(t[0], &result);
    CHECK("runs on it", result == (void *)1);
    free(range[0]);
    pthread_attr_destroy(&attr);

    CHECK("setname", pthread_setname_np(pthread_self(), "a-name") == 0);
    CHECK("getname",
          pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 && !strcmp(name, "a-name"));
    CHECK("setname: too long", pthread_setname_np(pthread_self(), "sixteen-letters.") == ERANGE);
}

/* ---- mutexes ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t *mutex_of(pthread_mutex_t *m, int type, int robust)
{
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setrobust(&attr, robust);
    pthread_mutex_init(m, &attr);
    pthread_mutexattr_destroy(&attr);
    return m;
}

static void *try_lock(void *arg)
{
    int ret = pthread_mutex_trylock(arg);

    if (!ret)
        pthread_mutex_unlock(arg);
    return (void *)(uintptr_t)ret;
}

static void *unlock(void *arg)
{
    return (void *)(uintptr_t)pthread_mutex_unlock(arg);
}

static void *lock_timed(void *arg)
{
    struct timespec t = in_ns(CLOCK_REALTIME, 20 * MS);

    return (void *)(uintptr_t)pthread_mutex_timedlock(arg, &t);
}

static void *lock_by_clock(void *arg)
{
    struct timespec t = in_ns(CLOCK_MONOTONIC, 20 * MS);

    return (void *)(uintptr_t)pthread_mutex_clocklock(arg, CLOCK_MONOTONIC, &t);
}

static void *lock_and_die(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

static long in_thread(void *(*fn)(void *), void *arg)
{
    pthread_t t;
    void *result = (void *)-2;

    if (pthread_create(&t, NULL, fn, arg) == 0)
        pthread_join(t, &result);
    return (long)(intptr_t)result;
}

static int counter;

static void *count(void *arg)
{
    for (int i = 0; i < 100; i++) {
        int before;

        pthread_mutex_lock(&mutex);
        before = counter;
        if (i % 7 == 0)
            sched_yield();
        counter = before + 1;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void test_mutex(void)
{
    pthread_mutex_t m;
    pthread_mutexattr_t attr;
    pthread_t t[5];
    int n;

    for (int i = 0; i < 5; i++)
        pthread_create(&t[i], NULL, count, NULL);
    for (int i = 0; i < 5; i++)
        pthread_join(t[i], NULL);
    CHECK("mutex: exclusion", counter == 500);

    CHECK("mutex: lock", pthread_mutex_lock(&mutex) == 0);
    CHECK("mutex: trylock of a locked one", in_thread(try_lock, &mutex) == EBUSY);
    CHECK("mutex: timedlock", in_thread(lock_timed, &mutex) == ETIMEDOUT);
    CHECK("mutex: clocklock", in_thread(lock_by_clock, &mutex) == ETIMEDOUT);
    CHECK("mutex: bad time",
          pthread_mutex_timedlock(&mutex, &(struct timespec){.tv_nsec = 1000000000}) == EINVAL);
    CHECK("mutex: unlock", pthread_mutex_unlock(&mutex) == 0);
    CHECK("mutex: bad time, not locked",
          pthread_mutex_timedlock(&mutex, &(struct timespec){.tv_nsec = -1}) == 0);
    pthread_mutex_unlock(&mutex);

    mutex_of(&m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
    CHECK("errorcheck: unlock unlocked", pthread_mutex_unlock(&m) == EPERM);
    pthread_mutex_lock(&m);
    CHECK("errorcheck: relock", pthread_mutex_lock(&m) == EDEADLK);
    CHECK("errorcheck: unlock another's", in_thread(unlock, &m) == EPERM);
    CHECK("errorcheck: destroy a locked one", pthread_mutex_destroy(&m) == EBUSY);
    pthread_mutex_unlock(&m);
    CHECK("errorcheck: destroy", pthread_mutex_destroy(&m) == 0);

    mutex_of(&m, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
    CHECK("recursive: relock", pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == 0 &&
                                   pthread_mutex_trylock(&m) == 0);
    pthread_mutex_unlock(&m);
    pthread_mutex_unlock(&m);
    CHECK("recursive: still locked", in_thread(try_lock, &m) == EBUSY);
    pthread_mutex_unlock(&m);
    CHECK("recursive: free", in_thread(try_lock, &m) == 0);
    CHECK("recursive: unlock unlocked", pthread_mutex_unlock(&m) == EPERM);
    pthread_mutex_destroy(&m);

    mutex_of(&m, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
    in_thread(lock_and_die, &m);
    CHECK("robust: the owner died", pthread_mutex_lock(&m) == EOWNERDEAD);
    CHECK("robust: consistent", pthread_mutex_consistent(&m) == 0);
    CHECK("robust: unlock", pthread_mutex_unlock(&m) == 0);
    CHECK("robust: as new", pthread_mutex_lock(&m) == 0);
    CHECK("robust: nothing to repair", pthread_mutex_consistent(&m) == EINVAL);
    pthread_mutex_unlock(&m);
    in_thread(lock_and_die, &m);
    CHECK("robust: trylock", pthread_mutex_trylock(&m) == EOWNERDEAD);
    pthread_mutex_unlock(&m);
    CHECK("robust: not recoverable", pthread_mutex_lock(&m) == ENOTRECOVERABLE);
    pthread_mutex_destroy(&m);

    pthread_mutexattr_init(&attr);
    CHECK("mutexattr: bad type", pthread_mutexattr_settype(&attr, 99) == EINVAL);
    CHECK("mutexattr: default type",
          pthread_mutexattr_gettype(&attr, &n) == 0 && n == PTHREAD_MUTEX_DEFAULT);
    CHECK("mutexattr: protocol none", pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_NONE) == 0);
    CHECK("mutexattr: robust",
          pthread_mutexattr_getrobust(&attr, &n) == 0 && n == PTHREAD_MUTEX_STALLED);
    pthread_mutexattr_destroy(&attr);
}

/* ---- condition variables ---- */

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int waiting, go, woken;

static void *wait_for_go(void *arg)
{
    pthread_mutex_lock(&mutex);
    waiting++;
    while (!go)
        pthread_cond_wait(&cond, &mutex);
    go--;
    woken++;
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void wait_until_waiting(int n)
{
    for (;;) {
        bool all;

        pthread_mutex_lock(&mutex);
        all = waiting == n;
        pthread_mutex_unlock(&mutex);
        if (all)
            return;
        sleep_ms(1);
    }
}

static void test_cond(void)
{
    pthread_t t[4];
    pthread_condattr_t attr;
    pthread_cond_t monotonic;
    struct timespec time;
    clockid_t clock;

    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, wait_for_go, NULL);
    wait_until_waiting(4);
    pthread_mutex_lock(&mutex);
    go = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
    sleep_ms(20);
    pthread_mutex_lock(&mutex);
    CHECK("cond: signal wakes one", woken == 1);
    go = 3;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK("cond: broadcast wakes all", woken == 4);

    pthread_mutex_lock(&mutex);
    time = in_ns(CLOCK_REALTIME, 20 * MS);
    CHECK("cond: timedwait", pthread_cond_timedwait(&cond, &mutex, &time) == ETIMEDOUT);
    CHECK("cond: time in the past",
          pthread_cond_timedwait(&cond, &mutex, &(struct timespec){.tv_sec = 1}) == ETIMEDOUT);
    CHECK("cond: bad time",
          pthread_cond_timedwait(&cond, &mutex, &(struct timespec){.tv_nsec = 1000000000}) ==
              EINVAL);
    time = in_ns(CLOCK_MONOTONIC, 20 * MS);
    CHECK("cond: clockwait",
          pthread_cond_clockwait(&cond, &mutex, CLOCK_MONOTONIC, &time) == ETIMEDOUT);
    pthread_condattr_init(&attr);
    CHECK("condattr: clock",
          pthread_condattr_getclock(&attr, &clock) == 0 && clock == CLOCK_REALTIME);
    CHECK("condattr: CPU time",
          pthread_condattr_setclock(&attr, CLOCK_PROCESS_CPUTIME_ID) == EINVAL);
    CHECK("condattr: monotonic", pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    pthread_cond_init(&monotonic, &attr);
    pthread_condattr_destroy(&attr);
    time = in_ns(CLOCK_MONOTONIC, 20 * MS);
    CHECK("cond: monotonic", pthread_cond_timedwait(&monotonic, &mutex, &time) == ETIMEDOUT);
    CHECK("cond: it took as long", (clock_gettime(CLOCK_MONOTONIC, &time), time.tv_sec > 0));
    pthread_mutex_unlock(&mutex);
    CHECK("cond: destroy", pthread_cond_destroy(&monotonic) == 0);
}

/* ---- rwlocks ---- */

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static char order[8];
static int ordered;

static void *write_locked(void *arg)
{
    pthread_rwlock_wrlock(&rwlock);
    order[ordered++] = 'w';
    pthread_rwlock_unlock(&rwlock);
    return arg;
}

static void *try_read(void *arg)
{
    int ret = pthread_rwlock_tryrdlock(arg);

    if (!ret)
        pthread_rwlock_unlock(arg);
    return (void *)(uintptr_t)ret;
}

static void *try_write(void *arg)
{
    int ret = pthread_rwlock_trywrlock(arg);

    if (!ret)
        pthread_rwlock_unlock(arg);
    return (void *)(uintptr_t)ret;
}

static void *read_timed(void *arg)
{
    struct timespec t = in_ns(CLOCK_REALTIME, 20 * MS);

    return (void *)(uintptr_t)pthread_rwlock_timedrdlock(arg, &t);
}

static void *write_timed(void *arg)
{
    struct timespec t = in_ns(CLOCK_REALTIME, 20 * MS);

    return (void *)(uintptr_t)pthread_rwlock_timedwrlock(arg, &t);
}

static void test_rwlock(void)
{
    pthread_t t;

    CHECK("rwlock: read", pthread_rwlock_rdlock(&rwlock) == 0);
    CHECK("rwlock: others may read", in_thread(try_read, &rwlock) == 0);
    CHECK("rwlock: nobody may write", in_thread(try_write, &rwlock) == EBUSY);
    CHECK("rwlock: write timed", in_thread(write_timed, &rwlock) == ETIMEDOUT);
    CHECK("rwlock: a writer that gave up keeps nobody out", in_thread(try_read, &rwlock) == 0);
    pthread_create(&t, NULL, write_locked, NULL);
    sleep_ms(20);
    order[ordered++] = 'r';
    pthread_rwlock_unlock(&rwlock);
    pthread_join(t, NULL);
    CHECK("rwlock: a writer waits for readers", !strcmp(order, "rw"));
    CHECK("rwlock: write", pthread_rwlock_wrlock(&rwlock) == 0);
    CHECK("rwlock: again", pthread_rwlock_wrlock(&rwlock) == EDEADLK);
    CHECK("rwlock: nobody may read", in_thread(try_read, &rwlock) == EBUSY);
    CHECK("rwlock: read timed", in_thread(read_timed, &rwlock) == ETIMEDOUT);
    CHECK("rwlock: unlock", pthread_rwlock_unlock(&rwlock) == 0);
    CHECK("rwlock: free", in_thread(try_write, &rwlock) == 0);
}

/* ---- barriers, once, spin locks ---- */

static pthread_barrier_t barrier;
static int serial, once_ran;
static pthread_once_t once = PTHREAD_ONCE_INIT, cancelled_once = PTHREAD_ONCE_INIT;

static void *wait_at_barrier(void *arg)
{
    for (int i = 0; i < 10; i++)
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            __sync_fetch_and_add(&serial, 1);
    return arg;
}

static void run_once(void)
{
    once_ran++;
    sleep_ms(5);
}

static void *calls_once(void *arg)
{
    pthread_once(arg, run_once);
    return NULL;
}

static void never_ends(void)
{
    for (;;)
        sleep_ms(1000);
}

static void *call_cancelled_once(void *arg)
{
    pthread_once(&cancelled_once, never_ends);
    return arg;
}

static void test_others(void)
{
    pthread_t t[4];
    pthread_spinlock_t spin;
    void *result;

    CHECK("barrier: for nobody", pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
    CHECK("barrier: init", pthread_barrier_init(&barrier, NULL, 4) == 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, wait_at_barrier, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK("barrier: one of each round is told so", serial == 10);
    CHECK("barrier: destroy", pthread_barrier_destroy(&barrier) == 0);

    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, calls_once, &once);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK("once", once_ran == 1);
    pthread_create(&t[0], NULL, call_cancelled_once, NULL);
    sleep_ms(10);
    pthread_cancel(t[0]);
    pthread_join(t[0], &result);
    CHECK("once: cancelled", result == PTHREAD_CANCELED);
    pthread_once(&cancelled_once, run_once);
    CHECK("once: runs again after that", once_ran == 2);

    CHECK("spin: init", pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
    CHECK("spin: lock", pthread_spin_lock(&spin) == 0);
    CHECK("spin: locked", pthread_spin_trylock(&spin) == EBUSY);
    CHECK("spin: unlock", pthread_spin_unlock(&spin) == 0 && pthread_spin_trylock(&spin) == 0);
    pthread_spin_unlock(&spin);
    pthread_spin_destroy(&spin);
}

/* ---- keys ---- */

static pthread_key_t key, stubborn;
static int destroyed, stubborn_calls;

static void destroy(void *value)
{
    destroyed += (int)(uintptr_t)value;
}

static void set_again(void *value)
{
    stubborn_calls++;
    pthread_setspecific(stubborn, value);
}

static void *use_keys(void *arg)
{
    bool empty = !pthread_getspecific(key);

    pthread_setspecific(key, arg);
    pthread_setspecific(stubborn, arg);
    return (void *)(uintptr_t)(empty && pthread_getspecific(key) == arg);
}

static void test_keys(void)
{
    pthread_key_t keys[PTHREAD_KEYS_MAX];
    int n = 0, ret = 0;

    CHECK("key: create", pthread_key_create(&key, destroy) == 0);
    pthread_key_create(&stubborn, set_again);
    pthread_setspecific(key, (void *)100);
    CHECK("key: each thread has its own", in_thread(use_keys, (void *)3) == 1);
    CHECK("key: destructor", destroyed == 3);
    CHECK("key: destructors' iterations", stubborn_calls == PTHREAD_DESTRUCTOR_ITERATIONS);
    CHECK("key: mine is still there", pthread_getspecific(key) == (void *)100);
    CHECK("key: delete", pthread_key_delete(key) == 0);
    CHECK("key: deleted", pthread_setspecific(key, &n) == EINVAL);
    pthread_key_delete(stubborn);
    while (n < PTHREAD_KEYS_MAX && !(ret = pthread_key_create(&keys[n], NULL)))
        n++;
    CHECK("key: as many as promised", n >= 100 && (ret == 0 || ret == EAGAIN));
    CHECK("key: a new one begins with NULL", !pthread_getspecific(keys[0]));
    while (n)
        pthread_key_delete(keys[--n]);
}

/* ---- cancellation ---- */

static int cleaned[4], cleaned_count;

static void clean(void *arg)
{
    cleaned[cleaned_count++] = (int)(uintptr_t)arg;
}

static void *sleeps(void *arg)
{
    pthread_cleanup_push(clean, (void *)1);
    pthread_cleanup_push(clean, (void *)2);
    for (;;)
        sleep_ms(1000);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return arg;
}

static void unlock_mutex(void *arg)
{
    clean((void *)(uintptr_t)(pthread_mutex_unlock(arg) == 0));
}

static void *waits_in_cond(void *arg)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock_mutex, &mutex);
    for (;;)
        pthread_cond_wait(&cond, &mutex);
    pthread_cleanup_pop(0);
    return arg;
}

static void *refuses(void *arg)
{
    int old;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    sem_post(arg);
    sleep_ms(30);
    pthread_testcancel();
    clean((void *)(uintptr_t)(old == PTHREAD_CANCEL_ENABLE));
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    return NULL;
}

static void *waits_for_semaphore(void *arg)
{
    sem_wait(arg);
    return NULL;
}

static void *joins(void *arg)
{
    pthread_join(*(pthread_t *)arg, NULL);
    return NULL;
}

static void *locks_mutex(void *arg)
{
    pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
    pthread_testcancel();
    return NULL;
}

static bool ends_cancelled(void *(*fn)(void *), void *arg)
{
    pthread_t t;
    void *result;

    pthread_create(&t, NULL, fn, arg);
    sleep_ms(10);
    pthread_cancel(t);
    return pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED;
}

static void test_cancel(void)
{
    sem_t sem;
    pthread_t t, joiner;
    void *result;

    CHECK("cancel: in sleep", ends_cancelled(sleeps, NULL));
    CHECK("cancel: cleanup", cleaned_count == 2 && cleaned[0] == 2 && cleaned[1] == 1);
    cleaned_count = 0;
    CHECK("cancel: in cond_wait", ends_cancelled(waits_in_cond, NULL));
    CHECK("cancel: with the mutex", cleaned_count == 1 && cleaned[0] == 1);
    CHECK("cancel: the mutex is free", pthread_mutex_trylock(&mutex) == 0);
    pthread_mutex_unlock(&mutex);
    sem_init(&sem, 0, 0);
    CHECK("cancel: in sem_wait", ends_cancelled(waits_for_semaphore, &sem));
    cleaned_count = 0;
    pthread_create(&t, NULL, refuses, &sem);
    sem_wait(&sem);
    pthread_cancel(t);
    pthread_join(t, &result);
    CHECK("cancel: disabled", cleaned_count == 1 && cleaned[0] == 1);
    CHECK("cancel: and then enabled", result == PTHREAD_CANCELED);
    pthread_create(&t, NULL, sleeps, NULL);
    pthread_create(&joiner, NULL, joins, &t);
    sleep_ms(10);
    pthread_cancel(joiner);
    pthread_join(joiner, &result);
    CHECK("cancel: in join", result == PTHREAD_CANCELED);
    pthread_cancel(t);
    CHECK("cancel: which can be joined then",
          pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
    pthread_mutex_lock(&mutex);
    pthread_create(&t, NULL, locks_mutex, &mutex);
    sleep_ms(10);
    pthread_cancel(t);
    sleep_ms(10);
    pthread_mutex_unlock(&mutex);
    pthread_join(t, &result);
    CHECK("cancel: not in mutex_lock",
          result == PTHREAD_CANCELED && pthread_mutex_trylock(&mutex) == 0);
    pthread_mutex_unlock(&mutex);
}

/* ---- semaphores ---- */

static void test_semaphore(void)
{
    char name[254] = ""; /* '/', and 252 characters: one more than Linux takes */
    sem_t sem, *named, *again;
    struct timespec t;
    int value;

    CHECK("sem: init", sem_init(&sem, 0, 2) == 0);
    CHECK("sem: too much", sem_init(&sem, 0, (unsigned)SEM_VALUE_MAX + 1) == -1 && errno == EINVAL);
    CHECK("sem: wait", sem_wait(&sem) == 0 && sem_trywait(&sem) == 0);
    CHECK("sem: trywait", sem_trywait(&sem) == -1 && errno == EAGAIN);
    CHECK("sem: value", sem_getvalue(&sem, &value) == 0 && value == 0);
    t = in_ns(CLOCK_REALTIME, 20 * MS);
    CHECK("sem: timedwait", sem_timedwait(&sem, &t) == -1 && errno == ETIMEDOUT);
    t = in_ns(CLOCK_MONOTONIC, 20 * MS);
    CHECK("sem: clockwait", sem_clockwait(&sem, CLOCK_MONOTONIC, &t) == -1 && errno == ETIMEDOUT);
    CHECK("sem: bad time",
          sem_timedwait(&sem, &(struct timespec){.tv_nsec = 1000000000}) == -1 && errno == EINVAL);
    CHECK("sem: post", sem_post(&sem) == 0 && sem_getvalue(&sem, &value) == 0 && value == 1);
    CHECK("sem: destroy", sem_destroy(&sem) == 0);

    sem_unlink("/ringlet-test");
    memset(name, 'n', sizeof(name) - 1);
    name[0] = '/';
    CHECK("named: too long a name",
          sem_open(name, O_CREAT, 0600, 1) == SEM_FAILED && errno == ENAMETOOLONG);
    name[252] = '\0';
    CHECK("named: the longest",
          sem_open(name, O_CREAT, 0600, 1) != SEM_FAILED && sem_unlink(name) == 0);
    CHECK("named: none", sem_open("/ringlet-test", 0) == SEM_FAILED && errno == ENOENT);
    named = sem_open("/ringlet-test", O_CREAT | O_EXCL, 0600, 1);
    CHECK("named: create", named != SEM_FAILED);
    CHECK("named: exclusive",
          sem_open("/ringlet-test", O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
    again = sem_open("/ringlet-test", 0);
    CHECK("named: the same", again == named);
    CHECK("named: wait", sem_wait(again) == 0 && sem_trywait(named) == -1);
    CHECK("named: unlink", sem_unlink("/ringlet-test") == 0);
    CHECK("named: is gone", sem_unlink("/ringlet-test") == -1 && errno == ENOENT);
    CHECK("named: still open", sem_post(named) == 0);
    CHECK("named: close", sem_close(named) == 0 && sem_close(again) == 0);
}

/* ---- C11's threads ---- */

static mtx_t c11_lock;
static cnd_t c11_changed;
static tss_t c11_value;
static int c11_state, c11_onces, c11_ends;

static void c11_once(void)
{
    c11_onces++;
}

static void c11_end(void *value)
{
    c11_ends += value == &c11_state;
}

static int c11_thread(void *arg)
{
    static once_flag flag = ONCE_FLAG_INIT;

    call_once(&flag, c11_once);
    call_once(&flag, c11_once);
    tss_set(c11_value, &c11_state);
    mtx_lock(&c11_lock);
    c11_state = 1;
    cnd_signal(&c11_changed);
    mtx_unlock(&c11_lock);
    if (arg)
        thrd_exit(*(int *)arg);
    return 5;
}

static void test_c11(void)
{
    const struct timespec soon = in_ns(CLOCK_REALTIME, MS), nothing = {.tv_nsec = 1000};
    int given = -7, result = 0;
    mtx_t twice;
    thrd_t thread;

    CHECK("c11: mutex, condition, key", mtx_init(&c11_lock, mtx_plain) == thrd_success &&
                                            cnd_init(&c11_changed) == thrd_success &&
                                            tss_create(&c11_value, c11_end) == thrd_success);
    CHECK("c11: thread", thrd_create(&thread, c11_thread, NULL) == thrd_success);
    mtx_lock(&c11_lock);
    while (!c11_state)
        cnd_wait(&c11_changed, &c11_lock);
    CHECK("c11: trylock of a locked one", mtx_trylock(&c11_lock) == thrd_busy);
    CHECK("c11: wait for too long", cnd_timedwait(&c11_changed, &c11_lock, &soon) == thrd_timedout);
    mtx_unlock(&c11_lock);
    CHECK("c11: join", thrd_join(thread, &result) == thrd_success && result == 5);
    CHECK("c11: exit", thrd_create(&thread, c11_thread, &given) == thrd_success &&
                           thrd_join(thread, &result) == thrd_success && result == -7);
    CHECK("c11: call_once calls once", c11_onces == 1);
    CHECK("c11: values' destructors", c11_ends == 2 && !tss_get(c11_value));
    CHECK("c11: recursive mutex",
          mtx_init(&twice, mtx_recursive) == thrd_success && mtx_lock(&twice) == thrd_success &&
              mtx_lock(&twice) == thrd_success && mtx_unlock(&twice) == thrd_success &&
              mtx_unlock(&twice) == thrd_success);
    CHECK("c11: sleep", thrd_sleep(&nothing, NULL) == 0);
    CHECK("c11: current", thrd_equal(thrd_current(), thrd_current()));
    mtx_destroy(&twice);
    mtx_destroy(&c11_lock);
    cnd_destroy(&c11_changed);
    tss_delete(c11_value);
}

int main(void)
{
    test_life();
    test_inherited_policy();
    test_mutex();
    test_cond();
    test_rwlock();
    test_others();
    test_keys();
    test_cancel();
    test_semaphore();
    test_c11();
    return tap_end();
}
