/* SPDX-License-Identifier: MIT */
/*
 * IP packets from lwIP: those that are larger than a frame are cut into fragments here, and not by
 * lwIP (ip4.c and ip6.c are compiled without it, lwip.mk), unless they are TCP segments that the backend
 * cuts.
 */
#include <ringlet/string.h>

#include "lib/lwip/ifc/ifc.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"

#define TCP_HEADER 20u

static bool is_between(const struct tcp_pcb *pcb, const uint8_t *ip, bool v6)
{
    if (v6)
        return IP_IS_V6_VAL(pcb->remote_ip) &&
               memcmp(ip_2_ip6(&pcb->remote_ip)->addr, ip + 24, 16) == 0 &&
               memcmp(ip_2_ip6(&pcb->local_ip)->addr, ip + 8, 16) == 0;
    return IP_IS_V4_VAL(pcb->remote_ip) &&
           memcmp(&ip_2_ip4(&pcb->remote_ip)->addr, ip + 16, 4) == 0 &&
           memcmp(&ip_2_ip4(&pcb->local_ip)->addr, ip + 12, 4) == 0;
}

/* The connection of a TCP segment. (The one that has received last is the first of them.) */
static const struct tcp_pcb *find(const uint8_t *ip, unsigned header, bool v6)
{
    const struct tcp_hdr *tcp = (const void *)(ip + header);
    const u16_t local = lwip_ntohs(tcp->src), remote = lwip_ntohs(tcp->dest);

    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (pcb->local_port == local && pcb->remote_port == remote && is_between(pcb, ip, v6))
            return pcb;
    return NULL;
}

static bool takes(const struct netif *netif, bool v6)
{
    const struct ifc *ifc = netif->state;

    return !(netif->chksum_flags & NETIF_CHECKSUM_GEN_TCP) &&
           (v6 ? ifc->limits.gso_v6 : ifc->limits.gso_v4);
}

unsigned ifc_segment_size(const struct netif *netif, const uint8_t *ip, unsigned len, unsigned mtu)
{
    const bool v6 = ip[0] >> 4 == 6;
    const unsigned header = v6 ? 40 : 20;
    const struct tcp_pcb *pcb;

    if (len < header + TCP_HEADER || !takes(netif, v6))
        return 0;
    if (v6 ? ip[6] != IP_PROTO_TCP
           : ip[0] != 0x45 || ip[9] != IP_PROTO_TCP || (ip[6] & 0x3f) || ip[7])
        return 0;
    pcb = find(ip, header, v6);
    return pcb && header + TCP_HEADER + pcb->mss <= mtu ? pcb->mss : 0;
}

bool ifc_takes_large(const struct netif *netif, bool v6)
{
    return netif->output == ifc_output && takes(netif, v6);
}

err_t ifc_output(struct netif *netif, struct pbuf *p, const ip4_addr_t *dest)
{
    if (p->tot_len > netif->mtu && !ifc_segment_size(netif, p->payload, p->len, netif->mtu))
        return ip4_frag(p, netif, dest);
    return etharp_output(netif, p, dest);
}

err_t ifc_output_ip6(struct netif *netif, struct pbuf *p, const ip6_addr_t *dest)
{
    /* no path of IPv6 has a smaller MTU: the destination need not be looked up */
    if (p->tot_len > MIN(netif->mtu, (unsigned)IP6_MIN_MTU_LENGTH)) {
        const unsigned mtu = nd6_get_destination_mtu(dest, netif);

        if (p->tot_len > mtu && !ifc_segment_size(netif, p->payload, p->len, mtu))
            return ip6_frag(p, netif, dest);
    }
    return ethip6_output(netif, p, dest);
}
