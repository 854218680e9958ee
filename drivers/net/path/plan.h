/* SPDX-License-Identifier: MIT */
/* How a frame is cut into slots: which of its bytes are sent from where they are, and which from
 * copies. */
#ifndef RINGLET_NET_PLAN_H
#define RINGLET_NET_PLAN_H

#include "drivers/net/wire.h"

struct arena_page;
struct netfront_dev;

struct net_piece {
    struct arena_page *page; /* the caller's data are in it; NULL: a copy */
    grant_ref_t ref;
    uint16_t offset;
    uint16_t len; /* 1..PAGE_SIZE */
};

struct net_plan {
    unsigned len; /* of the frame */
    unsigned count;
    bool refers; /* some piece is no copy */
    struct net_piece piece[WIRE_FRAME_SLOTS];
};

/* Frames up to this are one copy. */
#define NET_PLAN_SMALL 512u

/* The frame's bytes; or -EINVAL, -EMSGSIZE: it cannot be sent. */
int net_plan_measure(const struct netfront_dev *dev, const struct netfront_tx *tx);
/* len: what net_plan_measure said. 0, or -EMSGSIZE: several slots are needed, and not offered. */
int net_plan_make(struct netfront_dev *dev, const struct netfront_tx *tx, unsigned len,
                  struct net_plan *plan);

#endif
