/* SPDX-License-Identifier: MIT */
/*
 * Receive buffers: pages that a backend may write to. A queue has a bounded number; each is posted
 * in its ring, kept by the receiver, or free. Its grant is kept as long as the connection.
 */
#ifndef RINGLET_NET_BUFFER_H
#define RINGLET_NET_BUFFER_H

#include <ringlet/list.h>
#include <ringlet/netfront.h>
#include <ringlet/xen.h>

struct netfront_dev;
struct net_queue;

struct netfront_buffer {
    struct list link;             /* of all that its queue has */
    struct netfront_buffer *next; /* in the queue's free ones */
    void *page;
    grant_ref_t ref;         /* 0: not granted */
    struct net_queue *queue; /* NULL: its device has no use for it any more */
    unsigned holds;          /* netfront_buffer_keep's; while it is delivered, one more */
    bool kept;               /* counts in its queue's `kept` */
    /* An earlier backend may still write to the page: it is never granted again, and freed when
     * nobody holds it. */
    bool tainted;
};

struct net_buffers {
    struct list all;
    struct netfront_buffer *free;
    unsigned count, max; /* buffers */
    unsigned kept, keepable;
    unsigned granted;
    bool starved; /* there was no memory, or no grant, for another one */
};

/* With fewer posted a backend cannot deliver its largest frame, and may wait for more for ever. */
#define NET_POSTED_MIN (NETFRONT_FRAGS_MAX + 6u)

void net_buffers_init(struct net_buffers *b, unsigned max);
/* A free one, granted to the device's peer, or a new one up to the maximum. NULL: none. */
struct netfront_buffer *net_buffer_get(struct netfront_dev *dev, struct net_queue *q);
/* It is free again; nobody holds it. */
void net_buffer_put(struct netfront_buffer *b);
/* The connection is over, and nothing is posted: ends all grants. */
void net_buffers_end(struct netfront_dev *dev, struct net_buffers *b);
/* The domain was resumed: nothing is granted any more. */
void net_buffers_invalidate(struct net_buffers *b);
/* Frees them but those that are kept, which free themselves when they are released. */
void net_buffers_destroy(struct net_buffers *b);

/* Those that are not counted as kept by the receiver. */
void net_buffer_drop(struct netfront_buffer *b);

#endif
