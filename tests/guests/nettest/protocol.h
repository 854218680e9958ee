/* SPDX-License-Identifier: MIT */
/*
 * What two nettests say to each other. The client connects to the server's TCP port and sends a
 * request, which the server answers; then they do the test, on this connection or with datagrams; at
 * its end the server sends what it has found. Numbers are little-endian, as both run on x86.
 */
#ifndef NETTEST_PROTOCOL_H
#define NETTEST_PROTOCOL_H

#include <stdint.h>

#define NETTEST_PORT  7000
#define NETTEST_MAGIC 0x7e57ac1du

/* Named from the client's side. */
enum test {
    TEST_SEND,    /* the client sends request.bytes on the connection */
    TEST_RECEIVE, /* the server does */
    TEST_RR, /* the client sends `size` bytes, the server answers with as many; `count` times */
    TEST_UDP_SEND,    /* the client sends `count` datagrams of `size` bytes */
    TEST_UDP_RECEIVE, /* the server does */
    TEST_UDP_RR,      /* as TEST_RR with datagrams, which may be lost */
    TEST_COUNT
};
/* request.test of a client that asks the server to end. */
#define REQUEST_STOP 100u

/* The most that a server agrees to. */
#define REQUEST_BS_MAX   (1u << 20)
#define REQUEST_SIZE_MAX 65507u /* the largest datagram */
#define REQUEST_SIZE_MIN 1u
#define DATAGRAM_MIN     16u /* its header */

struct request {
    uint32_t magic;
    uint32_t test;
    uint64_t seed;
    uint64_t bytes; /* of a stream */
    uint32_t bs;    /* bytes of each write or read */
    uint32_t count; /* datagrams, or rounds */
    uint32_t size;  /* bytes of each */
    /* Datagrams that may be on their way: the receiver reports its progress each quarter of them.
     * 0: no limit. */
    uint32_t window;
    uint32_t verify; /* 1: all bytes have the pattern, and are compared */
    uint32_t reserved;
};

struct answer {
    uint32_t magic;
    uint32_t error; /* an errno, when the request was refused */
    uint32_t port;  /* the server's, for datagrams */
    uint32_t reserved;
};

/* What the receiving side has counted. */
struct outcome {
    uint64_t received; /* bytes or datagrams, without those below */
    uint64_t wrong;    /* of which the content is not the pattern */
    uint64_t repeated; /* datagrams that came again */
    uint64_t late;     /* datagrams that came after a later one */
    uint64_t sent;
    uint64_t first_wrong; /* offset or number of the first one */
    uint64_t ns;          /* from the first datagram to the last one */
    uint64_t others_ns;   /* in which other domains than the server's ran, if it can tell */
};

/*
 * Datagrams: the client sends DATAGRAM_HELLO to answer.port, so that the server knows where it is,
 * again and again until the server has sent READY on the connection. When the client is done it says
 * so by a struct outcome on the connection, for which the server waits.
 */
#define READY 0x0000beefu

/* The beginning of a datagram; the rest is the pattern, or zero. */
struct datagram {
    uint32_t number; /* from 0 on; DATAGRAM_... instead of a number */
    uint32_t length;
    uint64_t check; /* of number, length and seed */
};

/* From the receiver to the sender, with check: what arrived until now, in `length`. */
#define DATAGRAM_PROGRESS 0xfffffffeu
/* From the receiver to the sender: where to send to. */
#define DATAGRAM_HELLO   0xfffffffdu
#define DATAGRAM_NUMBERS 0xfffffff0u

_Static_assert(sizeof(struct request) == 48 && sizeof(struct answer) == 16, "no gaps");
_Static_assert(sizeof(struct outcome) == 64 && sizeof(struct datagram) == DATAGRAM_MIN, "no gaps");

#endif
