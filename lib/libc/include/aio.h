/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous input and output. A request for a disk goes to its driver at once, and a close() that
 * closes the disk waits for it; others are done by threads, of which there are 16 at most: those for
 * one open file one after the other, those for different ones at the same time.
 */
#ifndef RINGLET_AIO_H
#define RINGLET_AIO_H

/* as POSIX allows, and programs expect */
#include <fcntl.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

struct aiocb {
    int aio_fildes;
    int aio_lio_opcode; /* LIO_..., for lio_listio() */
    int aio_reqprio;    /* 0: requests have no priorities */
    off_t aio_offset;
    volatile void *aio_buf;
    size_t aio_nbytes;
    struct sigevent aio_sigevent;
    /* The library's: not to be moved or written while the request is in progress. */
    ssize_t __result; /* aio_return()'s, -errno, or less: in progress */
    union {
        void *__align;
        char __bytes[160];
    } __request;
};

#define AIO_CANCELED    0
#define AIO_NOTCANCELED 1
#define AIO_ALLDONE     2

#define LIO_READ  0
#define LIO_WRITE 1
#define LIO_NOP   2

#define LIO_WAIT   0
#define LIO_NOWAIT 1

int aio_read(struct aiocb *cb);
int aio_write(struct aiocb *cb);
int aio_fsync(int op, struct aiocb *cb);
int aio_error(const struct aiocb *cb);
ssize_t aio_return(struct aiocb *cb);
int aio_suspend(const struct aiocb *const list[], int count, const struct timespec *timeout);
int aio_cancel(int fd, struct aiocb *cb);
int lio_listio(int mode, struct aiocb *__restrict const list[__restrict], int count,
               struct sigevent *__restrict event);

/* The usual answers without a call: a request that has succeeded. The others are the library's. */
int __aio_error(const struct aiocb *cb);
ssize_t __aio_return(struct aiocb *cb);
#define __AIO_RETURNED (-22) /* -EINVAL: from then on, for both functions */

extern __inline__ __attribute__((__gnu_inline__)) int aio_error(const struct aiocb *cb)
{
    return __builtin_expect(cb->__result < 0, 0) ? __aio_error(cb) : 0;
}

extern __inline__ __attribute__((__gnu_inline__)) ssize_t aio_return(struct aiocb *cb)
{
    ssize_t __value = cb->__result;

    if (__builtin_expect(__value < 0, 0))
        return __aio_return(cb);
    cb->__result = __AIO_RETURNED;
    return __value;
}

#endif
