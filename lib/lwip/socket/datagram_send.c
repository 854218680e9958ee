/* SPDX-License-Identifier: MIT */
#include "lib/fs/iov.h"
#include "lib/lwip/socket/datagram.h"

/* Bytes of the largest datagram; lwIP's largest packet of IPv6 has its header in these, too. */
#define PACKET_MAX 65535u

static size_t largest(const struct datagram_socket *d, bool v6)
{
    return PACKET_MAX - (v6 ? IP6_HLEN : IP_HLEN) - (d->udp ? UDP_HLEN : 0);
}

static struct pbuf *packet(const struct socket_message *m, size_t len, pbuf_layer layer)
{
    struct iov from = iov_begin(m->iov, m->count);
    struct pbuf *p = pbuf_alloc(layer, (u16_t)len, PBUF_RAM);

    if (p && len)
        iov_get(&from, p->payload, len);
    return p;
}

/* Where it goes. */
static int destination(struct datagram_socket *d, const struct socket_message *m, ip_addr_t *ip,
                       uint16_t *port)
{
    int ret;

    if (m->address.family == SOCKET_FAMILY_NONE) {
        if (!d->connected)
            return -EDESTADDRREQ;
        ip_addr_copy(*ip, d->inet.ip->remote_ip);
        *port = d->udp ? d->udp->remote_port : 0;
        return 0;
    }
    ret = inet_to_ip(&d->inet, &m->address, ip);
    *port = m->address.port;
    if (ret)
        return ret;
    if (d->udp && !*port)
        return -EINVAL;
    if (ip_addr_isany(ip))
        ip_addr_set_loopback(IP_IS_V6(ip), ip);
    return 0;
}

/* ---- where it comes from ---- */

struct source {
    struct netif *netif;
    ip_addr_t ip;
};

/* The interface that the message, the socket, or the route to a destination says. */
static int find_netif(const struct datagram_socket *d, const struct socket_message *m,
                      const ip_addr_t *ip, const ip_addr_t *to, struct netif **out)
{
    const uint8_t bound = d->inet.ip->netif_idx;
    const uint8_t group = d->udp ? d->udp->mcast_ifindex : d->raw->mcast_ifindex;

    *out = NULL;
    if (m->interface) {
        if (m->interface <= UINT8_MAX)
            *out = netif_get_by_index((uint8_t)m->interface);
        if (!*out)
            return -ENODEV;
        return bound && bound != m->interface && IP_IS_V6(to) ? -EINVAL : 0;
    }
    if (bound)
        *out = netif_get_by_index(bound);
    else if (ip_addr_ismulticast(to))
        *out = netif_get_by_index(group);
    if (!*out && !bound)
        *out = ip_route(ip, to);
    return *out ? 0 : -ENETUNREACH;
}

/* For a message that says something of it. */
static int choose_source(const struct datagram_socket *d, const struct socket_message *m,
                         const ip_addr_t *to, struct source *out)
{
    const ip_addr_t *local = &d->inet.ip->local_ip;
    int ret = 0;

    if (m->local.family != SOCKET_FAMILY_NONE)
        ret = inet_to_ip(&d->inet, &m->local, &out->ip);
    if (!ret && (m->local.family == SOCKET_FAMILY_NONE || ip_addr_isany(&out->ip)))
        ip_addr_copy(out->ip, *local);
    else if (ret || IP_IS_V6(&out->ip) != IP_IS_V6(to) || !inet_is_ours(&out->ip))
        return -EINVAL;
    ret = find_netif(d, m, &out->ip, to, &out->netif);
    if (ret)
        return ret;
    if (ip_addr_isany(&out->ip) || IP_IS_ANY_TYPE_VAL(out->ip) || ip_addr_ismulticast(&out->ip)) {
        local = ip_netif_get_local_ip(out->netif, to);
        if (!local)
            return -ENETUNREACH;
        ip_addr_copy(out->ip, *local);
    }
    return 0;
}

static int send_packet(struct datagram_socket *d, const struct socket_message *m, struct pbuf *p,
                       const ip_addr_t *to, uint16_t port)
{
    struct source from;
    int ret;

    if (m->local.family == SOCKET_FAMILY_NONE && !m->interface)
        return inet_error(d->udp ? udp_sendto(d->udp, p, to, port) : raw_sendto(d->raw, p, to));
    ret = choose_source(d, m, to, &from);
    if (ret)
        return ret;
    return inet_error(d->udp ? udp_sendto_if_src(d->udp, p, to, port, from.netif, &from.ip)
                             : raw_sendto_if_src(d->raw, p, to, from.netif, &from.ip));
}

/* ---- sending ---- */

static int64_t send_once(struct datagram_socket *d, const struct socket_message *m, size_t len)
{
    struct pbuf *p;
    ip_addr_t to;
    uint16_t port;
    int ret = destination(d, m, &to, &port);

    if (ret)
        return ret;
    if (len > largest(d, IP_IS_V6(&to)))
        return -EMSGSIZE; /* it would never fit */
    if (!(d->inet.so_options & SOF_BROADCAST) && inet_is_broadcast(&to))
        return -EACCES;
    p = packet(m, len, d->udp ? PBUF_TRANSPORT : PBUF_IP);
    if (!p)
        return -ENOBUFS;
    ret = send_packet(d, m, p, &to, port);
    pbuf_free(p);
    return ret ? ret : (int64_t)len;
}

int64_t datagram_socket_send(struct socket *s, const struct socket_message *m, bool wait)
{
    struct datagram_socket *d = datagram_of(s);
    uint64_t deadline = 0; /* found when it has to wait: the clock may cost more than the data */
    const size_t len = iov_total(m->iov, m->count);
    int64_t ret;

    if (s->error)
        return socket_take_error(s);
    if (d->no_writing)
        return -EPIPE;
    if (len > largest(d, false))
        return -EMSGSIZE;
    for (unsigned looks = 0;; looks++) {
        LOCK_TCPIP_CORE();
        ret = send_once(d, m, len);
        UNLOCK_TCPIP_CORE();
        if (ret != -ENOBUFS || !wait)
            return ret;
        if (wait && !deadline)
            deadline = socket_deadline(s->send_timeout);
        ret = inet_wait_for_room(looks, wait, deadline);
        if (ret)
            return ret;
        if (d->no_writing)
            return -EPIPE;
    }
}
