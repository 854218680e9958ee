/* SPDX-License-Identifier: MIT */
/*
 * Sockets as files. This is what all families have in common: a family implements struct socket_ops
 * and makes files by socket_file(). Pairs of AF_UNIX are here (socketpair.c); those of the Internet
 * are lib/lwip/socket's. A C library on top converts addresses, options and flags of messages.
 *
 * Functions are for threads, and return 0 or -errno, unless stated otherwise.
 */
#ifndef RINGLET_FS_SOCKET_H
#define RINGLET_FS_SOCKET_H

#include "lib/fs/file.h"

/* Families and types: numbers of Linux' headers, which libc's headers have, too. */
#define SOCKET_FAMILY_NONE  0u
#define SOCKET_FAMILY_UNIX  1u
#define SOCKET_FAMILY_INET  2u
#define SOCKET_FAMILY_INET6 10u

#define SOCKET_STREAM    1u
#define SOCKET_DATAGRAM  2u
#define SOCKET_RAW       3u
#define SOCKET_SEQPACKET 5u

struct socket_address {
    uint16_t family; /* SOCKET_FAMILY_NONE: no address */
    uint16_t port;   /* the number, in the host's order */
    uint32_t scope;  /* INET6, of a link's addresses: the number of the interface; 0: not known */
    uint8_t ip[16];  /* in the order of the network; INET: the first 4 */
};

/* Flags of messages: Linux' MSG_... */
#define SOCKET_PEEK          0x2u
#define SOCKET_TRUNC         0x20u /* receive: the result is the datagram's length */
#define SOCKET_DONTWAIT      0x40u
#define SOCKET_END_OF_RECORD 0x80u
#define SOCKET_WAITALL       0x100u
#define SOCKET_MORE          0x8000u

struct socket_message {
    const struct file_iovec *iov;
    unsigned count; /* of iov; 0 is possible */
    unsigned flags;
    /* send: the receiver, family NONE for the connected one. receive: set to the sender; NONE on
     * connected streams. */
    struct socket_address address;
    /* receive, set: SOCKET_TRUNC if the datagram was longer than the buffers */
    unsigned out_flags;
    /* Datagrams. receive, set where the socket was asked to (SOCKET_OPT_PKTINFO): the address that it was
     * sent to, and the interface it came by; family NONE: not known. send: the address that it is sent
     * from, and the interface it goes by; family NONE, or any address, and 0: as the socket and its route
     * say. */
    struct socket_address local;
    unsigned interface;
};

/* What can be set and asked. Values are of struct socket_value; the member is named here. */
enum socket_option {
    SOCKET_OPT_REUSE_ADDRESS, /* number, 0 or 1, as all that follow up to SOCKET_OPT_PKTINFO */
    SOCKET_OPT_REUSE_PORT,
    SOCKET_OPT_KEEPALIVE,
    SOCKET_OPT_BROADCAST,
    SOCKET_OPT_V6ONLY,
    SOCKET_OPT_NODELAY,
    SOCKET_OPT_CORK,
    SOCKET_OPT_MULTICAST_LOOP,
    SOCKET_OPT_PKTINFO,
    SOCKET_OPT_SEND_BUFFER, /* number, bytes */
    SOCKET_OPT_RECEIVE_BUFFER,
    SOCKET_OPT_TTL, /* number; of IPv6: the hop limit */
    SOCKET_OPT_TOS,
    SOCKET_OPT_MULTICAST_TTL,
    SOCKET_OPT_MULTICAST_INTERFACE, /* number: the interface's, 0: none chosen */
    SOCKET_OPT_KEEP_IDLE,           /* number, seconds, as the next */
    SOCKET_OPT_KEEP_INTERVAL,
    SOCKET_OPT_KEEP_COUNT,
    SOCKET_OPT_MAX_SEGMENT,    /* number; bytes */
    SOCKET_OPT_LINGER,         /* number: seconds, -1: off */
    SOCKET_OPT_BIND_INTERFACE, /* number */
    SOCKET_OPT_JOIN_GROUP,     /* address: the group; number: the interface's, 0: any */
    SOCKET_OPT_LEAVE_GROUP,
    SOCKET_OPT_TCP_STATE, /* number: Linux' TCP_... states; only asked */
};

