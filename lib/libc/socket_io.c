/* SPDX-License-Identifier: MIT */
/* Sending and receiving by sockets. */
#include <netinet/in.h>
#include <ringlet/clock.h>
#include <string.h>
#include <time.h>

#include "socket.h"

_Static_assert(MSG_PEEK == SOCKET_PEEK && MSG_TRUNC == SOCKET_TRUNC &&
                   MSG_DONTWAIT == SOCKET_DONTWAIT && MSG_WAITALL == SOCKET_WAITALL &&
                   MSG_MORE == SOCKET_MORE && MSG_EOR == SOCKET_END_OF_RECORD,
               "lib/fs has these numbers");
_Static_assert(sizeof(struct iovec) == sizeof(struct file_iovec), "they are one");

/* Nobody reads or writes urgent data. */
#define REFUSED MSG_OOB

/* The result of sending: SIGPIPE is for streams, and not with MSG_NOSIGNAL. */
static ssize_t sent(int64_t ret, bool stream, int flags)
{
    if (ret == -EPIPE && (!stream || (flags & MSG_NOSIGNAL))) {
        errno = EPIPE;
        return -1;
    }
    return posix_result(ret);
}

/* A reader gets no SIGPIPE. */
static ssize_t received(int64_t ret)
{
    return sent(ret, false, 0);
}

/* ---- control messages: the host's own address of a datagram ---- */

/* Appends one, and cuts it where there is no room. */
static void put_control(struct msghdr *m, int level, int type, const void *data, size_t length)
{
    const size_t room = m->msg_controllen;
    struct cmsghdr c = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};

    m->msg_controllen = 0;
    if (!m->msg_control || room < sizeof(c)) {
        m->msg_flags |= MSG_CTRUNC;
        return;
    }
    if (room < c.cmsg_len) {
        m->msg_flags |= MSG_CTRUNC;
        c.cmsg_len = room;
    }
    memcpy(m->msg_control, &c, sizeof(c));
    memcpy((char *)m->msg_control + sizeof(c), data, c.cmsg_len - sizeof(c));
    m->msg_controllen = room < CMSG_SPACE(length) ? room : CMSG_SPACE(length);
}

static void give_control(const struct socket_message *from, struct msghdr *m)
{
    struct in_pktinfo v4 = {.ipi_ifindex = (int)from->interface};
    struct in6_pktinfo v6 = {.ipi6_ifindex = from->interface};

    switch (from->local.family) {
    case AF_INET:
        memcpy(&v4.ipi_addr, from->local.ip, sizeof(v4.ipi_addr));
        v4.ipi_spec_dst = v4.ipi_addr;
        put_control(m, IPPROTO_IP, IP_PKTINFO, &v4, sizeof(v4));
        break;
    case AF_INET6:
        memcpy(&v6.ipi6_addr, from->local.ip, sizeof(v6.ipi6_addr));
        put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &v6, sizeof(v6));
        break;
    default:
        m->msg_controllen = 0;
    }
}

/* -EINVAL if there is less than that in it. */
static int get_control(const struct cmsghdr *c, void *data, size_t length)
{
    if (c->cmsg_len < CMSG_LEN(length))
        return -EINVAL;
    memcpy(data, CMSG_DATA(c), length);
    return 0;
}

/* Where a datagram is sent from. A message that says something else is not known. */
static int take_control(const struct cmsghdr *c, struct socket_message *to)
{
    struct in_pktinfo v4;
    struct in6_pktinfo v6;
    int ret;

    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
        ret = c->cmsg_len == CMSG_LEN(sizeof(v4)) ? get_control(c, &v4, sizeof(v4)) : -EINVAL;
        if (ret)
            return ret;
        to->local = (struct socket_address){.family = AF_INET};
        memcpy(to->local.ip, &v4.ipi_spec_dst, sizeof(v4.ipi_spec_dst));
        to->interface = (unsigned)v4.ipi_ifindex;
        return 0;
    }
    if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
        ret = get_control(c, &v6, sizeof(v6));
        if (ret)
            return ret;
        to->local = (struct socket_address){.family = AF_INET6, .scope = v6.ipi6_ifindex};
        memcpy(to->local.ip, &v6.ipi6_addr, sizeof(v6.ipi6_addr));
        to->interface = v6.ipi6_ifindex;
        return 0;
    }
    return -EINVAL;
}

/* As on Linux: descriptors (SCM_RIGHTS) are refused, as there is one process; on a socket of IPv4 what is
 * IPv6's is not looked at, and on a stream neither is. */
