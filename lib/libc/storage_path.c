/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/fs/path.h"
#include "posix.h"

int truncate(const char *path, off_t size)
{
    posix_cancellation_point();
    return (int)posix_result(WITH_BASE(base, AT_FDCWD, path, path_truncate(base, path, size)));
}

void sync(void)
{
    fs_sync(); /* sync() has no way to tell an error */
}

int syncfs(int fd)
{
    return (int)posix_result(WITH_FILE(f, fd, f ? fs_sync() : 0));
}
