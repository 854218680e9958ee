/* SPDX-License-Identifier: MIT */
/* The life of UDP and raw sockets. */
#include "lib/lwip/socket/datagram.h"

#include <ringlet/heap.h>

#include "lib/fs/poll.h"

static int bind_to(struct datagram_socket *d, const struct socket_address *to)
{
    ip_addr_t ip;
    int ret = inet_to_ip(&d->inet, to, &ip);

    if (ret)
        return ret == -ENETUNREACH ? -EINVAL : ret;
    if (d->udp && d->udp->local_port)
        return -EINVAL;
    if (!inet_is_ours(&ip) && !ip_addr_ismulticast(&ip) && !inet_is_broadcast(&ip))
        return -EADDRNOTAVAIL;
    if (d->raw)
        return inet_error(raw_bind(d->raw, &ip));
    if (IP_IS_V6(&ip) && ip_addr_isany(&ip) && !d->inet.v6only)
        ip_addr_copy(ip, *IP_ANY_TYPE);
    return inet_error(udp_bind(d->udp, &ip, to->port));
}

static int datagram_bind(struct socket *s, const struct socket_address *to)
{
    int ret;

    LOCK_TCPIP_CORE();
    ret = bind_to(datagram_of(s), to);
    UNLOCK_TCPIP_CORE();
    return ret;
}

static int connect_to(struct datagram_socket *d, const struct socket_address *to)
{
    ip_addr_t ip;
    int ret;

    if (to->family == SOCKET_FAMILY_NONE) {
        if (d->udp)
            udp_disconnect(d->udp);
        else
            raw_disconnect(d->raw);
        d->connected = false;
        inet_apply(&d->inet); /* which lwIP has reset in part */
        return 0;
    }
    ret = inet_to_ip(&d->inet, to, &ip);
    if (ret)
        return ret;
    if (ip_addr_isany(&ip))
        ip_addr_set_loopback(IP_IS_V6(&ip), &ip);
    if (!(d->inet.so_options & SOF_BROADCAST) && inet_is_broadcast(&ip))
        return -EACCES;
    if (!ip_route(&d->inet.ip->local_ip, &ip))
        return -ENETUNREACH;
    ret = inet_error(d->udp ? udp_connect(d->udp, &ip, to->port) : raw_connect(d->raw, &ip));
    d->connected = d->connected || !ret;
    if (d->udp && !ret)
        datagram_watch_refused();
    return ret;
}

static int datagram_connect(struct socket *s, const struct socket_address *to, bool wait)
{
    int ret;

    (void)wait;
    LOCK_TCPIP_CORE();
    ret = connect_to(datagram_of(s), to);
    UNLOCK_TCPIP_CORE();
    return ret;
}

static int datagram_shutdown(struct socket *s, bool reading, bool writing)
{
    struct datagram_socket *d = datagram_of(s);

    d->no_reading |= reading;
    d->no_writing |= writing;
    wake_all(&s->readable);
    wake_all(&s->writable);
    return d->connected ? 0 : -ENOTCONN;
}

/* A connected socket shows the address that it would send from, as Linux'. */
static void local_name(struct datagram_socket *d, struct socket_address *out)
{
    ip_addr_t ip = d->inet.ip->local_ip;

    if (d->connected && ip_addr_isany(&ip))
        inet_local_for(&d->inet.ip->remote_ip, &ip);
    inet_from_ip(&d->inet, &ip, d->udp ? d->udp->local_port : 0, out);
}

static int datagram_name(struct socket *s, bool peer, struct socket_address *out)
{
    struct datagram_socket *d = datagram_of(s);

    if (peer && !d->connected)
        return -ENOTCONN;
    LOCK_TCPIP_CORE();
    if (peer)
        inet_from_ip(&d->inet, &d->inet.ip->remote_ip, d->udp ? d->udp->remote_port : 0, out);
    else
        local_name(d, out);
    UNLOCK_TCPIP_CORE();
    return 0;
}

static unsigned datagram_poll(struct socket *s, unsigned events, struct poll_waits *waits)
{
    const struct datagram_socket *d = datagram_of(s);

    (void)waits;
    return (events & (POLL_OUT | (!list_empty(&d->received) || d->no_reading ? POLL_IN : 0) |
                      (d->no_reading ? POLL_RDHUP : 0))) |
           (d->no_reading && d->no_writing ? POLL_HUP : 0);
}

static size_t datagram_available(struct socket *s)
{
    return datagram_next(datagram_of(s));
}

static void free_socket(struct datagram_socket *d)
{
    datagram_leave_all(d);
    if (d->udp)
        udp_remove(d->udp);
    if (d->raw)
        raw_remove(d->raw);
    datagram_clear(d);
    heap_free(d);
}

static int datagram_release(struct socket *s)
{
    LOCK_TCPIP_CORE();
    free_socket(datagram_of(s));
    UNLOCK_TCPIP_CORE();
    return 0;
}

static const struct socket_ops datagram_ops = {
    .bind = datagram_bind,
    .connect = datagram_connect,
    .shutdown = datagram_shutdown,
    .send = datagram_socket_send,
    .receive = datagram_receive,
    .name = datagram_name,
    .set = datagram_socket_set,
    .get = datagram_socket_get,
    .poll = datagram_poll,
    .available = datagram_available,
    .release = datagram_release,
};

static bool open_udp(struct datagram_socket *d)
{
    d->udp = udp_new_ip_type(inet_pcb_type(&d->inet));
    if (!d->udp)
        return false;
    udp_recv(d->udp, datagram_udp_input, d);
    udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
    udp_set_multicast_ttl(d->udp, 1);
    d->inet.ip = (struct ip_pcb *)d->udp;
    return true;
}

static bool open_raw(struct datagram_socket *d, unsigned protocol)
{
    d->raw = raw_new_ip_type(inet_pcb_type(&d->inet), (u8_t)protocol);
    if (!d->raw)
        return false;
    raw_recv(d->raw, datagram_raw_input, d);
    raw_set_flags(d->raw, RAW_FLAGS_MULTICAST_LOOP);
    raw_set_multicast_ttl(d->raw, 1);
    if (protocol == IP6_NEXTH_ICMP6) { /* its checksum is the host's to compute */
        d->raw->chksum_reqd = 1;
        d->raw->chksum_offset = 2;
    }
    d->inet.ip = (struct ip_pcb *)d->raw;
    return true;
}

int datagram_socket_create(unsigned family, unsigned type, unsigned protocol, struct socket **out)
{
    struct datagram_socket *d = heap_zalloc(1, sizeof(*d), MEM_KERNEL);

    if (!d)
        return -ENOMEM;
    socket_init(&d->inet.base, &datagram_ops, family, type, protocol);
    inet_init(&d->inet);
    list_init(&d->received);
    list_init(&d->groups);
    d->receive_buffer = d->send_buffer = DATAGRAM_BUFFER;
    if (type == SOCKET_RAW && family == SOCKET_FAMILY_INET6)
        d->inet.v6only = true;
    if (!(type == SOCKET_RAW ? open_raw(d, protocol) : open_udp(d))) {
        free_socket(d);
        return -ENOBUFS;
    }
    inet_apply(&d->inet);
    *out = &d->inet.base;
    return 0;
}
