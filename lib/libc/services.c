/* SPDX-License-Identifier: MIT */
/* Services and protocols: those that programs ask for by name. There are no files for more. */
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "netdb_private.h"

enum { TCP = 1, UDP = 2 };

static const struct service {
    const char *name, *alias;
    uint16_t port;
    uint8_t protocols;
} services[] = {
    {"echo", NULL, 7, TCP | UDP},
    {"discard", NULL, 9, TCP | UDP},
    {"daytime", NULL, 13, TCP | UDP},
    {"chargen", NULL, 19, TCP | UDP},
    {"ftp-data", NULL, 20, TCP},
    {"ftp", NULL, 21, TCP},
    {"ssh", NULL, 22, TCP},
    {"telnet", NULL, 23, TCP},
    {"smtp", "mail", 25, TCP},
    {"time", "timserver", 37, TCP | UDP},
    {"domain", NULL, 53, TCP | UDP},
    {"bootps", NULL, 67, UDP},
    {"bootpc", NULL, 68, UDP},
    {"tftp", NULL, 69, UDP},
    {"http", "www", 80, TCP},
    {"pop3", "pop-3", 110, TCP},
    {"sunrpc", "portmapper", 111, TCP | UDP},
    {"ntp", NULL, 123, UDP},
    {"imap2", "imap", 143, TCP},
    {"snmp", NULL, 161, TCP | UDP},
    {"ldap", NULL, 389, TCP | UDP},
    {"https", NULL, 443, TCP | UDP},
    {"submissions", "smtps", 465, TCP},
    {"syslog", NULL, 514, UDP},
    {"submission", NULL, 587, TCP},
    {"ldaps", NULL, 636, TCP | UDP},
    {"imaps", NULL, 993, TCP},
    {"pop3s", NULL, 995, TCP},
    {"nfs", NULL, 2049, TCP | UDP},
    {"mysql", NULL, 3306, TCP},
    {"postgresql", "postgres", 5432, TCP},
};

static const struct {
    const char *name, *alias;
    uint8_t number;
} protocols[] = {
    {"ip", "IP", 0},
    {"icmp", "ICMP", 1},
    {"igmp", "IGMP", 2},
    {"tcp", "TCP", 6},
    {"udp", "UDP", 17},
    {"ipv6", "IPv6", 41},
    {"esp", "IPSEC-ESP", 50},
    {"ah", "IPSEC-AH", 51},
    {"ipv6-icmp", "IPv6-ICMP", 58},
    {"udplite", "UDPLite", 136},
};

/* The protocols that a caller takes; 0: no such one. */
static unsigned wanted(const char *protocol)
{
    if (!protocol)
        return TCP | UDP;
    return !strcmp(protocol, "tcp") ? TCP : !strcmp(protocol, "udp") ? UDP : 0;
}

static bool is_called(const char *name, const char *alias, const char *asked)
{
    return !strcmp(name, asked) || (alias && !strcmp(alias, asked));
}

static const struct service *by_name(const char *name, unsigned protocol)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if ((services[i].protocols & protocol) &&
            is_called(services[i].name, services[i].alias, name))
            return &services[i];
    return NULL;
}

static const struct service *by_port(unsigned port, unsigned protocol)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if ((services[i].protocols & protocol) && services[i].port == port)
            return &services[i];
    return NULL;
}

int posix_netdb_port(const char *name, const char *protocol)
{
    const struct service *s = by_name(name, wanted(protocol));

    return s ? s->port : -1;
}

const char *posix_netdb_service(unsigned port, const char *protocol)
{
    const struct service *s = by_port(port, wanted(protocol));

    return s ? s->name : NULL;
}

static struct servent *give_service(const struct service *s, unsigned protocol)
{
    static struct servent result;
    static char *aliases[2];

    if (!s)
        return NULL;
    aliases[0] = (char *)(uintptr_t)s->alias;
    result = (struct servent){
        .s_name = (char *)(uintptr_t)s->name,
        .s_aliases = aliases,
        .s_port = htons(s->port),
        .s_proto = (s->protocols & protocol) & TCP ? (char *)"tcp" : (char *)"udp",
    };
    return &result;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
    return give_service(by_name(name, wanted(protocol)), wanted(protocol));
}

struct servent *getservbyport(int port, const char *protocol)
{
    return give_service(by_port(ntohs((uint16_t)port), wanted(protocol)), wanted(protocol));
}

static struct protoent *give_protocol(size_t i)
{
    static struct protoent result;
    static char *aliases[2];

    if (i == sizeof(protocols) / sizeof(protocols[0]))
        return NULL;
    aliases[0] = (char *)(uintptr_t)protocols[i].alias;
    result = (struct protoent){.p_name = (char *)(uintptr_t)protocols[i].name,
                               .p_aliases = aliases,
                               .p_proto = protocols[i].number};
    return &result;
}

struct protoent *getprotobyname(const char *name)
{
    size_t i = 0;

    while (i < sizeof(protocols) / sizeof(protocols[0]) &&
           !is_called(protocols[i].name, protocols[i].alias, name))
        i++;
    return give_protocol(i);
}

struct protoent *getprotobynumber(int number)
{
    size_t i = 0;

    while (i < sizeof(protocols) / sizeof(protocols[0]) && protocols[i].number != number)
        i++;
    return give_protocol(i);
}
