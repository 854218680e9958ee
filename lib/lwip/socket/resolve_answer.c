/* SPDX-License-Identifier: MIT */
/*
 * What a server has said: lwIP's client tells only that there is no address. So a raw pcb looks at each UDP
 * packet before lwIP does, while a query is under way, and leaves it to lwIP.
 */
#include "lib/lwip/socket/private.h"
#include "lwip/prot/dns.h"
#include "lwip/prot/udp.h"
#include "lwip/raw.h"

#define CODE_MASK 0x0fu

static struct raw_pcb *watch;
static unsigned queries;
static int last = -1;

static u8_t look(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    const u16_t at = ip_current_header_tot_len();
    struct udp_hdr udp;
    struct dns_hdr dns;

    (void)arg;
    (void)pcb;
    (void)from;
    last = -1;
    if (pbuf_copy_partial(p, &udp, sizeof(udp), at) == sizeof(udp) &&
        udp.src == PP_HTONS(DNS_SERVER_PORT) &&
        pbuf_copy_partial(p, &dns, sizeof(dns), (u16_t)(at + sizeof(udp))) == sizeof(dns))
        last = dns.flags2 & CODE_MASK;
    return 0;
}

void resolve_watch(void)
{
    queries++;
    if (!watch && (watch = raw_new_ip_type(IPADDR_TYPE_ANY, IP_PROTO_UDP)))
        raw_recv(watch, look, NULL);
}

void resolve_unwatch(void)
{
    if (--queries || !watch)
        return;
    raw_remove(watch);
    watch = NULL;
}

int resolve_code(void)
{
    return watch && ip_current_input_netif() ? last : -1;
}
