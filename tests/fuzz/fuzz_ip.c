/* SPDX-License-Identifier: MIT */
/* The value of `ip=`: what is accepted is sane, what is refused has a printable reason. */
#include "fuzz.h"

#include <ringlet/errno.h>
#include <ringlet/string.h>

#include "lib/lwip/ifc/config.h"

/* lwIP's assertions are ours. */
void net_assert_failed(const char *what, const char *file, int line)
{
    (void)file;
    (void)line;
    must(!what);
    abort();
}

static void accepted(const struct net_config *c)
{
    const uint32_t mask = lwip_ntohl(c->netmask.addr);

    must(c->handle >= -1 && c->handle <= 65535);
    must(c->v6_count <= NET_CONFIG_V6 && c->dns_count <= NET_CONFIG_DNS);
    must((c->method == NET_STATIC) == (c->address.addr != 0));
    must((mask & (~mask >> 1)) == 0 && (c->method != NET_STATIC || mask >> 31));
    must(!c->gateway.addr || ip4_addr_netcmp(&c->address, &c->gateway, &c->netmask));
    for (unsigned i = 0; i < c->v6_count; i++)
        must(c->v6_prefix[i] >= 1 && c->v6_prefix[i] <= 128 && !ip6_addr_ismulticast(&c->v6[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct net_config c;
    char err[160] = "";
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = ','; /* behind the end */
    if (net_config_parse(text, size, &c, err, sizeof(err)) == 0) {
        accepted(&c);
    } else {
        must(err[0] && strlen(err) < sizeof(err) - 1);
        for (const char *p = err; *p; p++)
            must(*p >= ' ' && *p <= '~');
        must(c.method == NET_DHCP && !c.address.addr && !c.dns_count && !c.v6_count);
    }
    free(text);
    return 0;
}
