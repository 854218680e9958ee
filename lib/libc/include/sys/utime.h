/* SPDX-License-Identifier: MIT */
/* Setting a file's times to whole seconds, for newlib's <utime.h>. */
#ifndef RINGLET_SYS_UTIME_H
#define RINGLET_SYS_UTIME_H

#include <sys/types.h>

struct utimbuf {
    time_t actime, modtime;
};

int utime(const char *path, const struct utimbuf *times);

#endif
