/* SPDX-License-Identifier: MIT */
/* Addresses of the Internet as text. */
#ifndef RINGLET_ARPA_INET_H
#define RINGLET_ARPA_INET_H

#include <netinet/in.h>

in_addr_t inet_addr(const char *text);                /* INADDR_NONE: not an address */
char *inet_ntoa(struct in_addr address);              /* the text holds until the next call */
int inet_aton(const char *text, struct in_addr *out); /* 1; 0: not an address */
in_addr_t inet_network(const char *text);
struct in_addr inet_makeaddr(in_addr_t net, in_addr_t host);
in_addr_t inet_lnaof(struct in_addr address);
in_addr_t inet_netof(struct in_addr address);
int inet_pton(int family, const char *__restrict text, void *__restrict out);
const char *inet_ntop(int family, const void *__restrict address, char *__restrict text,
                      socklen_t size);

#endif
