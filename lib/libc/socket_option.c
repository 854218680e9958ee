/* SPDX-License-Identifier: MIT */
/* Options of sockets: POSIX' and Linux' names, and their values' layouts. */
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "socket.h"

enum layout {
    BOOL, /* int */
    INT,  /* int */
    BYTE, /* int, or one byte, as BSD has it */
    TIME, /* struct timeval */
    LINGER,
    GROUP_V4, /* struct ip_mreqn, or ip_mreq */
    GROUP_V6,
    INTERFACE_V4, /* struct ip_mreqn, ip_mreq or in_addr */
    NAME,         /* of an interface */
    FIXED,        /* int; only asked */
};

static const struct option {
    uint8_t level, name, option, layout;
} options[] = {
    {SOL_SOCKET, SO_REUSEADDR, SOCKET_OPT_REUSE_ADDRESS, BOOL},
    {SOL_SOCKET, SO_REUSEPORT, SOCKET_OPT_REUSE_PORT, BOOL},
    {SOL_SOCKET, SO_KEEPALIVE, SOCKET_OPT_KEEPALIVE, BOOL},
    {SOL_SOCKET, SO_BROADCAST, SOCKET_OPT_BROADCAST, BOOL},
    {SOL_SOCKET, SO_SNDBUF, SOCKET_OPT_SEND_BUFFER, INT},
    {SOL_SOCKET, SO_RCVBUF, SOCKET_OPT_RECEIVE_BUFFER, INT},
    {SOL_SOCKET, SO_LINGER, SOCKET_OPT_LINGER, LINGER},
    {SOL_SOCKET, SO_BINDTODEVICE, SOCKET_OPT_BIND_INTERFACE, NAME},
    {SOL_SOCKET, SO_RCVTIMEO, 0, TIME},
    {SOL_SOCKET, SO_SNDTIMEO, 0, TIME},
    {SOL_SOCKET, SO_ERROR, 0, FIXED},
    {SOL_SOCKET, SO_TYPE, 0, FIXED},
    {SOL_SOCKET, SO_DOMAIN, 0, FIXED},
    {SOL_SOCKET, SO_PROTOCOL, 0, FIXED},
    {SOL_SOCKET, SO_ACCEPTCONN, 0, FIXED},
    {SOL_SOCKET, SO_RCVLOWAT, 0, FIXED},
    {SOL_SOCKET, SO_SNDLOWAT, 0, FIXED},
    {IPPROTO_IP, IP_TTL, SOCKET_OPT_TTL, BYTE},
    {IPPROTO_IP, IP_TOS, SOCKET_OPT_TOS, BYTE},
    {IPPROTO_IP, IP_PKTINFO, SOCKET_OPT_PKTINFO, BOOL},
    {IPPROTO_IP, IP_MULTICAST_TTL, SOCKET_OPT_MULTICAST_TTL, BYTE},
    {IPPROTO_IP, IP_MULTICAST_LOOP, SOCKET_OPT_MULTICAST_LOOP, BYTE},
    {IPPROTO_IP, IP_MULTICAST_IF, SOCKET_OPT_MULTICAST_INTERFACE, INTERFACE_V4},
    {IPPROTO_IP, IP_ADD_MEMBERSHIP, SOCKET_OPT_JOIN_GROUP, GROUP_V4},
    {IPPROTO_IP, IP_DROP_MEMBERSHIP, SOCKET_OPT_LEAVE_GROUP, GROUP_V4},
    {IPPROTO_IPV6, IPV6_V6ONLY, SOCKET_OPT_V6ONLY, BOOL},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, SOCKET_OPT_TTL, INT},
    {IPPROTO_IPV6, IPV6_TCLASS, SOCKET_OPT_TOS, INT},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, SOCKET_OPT_PKTINFO, BOOL},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, SOCKET_OPT_MULTICAST_TTL, INT},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, SOCKET_OPT_MULTICAST_LOOP, BOOL},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, SOCKET_OPT_MULTICAST_INTERFACE, INT},
    {IPPROTO_IPV6, IPV6_JOIN_GROUP, SOCKET_OPT_JOIN_GROUP, GROUP_V6},
    {IPPROTO_IPV6, IPV6_LEAVE_GROUP, SOCKET_OPT_LEAVE_GROUP, GROUP_V6},
    {IPPROTO_TCP, TCP_NODELAY, SOCKET_OPT_NODELAY, BOOL},
    {IPPROTO_TCP, TCP_CORK, SOCKET_OPT_CORK, BOOL},
    {IPPROTO_TCP, TCP_MAXSEG, SOCKET_OPT_MAX_SEGMENT, INT},
    {IPPROTO_TCP, TCP_KEEPIDLE, SOCKET_OPT_KEEP_IDLE, INT},
    {IPPROTO_TCP, TCP_KEEPINTVL, SOCKET_OPT_KEEP_INTERVAL, INT},
    {IPPROTO_TCP, TCP_KEEPCNT, SOCKET_OPT_KEEP_COUNT, INT},
};

