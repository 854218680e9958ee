/* SPDX-License-Identifier: MIT */
/* The functions behind <netinet/in.h>'s macros, and its addresses. */
#include <netinet/in.h>

const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

uint32_t(htonl)(uint32_t value)
{
    return htonl(value);
}

uint16_t(htons)(uint16_t value)
{
    return htons(value);
}

uint32_t(ntohl)(uint32_t value)
{
    return ntohl(value);
}

uint16_t(ntohs)(uint16_t value)
{
    return ntohs(value);
}
