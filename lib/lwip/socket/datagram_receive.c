/* SPDX-License-Identifier: MIT */
/* What UDP and raw sockets receive: pbufs as they arrived, from which the reader's copy is made. */
#include <ringlet/heap.h>

#include "lib/fs/iov.h"
#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/socket/datagram.h"
#include "lwip/inet_chksum.h"

/* What a datagram costs beside its bytes: small ones must not take more memory than the buffer's size
 * says. */
#define OVERHEAD 512u

struct datagram {
    struct list link;
    struct pbuf *p;
    ip_addr_t from, to;
    uint16_t port;
    uint8_t interface;
};

/* Keeps p; false: there is no room, and it stays the caller's. */
static bool keep(struct datagram_socket *d, struct pbuf *p, const ip_addr_t *from, uint16_t port)
{
    struct datagram *g;

    const bool little = list_empty(&d->received) && p->tot_len <= IFC_SHORT_MAX;

    if (d->no_reading || (!little && ifc_buffers_are_short()) ||
        d->charged + p->tot_len + OVERHEAD > d->receive_buffer)
        return false;
    g = heap_alloc(sizeof(*g), MEM_KERNEL);
    if (!g)
        return false;
    *g = (struct datagram){
        .p = p, .port = port, .interface = netif_get_index(ip_current_input_netif())};
    ip_addr_copy(g->from, *from);
    ip_addr_copy(g->to, *ip_current_dest_addr());
    list_add_tail(&d->received, &g->link);
    d->charged += p->tot_len + OVERHEAD;
    wake_all(&d->inet.base.readable);
    return true;
}

void datagram_udp_input(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                        u16_t port)
{
    (void)pcb;
    if (!keep(arg, p, from, port))
        pbuf_free(p);
}

/* lwIP uses the packet, too, so it gets a copy. As on Linux it has the header of IPv4, and none of
 * IPv6. */
u8_t datagram_raw_input(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);

    (void)pcb;
    if (!copy)
        return 0;
    if (ip_current_is_v6())
        pbuf_remove_header(copy, ip_current_header_tot_len());
    if (!keep(arg, copy, from, 0))
        pbuf_free(copy);
    return 0;
}

static struct datagram *first(const struct datagram_socket *d)
{
    return list_empty(&d->received) ? NULL : list_entry(d->received.next, struct datagram, link);
}

size_t datagram_next(const struct datagram_socket *d)
{
    const struct datagram *g = first(d);

    return g ? g->p->tot_len : 0;
}

static void drop(struct datagram_socket *d, struct datagram *g)
{
    list_del(&g->link);
    d->charged -= g->p->tot_len + OVERHEAD;
    pbuf_free(g->p);
    heap_free(g);
}

void datagram_clear(struct datagram_socket *d)
{
    for (struct datagram *g; (g = first(d));)
        drop(d, g);
}

static size_t copy(const struct pbuf *p, const struct socket_message *m)
{
    struct iov to = iov_begin(m->iov, m->count);
    const size_t len = MIN(iov_total(m->iov, m->count), (size_t)p->tot_len);
    size_t left = len;

    for (; p && left; p = p->next) {
        const size_t n = MIN(left, (size_t)p->len);

        iov_put(&to, p->payload, n);
        left -= n;
    }
    return len;
}

static int64_t take(struct datagram_socket *d, struct datagram *g, struct socket_message *m)
{
    const size_t whole = g->p->tot_len, len = copy(g->p, m);

    inet_from_ip(&d->inet, &g->from, g->port, &m->address);
    if (d->packet_info) {
        inet_from_ip(&d->inet, &g->to, 0, &m->local);
        m->interface = g->interface;
    }
    m->out_flags = len < whole ? SOCKET_TRUNC : 0;
    if (!(m->flags & SOCKET_PEEK))
        drop(d, g);
    return (int64_t)(m->flags & SOCKET_TRUNC ? whole : len);
}

int64_t datagram_receive(struct socket *s, struct socket_message *m, bool wait)
{
    struct datagram_socket *d = datagram_of(s);
    uint64_t deadline = 0; /* found when it has to wait: the clock may cost more than the data */
    int64_t ret;

    for (;;) {
        if (s->error)
            return socket_take_error(s);
        if (first(d)) {
            LOCK_TCPIP_CORE();
            ret = first(d) ? take(d, first(d), m) : -EAGAIN;
            UNLOCK_TCPIP_CORE();
            if (ret != -EAGAIN)
                return ret;
            continue;
        }
        if (d->no_reading)
            return 0;
        if (wait && !deadline)
            deadline = socket_deadline(s->receive_timeout);
        ret = socket_wait(&s->readable, wait, deadline);
        if (ret)
            return ret;
    }
}
