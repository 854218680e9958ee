/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/fs/pipe.h"
#include "posix.h"

int pipe2(int fds[2], int flags)
{
    struct file *ends[2];
    int ret;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return (int)posix_result(-EINVAL);
    posix_broken_pipe = posix_raise_sigpipe;
    ret = pipe_create(ends, (unsigned)flags & FILE_NONBLOCK);
    if (ret)
        return (int)posix_result(ret);
    return (int)posix_result(posix_install_pair(ends, flags & O_CLOEXEC, fds));
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}
