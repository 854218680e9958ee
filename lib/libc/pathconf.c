/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "posix.h"

static long value_of(int name)
{
    switch (name) {
    case _PC_LINK_MAX:
        return 65000;
    case _PC_MAX_CANON:
    case _PC_MAX_INPUT:
        return 4095;
    case _PC_NAME_MAX:
        return NAME_MAX;
    case _PC_PATH_MAX:
        return PATH_MAX;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    case _PC_CHOWN_RESTRICTED:
    case _PC_NO_TRUNC:
    case _PC_ASYNC_IO:
    case _PC_SYNC_IO:
    case _PC_2_SYMLINKS:
    case _PC_TIMESTAMP_RESOLUTION:
        return 1;
    case _PC_VDISABLE:
        return _POSIX_VDISABLE;
    case _PC_FILESIZEBITS:
        return 64;
    case _PC_SYMLINK_MAX:
        return PATH_MAX - 1;
    case _PC_ALLOC_SIZE_MIN:
    case _PC_REC_MIN_XFER_SIZE:
    case _PC_REC_XFER_ALIGN:
        return PAGE_SIZE;
    case _PC_PRIO_IO:
    case _PC_REC_INCR_XFER_SIZE:
    case _PC_REC_MAX_XFER_SIZE:
        return -1;
    default:
        errno = EINVAL;
        return -1;
    }
}

long fpathconf(int fd, int name)
{
    int64_t ret = WITH_FILE(f, fd, f ? 0 : -EBADF);

    return ret ? posix_result(ret) : value_of(name);
}

long pathconf(const char *path, int name)
{
    return access(path, F_OK) ? -1 : value_of(name);
}
