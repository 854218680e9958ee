/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fs/tty.h"
#include "posix.h"

#define CONSOLE "/dev/console"

/* Returns the error. */
int ttyname_r(int fd, char *buf, size_t size)
{
    int64_t ret = WITH_FILE(f, fd, file_is_tty(f) ? 0 : -ENOTTY);

    if (!ret && size < sizeof(CONSOLE))
        ret = -ERANGE;
    if (!ret)
        memcpy(buf, CONSOLE, sizeof(CONSOLE));
    return (int)-ret;
}

char *ttyname(int fd)
{
    static char name[sizeof(CONSOLE)];
    int error = ttyname_r(fd, name, sizeof(name));

    if (error)
        errno = error;
    return error ? NULL : name;
}

char *ctermid(char *buf)
{
    static char name[L_ctermid];

    return strcpy(buf ? buf : name, "/dev/tty");
}
