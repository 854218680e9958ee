/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "posix.h"

int flock(int fd, int operation)
{
    enum file_lock how;

    switch (operation & ~LOCK_NB) {
    case LOCK_SH:
        how = FILE_SHARED;
        break;
    case LOCK_EX:
        how = FILE_EXCLUSIVE;
        break;
    case LOCK_UN:
        how = FILE_UNLOCKED;
        break;
    default:
        return (int)posix_result(-EINVAL);
    }
    return (int)posix_result(WITH_FILE(f, fd, file_lock(f, how, !(operation & LOCK_NB))));
}
