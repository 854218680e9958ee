/* SPDX-License-Identifier: MIT */
/* Sockets (POSIX). Numbers and layouts are Linux'; docs/sockets.md says which families and options
 * there are. */
#ifndef RINGLET_SYS_SOCKET_H
#define RINGLET_SYS_SOCKET_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifndef _SOCKLEN_T_DECLARED
typedef __socklen_t socklen_t;
#define _SOCKLEN_T_DECLARED
#endif
#ifndef _SA_FAMILY_T_DECLARED
typedef uint16_t sa_family_t;
#define _SA_FAMILY_T_DECLARED
#endif

/* ---- families, types ---- */

#define AF_UNSPEC 0
#define AF_UNIX   1
#define AF_LOCAL  AF_UNIX
#define AF_INET   2
#define AF_INET6  10

#define PF_UNSPEC AF_UNSPEC
#define PF_UNIX   AF_UNIX
#define PF_LOCAL  AF_LOCAL
#define PF_INET   AF_INET
#define PF_INET6  AF_INET6

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_NONBLOCK  0x4000  /* O_NONBLOCK */
#define SOCK_CLOEXEC   0x40000 /* O_CLOEXEC */

#define SOMAXCONN 128

/* ---- addresses ---- */

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_storage {
    sa_family_t ss_family;
    char __ss_padding[118];
    unsigned long __ss_align;
};

/* ---- messages ---- */

struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    size_t msg_iovlen;
    void *msg_control;
    size_t msg_controllen;
    int msg_flags;
};

struct cmsghdr {
    size_t cmsg_len; /* with this header */
    int cmsg_level;
    int cmsg_type;
};

#define __CMSG_ALIGN(len) (((len) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
#define CMSG_DATA(c)      ((unsigned char *)((struct cmsghdr *)(c) + 1))
#define CMSG_FIRSTHDR(m)                                                \
    ((m)->msg_controllen < sizeof(struct cmsghdr) ? (struct cmsghdr *)0 \
                                                  : (struct cmsghdr *)(m)->msg_control)
#define CMSG_LEN(len)     (sizeof(struct cmsghdr) + (len))
#define CMSG_SPACE(len)   (sizeof(struct cmsghdr) + __CMSG_ALIGN(len))
#define CMSG_NXTHDR(m, c) __cmsg_next(m, c)
static __inline struct cmsghdr *__cmsg_next(const struct msghdr *__m, const struct cmsghdr *__c)
{
    const size_t __left = __m->msg_controllen - (size_t)((char *)__c - (char *)__m->msg_control);

    if (__c->cmsg_len < sizeof(*__c) || __c->cmsg_len > __left ||
        __left - __c->cmsg_len < __CMSG_ALIGN(__c->cmsg_len) - __c->cmsg_len ||
        __left - __CMSG_ALIGN(__c->cmsg_len) < sizeof(*__c))
        return 0;
    return (struct cmsghdr *)((char *)__c + __CMSG_ALIGN(__c->cmsg_len));
}

#define SCM_RIGHTS 1

#define MSG_OOB          0x1
#define MSG_PEEK         0x2
#define MSG_DONTROUTE    0x4
#define MSG_CTRUNC       0x8
#define MSG_TRUNC        0x20
#define MSG_DONTWAIT     0x40
#define MSG_EOR          0x80
#define MSG_WAITALL      0x100
#define MSG_NOSIGNAL     0x4000
#define MSG_MORE         0x8000
#define MSG_WAITFORONE   0x10000
#define MSG_CMSG_CLOEXEC 0x40000000

/* ---- options ---- */

#define SOL_SOCKET 1

#define SO_DEBUG        1
#define SO_REUSEADDR    2
#define SO_TYPE         3
#define SO_ERROR        4
#define SO_DONTROUTE    5
#define SO_BROADCAST    6
#define SO_SNDBUF       7
#define SO_RCVBUF       8
#define SO_KEEPALIVE    9
#define SO_OOBINLINE    10
#define SO_LINGER       13
#define SO_REUSEPORT    15
#define SO_RCVLOWAT     18
#define SO_SNDLOWAT     19
#define SO_RCVTIMEO     20
#define SO_SNDTIMEO     21
#define SO_BINDTODEVICE 25
#define SO_ACCEPTCONN   30
#define SO_PROTOCOL     38
#define SO_DOMAIN       39

struct linger {
    int l_onoff;
    int l_linger; /* seconds */
};

/* ---- functions ---- */

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

int socket(int family, int type, int protocol);
int socketpair(int family, int type, int protocol, int fds[2]);
int bind(int fd, const struct sockaddr *to, socklen_t length);
int listen(int fd, int backlog);
int accept(int fd, struct sockaddr *__restrict from, socklen_t *__restrict length);
int connect(int fd, const struct sockaddr *to, socklen_t length);
int shutdown(int fd, int how);
int getsockname(int fd, struct sockaddr *__restrict out, socklen_t *__restrict length);
int getpeername(int fd, struct sockaddr *__restrict out, socklen_t *__restrict length);
int getsockopt(int fd, int level, int option, void *__restrict value, socklen_t *__restrict length);
int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
ssize_t send(int fd, const void *buf, size_t length, int flags);
ssize_t sendto(int fd, const void *buf, size_t length, int flags, const struct sockaddr *to,
               socklen_t to_length);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t recv(int fd, void *buf, size_t length, int flags);
ssize_t recvfrom(int fd, void *__restrict buf, size_t length, int flags,
                 struct sockaddr *__restrict from, socklen_t *__restrict from_length);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
/* There is no urgent data: 0, or EINVAL on what is no stream. */
int sockatmark(int fd);

#if __GNU_VISIBLE
struct timespec;
struct mmsghdr {
    struct msghdr msg_hdr;
    unsigned msg_len;
};
int accept4(int fd, struct sockaddr *__restrict from, socklen_t *__restrict length, int flags);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout);
#endif

#endif
