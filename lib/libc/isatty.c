/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "lib/fs/tty.h"
#include "posix.h"

int isatty(int fd)
{
    int64_t tty = WITH_FILE(f, fd, file_is_tty(f) ? 1 : -ENOTTY);

    if (tty < 0)
        errno = (int)-tty;
    return tty > 0;
}
