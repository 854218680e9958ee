/* SPDX-License-Identifier: MIT */
/*
 * The server's transport on lwIP's own interface (lwip/tcp.h): each connection is a pcb, its data are
 * sent from where they are, and received pbufs are passed on as they are.
 */
#ifndef NBDSERVER_LINK_H
#define NBDSERVER_LINK_H

#include "connection.h"

/*
 * Accepts connections for `s` at this address (NULL: all of IPv4 and IPv6) and port. settle is called
 * at the end of each event, with the core lock: what was begun has to be pushed. 0; -EADDRINUSE;
 * -EADDRNOTAVAIL: no valid address; -ENOMEM. Takes the core lock.
 */
int link_listen(struct connections *s, const char *address, uint16_t port, void (*settle)(void));
/* No new connections. With the core lock. */
void link_unlisten(void);

#endif
