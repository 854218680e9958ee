/* SPDX-License-Identifier: MIT */
#include "aio_private.h"

#include <errno.h>
#include <limits.h>
#include <ringlet/heap.h>

#include "lib/fs/blockdev.h"
#include "posix.h"
#include "signal_private.h"

struct list aio_requests = LIST_INIT(aio_requests);
struct wait_queue aio_finished = WAIT_QUEUE_INIT(aio_finished);

unsigned aio_in_progress[FD_MAX];

/* There only where a program opens files by path. */
extern __typeof__(blockdev_disk) blockdev_disk __attribute__((weak));

/*
 * What a descriptor is. There is no reference of the file: nothing here waits. A disk's request needs
 * none later either, as a disk that is closed waits for those in its driver.
 */
struct target {
    int fd; /* -1: nothing was looked up */
    uint64_t changes;
    struct file *file;
    struct blkfront_dev *disk; /* NULL: it is none */
    const int64_t *size;       /* of the disk, bytes */
};

_Static_assert(AIO_READ == LIO_READ && AIO_WRITE == LIO_WRITE, "those of a list are the first");

static struct target last = {.fd = -1};

static __attribute__((noinline)) void look_up_slowly(int fd)
{
    struct file *f = fd_file(fd);

    last.fd = fd;
    last.changes = fd_changes;
    last.file = f;
    last.disk = f && blockdev_disk ? blockdev_disk(f, &last.size) : NULL;
}

/* Programs begin most requests with the descriptor of the one before. */
static inline const struct target *look_up(int fd)
{
    if (last.fd != fd || last.changes != fd_changes || fd < 0)
        look_up_slowly(fd);
    return &last;
}

static void push(struct blkfront_dev *disk)
{
    if (disk)
        blkfront_aio_submit(disk);
}

/* 0: a structure that was only cleared. */
static inline bool tells(const struct sigevent *event)
{
    return event->sigev_notify && event->sigev_notify != SIGEV_NONE;
}

static int check(const struct file *f, const struct aiocb *cb, enum aio_op op)
{
    unsigned access = f->flags & FILE_ACCMODE;

    if (access != FILE_RDWR && (op == AIO_READ) != (access == FILE_RDONLY))
        return -EBADF;
    if (tells(&cb->aio_sigevent) && signal_check_event(&cb->aio_sigevent))
        return -EINVAL;
    if (op == AIO_SYNC || op == AIO_DATASYNC)
        return f->ops->sync ? 0 : -EINVAL;
    if (cb->aio_reqprio || cb->aio_nbytes > SSIZE_MAX)
        return -EINVAL;
    return cb->aio_offset < 0 && f->ops->seekable ? -EINVAL : 0;
}

void aio_start(struct aiocb *cb, struct aio_group *group)
{
    aio_request_of(cb)->group = group;
    if (group)
        group->left++;
    cb->__result = AIO_IN_PROGRESS;
    aio_in_progress[cb->aio_fildes]++;
}

void aio_drop(struct aiocb *cb)
{
    struct aio_group *group = aio_request_of(cb)->group;

    aio_in_progress[cb->aio_fildes]--;
    cb->__result = -EAGAIN;
    if (group)
        group->left--;
}

static inline void end(struct aiocb *cb, ssize_t result)
{
    aio_in_progress[cb->aio_fildes]--;
    cb->__result = result;
}

static inline void wake(void)
{
    if (!list_empty(&aio_finished.waiters))
        wake_all(&aio_finished);
}

static inline ssize_t result_of(const struct blkfront_aiocb *disk, int ret)
{
    return __builtin_expect(ret, 0) ? ret : (ssize_t)disk->aio_nbytes;
}

/* The driver's callbacks: of any request, and of one whose end nobody is told. */
static void done(struct blkfront_aiocb *disk, int ret)
{
    struct aio_request *request = container_of(disk, struct aio_request, disk);

    aio_finish(aio_cb_of(request), result_of(disk, ret));
}

