/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/fs/pipe.h"
#include "posix.h"

int eventfd(unsigned initial, int flags)
{
    struct file *f;
    int ret;

    if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
        return (int)posix_result(-EINVAL);
    ret = eventfd_create(initial, flags & EFD_SEMAPHORE, (unsigned)flags & FILE_NONBLOCK, &f);
    if (ret)
        return (int)posix_result(ret);
    return (int)posix_result(posix_install(f, flags & EFD_CLOEXEC));
}

int eventfd_read(int fd, eventfd_t *value)
{
    return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t value)
{
    return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}
