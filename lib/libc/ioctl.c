/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "lib/fs/tty.h"
#include "posix.h"

static int set_nonblock(struct file *f, const int *on)
{
    return file_set_flags(f, *on ? f->flags | FILE_NONBLOCK : f->flags & ~FILE_NONBLOCK);
}

/* A console does not tell its size: 0 rows and columns are "not known", as of a serial line. */
static int window_size(struct file *f, unsigned long request, struct winsize *size)
{
    if (!file_is_tty(f))
        return -ENOTTY;
    if (request == TIOCGWINSZ)
        *size = (struct winsize){0};
    return request == TIOCGWINSZ ? 0 : -EINVAL;
}

/* The older request for a disk's size, in units of 512 bytes. */
static int disk_size(struct file *f, unsigned long *out)
{
    uint64_t bytes;
    int ret = file_ioctl(f, BLKGETSIZE64, &bytes);

    if (!ret)
        *out = bytes / 512;
    return ret;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    void *arg;
    int64_t ret;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    request = (unsigned)request; /* programs pass an int, which was extended by its sign */
    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        ret = fd_set_flags(fd, request == FIOCLEX ? FD_CLOEXEC_FLAG : 0);
        break;
    case FIONBIO:
        ret = WITH_FILE(f, fd, set_nonblock(f, arg));
        break;
    case TIOCGWINSZ:
    case TIOCSWINSZ:
        ret = WITH_FILE(f, fd, window_size(f, request, arg));
        break;
    case BLKGETSIZE:
        ret = WITH_FILE(f, fd, disk_size(f, arg));
        break;
    default:
        ret = WITH_FILE(f, fd, file_ioctl(f, request, arg));
    }
    return (int)posix_result(ret);
}
