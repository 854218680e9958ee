/* SPDX-License-Identifier: MIT */
/* The functions of <aio.h>. */
#include "aio_private.h"

#include <errno.h>
#include <fcntl.h>
#include <ringlet/heap.h>

#include "posix.h"
#include "signal_private.h"

/* Answers of "in progress" since the program has waited. */
static unsigned asked;

static inline int start(struct aiocb *cb, enum aio_op op)
{
    const int ret = aio_begin(cb, op);

    return ret ? (int)posix_result(ret) : 0;
}

int aio_read(struct aiocb *cb)
{
    return start(cb, AIO_READ);
}

int aio_write(struct aiocb *cb)
{
    return start(cb, AIO_WRITE);
}

int aio_fsync(int op, struct aiocb *cb)
{
    if (op != O_SYNC && op != O_DSYNC)
        return (int)posix_result(-EINVAL);
    return start(cb, op == O_DSYNC ? AIO_DATASYNC : AIO_SYNC);
}

/*
 * Threads are cooperative: a program that asks again and again without waiting would keep all from
 * running that it asks for. So it gives up the CPU when it can have asked for each request.
 */
int __aio_error(const struct aiocb *cb)
{
    if (aio_is_in_progress(cb) && ++asked > aio_in_progress[cb->aio_fildes]) {
        asked = 0;
        if (!in_handler())
            thread_relax();
    }
    if (aio_is_in_progress(cb))
        return EINPROGRESS;
    return cb->__result < 0 ? (int)-cb->__result : 0;
}

_Static_assert(__AIO_RETURNED == -EINVAL, "aio_return() and aio_error() say so afterwards");

ssize_t __aio_return(struct aiocb *cb)
{
    ssize_t result = cb->__result;

    if (aio_is_in_progress(cb))
        return posix_result(-EINPROGRESS);
    cb->__result = __AIO_RETURNED;
    if (result >= 0)
        return result;
    errno = (int)-result; /* not posix_result(): no SIGPIPE comes from here */
    return -1;
}

/* Where they are called as functions. */
int aio_error(const struct aiocb *cb)
{
    return __aio_error(cb);
}

ssize_t aio_return(struct aiocb *cb)
{
    return __aio_return(cb);
}

static bool any_done(const struct aiocb *const list[], int count)
{
    for (int i = 0; i < count; i++)
        if (list[i] && !aio_is_in_progress(list[i]))
            return true;
    return !count;
}

int aio_suspend(const struct aiocb *const list[], int count, const struct timespec *timeout)
{
    struct wait_queue *const finished = &aio_finished;
    uint64_t deadline;
    int ret;

    posix_cancellation_point();
    if (count < 0)
        return (int)posix_result(-EINVAL);
    ret = posix_deadline(timeout, &deadline);
    asked = 0;
    while (!ret && !any_done(list, count))
        ret = file_wait(&finished, 1, deadline);
    return (int)posix_result(ret == -ETIMEDOUT ? -EAGAIN : ret);
}

/* A request for the descriptor, or only cb's, that no thread has begun. */
static struct aio_request *find_queued(int fd, const struct aiocb *cb)
{
    list_for_each (l, &aio_requests) {
        struct aio_request *request = list_entry(l, struct aio_request, link);
        const struct aiocb *its = aio_cb_of(request);

        if (request->queued && its->aio_fildes == fd && (!cb || its == cb))
            return request;
    }
    return NULL;
}

/* What the driver, or a thread, has begun cannot be called back. */
int aio_cancel(int fd, struct aiocb *cb)
{
    struct file *f = fd_get(fd);
    struct aio_request *request;
    bool canceled = false;

    file_put(f);
    if (!f)
        return (int)posix_result(-EBADF);
    if (cb && cb->aio_fildes != fd)
        return (int)posix_result(-EINVAL);
    while ((request = find_queued(fd, cb)) != NULL) {
        f = request->file;
        canceled = true;
        list_del(&request->link);
        aio_finish(aio_cb_of(request), -ECANCELED);
        file_put(f); /* may wait */
    }
    if (cb ? aio_is_in_progress(cb) : aio_in_progress[fd] != 0)
        return AIO_NOTCANCELED;
    return canceled ? AIO_CANCELED : AIO_ALLDONE;
}

/* ---- lists ---- */

static int wait_for_group(struct aio_group *group)
{
    struct wait_queue *const finished = &aio_finished;
    int ret = 0;

    while (!ret && group->left > 1)
        ret = file_wait(&finished, 1, DEADLINE_NEVER);
    return ret;
}

int lio_listio(int mode, struct aiocb *restrict const list[restrict], int count,
               struct sigevent *restrict event)
{
    struct aio_group *group = NULL;
    bool told = event && event->sigev_notify && event->sigev_notify != SIGEV_NONE;
    int ret;

    if ((mode != LIO_WAIT && mode != LIO_NOWAIT) || count < 0)
        return (int)posix_result(-EINVAL);
    if (mode == LIO_NOWAIT && told && signal_check_event(event))
        return (int)posix_result(-EINVAL);
    if (mode == LIO_WAIT)
        posix_cancellation_point();
    if (mode == LIO_WAIT || told) {
        group = heap_zalloc(1, sizeof(*group), MEM_APP);
        if (!group)
            return (int)posix_result(-EAGAIN);
        group->left = 1;
    }
    if (mode == LIO_NOWAIT && told) {
        group->notify = true;
        group->event = *event;
    }
    ret = aio_begin_list((struct aiocb *const *)list, count, group);
    if (mode == LIO_WAIT) {
        int waited = wait_for_group(group);

        if (waited)
            ret = waited;
        else if (group->failed)
            ret = -EIO;
    }
    if (group)
        aio_group_put(group);
    return (int)posix_result(ret);
}
