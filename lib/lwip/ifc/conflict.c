/* SPDX-License-Identifier: MIT */
/*
 * Another host that uses our IPv4 address (RFC 5227). What was announced less than SETTLING ago is given
 * up, and tried again by the manager; later it is defended, by an announcement every DEFENCE at most.
 * Addresses from DHCP are probed by lwIP before it takes them.
 */
#include <ringlet/clock.h>
#include <ringlet/string.h>

#include "lib/lwip/ifc/ifc.h"
#include "lwip/etharp.h"
#include "lwip/prot/etharp.h"
#include "lwip/prot/iana.h"

#define SETTLING (3 * NSEC_PER_SEC)
#define DEFENCE  (10 * NSEC_PER_SEC)
#define ARP_LEN  42u /* with the Ethernet header */

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* An ARP request for the interface's address, by its owner or by somebody who has none yet. */
static void request(struct ifc *ifc, const ip4_addr_t *address, bool probe)
{
    static const uint8_t fixed[10] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};
    struct pbuf *p = pbuf_alloc(PBUF_RAW, ARP_LEN, PBUF_RAM);
    uint8_t *f;

    if (!p)
        return;
    f = p->payload;
    memcpy(f, everybody, 6);
    memcpy(f + 6, ifc->netif.hwaddr, 6);
    memcpy(f + 12, fixed, sizeof(fixed));
    memcpy(f + 22, ifc->netif.hwaddr, 6);
    memset(f + 28, 0, 10);
    if (!probe)
        memcpy(f + 28, &address->addr, 4);
    memcpy(f + 38, &address->addr, 4);
    ifc->netif.linkoutput(&ifc->netif, p);
    pbuf_free(p);
}

void ifc_arp_announce(struct ifc *ifc)
{
    request(ifc, netif_ip4_addr(&ifc->netif), false);
}

void ifc_arp_probe(struct ifc *ifc)
{
    request(ifc, &ifc->config.address, true);
}

static void defend(struct ifc *ifc, uint64_t now)
{
    if (ifc->conflict == CONFLICT_SEEN && now - ifc->defended < DEFENCE)
        return;
    ifc->defended = now;
    ifc_arp_announce(ifc);
}

void ifc_arp_seen(struct ifc *ifc, const uint8_t *frame, unsigned len)
{
    const uint64_t now = clock_recent();
    const ip4_addr_t *mine = netif_ip4_addr(&ifc->netif);
    const bool is_static = ifc->config.method == NET_STATIC;
    uint32_t sender;

    if (len < ARP_LEN || ifc->config.method == NET_NONE)
        return;
    memcpy(&sender, frame + 28, sizeof(sender));
    if (ip4_addr_isany(mine)) {
        /* given up: still in use */
        if (ifc->conflict == CONFLICT_GIVEN_UP && sender == ifc->config.address.addr)
            ifc->address_since = now;
        return;
    }
    if (sender != mine->addr || !memcmp(frame + 22, ifc->netif.hwaddr, 6))
        return;
    memcpy(ifc->conflict_mac, frame + 22, 6);
    if (is_static && now - ifc->address_since < SETTLING) {
        ifc->conflict = CONFLICT_GIVEN_UP;
        ifc->address_since = now;
        netif_set_addr(&ifc->netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
    } else {
        defend(ifc, now);
        ifc->conflict = CONFLICT_SEEN;
    }
    manager_wake();
}
