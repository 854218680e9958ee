/* SPDX-License-Identifier: MIT */
/* Addresses and protocols of the Internet. Numbers and layouts are Linux'. */
#ifndef RINGLET_NETINET_IN_H
#define RINGLET_NETINET_IN_H

#include <inttypes.h>
#include <machine/endian.h>
#include <sys/socket.h>

#ifndef _IN_ADDR_T_DECLARED /* <sys/types.h> has them for others than POSIX' strict programs */
typedef uint32_t in_addr_t;
#define _IN_ADDR_T_DECLARED
#endif
#ifndef _IN_PORT_T_DECLARED
typedef uint16_t in_port_t;
#define _IN_PORT_T_DECLARED
#endif

/* ---- the order of bytes ---- */

uint32_t htonl(uint32_t value);
uint16_t htons(uint16_t value);
uint32_t ntohl(uint32_t value);
uint16_t ntohs(uint16_t value);
#define htonl(value) ((uint32_t)__htonl(value))
#define htons(value) ((uint16_t)__htons(value))
#define ntohl(value) ((uint32_t)__ntohl(value))
#define ntohs(value) ((uint16_t)__ntohs(value))

/* ---- protocols ---- */

#define IPPROTO_IP       0
#define IPPROTO_HOPOPTS  0
#define IPPROTO_ICMP     1
#define IPPROTO_IGMP     2
#define IPPROTO_IPIP     4
#define IPPROTO_TCP      6
#define IPPROTO_UDP      17
#define IPPROTO_IPV6     41
#define IPPROTO_ROUTING  43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_ESP      50
#define IPPROTO_AH       51
#define IPPROTO_ICMPV6   58
#define IPPROTO_NONE     59
#define IPPROTO_DSTOPTS  60
#define IPPROTO_UDPLITE  136
#define IPPROTO_RAW      255
#define IPPROTO_MAX      256

#define IPPORT_RESERVED     1024
#define IPPORT_USERRESERVED 5000

/* ---- version 4 ---- */

struct in_addr {
    in_addr_t s_addr; /* in the order of the network, as all numbers here */
};

struct sockaddr_in {
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    unsigned char sin_zero[8];
};

#define INET_ADDRSTRLEN 16

#define INADDR_ANY             ((in_addr_t)0x00000000)
#define INADDR_BROADCAST       ((in_addr_t)0xffffffff)
#define INADDR_NONE            ((in_addr_t)0xffffffff)
#define INADDR_LOOPBACK        ((in_addr_t)0x7f000001)
#define INADDR_UNSPEC_GROUP    ((in_addr_t)0xe0000000)
#define INADDR_ALLHOSTS_GROUP  ((in_addr_t)0xe0000001)
#define INADDR_ALLRTRS_GROUP   ((in_addr_t)0xe0000002)
#define INADDR_MAX_LOCAL_GROUP ((in_addr_t)0xe00000ff)

#define IN_CLASSA(a)       (((in_addr_t)(a)&0x80000000u) == 0)
#define IN_CLASSA_NET      0xff000000u
#define IN_CLASSA_NSHIFT   24
#define IN_CLASSA_HOST     0x00ffffffu
#define IN_CLASSB(a)       (((in_addr_t)(a)&0xc0000000u) == 0x80000000u)
#define IN_CLASSB_NET      0xffff0000u
#define IN_CLASSB_NSHIFT   16
#define IN_CLASSB_HOST     0x0000ffffu
#define IN_CLASSC(a)       (((in_addr_t)(a)&0xe0000000u) == 0xc0000000u)
#define IN_CLASSC_NET      0xffffff00u
#define IN_CLASSC_NSHIFT   8
#define IN_CLASSC_HOST     0x000000ffu
#define IN_CLASSD(a)       (((in_addr_t)(a)&0xf0000000u) == 0xe0000000u)
#define IN_MULTICAST(a)    IN_CLASSD(a)
#define IN_EXPERIMENTAL(a) (((in_addr_t)(a)&0xe0000000u) == 0xe0000000u)
#define IN_BADCLASS(a)     (((in_addr_t)(a)&0xf0000000u) == 0xf0000000u)
#define IN_LOOPBACKNET     127

/* Options of IPPROTO_IP. */
#define IP_TOS             1
#define IP_TTL             2
#define IP_HDRINCL         3
#define IP_OPTIONS         4
#define IP_PKTINFO         8
#define IP_MTU_DISCOVER    10
#define IP_RECVERR         11
#define IP_RECVTTL         12
#define IP_RECVTOS         13
#define IP_MULTICAST_IF    32
#define IP_MULTICAST_TTL   33
#define IP_MULTICAST_LOOP  34
#define IP_ADD_MEMBERSHIP  35
#define IP_DROP_MEMBERSHIP 36
#define SOL_IP             IPPROTO_IP

