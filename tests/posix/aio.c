/* SPDX-License-Identifier: MIT */
/* Asynchronous input and output, on a file or, as the argument, on a disk. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "behaviour.h"

#include <aio.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#define N    8
#define SIZE 512

static char buf[N][SIZE];
static struct aiocb cbs[N], *list[N];
static volatile sig_atomic_t signals, value;

static void handle(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    signals++;
    value = info->si_value.sival_int;
}

static struct aiocb *prepare(int fd, int i, int op)
{
    memset(&cbs[i], 0, sizeof(cbs[i]));
    cbs[i].aio_fildes = fd;
    cbs[i].aio_buf = buf[i];
    cbs[i].aio_nbytes = SIZE;
    cbs[i].aio_offset = (off_t)i * SIZE;
    cbs[i].aio_lio_opcode = op;
    cbs[i].aio_sigevent.sigev_notify = SIGEV_NONE;
    return list[i] = &cbs[i];
}

static int finish(struct aiocb *cb)
{
    const struct aiocb *one[1] = {cb};

    while (aio_error(cb) == EINPROGRESS)
        aio_suspend(one, 1, NULL);
    return aio_error(cb);
}

static int fd;

GROUP(aio)
{
    struct aiocb *cb = prepare(fd, 0, LIO_WRITE);
    const struct aiocb *none[1] = {NULL};
    struct timespec soon = {0, 1000000};
    int ends[2];

    memset(buf[0], 'a', SIZE);
    VALUE("write", aio_write(cb));
    RETURNS("write-error", finish(cb));
    VALUE("write-return", aio_return(cb));
    memset(buf[0], 0, SIZE);
    VALUE("read", aio_read(cb));
    RETURNS("read-error", finish(cb));
    VALUE("read-return", aio_return(cb));
    VALUE("data", buf[0][SIZE - 1]);
    VALUE("fsync", aio_fsync(O_SYNC, cb));
    RETURNS("fsync-error", finish(cb));
    VALUE("fsync-return", aio_return(cb));
    VALUE("fsync-op", aio_fsync(77, cb));
    cb->aio_fildes = 1000;
    VALUE("closed", aio_read(cb) == -1 || finish(cb) == EBADF);
    VALUE("suspend-timeout", (pipe(ends), cb->aio_fildes = ends[0], aio_read(cb),
                              aio_suspend((const struct aiocb *const *)&list[0], 1, &soon)));
    RETURNS("in-progress", aio_error(cb));
    write(ends[1], "xyz", 3);
    RETURNS("pipe", finish(cb));
    VALUE("pipe-return", aio_return(cb));
    VALUE("cancel-done", aio_cancel(ends[0], cb));
    VALUE("cancel-closed", aio_cancel(1000, NULL));
    VALUE("suspend-none", aio_suspend(none, 0, &soon) == 0 || errno == EAGAIN);
    close(ends[0]);
    close(ends[1]);
}

/* A request that waits keeps none for another file from being done. */
GROUP(parallel)
{
    struct aiocb *pipe_read = prepare(fd, 0, LIO_READ), *pipe_write = prepare(fd, 1, LIO_WRITE);
    struct aiocb *file_read = prepare(fd, 2, LIO_READ);
    int ends[2];

    pipe(ends);
    pipe_read->aio_fildes = ends[0];
    pipe_write->aio_fildes = ends[1];
    pipe_write->aio_nbytes = 3;
    file_read->aio_offset = 0;
    VALUE("pipe", aio_read(pipe_read));
    VALUE("file", aio_read(file_read));
    RETURNS("file-done", finish(file_read));
    RETURNS("pipe-waits", aio_error(pipe_read));
    VALUE("pipe-write", aio_write(pipe_write));
    RETURNS("pipe-write-done", finish(pipe_write));
    RETURNS("pipe-done", finish(pipe_read));
    VALUE("pipe-length", aio_return(pipe_read));
    close(ends[0]);
    prepare(ends[1], 1, LIO_WRITE);
    VALUE("broken-pipe", aio_write(pipe_write));
    RETURNS("broken-pipe-error", finish(pipe_write));
    TRUTH("broken-pipe-return", aio_return(pipe_write) == -1);
    close(ends[1]);
}