static void done_untold(struct blkfront_aiocb *disk, int ret)
{
    struct aio_request *request = container_of(disk, struct aio_request, disk);

    end(aio_cb_of(request), result_of(disk, ret));
    wake();
}

/* Nothing is left of a request that is cut at the end of the disk. */
static __attribute__((noinline)) int end_at_once(struct aiocb *cb, struct aio_group *group)
{
    aio_start(cb, group);
    aio_finish(cb, aio_request_of(cb)->op == AIO_WRITE && cb->aio_nbytes ? -ENOSPC : 0);
    return 0;
}

/* The driver has not accepted it. */
static __attribute__((noinline)) int refused(struct aiocb *cb, int ret)
{
    if (ret != -ENOMEM) {
        aio_finish(cb, ret);
        return 0;
    }
    aio_drop(cb);
    return -EAGAIN;
}

/* What the driver is asked for. */
static inline __attribute__((always_inline)) struct blkfront_aiocb *
fill(struct aiocb *cb, struct blkfront_dev *dev, size_t bytes, unsigned flags,
     void (*callback)(struct blkfront_aiocb *, int))
{
    struct blkfront_aiocb *disk = &aio_request_of(cb)->disk;

    disk->aio_dev = dev;
    disk->aio_buf = (uint8_t *)(uintptr_t)cb->aio_buf;
    disk->aio_nbytes = bytes;
    disk->aio_offset = cb->aio_offset;
    disk->aio_cb = callback;
    disk->aio_iovcnt = 0;
    disk->aio_queue = 0;
    disk->aio_timeout_ns = 0;
    disk->aio_flags = flags;
    disk->request = NULL;
    return disk;
}

static __attribute__((noinline)) int begin_slowly(struct aiocb *cb, enum aio_op op,
                                                  const struct target *target,
                                                  struct aio_group *group, bool at_once)
{
    const bool write = op == AIO_WRITE;
    int ret = target->file ? check(target->file, cb, op) : -EBADF;
    struct blkfront_aiocb *disk;

    if (ret)
        return ret;
    if (aio_is_in_progress(cb))
        return -EINVAL;
    aio_request_of(cb)->op = (uint8_t)op;
    if (!target->disk || op > AIO_WRITE)
        return aio_thread_begin(cb, target->file, group);
    if (cb->aio_offset >= *target->size || !cb->aio_nbytes)
        return end_at_once(cb, group);
    disk = fill(cb, target->disk, MIN(cb->aio_nbytes, (size_t)(*target->size - cb->aio_offset)),
                write && target->file->flags & (FILE_SYNC | FILE_DSYNC) ? BLKFRONT_FUA : 0u, done);
    aio_start(cb, group);
    ret = at_once ? blkfront_aio(disk, write) : blkfront_aio_enqueue(disk, write);
    return ret ? refused(cb, ret) : 0;
}

/* Requests for it may be plain. */
static inline bool is_plain_disk(const struct target *target)
{
    return target->disk &&
           (target->file->flags & (FILE_ACCMODE | FILE_SYNC | FILE_DSYNC)) == FILE_RDWR;
}

/* A read or write of such a disk to which nothing applies that begin_slowly() looks at. */
static inline __attribute__((always_inline)) bool is_plain(const struct aiocb *cb, uint64_t size)
{
    const uint64_t offset = (uint64_t)cb->aio_offset;

    return offset < size && cb->aio_nbytes - 1 < size - offset && !cb->aio_reqprio &&
           !tells(&cb->aio_sigevent) && !aio_is_in_progress(cb);
}

int aio_begin(struct aiocb *cb, enum aio_op op)
{
    const struct target *target = look_up(cb->aio_fildes);
    int ret;

    if (op > AIO_WRITE || !is_plain_disk(target) || !is_plain(cb, (uint64_t)*target->size))
        return begin_slowly(cb, op, target, NULL, true);
    aio_start(cb, NULL);
    ret = blkfront_aio(fill(cb, target->disk, cb->aio_nbytes, 0, done_untold), op == AIO_WRITE);
    return ret ? refused(cb, ret) : 0;
}

