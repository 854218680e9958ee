/* SPDX-License-Identifier: MIT */
#include "socket.h"

#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

int socketpair(int family, int type, int protocol, int fds[2])
{
    const int kind = type & ~TYPE_FLAGS;
    struct file *ends[2];
    int ret;

    if (family == AF_INET || family == AF_INET6)
        return (int)posix_result(-EOPNOTSUPP);
    if (family != AF_UNIX)
        return (int)posix_result(-EAFNOSUPPORT);
    if (protocol && protocol != PF_UNIX)
        return (int)posix_result(-EPROTONOSUPPORT);
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM && kind != SOCK_SEQPACKET)
        return (int)posix_result(-EINVAL);
    posix_broken_pipe = posix_raise_sigpipe;
    ret = socketpair_create(ends, (unsigned)kind, (unsigned)type & FILE_NONBLOCK);
    return (int)posix_result(ret ? ret : posix_install_pair(ends, type & SOCK_CLOEXEC, fds));
}
