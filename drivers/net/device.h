/* SPDX-License-Identifier: MIT */
/*
 * A network device: what each room owns of it, and what all of them read. docs/design.md shows the
 * rooms. Whatever memory and path do runs to its end without waiting.
 */
#ifndef RINGLET_NET_DEVICE_H
#define RINGLET_NET_DEVICE_H

#include "drivers/net/life/life.h"
#include "drivers/net/memory/buffer.h"
#include "drivers/net/memory/grants.h"
#include "drivers/net/memory/mem.h"
#include "drivers/net/path/rx.h"
#include "drivers/net/path/tx.h"

#include <kernel/frontend.h>
#include <ringlet/clock.h>
#include <ringlet/netfront.h>

#define NET_QUEUES_MAX 8u
/* What Linux' netback remembers. */
#define NET_GROUPS_MAX 64u

/*
 * FAILED is for what the backend did; the frontend's machine then closes the connection, with which
 * the device becomes LOST.
 */
enum net_state {
    NET_CONNECTING, /* not connected for the first time yet */
    NET_UP,         /* there are rings of a backend that is believed, within limits */
    NET_AWAY,       /* the backend went, and another is looked for */
    NET_FAILED,     /* nothing is sent or taken any more */
    NET_LOST,       /* there will be no backend any more */
    NET_STATES
};

struct net_queue {
    struct netfront_dev *dev;
    struct net_tx tx;
    struct net_rx rx;
    struct net_buffers buffers;
    evtchn_port_t tx_port, rx_port; /* 0: none; without split channels the same */
};

struct netfront_dev {
    enum net_state state; /* (net_device_set_state) */
    unsigned callbacks;   /* of the caller's, that run now */
    bool scheduled;       /* ready was called, or netfront_poll runs: it will look at everything */
    bool in_poll;
    domid_t peer;
    unsigned next_queue; /* that the next poll begins with */
    struct net_chain_rules rules;
    struct net_queue *queues; /* config.queues of them, of which limits.queues are used */
    struct net_packet *packets, *packet_memory;
    struct net_packet *aborted, **aborted_end;
    struct net_grants grants;
    struct timer kick; /* calls ready, in handler context */
    uint8_t group[NET_GROUPS_MAX][6];
    unsigned group_count;

    struct net_life life;
    struct frontend fe;
    struct netfront_config config; /* complete */
    struct netfront_limits limits;
    struct netfront_stats stats; /* (each room counts) */
};

static inline bool net_device_up(const struct netfront_dev *dev)
{
    return dev->state == NET_UP;
}

/* Whether the table allows the change. from == to is allowed, and changes nothing. */
bool net_device_may_become(enum net_state from, enum net_state to);
/* The only way to change the state. A change that is not allowed is a fault of the driver: a test
 * stops, in the kernel the device fails. */
void net_device_set_state(struct netfront_dev *dev, enum net_state to);

/* The backend broke the protocol: counts and says so, and the device fails. Any context. */
void net_device_violation(struct netfront_dev *dev, const char *what);

/* Calls ready, unless a poll is due anyway. In handler context. */
void net_device_ready(struct netfront_dev *dev);
/* The same soon, or at a time, from any context. */
void net_device_kick(struct netfront_dev *dev);
void net_device_kick_at(struct netfront_dev *dev, uint64_t deadline);

/* A callback of this device and any handler would wait for itself. */
bool net_device_must_not_wait(const struct netfront_dev *dev);

#endif