static bool has_level(const struct socket *s, int level)
{
    switch (level) {
    case SOL_SOCKET:
        return true;
    case IPPROTO_IP:
        return s->family != AF_UNIX;
    case IPPROTO_IPV6:
        return s->family == AF_INET6;
    case IPPROTO_TCP:
        return s->family != AF_UNIX && s->type == SOCK_STREAM;
    default:
        return false;
    }
}

/* -ENOPROTOOPT, or no_level for a level that the socket does not have. */
static int find(const struct socket *s, int level, int name, int no_level,
                const struct option **out)
{
    if (!has_level(s, level))
        return s->family == AF_UNIX ? -EOPNOTSUPP : no_level;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        *out = &options[i];
        if (options[i].level == level && options[i].name == name)
            return 0;
    }
    return -ENOPROTOOPT;
}

/* ---- setting ---- */

static int read_int(const void *from, socklen_t length, bool byte, int64_t *out)
{
    int n;

    if (length < sizeof(n)) {
        if (!byte || !length)
            return -EINVAL;
        *out = *(const uint8_t *)from;
        return 0;
    }
    memcpy(&n, from, sizeof(n));
    *out = n;
    return 0;
}

static int set_time(struct socket *s, int name, const void *from, socklen_t length)
{
    struct timeval t;
    uint64_t ns;

    if (length < sizeof(t))
        return -EINVAL;
    memcpy(&t, from, sizeof(t));
    if (t.tv_usec < 0 || t.tv_usec >= 1000000)
        return -EDOM;
    /* a negative time is none; a time of many years is for ever */
    ns = t.tv_sec < 0           ? 0
         : t.tv_sec > INT32_MAX ? 0
                                : (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
    *(name == SO_RCVTIMEO ? &s->receive_timeout : &s->send_timeout) = ns;
    return 0;
}

/* An address of IPv4 and an interface, by number or address, as IP_ADD_MEMBERSHIP has them. */
static int read_group_v4(const void *from, socklen_t length, struct socket_value *value)
{
    struct ip_mreqn m = {0};

    if (length < sizeof(struct ip_mreq))
        return -EINVAL;
    memcpy(&m, from, length < sizeof(m) ? sizeof(struct ip_mreq) : sizeof(m));
    value->address.family = AF_INET;
    memcpy(value->address.ip, &m.imr_multiaddr, sizeof(m.imr_multiaddr));
    value->number = m.imr_ifindex;
    if (!value->number && m.imr_address.s_addr)
        value->number = posix_interface_of(&m.imr_address);
    return !value->number && m.imr_address.s_addr ? -ENODEV : 0;
}

static int read_interface_v4(const void *from, socklen_t length, struct socket_value *value)
{
    struct in_addr address;

    if (length >= sizeof(struct ip_mreq))
        return read_group_v4(from, length, value);
    if (length < sizeof(address))
        return -EINVAL;
    memcpy(&address, from, sizeof(address));
    value->number = address.s_addr ? posix_interface_of(&address) : 0;
    return address.s_addr && !value->number ? -EADDRNOTAVAIL : 0;
}

static int read_group_v6(const void *from, socklen_t length, struct socket_value *value)
{
    struct ipv6_mreq m;

    if (length < sizeof(m))
        return -EINVAL;
    memcpy(&m, from, sizeof(m));
    value->number = m.ipv6mr_interface;
    value->address.family = AF_INET6;
    value->address.scope = m.ipv6mr_interface;
    memcpy(value->address.ip, &m.ipv6mr_multiaddr, sizeof(m.ipv6mr_multiaddr));
    return 0;
}

static int read_linger(const void *from, socklen_t length, struct socket_value *value)
{
    struct linger l;

    if (length < sizeof(l))
        return -EINVAL;
    memcpy(&l, from, sizeof(l));
    value->number = !l.l_onoff ? -1 : l.l_linger < 0 ? INT32_MAX : l.l_linger;
    return 0;
}

static int read_name(const void *from, socklen_t length, struct socket_value *value)
{
    char name[IF_NAMESIZE] = "";

    memcpy(name, from, length < sizeof(name) ? length : sizeof(name) - 1);
    value->number = *name ? if_nametoindex(name) : 0;
    return *name && !value->number ? -ENODEV : 0;
}

static int read_value(const struct option *o, const void *from, socklen_t length,
                      struct socket_value *value)
{
    int ret;

    switch (o->layout) {
    case LINGER:
        return read_linger(from, length, value);
    case GROUP_V4:
        return read_group_v4(from, length, value);
    case GROUP_V6:
        return read_group_v6(from, length, value);
    case INTERFACE_V4:
        return read_interface_v4(from, length, value);
    case NAME:
        return read_name(from, length, value);
    case FIXED:
        return -ENOPROTOOPT;
    default:
        ret = read_int(from, length, o->layout == BYTE, &value->number);
        if (o->layout == BOOL)
            value->number = value->number != 0;
        return ret;
    }
}

static int set_option(struct socket *s, int level, int name, const void *from, socklen_t length)
{
    struct socket_value value = {0};
    const struct option *o;
    int ret = find(s, level, name, -ENOPROTOOPT, &o);

    if (ret)
        return ret;
    if ((int)length < 0)
        return -EINVAL;
    if (!from)
        return -EFAULT;
    if (o->layout == TIME)
        return set_time(s, name, from, length);
    ret = read_value(o, from, length, &value);
    return ret ? ret : s->ops->set(s, o->option, &value);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    return (int)posix_result(WITH_SOCKET(f, s, fd, set_option(s, level, option, value, length)));
}

/* ---- asking ---- */

static void give(void *out, socklen_t *length, const void *value, socklen_t size)
{
    if (*length > size)
        *length = size;
    memcpy(out, value, *length);
}

static int fixed(struct socket *s, int name)
{
    switch (name) {
    case SO_ERROR:
        return -socket_take_error(s);
    case SO_TYPE:
        return s->type;
    case SO_DOMAIN:
        return s->family;
    case SO_PROTOCOL:
        return s->protocol;
    case SO_ACCEPTCONN:
        return s->ops->is_listening && s->ops->is_listening(s);
    default: /* SO_RCVLOWAT, SO_SNDLOWAT */
        return 1;
    }
}

static void give_number(void *out, socklen_t *length, bool byte, int64_t number)
{
    const int n = (int)number;
    const uint8_t small = (uint8_t)number;

    if (byte && *length < sizeof(n) && *length)
        give(out, length, &small, sizeof(small));
    else
        give(out, length, &n, sizeof(n));
}

static int give_value(const struct option *o, const struct socket_value *value, void *out,
                      socklen_t *length)
{
    const struct linger l = {value->number >= 0, value->number >= 0 ? (int)value->number : 0};
    const struct in_addr no_address = {0};
    char name[IF_NAMESIZE] = "";

    switch (o->layout) {
    case LINGER:
        give(out, length, &l, sizeof(l));
        return 0;
    case NAME:
        if (value->number && !if_indextoname((unsigned)value->number, name))
            return -ENODEV;
        give(out, length, name, *name ? (socklen_t)strlen(name) + 1 : 0);
        return 0;
    case INTERFACE_V4: /* it was chosen by number, if at all */
        give(out, length, &no_address, sizeof(no_address));
        return 0;
    case GROUP_V4:
    case GROUP_V6:
        return -ENOPROTOOPT;
    default:
        give_number(out, length, o->layout == BYTE, value->number);
        return 0;
    }
}

static int get_option(struct socket *s, int level, int name, void *out, socklen_t *length)
{
    struct socket_value value = {0};
    struct timeval t;
    const struct option *o;
    uint64_t ns;
    int ret = find(s, level, name, -EOPNOTSUPP, &o);

    if (ret)
        return ret;
    if (!length || !out)
        return -EFAULT;
    if ((int)*length < 0)
        return -EINVAL;
    switch (o->layout) {
    case TIME:
        ns = name == SO_RCVTIMEO ? s->receive_timeout : s->send_timeout;
        t = (struct timeval){(time_t)(ns / 1000000000u), (suseconds_t)(ns % 1000000000u / 1000u)};
        give(out, length, &t, sizeof(t));
        return 0;
    case FIXED:
        give_number(out, length, false, fixed(s, name));
        return 0;
    case GROUP_V4:
    case GROUP_V6:
        return -ENOPROTOOPT;
    default:
        ret = s->ops->get(s, o->option, &value);
        return ret ? ret : give_value(o, &value, out, length);
    }
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    return (int)posix_result(WITH_SOCKET(f, s, fd, get_option(s, level, option, value, length)));
}
