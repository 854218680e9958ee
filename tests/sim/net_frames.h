/* SPDX-License-Identifier: MIT */
/*
 * Frames with a pattern, in both directions, and the oracle: each frame is known by its flow and
 * number, and has exactly one content. It may be seen once, unchanged, and behind the earlier ones
 * of its flow.
 */
#ifndef RINGLET_TESTS_NET_FRAMES_H
#define RINGLET_TESTS_NET_FRAMES_H

#include "sim.h"

#include <ringlet/netfront.h>

#define FLOWS         7 /* the last is of small frames, which have no room for a number in order */
#define FLOW_SMALL    (FLOWS - 1)
#define FLOW_FRAMES   4096
#define FRAME_SMALL   (74 + 12) /* shorter frames are in that flow */
#define FRAME_HEADERS 74        /* bytes of headers, at most */

enum direction { TO_BACKEND, TO_GUEST, DIRECTIONS };

enum {
    FRAME_REFUSED = 1,
    FRAME_SENT = 2,
    FRAME_SEEN = 4,
    FRAME_DONE = 8,
    FRAME_BAD = 16,
    FRAME_ERROR = 32
};

struct frame {
    uint32_t seq, len;
    uint8_t devid, flow, state; /* FRAME_... */
    uint8_t flags, gso;         /* NETFRONT_... */
    uint16_t gso_size;
};

/* No frame is known any more. */
void frames_reset(void);
/* The next frame of a flow, through this interface; NULL: there were enough. */
struct frame *frame_new(enum direction d, unsigned devid, unsigned flow, unsigned len);
/* Its bytes from offset on. */
void frame_bytes(enum direction d, const struct frame *f, unsigned offset, void *to, unsigned len);
/* Bytes of its headers. */
unsigned frame_headers(const struct frame *f);
bool flow_is_v6(unsigned flow);
/* The frame with these bytes at its beginning; NULL: there was none. */
struct frame *frame_find(enum direction d, const uint8_t *head, unsigned len);
/* It arrived on the other side with these bytes: checks everything, and that it is the first time. */
void frame_arrives(enum direction d, unsigned devid, struct frame *f, const uint8_t *bytes,
                   unsigned len);
bool frame_is(enum direction d, const struct frame *f, unsigned offset, const uint8_t *bytes,
              unsigned len);
/* Its frames with all of set and none of unset. */
unsigned frames_count(enum direction d, unsigned devid, unsigned set, unsigned unset);
/* Data of patterns; before any seed. */
void frames_make_data(void);

#endif
