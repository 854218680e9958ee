/* SPDX-License-Identifier: MIT */
/* Making, naming, connecting and ending sockets. */
#include "socket.h"

#include <fcntl.h>
#include <stddef.h>

#include "lib/lwip/socket/inet.h"

_Static_assert(SOCK_STREAM == SOCKET_STREAM && SOCK_DGRAM == SOCKET_DATAGRAM &&
                   SOCK_RAW == SOCKET_RAW && SOCK_SEQPACKET == SOCKET_SEQPACKET,
               "lib/fs has these numbers");
_Static_assert(SOCK_NONBLOCK == O_NONBLOCK && SOCK_CLOEXEC == O_CLOEXEC, "one bit for both");

#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

int socket(int family, int type, int protocol)
{
    struct file *f;
    int ret;

    if (protocol < 0 || type < 0)
        return (int)posix_result(-EINVAL);
    if (family != AF_INET && family != AF_INET6)
        return (int)posix_result(-EAFNOSUPPORT);
    posix_broken_pipe = posix_raise_sigpipe;
    ret = inet_socket_create((unsigned)family, (unsigned)(type & ~TYPE_FLAGS), (unsigned)protocol,
                             (unsigned)type & FILE_NONBLOCK, &f);
    return (int)posix_result(ret ? ret : posix_install(f, type & SOCK_CLOEXEC));
}

/* An address of IPv6 that is shorter than any is told before its family, as on Linux. */
#define V6_LENGTH_MIN 24

static int read_address(const struct socket *s, const struct sockaddr *from, socklen_t length,
                        struct socket_address *out)
{
    if (s->family == AF_INET6 && length < V6_LENGTH_MIN && from && from->sa_family != AF_UNSPEC)
        return -EINVAL;
    return posix_address(from, length, out);
}

static int64_t bind_socket(struct socket *s, const struct sockaddr *to, socklen_t length)
{
    struct socket_address address;
    int ret = read_address(s, to, length, &address);

    if (ret)
        return ret;
    return s->ops->bind ? s->ops->bind(s, &address) : -EINVAL; /* one end of a pair */
}

int bind(int fd, const struct sockaddr *to, socklen_t length)
{
    return (int)posix_result(WITH_SOCKET(f, s, fd, bind_socket(s, to, length)));
}

int listen(int fd, int backlog)
{
    return (int)posix_result(
        WITH_SOCKET(f, s, fd, s->ops->listen ? s->ops->listen(s, backlog) : -EOPNOTSUPP));
}

/* A descriptor for a connection, or -errno. Nothing waits once a connection was taken. */
static int64_t accept_file(struct file *f, struct socket *s, struct sockaddr *from,
                           socklen_t *length, int flags)
{
    struct socket_address peer;
    struct file *new;
    int ret;

    if (!s->ops->accept)
        return s->family == AF_UNIX && s->type != SOCKET_DATAGRAM ? -EINVAL : -EOPNOTSUPP;
    ret = socket_accept(f, s, &new, &peer);
    if (ret)
        return ret;
    new->flags |= (unsigned)flags &FILE_NONBLOCK;
    ret = posix_give_address(&peer, from, length);
    if (ret) {
        file_put(new);
        return ret;
    }
    return posix_install(new, flags & SOCK_CLOEXEC);
}

int accept4(int fd, struct sockaddr *from, socklen_t *length, int flags)
{
    posix_cancellation_point();
    if (flags & ~TYPE_FLAGS)
        return (int)posix_result(-EINVAL);
    return (int)posix_result(WITH_SOCKET(f, s, fd, accept_file(f, s, from, length, flags)));
}

int accept(int fd, struct sockaddr *from, socklen_t *length)
{
    return accept4(fd, from, length, 0);
}

static int64_t connect_socket(struct file *f, struct socket *s, const struct sockaddr *to,
                              socklen_t length)
{
    struct socket_address address;
    int ret = read_address(s, to, length, &address);

    if (ret)
        return ret;
    if (!s->ops->connect)
        return -EISCONN; /* one end of a pair */
    return s->ops->connect(s, &address, !(f->flags & FILE_NONBLOCK));
}

int connect(int fd, const struct sockaddr *to, socklen_t length)
{
    posix_cancellation_point();
    return (int)posix_result(WITH_SOCKET(f, s, fd, connect_socket(f, s, to, length)));
}

int shutdown(int fd, int how)
{
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return (int)posix_result(WITH_SOCKET(f, s, fd, s ? -EINVAL : 0));
    return (int)posix_result(
        WITH_SOCKET(f, s, fd, s->ops->shutdown(s, how != SHUT_WR, how != SHUT_RD)));
}

static int64_t give_name(struct socket *s, bool peer, struct sockaddr *out, socklen_t *length)
{
    struct socket_address address;
    int ret = s->ops->name(s, peer, &address);

    if (ret)
        return ret;
    return out ? posix_give_address(&address, out, length) : -EFAULT;
}

int getsockname(int fd, struct sockaddr *out, socklen_t *length)
{
    return (int)posix_result(WITH_SOCKET(f, s, fd, give_name(s, false, out, length)));
}

int getpeername(int fd, struct sockaddr *out, socklen_t *length)
{
    return (int)posix_result(WITH_SOCKET(f, s, fd, give_name(s, true, out, length)));
}

int sockatmark(int fd)
{
    return (int)posix_result(WITH_SOCKET(f, s, fd, s->type == SOCKET_STREAM ? 0 : -EINVAL));
}
