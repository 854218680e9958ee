/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous input and output. A request for a disk goes to its driver when it is made, and ends in
 * the driver's callback (aio_request.c); any other is done by a thread, those of one file in the
 * order in which they were made (aio_thread.c). All that a request needs is in its aiocb: nothing is allocated. A disk's
 * request costs little more than the driver's own function: `make bench APP=posix` compares them.
 */
#ifndef RINGLET_LIBC_AIO_PRIVATE_H
#define RINGLET_LIBC_AIO_PRIVATE_H

#include <aio.h>
#include <ringlet/blkfront.h>
#include <ringlet/list.h>
#include <ringlet/thread.h>
#include <stdbool.h>

#include "lib/fs/fd.h"
#include "lib/fs/file.h"

/* Requests that lio_listio() has made. */
struct aio_group {
    unsigned left; /* requests in progress, and 1 while lio_listio() uses it */
    bool failed;   /* one has */
    bool notify;   /* LIO_NOWAIT with an event */
    struct sigevent event;
};

enum aio_op { AIO_READ, AIO_WRITE, AIO_SYNC, AIO_DATASYNC };

/* The library's part of an aiocb (__request), while that is in progress. */
struct aio_request {
    struct aio_group *group; /* or NULL */
    uint8_t op;
    bool queued; /* for a thread, and not begun: it can be cancelled */
    union {
        struct {               /* a thread's */
            struct list link;  /* in aio_requests */
            struct file *file; /* with a reference */
        };
        struct blkfront_aiocb disk;
    };
};

_Static_assert(sizeof(struct aio_request) <= sizeof(((struct aiocb *)0)->__request), "it has room");

static inline struct aio_request *aio_request_of(struct aiocb *cb)
{
    return (struct aio_request *)(void *)&cb->__request;
}

static inline struct aiocb *aio_cb_of(struct aio_request *request)
{
    return container_of((void *)request, struct aiocb, __request);
}

#define AIO_IN_PROGRESS ((ssize_t)INT64_MIN) /* as __result: no -errno */

static inline bool aio_is_in_progress(const struct aiocb *cb)
{
    return cb->__result == AIO_IN_PROGRESS;
}

extern struct list aio_requests;         /* of threads */
extern unsigned aio_in_progress[FD_MAX]; /* requests of each descriptor, disks' and threads' */
extern struct wait_queue aio_finished;   /* woken whenever a request ends */

/* Begins a request, which may end at once: 0, or -errno (-EBADF, -EINVAL, -EAGAIN), then it is not
 * begun, and nobody is told. -EINVAL also for one that is in progress. */
int aio_begin(struct aiocb *cb, enum aio_op op);
/*
 * Begins those of lio_listio(); those for a disk reach it together. group may be NULL. 0, -EAGAIN or
 * -EIO: some are not begun, and aio_error() of each of these has the reason.
 */
int aio_begin_list(struct aiocb *const list[], int count, struct aio_group *group);
/* A request is in progress from here on. */
void aio_start(struct aiocb *cb, struct aio_group *group);
/* The same undone: it was not accepted, and nobody is told. */
void aio_drop(struct aiocb *cb);
/* The result of a request, which ends: bytes or -errno. Any context. */
void aio_finish(struct aiocb *cb, ssize_t result);
/* One use of the group less. Any context. */
void aio_group_put(struct aio_group *group);

/* Begins a request for a file that is no disk, or one that is no transfer: 0 or -EAGAIN. */
int aio_thread_begin(struct aiocb *cb, struct file *f, struct aio_group *group);

#endif