/* It was not begun: the reason, for aio_error(). */
static __attribute__((noinline)) int not_begun(struct aiocb *cb, int ret, int before)
{
    if (!aio_is_in_progress(cb)) /* then it is an earlier use that it belongs to */
        cb->__result = ret;
    return ret == -EAGAIN && !before ? -EAGAIN : -EIO;
}

/*
 * Begins the first of a list that are plain and have the target's descriptor, which is the usual list.
 * What their number is enough for is done once for all. Their number; *ret is the last one's result.
 */
static __attribute__((noinline)) int begin_plain(struct aiocb *const list[], int count,
                                                 const struct target *target,
                                                 struct aio_group *group, int *ret)
{
    struct blkfront_dev *const dev = target->disk;
    void (*const callback)(struct blkfront_aiocb *, int) = group ? done : done_untold;
    const uint64_t size = (uint64_t)*target->size;
    const int fd = target->fd;
    int i = 0, last_ret = 0;

    while (i < count && !last_ret) {
        struct aiocb *cb = list[i];

        if (!cb || cb->aio_fildes != fd || (unsigned)cb->aio_lio_opcode > AIO_WRITE ||
            !is_plain(cb, size))
            break;
        cb->__result = AIO_IN_PROGRESS;
        aio_request_of(cb)->group = group;
        i++;
        last_ret =
            blkfront_aio_enqueue(fill(cb, dev, cb->aio_nbytes, 0, callback), cb->aio_lio_opcode);
    }
    aio_in_progress[fd] += (unsigned)i;
    if (group)
        group->left += (unsigned)i;
    *ret = last_ret ? refused(list[i - 1], last_ret) : 0;
    return i;
}

/* One to which something applies that begin_plain() does not look at. */
static int begin_other(struct aiocb *cb, const struct target *target, struct aio_group *group)
{
    if (cb->aio_lio_opcode == LIO_NOP)
        return 0;
    if ((unsigned)cb->aio_lio_opcode > AIO_WRITE)
        return -EINVAL;
    return begin_slowly(cb, (enum aio_op)cb->aio_lio_opcode, target, group, false);
}

int aio_begin_list(struct aiocb *const list[], int count, struct aio_group *group)
{
    struct target target = {.fd = -1}; /* a copy: nothing changes meanwhile */
    int error = 0, i = 0;

    while (i < count) {
        int n = 0, ret = 0;

        if (!list[i]) {
            i++;
            continue;
        }
        if (list[i]->aio_fildes != target.fd) {
            push(target.disk);
            target = *look_up(list[i]->aio_fildes);
        }
        if (is_plain_disk(&target))
            n = begin_plain(&list[i], count - i, &target, group, &ret);
        if (!n) {
            n = 1;
            ret = begin_other(list[i], &target, group);
        }
        i += n;
        if (ret)
            error = not_begun(list[i - 1], ret, error);
    }
    push(target.disk);
    return error;
}

/* Without memory for what comes with a signal it is sent without. */
static void notify(const struct sigevent *event)
{
    struct signal_entry *entry = NULL;

    if (event->sigev_notify == SIGEV_SIGNAL)
        entry = signal_entry_new(event->sigev_signo, SI_ASYNCIO, event->sigev_value);
    signal_notify(event, entry);
}

void aio_group_put(struct aio_group *group)
{
    if (--group->left)
        return;
    if (group->notify)
        notify(&group->event);
    heap_free(group);
}

static __attribute__((noinline)) void tell(struct aiocb *cb, struct aio_group *group)
{
    if (tells(&cb->aio_sigevent))
        notify(&cb->aio_sigevent);
    if (group) {
        group->failed |= cb->__result < 0;
        aio_group_put(group);
    }
}

/* Nothing waits here: the program does with *cb what it likes only when this has returned. */
void aio_finish(struct aiocb *cb, ssize_t result)
{
    struct aio_group *group = aio_request_of(cb)->group;

    end(cb, result);
    if (group || tells(&cb->aio_sigevent))
        tell(cb, group);
    wake();
}
