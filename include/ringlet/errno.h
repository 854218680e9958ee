/* SPDX-License-Identifier: MIT */
/*
 * Error numbers. Ringlet's functions return 0 or -errno, with one set of numbers: newlib's
 * (newlib/libc/include/sys/errno.h), so that a driver's result needs no conversion to an
 * application's errno. Xen and XenStore have others, which are translated where they enter: a
 * hypercall's result in hypercall() (kernel/errno.h), a reply of XenStore by its name
 * (drivers/xen/xs_message.c).
 *
 * In a hosted build, and where an application has included a C library's <errno.h> before, the
 * numbers are that library's.
 */
#ifndef RINGLET_ERRNO_H
#define RINGLET_ERRNO_H

/* The names and newlib's numbers, as X(name, number). All names of <xen/errno.h> are among them. */
#define RINGLET_ERRNO_LIST(X)                                                    \
    X(EPERM, 1)                                                                  \
    X(ENOENT, 2)                                                                 \
    X(ESRCH, 3)                                                                  \
    X(EINTR, 4)                                                                  \
    X(EIO, 5)                                                                    \
    X(ENXIO, 6)                                                                  \
    X(E2BIG, 7)                                                                  \
    X(ENOEXEC, 8)                                                                \
    X(EBADF, 9)                                                                  \
    X(ECHILD, 10)                                                                \
    X(EAGAIN, 11) /* also EWOULDBLOCK */                                         \
    X(ENOMEM, 12)                                                                \
    X(EACCES, 13)                                                                \
    X(EFAULT, 14)                                                                \
    X(EBUSY, 16)                                                                 \
    X(EEXIST, 17)                                                                \
    X(EXDEV, 18)                                                                 \
    X(ENODEV, 19)                                                                \
    X(ENOTDIR, 20)                                                               \
    X(EISDIR, 21)                                                                \
    X(EINVAL, 22)                                                                \
    X(ENFILE, 23)                                                                \
    X(EMFILE, 24)                                                                \
    X(ENOTTY, 25)                                                                \
    X(ETXTBSY, 26)                                                               \
    X(EFBIG, 27)                                                                 \
    X(ENOSPC, 28)                                                                \
    X(ESPIPE, 29)                                                                \
    X(EROFS, 30)                                                                 \
    X(EMLINK, 31)                                                                \
    X(EPIPE, 32)                                                                 \
    X(EDOM, 33)                                                                  \
    X(ERANGE, 34)                                                                \
    X(EDEADLK, 45) /* also Xen's EDEADLOCK */                                    \
    X(ENOLCK, 46)                                                                \
    X(ENODATA, 61)                                                               \
    X(ETIME, 62)                                                                 \
    X(EPROTO, 71)                                                                \
    X(EBADMSG, 77)                                                               \
    X(ENOSYS, 88)                                                                \
    X(ENOTEMPTY, 90)                                                             \
    X(ENAMETOOLONG, 91)                                                          \
    X(ELOOP, 92)                                                                 \
    X(EOPNOTSUPP, 95)                                                            \
    X(ECONNRESET, 104)                                                           \
    X(ENOBUFS, 105)                                                              \
    X(EAFNOSUPPORT, 106)                                                         \
    X(EPROTOTYPE, 107)                                                           \
    X(ENOTSOCK, 108)                                                             \
    X(ENOPROTOOPT, 109)                                                          \
    X(ESHUTDOWN, 110) /* newlib shows it with __LINUX_ERRNO_EXTENSIONS__ only */ \
    X(ECONNREFUSED, 111)                                                         \
    X(EADDRINUSE, 112)                                                           \
    X(ECONNABORTED, 113)                                                         \
    X(ENETUNREACH, 114)                                                          \
    X(ENETDOWN, 115)                                                             \
    X(ETIMEDOUT, 116)                                                            \
    X(EHOSTDOWN, 117)                                                            \
    X(EHOSTUNREACH, 118)                                                         \
    X(EINPROGRESS, 119)                                                          \
    X(EALREADY, 120)                                                             \
    X(EDESTADDRREQ, 121)                                                         \
    X(EMSGSIZE, 122)                                                             \
    X(EPROTONOSUPPORT, 123)                                                      \
    X(EADDRNOTAVAIL, 125)                                                        \
    X(EISCONN, 127)                                                              \
    X(ENOTCONN, 128)                                                             \
    X(EILSEQ, 138)                                                               \
    X(EOVERFLOW, 139)                                                            \
    X(ECANCELED, 140)

#if __STDC_HOSTED__
#include <errno.h>
#elif defined(_SYS_ERRNO_H_) /* newlib's <errno.h> came first: its macros have these numbers */
#ifndef ESHUTDOWN
#define ESHUTDOWN 110
#endif
#else
#define RINGLET_ERRNO_VALUE(name, number) name = number,
enum { RINGLET_ERRNO_LIST(RINGLET_ERRNO_VALUE) EWOULDBLOCK = EAGAIN };
#undef RINGLET_ERRNO_VALUE
#endif

/* "EIO" for 5 or -5; "E?" for a number that is not in the list. Any context. */
const char *errno_name(int err);

#endif
