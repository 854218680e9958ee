/* SPDX-License-Identifier: MIT */
/*
 * bench-threads [ROUNDS [OPERATIONS]]: what operations of the C library on threads, locks and memory
 * cost, beside those of the kernel that come nearest. With -icount a nanosecond is an instruction.
 */
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <reent.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned operations = 1000, rounds = 6;
static volatile int sink;

/* ---- two threads that take turns: the second runs `partner`, the first is timed ---- */

static void *as_pthread(void *partner)
{
    ((void (*)(void))partner)();
    return NULL;
}

static void as_thread(void *partner)
{
    ((void (*)(void))partner)();
}

static void yield_posix(void)
{
    for (unsigned i = 0; i < operations / 2; i++)
        sched_yield();
}

static void yield_kernel(void)
{
    for (unsigned i = 0; i < operations / 2; i++)
        thread_yield();
}

/* A lock that is handed over: its owner gives up the CPU, so that the other comes to wait for it. */
static pthread_mutex_t posix_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct mutex kernel_mutex = MUTEX_INIT(kernel_mutex);

static void mutex_posix(void)
{
    for (unsigned i = 0; i < operations / 2; i++) {
        pthread_mutex_lock(&posix_mutex);
        sched_yield();
        pthread_mutex_unlock(&posix_mutex);
    }
}

static void mutex_kernel(void)
{
    for (unsigned i = 0; i < operations / 2; i++) {
        mutex_lock(&kernel_mutex);
        thread_yield();
        mutex_unlock(&kernel_mutex);
    }
}

static sem_t posix_sem[2];
static struct semaphore kernel_sem[2];

static void sem_posix_at(unsigned mine)
{
    for (unsigned i = 0; i < operations / 2; i++) {
        sem_wait(&posix_sem[mine]);
        sem_post(&posix_sem[!mine]);
    }
}

static void sem_posix(void)
{
    sem_post(&posix_sem[0]);
    sem_posix_at(0);
}

static void sem_posix_partner(void)
{
    sem_posix_at(1);
    sem_wait(&posix_sem[0]); /* what is left */
}

static void sem_kernel_at(unsigned mine)
{
    for (unsigned i = 0; i < operations / 2; i++) {
        semaphore_down(&kernel_sem[mine], DEADLINE_NEVER);
        semaphore_up(&kernel_sem[!mine]);
    }
}

static void sem_kernel(void)
{
    semaphore_up(&kernel_sem[0]);
    sem_kernel_at(0);
}

static void sem_kernel_partner(void)
{
    sem_kernel_at(1);
    semaphore_down(&kernel_sem[0], DEADLINE_NEVER);
}

