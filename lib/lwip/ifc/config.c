/* SPDX-License-Identifier: MIT */
#include "lib/lwip/ifc/config.h"

#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/string.h>
#include <ringlet/xenstore.h>

#define HANDLE_MAX 65535u
#define SHOWN      48 /* bytes of a wrong part in a message */

struct parser {
    struct net_config *out;
    char *err;
    size_t err_size;
    bool have_method, have_gateway;
};

static int wrong(struct parser *p, const char *part, size_t len, const char *what)
{
    char shown[SHOWN];

    format(p->err, p->err_size, "\"%s\": %s", xs_printable(part, len, shown, sizeof(shown)), what);
    return -EINVAL;
}

static bool begins(const char *part, size_t len, const char *key)
{
    return len >= strlen(key) && !strncmp(part, key, strlen(key));
}

static bool is(const char *part, size_t len, const char *word)
{
    return len == strlen(word) && !strncmp(part, word, len);
}

/* An IPv4 address of four numbers without leading zeroes, or an IPv6 address without a zone: lwIP's
 * own parser also takes 1, 0x7f.1 and others. */
static bool parse_address(const char *text, size_t len, ip_addr_t *out)
{
    char copy[IPADDR_STRLEN_MAX];
    unsigned dots = 0;

    if (!len || len >= sizeof(copy) || memchr(text, 0, len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (strchr(copy, ':')) {
        IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V6);
        return !strchr(copy, '%') && ip6addr_aton(copy, ip_2_ip6(out));
    }
    for (size_t i = 0; i < len; i++) {
        const bool first = i == 0 || copy[i - 1] == '.';

        if (copy[i] == '.')
            dots++;
        else if (copy[i] < '0' || copy[i] > '9' ||
                 (first && copy[i] == '0' && i + 1 < len && copy[i + 1] != '.'))
            return false;
    }
    IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V4);
    return dots == 3 && ip4addr_aton(copy, ip_2_ip4(out));
}

int net_config_interface(const char *text, size_t len)
{
    uint64_t n;

    if (!begins(text, len, "vif") || parse_u64(text + 3, len - 3, &n) || n > HANDLE_MAX ||
        text[3] < '0' || text[3] > '9' || (text[3] == '0' && len > 4))
        return -1;
    return (int)n;
}

static bool usable(const ip_addr_t *a)
{
    if (IP_IS_V6(a))
        return !ip6_addr_isany(ip_2_ip6(a)) && !ip6_addr_ismulticast(ip_2_ip6(a)) &&
               !ip6_addr_isloopback(ip_2_ip6(a));
    return ip4_addr1(ip_2_ip4(a)) != 0 && ip4_addr1(ip_2_ip4(a)) != 127 &&
           ip4_addr1(ip_2_ip4(a)) < 224;
}

static int add_v4(struct parser *p, const ip4_addr_t *address, unsigned bits)
{
    if (p->have_method)
        return -EINVAL;
    p->have_method = true;
    p->out->method = NET_STATIC;
    p->out->address = *address;
    p->out->netmask.addr = PP_HTONL(bits ? UINT32_MAX << (32 - bits) : 0);
    return 0;
}

static int parse_own(struct parser *p, const char *part, size_t len)
{
    const char *slash = memchr(part, '/', len);
    struct net_config *c = p->out;
    ip_addr_t address;
    uint64_t bits;

    if (!slash || !parse_address(part, (size_t)(slash - part), &address) ||
        parse_u64(slash + 1, len - (size_t)(slash + 1 - part), &bits) || bits < 1 ||
        bits > (IP_IS_V6(&address) ? 128 : 32))
        return wrong(p, part, len, "neither dhcp, none, nor an address with a prefix such as /24");
    if (!usable(&address))
        return wrong(p, part, len, "no address that an interface can have");
    if (IP_IS_V4(&address))
        return add_v4(p, ip_2_ip4(&address), (unsigned)bits)
                   ? wrong(p, part, len, "a second address, or one beside dhcp or none")
                   : 0;
    if (c->v6_count == NET_CONFIG_V6)
        return wrong(p, part, len, "too many IPv6 addresses");
    c->v6_prefix[c->v6_count] = (uint8_t)bits;
    c->v6[c->v6_count++] = *ip_2_ip6(&address);
    return 0;
}

static int parse_gateway(struct parser *p, const char *part, size_t len)
{
    ip_addr_t address;

    if (!parse_address(part + 3, len - 3, &address) || !IP_IS_V4(&address) || !usable(&address))
        return wrong(p, part, len, "not the IPv4 address of a gateway");
    if (p->have_gateway)
        return wrong(p, part, len, "a second gateway");
    p->have_gateway = true;
    p->out->gateway = *ip_2_ip4(&address);
    return 0;
}

static int parse_dns(struct parser *p, const char *part, size_t len)
{
    ip_addr_t address;

    if (!parse_address(part + 4, len - 4, &address) || !usable(&address))
        return wrong(p, part, len, "not the address of a name server");
    if (p->out->dns_count == NET_CONFIG_DNS)
        return wrong(p, part, len, "too many name servers");
    p->out->dns[p->out->dns_count++] = address;
    return 0;
}

static int parse_part(struct parser *p, const char *part, size_t len)
{
    if (is(part, len, "dhcp") || is(part, len, "none")) {
        if (p->have_method)
            return wrong(p, part, len, "beside another address, dhcp or none");
        p->have_method = true;
        p->out->method = *part == 'd' ? NET_DHCP : NET_NONE;
        return 0;
    }
    if (begins(part, len, "gw="))
        return parse_gateway(p, part, len);
    if (begins(part, len, "dns="))
        return parse_dns(p, part, len);
    if (begins(part, len, "if=")) {
        if (p->out->handle >= 0)
            return wrong(p, part, len, "a second interface");
        p->out->handle = net_config_interface(part + 3, len - 3);
        return p->out->handle < 0 ? wrong(p, part, len, "not an interface such as vif0") : 0;
    }
    return parse_own(p, part, len);
}

static int check(struct parser *p, const char *text, size_t len)
{
    struct net_config *c = p->out;

    if (p->have_gateway && c->method != NET_STATIC)
        return wrong(p, text, len, "a gateway without an IPv4 address");
    if (p->have_gateway && !ip4_addr_netcmp(&c->address, &c->gateway, &c->netmask))
        return wrong(p, text, len, "the gateway is in another network than the address");
    /* an IPv6 address alone: IPv4 as if nothing was said */
    return 0;
}

int net_config_parse(const char *text, size_t len, struct net_config *out, char *err,
                     size_t err_size)
{
    struct parser p = {.out = out, .err = err, .err_size = err_size};
    const char *end = text + len;
    int ret = 0;

    memset(out, 0, sizeof(*out));
    out->handle = -1;
    for (const char *part = text; !ret && part <= end;) {
        const char *comma = memchr(part, ',', (size_t)(end - part));
        const char *stop = comma ? comma : end;

        ret = parse_part(&p, part, (size_t)(stop - part));
        part = stop + 1;
    }
    if (!ret)
        ret = check(&p, text, len);
    if (ret) {
        const int handle = out->handle;

        memset(out, 0, sizeof(*out));
        out->handle = handle;
    }
    return ret;
}