struct socket_value {
    int64_t number;
    struct socket_address address;
};

struct socket;

/*
 * What a family can do. A member may be NULL: -EOPNOTSUPP. What has to wait does it by socket_wait();
 * wait false: -EAGAIN instead.
 */
struct socket_ops {
    int (*bind)(struct socket *s, const struct socket_address *to);
    int (*listen)(struct socket *s, int backlog);
    /*
     * A file with one reference, without FILE_NONBLOCK; *peer is set. -EAGAIN: there is no connection yet,
     * which `readable` announces. -EMFILE, -ENOMEM: there is no room for its descriptor (fd_room), and it
     * waits on; the caller installs the file before it waits for anything.
     */
    int (*accept)(struct socket *s, struct file **out, struct socket_address *peer);
    /* wait false: -EINPROGRESS. to of family NONE ends the association of a datagram socket. */
    int (*connect)(struct socket *s, const struct socket_address *to, bool wait);
    int (*shutdown)(struct socket *s, bool reading, bool writing);
    /* The number of bytes. */
    int64_t (*send)(struct socket *s, const struct socket_message *m, bool wait);
    int64_t (*receive)(struct socket *s, struct socket_message *m, bool wait);
    int (*name)(struct socket *s, bool peer, struct socket_address *out);
    /* -ENOPROTOOPT: no such option. */
    int (*set)(struct socket *s, enum socket_option option, const struct socket_value *value);
    int (*get)(struct socket *s, enum socket_option option, struct socket_value *value);
    /* As file_ops.poll. */
    unsigned (*poll)(struct socket *s, unsigned events, struct poll_waits *waits);
    /* The bytes that can be read now: of a datagram socket, those of the next datagram. */
    size_t (*available)(struct socket *s);
    bool (*is_listening)(const struct socket *s);
    /* The file is closed: s is the family's to free. linger as SOCKET_OPT_LINGER. */
    int (*release)(struct socket *s);
};

/* The part that all families have; theirs begin with it. */
struct socket {
    const struct socket_ops *ops;
    uint8_t family, type, protocol;
    int error;                              /* -errno that SO_ERROR or the next operation takes */
    uint64_t receive_timeout, send_timeout; /* ns; 0: none */
    struct wait_queue readable, writable;   /* woken when something may have changed */
};

void socket_init(struct socket *s, const struct socket_ops *ops, unsigned family, unsigned type,
                 unsigned protocol);
/* Takes the pending error: -errno or 0. */
int socket_take_error(struct socket *s);
/*
 * Waits for one of the socket's queues, or the deadline of an operation that began with
 * socket_deadline(): 0, -EAGAIN at the deadline, and those of file_wait. wait false: -EAGAIN.
 */
int socket_wait(struct wait_queue *queue, bool wait, uint64_t deadline);
uint64_t socket_deadline(uint64_t timeout);

/* A file for the socket, which becomes the file's. flags: FILE_NONBLOCK. NULL without memory: the
 * socket stays the caller's. */
struct file *socket_file(struct socket *s, unsigned flags);
/* The socket of a file; NULL: it is none (ENOTSOCK). */
struct socket *socket_of(const struct file *f);
/* As the operation; waits for a connection, if the file may, at most for receive_timeout. */
int socket_accept(struct file *f, struct socket *s, struct file **out, struct socket_address *peer);
/* As the two operations, with the file's flags and the message's. */
int64_t socket_send(struct file *f, struct socket *s, const struct socket_message *m);
int64_t socket_receive(struct file *f, struct socket *s, struct socket_message *m);

/* ---- AF_UNIX ---- */

/*
 * Two connected sockets of SOCKET_STREAM, SOCKET_DATAGRAM or SOCKET_SEQPACKET, each with a buffer of
 * 64 KiB for what the other sends; messages of the latter two are taken whole. flags: FILE_NONBLOCK.
 * -ENOMEM.
 */
int socketpair_create(struct file *ends[2], unsigned type, unsigned flags);

#endif
