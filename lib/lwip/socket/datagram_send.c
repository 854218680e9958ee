/* SPDX-License-Identifier: MIT */
#include <ringlet/clock.h>

#include "lib/fs/iov.h"
#include "lib/lwip/socket/datagram.h"

#define UDP_MAX 65507u /* bytes of the largest datagram of IPv4, and of ours */
#define RAW_MAX 65515u

/* While a device has no room, a sender that may wait looks again: nothing tells when it has. */
#define FULL_LOOK  (100 * 1000ull) /* ns */
#define FULL_LOOKS 10000u

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

static int64_t send_once(struct datagram_socket *d, const struct socket_message *m, size_t len)
{
    struct pbuf *p;
    ip_addr_t to;
    uint16_t port;
    err_t err;
    int ret = destination(d, m, &to, &port);

    if (ret)
        return ret;
    if (!(d->inet.so_options & SOF_BROADCAST) && inet_is_broadcast(&to))
        return -EACCES;
    p = packet(m, len, d->udp ? PBUF_TRANSPORT : PBUF_IP);
    if (!p)
        return -ENOBUFS;
    err = d->udp ? udp_sendto(d->udp, p, &to, port) : raw_sendto(d->raw, p, &to);
    pbuf_free(p);
    return err == ERR_OK ? (int64_t)len : inet_error(err);
}

int64_t datagram_socket_send(struct socket *s, const struct socket_message *m, bool wait)
{
    struct datagram_socket *d = datagram_of(s);
    const size_t len = iov_total(m->iov, m->count);
    int64_t ret;

    if (s->error)
        return socket_take_error(s);
    if (d->no_writing)
        return -EPIPE;
    if (len > (d->udp ? UDP_MAX : RAW_MAX))
        return -EMSGSIZE;
    for (unsigned looks = 0;; looks++) {
        int waited;

        LOCK_TCPIP_CORE();
        ret = send_once(d, m, len);
        UNLOCK_TCPIP_CORE();
        if (ret != -ENOBUFS || !wait || looks == FULL_LOOKS)
            return ret;
        waited = file_wait(NULL, 0, clock_deadline(FULL_LOOK));
        if (waited != -ETIMEDOUT && waited)
            return waited;
    }
}
