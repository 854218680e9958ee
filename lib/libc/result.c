/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "posix.h"

void (*posix_broken_pipe)(void);

long posix_result(int64_t ret)
{
    if (ret >= 0)
        return ret;
    if (ret == -EPIPE && posix_broken_pipe)
        posix_broken_pipe();
    if (ret == -EINTR)
        posix_cancellation_point(); /* a wait that ended because the thread was cancelled */
    errno = (int)-ret;
    return -1;
}

void posix_release_file(void *file)
{
    file_put(file);
}