static pthread_cond_t posix_cond[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static struct wait_queue kernel_queue[2];
static unsigned turn; /* whose it is */

static void cond_posix_at(unsigned mine)
{
    pthread_mutex_lock(&posix_mutex);
    for (unsigned i = 0; i < operations / 2; i++) {
        while (turn != mine)
            pthread_cond_wait(&posix_cond[mine], &posix_mutex);
        turn = !mine;
        pthread_cond_signal(&posix_cond[!mine]);
    }
    pthread_mutex_unlock(&posix_mutex);
}

static void cond_posix(void)
{
    cond_posix_at(0);
}

static void cond_posix_partner(void)
{
    cond_posix_at(1);
}

static void cond_kernel_at(unsigned mine)
{
    for (unsigned i = 0; i < operations / 2; i++) {
        while (turn != mine)
            wait_on(&kernel_queue[mine], DEADLINE_NEVER);
        turn = !mine;
        wake_one(&kernel_queue[!mine]);
    }
}

static void cond_kernel(void)
{
    cond_kernel_at(0);
}

static void cond_kernel_partner(void)
{
    cond_kernel_at(1);
}

/* ---- one thread ---- */

#define LOOP(name, operation)                       \
    static void name(void)                          \
    {                                               \
        for (unsigned i = 0; i < operations; i++) { \
            operation;                              \
            __asm__ volatile("" ::: "memory");      \
        }                                           \
    }

static pthread_key_t key;
static sem_t one_sem;
static struct semaphore one_kernel_sem;

static void *nothing(void *arg)
{
    return arg;
}

static void nothing_kernel(void *arg)
{
    (void)arg;
}

static void create_posix_once(void)
{
    pthread_t t;

    if (!pthread_create(&t, NULL, nothing, NULL))
        pthread_join(t, NULL);
}

static void create_kernel_once(void)
{
    struct thread *t;

    /* the stack of a pthread */
    if (!thread_create(&t, "bench", nothing_kernel, NULL, 64 * 1024))
        thread_join(t);
}

static void clock_posix_once(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    sink = (int)now.tv_nsec;
}

/* So that the compiler does not leave out the allocation. */
static void *used(void *p)
{
    __asm__ volatile("" : "+r"(p));
    return p;
}

LOOP(empty, )
LOOP(lock_posix, pthread_mutex_lock(&posix_mutex); pthread_mutex_unlock(&posix_mutex))
LOOP(lock_kernel, mutex_lock(&kernel_mutex); mutex_unlock(&kernel_mutex))
LOOP(post_posix, sem_post(&one_sem); sem_wait(&one_sem))
LOOP(post_kernel, semaphore_up(&one_kernel_sem); semaphore_down(&one_kernel_sem, DEADLINE_NEVER))
LOOP(errno_posix, errno = (int)i)
LOOP(self_posix, sink = pthread_self() != 0)
LOOP(self_kernel, sink = thread_current() != NULL)
LOOP(specific_posix, pthread_setspecific(key, &key); sink = pthread_getspecific(key) != NULL)
LOOP(malloc_posix, free(used(malloc(64))))
LOOP(malloc_kernel, heap_free(heap_alloc(64, MEM_APP)))
LOOP(pages_posix, free(used(malloc(16384))))
LOOP(pages_kernel, heap_free(heap_alloc(16384, MEM_APP)))
LOOP(create_posix, create_posix_once())
LOOP(create_kernel, create_kernel_once())
LOOP(clock_posix, clock_posix_once())
LOOP(clock_kernel, sink = (int)clock_now())

/* ---- the table ---- */

struct one_side {
    const char *name;
    void (*run)(void);
    void (*partner)(void); /* of a second thread, or NULL */
};

static const struct row {
    struct one_side side[SIDES];
} rows[] = {
    {{{"sched_yield: a switch", yield_posix, yield_posix},
      {"thread_yield", yield_kernel, yield_kernel}}},
    {{{"pthread_mutex_lock, _unlock", lock_posix, NULL},
      {"mutex_lock, _unlock", lock_kernel, NULL}}},
    {{{"pthread_mutex: handed over, with sched_yield", mutex_posix, mutex_posix},
      {"mutex, with thread_yield", mutex_kernel, mutex_kernel}}},
    {{{"sem_post, sem_wait", post_posix, NULL}, {"semaphore_up, _down", post_kernel, NULL}}},
    {{{"sem_post, sem_wait: to and fro", sem_posix, sem_posix_partner},
      {"semaphore_up, _down", sem_kernel, sem_kernel_partner}}},
    {{{"pthread_cond_signal, _wait: to and fro", cond_posix, cond_posix_partner},
      {"wake_one, wait_on", cond_kernel, cond_kernel_partner}}},
    {{{"pthread_create, _join", create_posix, NULL},
      {"thread_create, _join", create_kernel, NULL}}},
    {{{"errno = n", errno_posix, NULL}, {"", NULL, NULL}}},
    {{{"pthread_self", self_posix, NULL}, {"thread_current", self_kernel, NULL}}},
    {{{"pthread_setspecific, _getspecific", specific_posix, NULL}, {"", NULL, NULL}}},
    {{{"malloc, free of 64 bytes", malloc_posix, NULL},
      {"heap_alloc, heap_free", malloc_kernel, NULL}}},
    {{{"malloc, free of 16 KiB", pages_posix, NULL},
      {"heap_alloc, heap_free", pages_kernel, NULL}}},
    {{{"clock_gettime", clock_posix, NULL}, {"clock_now", clock_kernel, NULL}}},
    {{{"an empty loop", empty, NULL}, {"", NULL, NULL}}},
};

/* The time from when both threads are ready until the first one is through; its last operation may
 * leave one of the partner's. */
static uint64_t timed(const struct one_side *s, enum side side, uint64_t *ran)
{
    struct thread *t = NULL;
    pthread_t p = 0;
    uint64_t start, ns;

    turn = 0;
    if (s->partner &&
        (side == POSIX ? pthread_create(&p, NULL, as_pthread, (void *)s->partner)
                       : thread_create(&t, "partner", as_thread, (void *)s->partner, 0)))
        return 0;
    *ran = vcpu_ran();
    start = clock_now();
    s->run();
    ns = clock_now() - start;
    *ran = vcpu_ran() - *ran;
    if (p)
        pthread_join(p, NULL);
    if (t)
        thread_join(t);
    return ns;
}

static void measure(const struct row *row)
{
    struct times t;
    uint64_t unused;

    memset(&t, 0, sizeof(t));
    for (unsigned side = 0; side < SIDES; side++)
        if (row->side[side].run)
            timed(&row->side[side], (enum side)side, &unused);
    for (unsigned n = 0; n < rounds; n++)
        for (unsigned i = 0; i < SIDES; i++) {
            const enum side side = (enum side)((n + i) % SIDES);

            if (row->side[side].run)
                t.ns[side][n] = timed(&row->side[side], side, &t.ran[side][n]);
        }
    printf(
        "RESULT {\"type\":\"posix_threads\",\"posix\":\"%s\",\"kernel\":\"%s\",\"operations\":%u",
        row->side[POSIX].name, row->side[KERNEL].name, operations);
    print_times(&t, rounds);
}

int main(int argc, char *argv[])
{
    if (argc > 1)
        rounds = (unsigned)strtoul(argv[1], NULL, 0);
    if (argc > 2)
        operations = (unsigned)strtoul(argv[2], NULL, 0);
    if (!rounds || rounds > ROUNDS_MAX || operations < 2 || pthread_key_create(&key, NULL)) {
        printf("usage: bench-threads [ROUNDS [OPERATIONS]]\nTest result: ERROR\n");
        return 2;
    }
    sem_init(&one_sem, 0, 0);
    semaphore_init(&one_kernel_sem, 0);
    for (unsigned i = 0; i < 2; i++) {
        sem_init(&posix_sem[i], 0, 0);
        semaphore_init(&kernel_sem[i], 0);
        wait_queue_init(&kernel_queue[i]);
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        measure(&rows[i]);
    printf("Test result: SUCCESS\n");
    return 0;
}
