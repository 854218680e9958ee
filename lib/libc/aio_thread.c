/* SPDX-License-Identifier: MIT */
/*
 * Requests that a thread does: those for one file one after the other, in their order, those for
 * different files at the same time, so that a pipe that stays empty keeps only its own from being done.
 */
#include "aio_private.h"

#include <errno.h>
#include <fcntl.h>

#define THREADS 16

static struct wait_queue wanted = WAIT_QUEUE_INIT(wanted);
static struct file *busy[THREADS]; /* what each thread works on */
static unsigned threads;

static ssize_t execute(struct aio_request *request)
{
    const struct aiocb *cb = aio_cb_of(request);
    struct file *f = request->file;
    void *buf = (void *)(uintptr_t)cb->aio_buf;

    switch (request->op) {
    case AIO_READ:
        return f->ops->seekable ? file_pread(f, buf, cb->aio_nbytes, cb->aio_offset)
                                : file_read(f, buf, cb->aio_nbytes);
    case AIO_WRITE:
        return f->ops->seekable && !(f->flags & FILE_APPEND)
                   ? file_pwrite(f, buf, cb->aio_nbytes, cb->aio_offset)
                   : file_write(f, buf, cb->aio_nbytes);
    default:
        return file_sync(f, request->op == AIO_DATASYNC);
    }
}

static bool is_busy(const struct file *f)
{
    for (unsigned i = 0; i < threads; i++)
        if (busy[i] == f)
            return true;
    return false;
}

/* The first request, of one file if that is not NULL, that waits for a thread. */
static struct aio_request *first_queued(const struct file *f)
{
    list_for_each (l, &aio_requests) {
        struct aio_request *request = list_entry(l, struct aio_request, link);

        if (request->queued && (f ? request->file == f : !is_busy(request->file)))
            return request;
    }
    return NULL;
}

static void work(void *place)
{
    struct file **mine = place;

    for (;;) {
        struct aio_request *request = first_queued(NULL);
        struct file *f;
        ssize_t result;

        if (!request) {
            wait_on(&wanted, DEADLINE_NEVER);
            continue;
        }
        request->queued = false;
        *mine = f = request->file;
        result = execute(request);
        *mine = NULL;
        list_del(&request->link);
        aio_finish(aio_cb_of(request), result);
        file_put(f);
    }
}

/* A thread that has nothing to do takes it, or a new one. Where others are before it the thread goes
 * on with it that does those. */
int aio_thread_begin(struct aiocb *cb, struct file *f, struct aio_group *group)
{
    struct aio_request *request = aio_request_of(cb);

    request->file = file_get(f);
    request->queued = true;
    list_add_tail(&aio_requests, &request->link);
    aio_start(cb, group);
    if (wake_one(&wanted) || is_busy(f) || first_queued(f) != request || threads == THREADS)
        return 0;
    if (thread_create(NULL, "aio", work, &busy[threads], 0) == 0)
        threads++;
    if (threads)
        return 0;
    list_del(&request->link);
    aio_drop(cb);
    file_put(f); /* not the last: the descriptor has one */
    return -EAGAIN;
}
