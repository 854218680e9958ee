/* SPDX-License-Identifier: MIT */
/* What a server has to survive: fragments without an end, connections that are killed, closed ports. */
#include "attack.h"

#include <errno.h>

#ifdef __ringlet__

int attack_run(const struct options *o)
{
    (void)o;
    return -EOPNOTSUPP;
}

#else

#include "io.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ECHO_PORT     7
#define FRAGMENT      1400u /* bytes behind its IP header, a multiple of 8 */
#define CONNECTIONS   1000u
#define PIECE         3000u
#define CLOSED_PORT_0 20000u

/* The first fragments of as many datagrams, each with another identification. */
static int fragments(const struct options *o)
{
    struct {
        struct iphdr ip;
        struct udphdr udp;
        char data[FRAGMENT - sizeof(struct udphdr)];
    } packet;
    union address to;
    int fd, ret = 0;

    if (!address_parse(o->peer, 0, &to) || to.any.sa_family != AF_INET)
        return -EINVAL;
    fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    if (fd < 0)
        return -errno;
    memset(&packet, 0, sizeof(packet));
    packet.ip.version = 4;
    packet.ip.ihl = sizeof(packet.ip) / 4;
    packet.ip.ttl = 64;
    packet.ip.protocol = IPPROTO_UDP;
    packet.ip.frag_off = htons(IP_MF);
    packet.ip.daddr = to.v4.sin_addr.s_addr;
    packet.udp.dest = htons(ECHO_PORT);
    packet.udp.len = htons(60000);
    for (uint64_t n = 0; ret == 0 && n < o->count; n++) {
        packet.ip.id = htons((uint16_t)(n + 1));
        if (sendto(fd, &packet, sizeof(packet), 0, &to.any, sizeof(to.v4)) < 0 && errno != ENOBUFS)
            ret = -errno;
    }
    close(fd);
    return ret;
}

/* options.count connections to the echo service at once; every fourth is reset with data on its way,
 * the others must get back what they sent. */
static int connections(const struct options *o)
{
    static char sent[PIECE], got[PIECE];
    struct linger reset = {1, 0};
    unsigned count = (unsigned)(o->count < CONNECTIONS ? o->count : CONNECTIONS), whole = 0,
             killed = 0;
    int *fd = calloc(count, sizeof(int)), ret = fd ? 0 : -ENOMEM;
    unsigned opened = 0;
    union address to;

    if (!address_parse(o->peer, ECHO_PORT, &to))
        ret = -EINVAL;
    for (; ret == 0 && opened < count; opened++) {
        fd[opened] = io_socket(to.any.sa_family, SOCK_STREAM, (unsigned)o->timeout);
        if (fd[opened] < 0)
            ret = fd[opened];
        else if (connect(fd[opened], &to.any, address_length(&to)) != 0)
            ret = -errno;
        if (ret < 0)
            break;
    }
    for (unsigned i = 0; ret == 0 && i < count; i++) {
        memset(sent, (int)('a' + i % 26), sizeof(sent));
        ret = io_write(fd[i], sent, sizeof(sent));
    }
    for (unsigned i = 0; ret == 0 && i < count; i += 4) {
        setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd[i]);
        fd[i] = -1;
        killed++;
    }
    for (unsigned i = 0; ret == 0 && i < count; i++) {
        if (fd[i] < 0)
            continue;
        memset(sent, (int)('a' + i % 26), sizeof(sent));
        ret = io_read(fd[i], got, sizeof(got));
        if (ret == 0 && memcmp(sent, got, sizeof(got)) != 0)
            ret = -EBADMSG;
        whole += ret == 0;
    }
    for (unsigned i = 0; i < opened; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    free(fd);
    printf("nettest: %u of %u connections opened, %u killed, %u whole\n", opened, count, killed,
           whole);
    return ret;
}

/* options.count ports that are closed, each of which must say so. */
static int scan(const struct options *o)
{
    unsigned refused = 0;

    for (uint64_t n = 0; n < o->count; n++) {
        union address to;
        int fd;

        if (!address_parse(o->peer, (unsigned)(CLOSED_PORT_0 + n % 20000), &to))
            return -EINVAL;
        fd = io_socket(to.any.sa_family, SOCK_STREAM, (unsigned)o->timeout);
        if (fd < 0)
            return fd;
        refused += connect(fd, &to.any, address_length(&to)) != 0 && errno == ECONNREFUSED;
        close(fd);
    }
    printf("nettest: %u of %u ports refused\n", refused, (unsigned)o->count);
    return refused == o->count ? 0 : -EPROTO;
}

int attack_run(const struct options *o)
{
    static const struct {
        const char *name;
        int (*run)(const struct options *o);
    } attacks[] = {{"fragments", fragments}, {"connections", connections}, {"scan", scan}};

    for (unsigned i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
        if (strcmp(attacks[i].name, o->attack) == 0)
            return attacks[i].run(o);
    return -EINVAL;
}

#endif
