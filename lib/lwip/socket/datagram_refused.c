/* SPDX-License-Identifier: MIT */
/*
 * "Nobody listens at this port", by ICMP: lwIP ignores it, and a connected UDP socket is to learn it. So
 * a raw pcb looks at what ICMP brings, and leaves it to lwIP.
 */
#include <ringlet/string.h>

#include "lib/lwip/socket/datagram.h"
#include "lwip/icmp.h"
#include "lwip/icmp6.h"
#include "lwip/inet_chksum.h"
#include "lwip/prot/icmp.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/udp.h"

#define ICMP_HEADER 8u
#define PORT_V4     3u /* the code of a port, of a destination that is not reached */
#define PORT_V6     4u

/* The datagram that was refused: from us. */
struct refused {
    ip_addr_t local, remote;
    uint16_t local_port, remote_port;
};

static bool read_ports(const struct pbuf *p, unsigned offset, struct refused *out)
{
    uint16_t ports[2];

    if (pbuf_copy_partial(p, ports, sizeof(ports), (u16_t)offset) != sizeof(ports))
        return false;
    out->local_port = lwip_ntohs(ports[0]);
    out->remote_port = lwip_ntohs(ports[1]);
    return true;
}

/* p: the message of ICMP, whose checksum is right. */
static bool read_v4(const struct pbuf *p, struct refused *out)
{
    struct ip_hdr ip;

    if (pbuf_copy_partial(p, &ip, sizeof(ip), ICMP_HEADER) != sizeof(ip) || IPH_V(&ip) != 4 ||
        IPH_HL_BYTES(&ip) < IP_HLEN || IPH_PROTO(&ip) != IP_PROTO_UDP)
        return false;
    ip_addr_copy_from_ip4(out->local, ip.src);
    ip_addr_copy_from_ip4(out->remote, ip.dest);
    return read_ports(p, ICMP_HEADER + IPH_HL_BYTES(&ip), out);
}

/* Without extension headers: we send none to a socket's peer but for fragments. */
static bool read_v6(const struct pbuf *p, struct refused *out)
{
    struct ip6_hdr ip;

    if (pbuf_copy_partial(p, &ip, sizeof(ip), ICMP_HEADER) != sizeof(ip) || IP6H_V(&ip) != 6 ||
        IP6H_NEXTH(&ip) != IP6_NEXTH_UDP)
        return false;
    ip_addr_copy_from_ip6_packed(out->local, ip.src);
    ip_addr_copy_from_ip6_packed(out->remote, ip.dest);
    return read_ports(p, ICMP_HEADER + IP6_HLEN, out);
}

static void tell(const struct refused *r)
{
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
        struct datagram_socket *d = pcb->recv_arg;

        if (pcb->recv != datagram_udp_input || !d->connected || pcb->local_port != r->local_port ||
            pcb->remote_port != r->remote_port ||
            !ip_addr_cmp_zoneless(&pcb->remote_ip, &r->remote) ||
            (!ip_addr_isany(&pcb->local_ip) && !ip_addr_cmp_zoneless(&pcb->local_ip, &r->local)))
            continue;
        d->inet.base.error = -ECONNREFUSED;
        wake_all(&d->inet.base.readable);
        wake_all(&d->inet.base.writable);
        return;
    }
}

/* p: the message. As lwIP: some interfaces have none, and need none. */
static bool checksum_is_right(struct pbuf *p, bool v6)
{
    const uint16_t checks = ip_current_input_netif()->chksum_flags;

    if (v6)
        return !(checks & NETIF_CHECKSUM_CHECK_ICMP6) ||
               !ip6_chksum_pseudo(p, IP6_NEXTH_ICMP6, p->tot_len, ip6_current_src_addr(),
                                  ip6_current_dest_addr());
    return !(checks & NETIF_CHECKSUM_CHECK_ICMP) || !inet_chksum_pbuf(p);
}

/* copy: the packet, which is changed. */
static void look(struct pbuf *copy, bool v6)
{
    struct refused r;

    if (!pbuf_remove_header(copy, ip_current_header_tot_len()) && checksum_is_right(copy, v6) &&
        (v6 ? read_v6(copy, &r) : read_v4(copy, &r)))
        tell(&r);
}

static u8_t icmp(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    const bool v6 = ip_current_is_v6();
    const uint8_t type = pbuf_get_at(p, ip_current_header_tot_len());
    const uint8_t code = pbuf_get_at(p, (u16_t)(ip_current_header_tot_len() + 1));
    struct pbuf *copy;

    (void)arg;
    (void)pcb;
    (void)from;
    if (v6 ? type != ICMP6_TYPE_DUR || code != PORT_V6 : type != ICMP_DUR || code != PORT_V4)
        return 0;
    copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
    if (copy) {
        look(copy, v6);
        pbuf_free(copy);
    }
    return 0; /* lwIP goes on with p */
}

void datagram_watch_refused(void)
{
    static struct raw_pcb *v4, *v6;

    if (!v4 && (v4 = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP)))
        raw_recv(v4, icmp, NULL);
    if (!v6 && (v6 = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6)))
        raw_recv(v6, icmp, NULL);
}