/* A request that is begun again before it has ended. */
GROUP(twice)
{
    struct aiocb *cb = prepare(fd, 0, LIO_READ);
    struct timespec soon = {0, 100000000};
    int ends[2];

    pipe(ends);
    cb->aio_fildes = ends[0];
    cb->aio_nbytes = 1;
    VALUE("first", aio_read(cb));
    VALUE("again", aio_read(cb));
    VALUE("list", lio_listio(LIO_NOWAIT, list, 1, NULL));
    RETURNS("waits", aio_error(cb));
    write(ends[1], "xyz", 3);
    nanosleep(&soon, NULL);
    RETURNS("done", finish(cb));
    VALUE("length", aio_return(cb));
    VALUE("left", (fcntl(ends[0], F_SETFL, O_NONBLOCK), read(ends[0], buf[1], 3)));
    close(ends[0]);
    close(ends[1]);
}

GROUP(lio)
{
    int ok = 0;

    for (int i = 0; i < N; i++) {
        prepare(fd, i, LIO_WRITE);
        memset(buf[i], 'A' + i, SIZE);
    }
    VALUE("write", lio_listio(LIO_WAIT, list, N, NULL));
    for (int i = 0; i < N; i++)
        ok += aio_return(&cbs[i]) == SIZE;
    VALUE("write-done", ok);
    for (int i = 0; i < N; i++) {
        prepare(fd, i, i == 3 ? LIO_NOP : LIO_READ);
        memset(buf[i], 0, SIZE);
    }
    list[5] = NULL;
    VALUE("read", lio_listio(LIO_NOWAIT, list, N, NULL));
    for (int i = ok = 0; i < N; i++)
        if (i != 3 && i != 5)
            ok += finish(&cbs[i]) == 0 && aio_return(&cbs[i]) == SIZE && buf[i][7] == 'A' + i;
    VALUE("read-done", ok);
    VALUE("mode", lio_listio(77, list, N, NULL));
    prepare(1000, 0, LIO_READ);
    VALUE("one-fails", lio_listio(LIO_WAIT, list, 1, NULL));
}

static volatile int called;

static void in_thread(union sigval v)
{
    called = v.sival_int;
}

GROUP(notify)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
    struct aiocb *cb = prepare(fd, 0, LIO_READ);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL};
    struct timespec ms = {0, 1000000};

    sigaction(SIGUSR1, &action, NULL);
    cb->aio_sigevent.sigev_notify = SIGEV_SIGNAL;
    cb->aio_sigevent.sigev_signo = SIGUSR1;
    cb->aio_sigevent.sigev_value.sival_int = 42;
    VALUE("signal", aio_read(cb));
    finish(cb);
    for (int i = 0; i < 2000 && !signals; i++)
        nanosleep(&ms, NULL);
    VALUE("signal-came", signals);
    VALUE("signal-value", value);
    cb->aio_sigevent.sigev_notify = SIGEV_THREAD;
    cb->aio_sigevent.sigev_notify_function = in_thread;
    cb->aio_sigevent.sigev_value.sival_int = 43;
    VALUE("thread", aio_read(cb));
    for (int i = 0; i < 2000 && !called; i++)
        nanosleep(&ms, NULL);
    VALUE("thread-value", called);
    signals = 0;
    prepare(fd, 0, LIO_READ);
    prepare(fd, 1, LIO_READ);
    event.sigev_signo = SIGUSR1;
    event.sigev_value.sival_int = 44;
    VALUE("list", lio_listio(LIO_NOWAIT, list, 2, &event));
    for (int i = 0; i < 2000 && !signals; i++)
        nanosleep(&ms, NULL);
    VALUE("list-signals", signals);
    VALUE("list-value", value);
}

int main(int argc, char *argv[])
{
    behaviour_directory();
    fd = open(argc > 1 ? argv[argc - 1] : "file", O_RDWR | O_CREAT, 0666);
    if (fd < 0) {
        perror("open");
        return 1;
    }
    ROWS(aio);
    ROWS(parallel);
    ROWS(twice);
    ROWS(lio);
    ROWS(notify);
    return behaviour_end();
}
