/* SPDX-License-Identifier: MIT */
/*
 * Further consoles of the domain (device/console/1 and so on; xen/io/console.h), beside the one that
 * console.h is for: streams of bytes in both directions, nothing is added or changed. The toolstack makes
 * them for a device-model stubdomain, for example, whose guest has a serial port. Their backend is QEMU in
 * dom0. Nothing that it does blocks the caller; indexes that are out of range count as a full or an empty
 * ring. After the backend went the port waits for it to come back.
 */
#ifndef RINGLET_CONSOLE_PORT_H
#define RINGLET_CONSOLE_PORT_H

#include <ringlet/compiler.h>

struct console_port;

/*
 * Connects to device/console/NUMBER, number > 0. fn(arg) is called when input may have arrived or room may
 * have been made, in handler context or in the connection's thread; it must not wait; NULL: nobody. 0 and
 * *port; -ENOENT: there is no such console; -EINVAL; -ENOMEM; -ENOSPC; -ETIMEDOUT: no backend came within
 * timeout_ns (0: 10 s). Thread context; waits.
 */
int console_port_open(unsigned number, uint64_t timeout_ns, void (*fn)(void *arg), void *arg,
                      struct console_port **port);

/* Takes what is there, or writes what there is room for: 0..len bytes, without waiting; 0 while the backend
 * is away. Any context. */
size_t console_port_read(struct console_port *port, void *to, size_t len);
size_t console_port_write(struct console_port *port, const void *from, size_t len);

/* Thread context; waits for the backend, at most 10 s. NULL does nothing. 0 or -ETIMEDOUT: it did not
 * follow. */
int console_port_close(struct console_port *port);

#endif