static int take_controls(const struct socket *s, const struct msghdr *m, struct socket_message *to)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        const size_t left = (size_t)((char *)m->msg_control + m->msg_controllen - (char *)c);
        const bool ip = c->cmsg_level == IPPROTO_IP, ip6 = c->cmsg_level == IPPROTO_IPV6;
        int ret;

        if (c->cmsg_len < sizeof(*c) || c->cmsg_len > left)
            return -EINVAL;
        if ((ip || ip6) && (s->type == SOCKET_STREAM || (ip6 && s->family == AF_INET)))
            continue;
        ret = take_control(c, to);
        if (ret)
            return ret;
    }
    return 0;
}

/* ---- sending ---- */

static int64_t send_message(struct file *f, struct socket *s, const struct msghdr *m, int flags)
{
    struct socket_message to = {
        .iov = (const struct file_iovec *)m->msg_iov,
        .count = (unsigned)m->msg_iovlen,
        .flags = (unsigned)flags & (MSG_DONTWAIT | MSG_MORE),
    };
    int ret;

    if (m->msg_iovlen > FILE_IOV_MAX)
        return -EMSGSIZE;
    if (flags & REFUSED)
        return -EOPNOTSUPP;
    ret = take_controls(s, m, &to);
    if (ret)
        return ret;
    if (m->msg_name && m->msg_namelen && s->type != SOCKET_STREAM) {
        ret = posix_address(m->msg_name, m->msg_namelen, &to.address);
        if (ret)
            return ret;
    }
    return socket_send(f, s, &to);
}

static bool is_stream(struct socket *s)
{
    return s->type == SOCKET_STREAM || s->type == SOCKET_SEQPACKET;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    bool stream = true;
    int64_t ret;

    posix_cancellation_point();
    ret = WITH_SOCKET(f, s, fd, (stream = is_stream(s), send_message(f, s, m, flags)));
    return sent(ret, stream, flags);
}

ssize_t sendto(int fd, const void *buf, size_t length, int flags, const struct sockaddr *to,
               socklen_t to_length)
{
    struct iovec part = {(void *)(uintptr_t)buf, length};
    const struct msghdr m = {.msg_name = (void *)(uintptr_t)to,
                             .msg_namelen = to_length,
                             .msg_iov = &part,
                             .msg_iovlen = 1};

    return sendmsg(fd, &m, flags);
}

ssize_t send(int fd, const void *buf, size_t length, int flags)
{
    return sendto(fd, buf, length, flags, NULL, 0);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    unsigned done = 0;

    for (; done < count && done < FILE_IOV_MAX; done++) {
        const ssize_t n = sendmsg(fd, &messages[done].msg_hdr, flags);

        if (n < 0)
            return done ? (int)done : -1;
        messages[done].msg_len = (unsigned)n;
    }
    return (int)done;
}

/* ---- receiving ---- */

static int64_t receive_message(struct file *f, struct socket *s, struct msghdr *m, int flags)
{
    struct socket_message from = {
        .iov = (const struct file_iovec *)m->msg_iov,
        .count = (unsigned)m->msg_iovlen,
        .flags = (unsigned)flags & (MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_WAITALL),
    };
    int64_t ret;

    if (m->msg_iovlen > FILE_IOV_MAX)
        return -EMSGSIZE;
    if (flags & REFUSED)
        return -EINVAL;
    ret = socket_receive(f, s, &from);
    if (ret < 0)
        return ret;
    m->msg_flags = (int)from.out_flags;
    if (m->msg_name)
        posix_give_address(&from.address, m->msg_name, &m->msg_namelen);
    give_control(&from, m);
    return ret;
}

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    posix_cancellation_point();
    return received(WITH_SOCKET(f, s, fd, receive_message(f, s, m, flags)));
}

ssize_t recvfrom(int fd, void *buf, size_t length, int flags, struct sockaddr *from,
                 socklen_t *from_length)
{
    struct iovec part = {buf, length};
    struct msghdr m = {.msg_name = from,
                       .msg_namelen = from && from_length ? *from_length : 0,
                       .msg_iov = &part,
                       .msg_iovlen = 1};
    ssize_t ret;

    if (from && (!from_length || (int)*from_length < 0)) {
        errno = from_length ? EINVAL : EFAULT;
        return -1;
    }
    ret = recvmsg(fd, &m, flags);
    if (ret >= 0 && from)
        *from_length = m.msg_namelen;
    return ret;
}

ssize_t recv(int fd, void *buf, size_t length, int flags)
{
    return recvfrom(fd, buf, length, flags, NULL, NULL);
}

/* As on Linux the time is looked at only between messages. */
int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
    uint64_t deadline;
    unsigned done = 0;
    int ret = posix_deadline(timeout, &deadline);

    if (ret)
        return (int)posix_result(ret);
    while (done < count && done < FILE_IOV_MAX) {
        const ssize_t n = recvmsg(fd, &messages[done].msg_hdr, flags & ~MSG_WAITFORONE);

        if (n < 0)
            return done ? (int)done : -1;
        messages[done++].msg_len = (unsigned)n;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (clock_now() >= deadline)
            break;
    }
    return (int)done;
}
