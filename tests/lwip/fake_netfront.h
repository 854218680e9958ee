/* SPDX-License-Identifier: MIT */
/*
 * A netfront for the tests of lib/lwip/ifc: one interface, "vif0". What is sent is handed to the test as
 * the frames that a wire would carry; what the test injects is delivered by netfront_poll.
 */
#ifndef RINGLET_TESTS_FAKE_NETFRONT_H
#define RINGLET_TESTS_FAKE_NETFRONT_H

#include <ringlet/netfront.h>

struct fake_netfront {
    struct netfront_limits limits;
    unsigned interfaces; /* 0 or 1 */
    /* Gets each frame on the wire: cut into segments, with all checksums. */
    void (*wire)(const uint8_t *frame, unsigned len);
    int send_result; /* of netfront_send, if not 0 */
    bool small_fit;  /* but not of frames of up to 512 bytes */
    bool hold_sent;  /* `done` is not called before netfront_poll */
    int keep_result; /* of netfront_buffer_keep, if not 0 */
    /* counted */
    unsigned sent, gso, fragments, flushes, kept, copied, in_flight, groups;
    unsigned most_fragments; /* of a frame ... */
    unsigned most_pieces;    /* ... each in a page */
    uint8_t group[6];        /* whether the filter has this one */
    bool group_wanted;
    bool no_memory;   /* netfront_mem_alloc fails */
    const void *busy; /* a byte that netfront_mem_busy is true for */
    unsigned memory;  /* blocks of netfront_mem_alloc */
};

extern struct fake_netfront fake;

void fake_reset(void);
/* Queues a frame, in fragments of `part` bytes (0: one), and calls ready. */
void fake_inject(const uint8_t *frame, unsigned len, unsigned flags, unsigned part);
/* Calls ready, or the device's event callback. */
void fake_ready(void);
void fake_event(enum netfront_event what);
/* The watcher's. */
void fake_hotplug(enum netfront_change change);

#endif
