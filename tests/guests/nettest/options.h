/* SPDX-License-Identifier: MIT */
/*
 * nettest's command line, words NAME=VALUE in any order:
 *
 *   peer=ADDRESS     the server to test with; without it this is a server
 *   port=N           the server's (7000)
 *   test=LIST        send,receive,rr,udp_send,udp_receive,udp_rr (all of them, in this order), or none
 *   bytes=SIZE       of each stream (16m)
 *   bs=SIZE          of each write and read of a stream (64k)
 *   count=N          datagrams in each direction (20000)
 *   size=SIZE        of a datagram (64)
 *   window=N         datagrams that may be on their way (64); 0: no limit, some may be lost
 *   loss=PERCENT     of the datagrams that may be lost (1; 100 without window)
 *   rounds=N         of a request and its response (2000)
 *   message=SIZE     of each of these (1)
 *   verify=0|1       the pattern in all data (1)
 *   seed=N           of the pattern (1)
 *   timeout=S        seconds without any progress (20)
 *   wait=S           for the server to accept the first connection (20)
 *   repeat=N         all tests so many times (1)
 *   attack=NAME      of a client on Linux, before its tests: fragments (count=N datagrams that are never
 *                    whole), connections (N at once to the echo service, every fourth of which is
 *                    reset), scan (N closed ports)
 *   services=0|1     a server also has echo, discard and chargen at their ports 7, 9 and 19 (1)
 *   stop=0|1         a client ends the server after its tests; a server lets it (0)
 *   serve=S          seconds for which it serves, then its verdict (0: without end)
 *
 * SIZE may end in k, m or g. What belongs to the stack (ip=, if=) is left to it.
 */
#ifndef NETTEST_OPTIONS_H
#define NETTEST_OPTIONS_H

#include "protocol.h"

#include <stdbool.h>
#include <stddef.h>

struct options {
    const char *peer;   /* NULL: this is a server */
    const char *attack; /* or NULL */
    bool test[TEST_COUNT];
    uint64_t port, bytes, bs, count, size, window, loss, rounds, message, verify, seed, timeout,
        wait;
    uint64_t repeat, services, serve, stop;
};

extern const char *const test_name[TEST_COUNT];

/* False: err says why. */
bool options_parse(struct options *o, int argc, char *argv[], char *err, size_t err_size);

#endif
