/* SPDX-License-Identifier: MIT */
/*
 * One side of each test, the same for client and server: a stream or datagrams, sent or received.
 * Functions return 0 or -errno.
 */
#ifndef NETTEST_TRANSFER_H
#define NETTEST_TRANSFER_H

#include "protocol.h"

/* progress: called after each piece with the bytes so far; may be NULL. */
int transfer_send(int fd, const struct request *r, uint64_t seed, void (*progress)(uint64_t bytes));
/* Of wrong bytes only the first is told, and the rest of its piece counts as wrong. */
int transfer_receive(int fd, const struct request *r, uint64_t seed, struct outcome *out,
                     void (*progress)(uint64_t bytes));

/* Datagrams to the socket's peer. Without an answer for 200 ms the window is taken for lost. Fills
 * `sent`. */
int transfer_udp_send(int fd, const struct request *r, uint64_t seed, struct outcome *out);
/* Until all have arrived, or nothing has for quiet_ms. */
int transfer_udp_receive(int fd, const struct request *r, uint64_t seed, unsigned quiet_ms,
                         struct outcome *out);

#endif
