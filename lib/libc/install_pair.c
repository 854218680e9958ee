/* SPDX-License-Identifier: MIT */
#include "posix.h"

int posix_install_pair(struct file *ends[2], bool close_on_exec, int fds[2])
{
    const unsigned fd_flags = close_on_exec ? FD_CLOEXEC_FLAG : 0;
    int got[2];

    got[0] = fd_install(ends[0], 0, fd_flags);
    got[1] = got[0] < 0 ? got[0] : fd_install(ends[1], 0, fd_flags);
    if (got[1] < 0) {
        if (got[0] < 0)
            file_put(ends[0]);
        else
            fd_close(got[0]);
        file_put(ends[1]);
        return got[1];
    }
    fds[0] = got[0];
    fds[1] = got[1];
    return 0;
}
