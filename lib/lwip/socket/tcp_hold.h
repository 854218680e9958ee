/* SPDX-License-Identifier: MIT */
/*
 * Frames that are full, also when a program writes again and again: what does not fill a large segment is
 * held back while others are in flight, as Linux does it (automatic corking). What an acknowledgement, the next
 * write, shutdown() or TCP_NODELAY do not send earlier goes out after 0.2 ms. With the core lock.
 */
#ifndef RINGLET_LWIP_SOCKET_TCP_HOLD_H
#define RINGLET_LWIP_SOCKET_TCP_HOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/lwip/socket/symbols.h"

struct tcp_large;

/* So many bytes were written, while others were in flight. True: what is unsent stays, for now. */
bool tcp_hold(struct tcp_large *l, size_t written);
/* Nothing is held: it was sent, or the connection ends. */
void tcp_hold_end(struct tcp_large *l);
/* Sends what was held for long enough. */
void tcp_hold_settle(void);

#endif
