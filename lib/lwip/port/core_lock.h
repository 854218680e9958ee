/* SPDX-License-Identifier: MIT */
/*
 * The core lock: lwIP's functions (but those of its sequential API and its sockets) are called by the
 * thread that holds it. LOCK_TCPIP_CORE() and UNLOCK_TCPIP_CORE() are these functions.
 */
#ifndef RINGLET_LWIP_CORE_LOCK_H
#define RINGLET_LWIP_CORE_LOCK_H

#include <ringlet/compiler.h>

#include "arch/symbols.h"

/* A thread may lock more than once, and unlocks as often. Waits. Never in a handler. */
void net_core_lock(void);
void net_core_unlock(void);
/* Panics if the caller does not hold it. */
void net_core_check(void);
bool net_core_held(void);

/*
 * Called by the outermost net_core_unlock(), which still holds the lock: what lwIP has sent
 * meanwhile goes out together. One function, the interfaces'; it does not wait.
 */
extern void (*net_core_flush)(void);
/* Whether an interface will still read some of these bytes, of frames that it has not given to its device:
 * the peer can acknowledge what it was not sent. One function, the interfaces'. */
extern bool (*net_core_refers)(const void *data, size_t len);

/* Has some thread take the lock soon, and release it. In a handler. The interfaces'. */
extern void (*net_core_wake)(void);

#endif
