/* SPDX-License-Identifier: MIT */
/* C11's threads, by POSIX' ones. */
#include <errno.h>
#include <ringlet/heap.h>
#include <sched.h>
#include <stdint.h>
#include <threads.h>
#include <time.h>

static int result_of(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case ENOMEM:
    case EAGAIN:
        return thrd_nomem;
    case ETIMEDOUT:
        return thrd_timedout;
    case EBUSY:
        return thrd_busy;
    default:
        return thrd_error;
    }
}

/* ---- threads ---- */

struct start {
    thrd_start_t fn;
    void *arg;
};

static void *begin(void *arg)
{
    const struct start start = *(struct start *)arg;

    heap_free(arg);
    return (void *)(intptr_t)start.fn(start.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t fn, void *arg)
{
    struct start *start = heap_alloc(sizeof(*start), MEM_APP);
    int ret;

    if (!start)
        return thrd_nomem;
    *start = (struct start){fn, arg};
    ret = pthread_create(thread, NULL, begin, start);
    if (ret)
        heap_free(start);
    return result_of(ret);
}

thrd_t thrd_current(void)
{
    return pthread_self();
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach(thread));
}

int thrd_equal(thrd_t a, thrd_t b)
{
    return pthread_equal(a, b);
}

void thrd_exit(int result)
{
    pthread_exit((void *)(intptr_t)result);
}

int thrd_join(thrd_t thread, int *result)
{
    void *value;
    const int ret = pthread_join(thread, &value);

    if (!ret && result)
        *result = (int)(intptr_t)value;
    return result_of(ret);
}

/* -1: a signal came; other negative values: an error. */
int thrd_sleep(const struct timespec *time, struct timespec *rest)
{
    const int ret = clock_nanosleep(CLOCK_REALTIME, 0, time, rest);

    return !ret ? 0 : ret == EINTR ? -1 : -2;
}

void thrd_yield(void)
{
    sched_yield();
}

/* ---- what they wait for ---- */

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attr;
    int ret = pthread_mutexattr_init(&attr);

    if (ret)
        return thrd_error;
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    ret = pthread_mutex_init(mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return ret ? thrd_error : thrd_success;
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy(mutex);
}

int mtx_lock(mtx_t *mutex)
{
    return result_of(pthread_mutex_lock(mutex));
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict deadline)
{
    return result_of(pthread_mutex_timedlock(mutex, deadline));
}

int mtx_trylock(mtx_t *mutex)
{
    return result_of(pthread_mutex_trylock(mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return result_of(pthread_mutex_unlock(mutex));
}

int cnd_init(cnd_t *cond)
{
    return result_of(pthread_cond_init(cond, NULL));
}

void cnd_destroy(cnd_t *cond)
{
    pthread_cond_destroy(cond);
}

int cnd_signal(cnd_t *cond)
{
    return result_of(pthread_cond_signal(cond));
}

int cnd_broadcast(cnd_t *cond)
{
    return result_of(pthread_cond_broadcast(cond));
}

int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
    return result_of(pthread_cond_wait(cond, mutex));
}

int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex,
                  const struct timespec *restrict deadline)
{
    return result_of(pthread_cond_timedwait(cond, mutex, deadline));
}

/* ---- once, and values of threads ---- */

void call_once(once_flag *flag, void (*fn)(void))
{
    pthread_once(flag, fn);
}

int tss_create(tss_t *key, tss_dtor_t destructor)
{
    return pthread_key_create(key, destructor) ? thrd_error : thrd_success;
}

void tss_delete(tss_t key)
{
    pthread_key_delete(key);
}

void *tss_get(tss_t key)
{
    return pthread_getspecific(key);
}

int tss_set(tss_t key, void *value)
{
    return pthread_setspecific(key, value) ? thrd_error : thrd_success;
}
