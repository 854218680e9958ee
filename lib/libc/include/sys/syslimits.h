/* SPDX-License-Identifier: MIT */
/* The limits of Ringlet, which <limits.h> and <sys/param.h> give, instead of newlib's. */
#ifndef RINGLET_SYS_SYSLIMITS_H
#define RINGLET_SYS_SYSLIMITS_H

#define OPEN_MAX 1024

#include_next <sys/syslimits.h>

#undef ARG_MAX
#define ARG_MAX 4096 /* a domain's command line */
#undef PATH_MAX
#define PATH_MAX 4096
#undef PIPE_BUF
#define PIPE_BUF 4096

#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_KEYS_MAX              128
#define PTHREAD_STACK_MIN             16384
#define SEM_VALUE_MAX                 2147483647
#define RTSIG_MAX                     32
#define DELAYTIMER_MAX                2147483647

#define SSIZE_MAX          0x7fffffffffffffff
#define FILESIZEBITS       64
#define HOST_NAME_MAX      64
#define LOGIN_NAME_MAX     32
#define TTY_NAME_MAX       32
#define SYMLINK_MAX        4095
#define SYMLOOP_MAX        40
#define AIO_PRIO_DELTA_MAX 0
#undef IOV_MAX
#define IOV_MAX 1024

#define _POSIX_AIO_LISTIO_MAX 2
#define _POSIX_AIO_MAX        1
#define _POSIX_ARG_MAX        4096
#define _POSIX_HOST_NAME_MAX  255
#define _POSIX_LINK_MAX       8
#define _POSIX_LOGIN_NAME_MAX 9
#define _POSIX_MAX_CANON      255
#define _POSIX_MAX_INPUT      255
#define _POSIX_NAME_MAX       14
#define _POSIX_NGROUPS_MAX    8
#define _POSIX_OPEN_MAX       20
#define _POSIX_PATH_MAX       256
#define _POSIX_PIPE_BUF       512
#define _POSIX_RE_DUP_MAX     255
#define _POSIX_SSIZE_MAX      32767
#define _POSIX_STREAM_MAX     8
#define _POSIX_SYMLINK_MAX    255
#define _POSIX_SYMLOOP_MAX    8
#define _POSIX_TTY_NAME_MAX   9
#define _POSIX_TZNAME_MAX     6
#define _XOPEN_IOV_MAX        16
#define _XOPEN_NAME_MAX       255
#define _XOPEN_PATH_MAX       1024

#endif