struct ip_mreq {
    struct in_addr imr_multiaddr, imr_interface;
};
struct ip_mreqn {
    struct in_addr imr_multiaddr, imr_address;
    int imr_ifindex;
};
struct in_pktinfo {
    int ipi_ifindex;
    struct in_addr ipi_spec_dst, ipi_addr;
};

/* ---- version 6 ---- */

struct in6_addr {
    union {
        uint8_t __s6_addr[16];
        uint16_t __s6_addr16[8];
        uint32_t __s6_addr32[4];
    } __in6_u;
};
#define s6_addr   __in6_u.__s6_addr
#define s6_addr16 __in6_u.__s6_addr16
#define s6_addr32 __in6_u.__s6_addr32

struct sockaddr_in6 {
    sa_family_t sin6_family;
    in_port_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id; /* the number of an interface, in the host's order */
};

extern const struct in6_addr in6addr_any, in6addr_loopback;
#define IN6ADDR_ANY_INIT                                       \
    {                                                          \
        {                                                      \
            {                                                  \
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
            }                                                  \
        }                                                      \
    }
#define IN6ADDR_LOOPBACK_INIT                                  \
    {                                                          \
        {                                                      \
            {                                                  \
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 \
            }                                                  \
        }                                                      \
    }

#define INET6_ADDRSTRLEN 46

#define __IN6_32(a, i) (((const struct in6_addr *)(a))->s6_addr32[i])
#define __IN6_8(a, i)  (((const struct in6_addr *)(a))->s6_addr[i])
#define IN6_IS_ADDR_UNSPECIFIED(a) \
    (!__IN6_32(a, 0) && !__IN6_32(a, 1) && !__IN6_32(a, 2) && !__IN6_32(a, 3))
#define IN6_IS_ADDR_LOOPBACK(a) \
    (!__IN6_32(a, 0) && !__IN6_32(a, 1) && !__IN6_32(a, 2) && __IN6_32(a, 3) == htonl(1))
#define IN6_IS_ADDR_V4MAPPED(a) \
    (!__IN6_32(a, 0) && !__IN6_32(a, 1) && __IN6_32(a, 2) == htonl(0xffff))
#define IN6_IS_ADDR_V4COMPAT(a) \
    (!__IN6_32(a, 0) && !__IN6_32(a, 1) && !__IN6_32(a, 2) && ntohl(__IN6_32(a, 3)) > 1)
#define IN6_IS_ADDR_LINKLOCAL(a)    (__IN6_8(a, 0) == 0xfe && (__IN6_8(a, 1) & 0xc0) == 0x80)
#define IN6_IS_ADDR_SITELOCAL(a)    (__IN6_8(a, 0) == 0xfe && (__IN6_8(a, 1) & 0xc0) == 0xc0)
#define IN6_IS_ADDR_MULTICAST(a)    (__IN6_8(a, 0) == 0xff)
#define __IN6_MC(a, scope)          (IN6_IS_ADDR_MULTICAST(a) && (__IN6_8(a, 1) & 0xf) == (scope))
#define IN6_IS_ADDR_MC_NODELOCAL(a) __IN6_MC(a, 1)
#define IN6_IS_ADDR_MC_LINKLOCAL(a) __IN6_MC(a, 2)
#define IN6_IS_ADDR_MC_SITELOCAL(a) __IN6_MC(a, 5)
#define IN6_IS_ADDR_MC_ORGLOCAL(a)  __IN6_MC(a, 8)
#define IN6_IS_ADDR_MC_GLOBAL(a)    __IN6_MC(a, 14)
#define IN6_ARE_ADDR_EQUAL(a, b)                                             \
    (__IN6_32(a, 0) == __IN6_32(b, 0) && __IN6_32(a, 1) == __IN6_32(b, 1) && \
     __IN6_32(a, 2) == __IN6_32(b, 2) && __IN6_32(a, 3) == __IN6_32(b, 3))

/* Options of IPPROTO_IPV6. */
#define IPV6_UNICAST_HOPS    16
#define IPV6_MULTICAST_IF    17
#define IPV6_MULTICAST_HOPS  18
#define IPV6_MULTICAST_LOOP  19
#define IPV6_JOIN_GROUP      20
#define IPV6_LEAVE_GROUP     21
#define IPV6_ADD_MEMBERSHIP  IPV6_JOIN_GROUP
#define IPV6_DROP_MEMBERSHIP IPV6_LEAVE_GROUP
#define IPV6_V6ONLY          26
#define IPV6_RECVPKTINFO     49
#define IPV6_PKTINFO         50
#define IPV6_TCLASS          67
#define SOL_IPV6             IPPROTO_IPV6

struct ipv6_mreq {
    struct in6_addr ipv6mr_multiaddr;
    unsigned ipv6mr_interface;
};
struct in6_pktinfo {
    struct in6_addr ipi6_addr;
    unsigned ipi6_ifindex;
};

#endif
