/* SPDX-License-Identifier: MIT */
/* Addresses of interfaces: from their configuration, and as text. */
#include <ringlet/clock.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

#include "lib/lwip/ifc/ifc.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"

static void set_v4(struct ifc *ifc)
{
    const struct net_config *c = &ifc->config;
    struct netif *netif = &ifc->netif;

    dhcp_release_and_stop(netif);
    netif_set_addr(netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
    ifc->conflict = CONFLICT_NONE;
    ifc->address_since = clock_now();
    if (c->method == NET_STATIC) {
        /* lwIP announces it */
        netif_set_addr(netif, &c->address, &c->netmask, &c->gateway);
        ifc_arp_probe(ifc);
    } else if (c->method == NET_DHCP) {
        ifc->dhcp_answered = false;
        ifc->asked_since = clock_now();
        dhcp_start(netif);
    }
}

/* Slot 0 is the link's own address. lwIP knows no prefix but /64; others' hosts are reached by a
 * router. */
static void set_v6(struct ifc *ifc)
{
    const struct net_config *c = &ifc->config;
    struct netif *netif = &ifc->netif;
    ip6_addr_t address;
    s8_t slot;

    for (s8_t i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        netif_ip6_addr_set_state(netif, i, IP6_ADDR_INVALID);
    netif_set_ip6_autoconfig_enabled(netif, c->method != NET_NONE);
    for (unsigned i = 0; i < c->v6_count; i++) {
        address = c->v6[i];
        ip6_addr_assign_zone(&address, IP6_UNICAST, netif);
        netif_add_ip6_address(netif, &address, &slot);
    }
}

void ifc_set_name_servers(void)
{
    list_for_each (at, &interfaces) {
        const struct net_config *c = &list_entry(at, struct ifc, link)->config;

        for (unsigned i = 0; i < c->dns_count; i++)
            dns_setserver((u8_t)i, &c->dns[i]);
    }
}

void ifc_configure(struct ifc *ifc)
{
    set_v4(ifc);
    set_v6(ifc);
    ifc_set_name_servers();
    ifc->changed = true;
    manager_wake();
}

/* ---- as text ---- */

/* Appends; what does not fit is left out. */
static void append(char *buf, size_t size, const char *fmt, ...) RINGLET_PRINTF(3, 4);
static void append(char *buf, size_t size, const char *fmt, ...)
{
    const size_t len = strlen(buf);
    va_list args;

    va_start(args, fmt);
    vformat(buf + len, size - len, fmt, args);
    va_end(args);
}

static unsigned prefix_bits(const ip4_addr_t *netmask)
{
    return (unsigned)__builtin_popcount(netmask->addr);
}

static unsigned v6_bits(const struct ifc *ifc, const ip6_addr_t *address)
{
    for (unsigned i = 0; i < ifc->config.v6_count; i++)
        if (ip6_addr_cmp_zoneless(&ifc->config.v6[i], address))
            return ifc->config.v6_prefix[i];
    return 64;
}

bool ifc_has_address(struct ifc *ifc)
{
    if (!ip4_addr_isany(netif_ip4_addr(&ifc->netif)))
        return true;
    for (s8_t i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(&ifc->netif, i)))
            return true;
    return false;
}

static void append_v6(struct ifc *ifc, char *buf, size_t size, s8_t first)
{
    char text[IP6ADDR_STRLEN_MAX];

    for (s8_t i = first; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        const ip6_addr_t *a = netif_ip6_addr(&ifc->netif, i);
        ip6_addr_t plain = *a;

        if (!ip6_addr_isvalid(netif_ip6_addr_state(&ifc->netif, i)))
            continue;
        ip6_addr_clear_zone(&plain);
        ip6addr_ntoa_r(&plain, text, sizeof(text));
        for (char *c = text; *c; c++) /* RFC 5952 */
            *c = (char)(*c >= 'A' && *c <= 'F' ? *c + ('a' - 'A') : *c);
        append(buf, size, "%s%s/%u", *buf ? " " : "", text, v6_bits(ifc, a));
    }
}

static void append_v4(struct ifc *ifc, char *buf, size_t size)
{
    const struct netif *netif = &ifc->netif;
    char text[IP4ADDR_STRLEN_MAX];

    if (!ip4_addr_isany(netif_ip4_addr(netif)))
        append(buf, size, "%s/%u", ip4addr_ntoa_r(netif_ip4_addr(netif), text, sizeof(text)),
               prefix_bits(netif_ip4_netmask(netif)));
}

void ifc_addresses(struct ifc *ifc, char *buf, size_t size)
{
    *buf = '\0';
    append_v4(ifc, buf, size);
    append_v6(ifc, buf, size, 0);
}

void ifc_describe(struct ifc *ifc, char *buf, size_t size)
{
    const struct netif *netif = &ifc->netif;
    char text[IP4ADDR_STRLEN_MAX];

    *buf = '\0';
    append_v4(ifc, buf, size);
    if (*buf && !ip4_addr_isany(netif_ip4_gw(netif)))
        append(buf, size, " gateway %s", ip4addr_ntoa_r(netif_ip4_gw(netif), text, sizeof(text)));
    if (*buf)
        append(buf, size, " (%s)", ifc->config.method == NET_DHCP ? "dhcp" : "static");
    append_v6(ifc, buf, size, 1);
    if (!*buf)
        format(buf, size, "no address");
}
