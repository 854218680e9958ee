/* SPDX-License-Identifier: MIT */
/* The server: a thread for each connection. */
#ifndef NETTEST_SERVER_H
#define NETTEST_SERVER_H

#include "options.h"

/* Serves tests, and with options.services echo, discard and chargen, for options.serve seconds
 * or until it is stopped.
 * -errno if it cannot begin. */
int server_run(const struct options *o);

/* Starts echo, discard and chargen with TCP and UDP, for IPv4 and where possible IPv6. 0 or -errno. */
int services_start(void);
/* Calls run(fd) in a thread of its own for each connection to the port; it must close fd. Returns
 * after it has begun to listen: 0 or -errno. */
int services_listen(int family, unsigned port, void (*run)(int fd));

#endif
