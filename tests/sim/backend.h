/* SPDX-License-Identifier: MIT */
/*
 * A block backend as a domain of its own: it knows what is in XenStore, what it may map, and what
 * is on the ring, and nothing of the frontend's memory. It is as strict as a backend can be: what a
 * correct frontend never does is a violation. hostile.c takes over where it is told to.
 */
#ifndef RINGLET_TESTS_BACKEND_H
#define RINGLET_TESTS_BACKEND_H

#include "../host/ring_abi.h"
#include "sim.h"

#include <xen/io/xenbus.h>

#define ABSENT (-1)

/* What a backend offers and how it works. Offers: a number or ABSENT. */
struct profile {
    const char *type; /* the folder in its path */
    int max_ring_order, max_ring_pages, indirect, persistent, queues, discard, trusted;
    int flush, barrier;
    int granularity, alignment, secure;  /* of discards, bytes */
    bool flush_refused, barrier_refused; /* offered, and then answered with EOPNOTSUPP */
    bool discard_refused, secure_refused;
    bool cached;       /* a volatile write cache */
    bool copies;       /* maps for the time of the transfer only (grant copy) */
    bool ordered;      /* answers in order */
    bool answer_outer; /* indirect requests are answered as such */
    bool readonly;
    unsigned keep_max; /* mappings that a queue keeps with persistent grants */
    unsigned sector_size;
    unsigned error_in;    /* one request in so many fails; 0: none */
    unsigned batch;       /* requests taken in a turn, at most */
    unsigned delay_ns;    /* between turns, at most */
    unsigned event_ns;    /* an event takes up to this long */
    unsigned spurious_in; /* one turn in so many raises an event for nothing; 0: none */
    unsigned stall_in;    /* one turn in so many is the last for a while; 0: none */
    uint64_t stall_ns;    /* ... of this at most */
    unsigned swallow_in;  /* one event in so many gets lost, in either direction; 0: none */
};

/* A correct one with every feature drawn from the seed, and the two with their known limits. */
void profile_random(struct profile *p);
void profile_qdisk(struct profile *p);
void profile_tapdisk(struct profile *p);

struct pending {
    struct pending *next_free;
    struct backend_queue *queue;
    uint64_t id, sector;
    uint8_t op, ring_op, flag;
    bool mapped, executed;
    int16_t status;
    unsigned segments, sectors;
    unsigned moved; /* segments transferred so far */
    struct wire_segment *seg, small[WIRE_SEGMENTS];
    uint8_t **page, *small_page[WIRE_SEGMENTS];
    bool *kept, small_kept[WIRE_SEGMENTS]; /* the page stays mapped */
};

struct backend;
struct hostile;

#define KEPT_MAPS 1056

struct kept_map {
    grant_ref_t ref;
    uint8_t *page;
    unsigned users; /* requests: 0 or 1 */
    uint64_t used;  /* when last */
};

struct backend_queue {
    struct backend *backend;
    struct sim_channel channel;
    struct wire_ring *ring;
    grant_ref_t ring_ref[WIRE_RING_PAGES_MAX];
    uint32_t req_cons, rsp_prod, published;
    unsigned taken; /* and not answered yet */
    bool rearmed;
    struct kept_map kept[KEPT_MAPS];
    unsigned kept_count;
    uint64_t uses;
};

/* What the guest says when it finds that a backend goes, or took its cache with it. */
#define BACKEND_AWAY       " is away: "
#define BACKEND_LOSS       "went without closing"
#define BACKEND_QUEUES_MAX 16
#define BACKEND_TAKEN_MAX  (BACKEND_QUEUES_MAX * WIRE_RING_PAGES_MAX * WIRE_SLOTS_PER_PAGE)

struct backend {
    struct actor actor; /* first */
    struct profile profile;
    unsigned devid;
    domid_t domid;
    char frontend[64], directory[64];
    unsigned state, frontend_state; /* ours; theirs, last read */
    bool look;                      /* XenStore changed */
    bool present;                   /* false: it died */
    bool leaving;   /* the frontend may have given up: what it takes back is not an error */
    unsigned keeps; /* grants a ring, says the frontend's configuration */
    bool hurried;   /* it may do so at any time: requests have a timeout */
    bool mapped;
    bool untrusted;  /* and the frontend knows */
    bool persistent; /* both sides want it */
    bool registered; /* the frontend's user has registered buffers */
    bool returned;   /* the frontend may not have noticed yet */
    bool found;      /* the frontend's keys, written for who was here before */
    bool not_mine;   /* its keys are for what was offered before that */
    struct backend_queue queue[BACKEND_QUEUES_MAX];
    struct backend_queue *aim; /* the one that a hostile operation is about */
    unsigned queues, ring_pages, slots, abi;
    bool mute;                                /* raises no events */
    uint64_t stalled_until;                   /* until then it does not look at the rings */
    bool quiet;                               /* must not be asked for any */
    struct pending *taken[BACKEND_TAKEN_MAX]; /* of all queues, in the order they came */
    unsigned count;
    struct sim_disk disk;
    struct oracle oracle;
    struct hostile *hostile;        /* NULL: honest */
    uint64_t die_at;                /* ring requests until it dies; 0: never */
    unsigned die_turn, detach_turn; /* turns until it dies, or is detached; 0: never */
    bool powerless;                 /* ... by a power failure: the cache is lost */
    unsigned deaths;                /* of those that are left, it comes back after each */
    uint64_t return_at;             /* when it comes back; NEVER: it stays away */
    /* it went without closing: how many flushes may fail for it, and when one must */
    unsigned may_fail_flush;
    uint64_t must_fail_flush; /* begun later; 0: none */
    /* writes were lost, and a callback said so: what was begun between fails, too */
    uint64_t lost_at, told_at;
    unsigned losses_known; /* to the guest, before it went */
    /* when it connected; writes that began later and completed since the last flush did */
    uint64_t connected_at, unflushed;
    /* since it connected */
    uint64_t reads, writes, flushes, barriers, segments, indirect, read_sectors, written_sectors;
    uint64_t requests, errors;
    uint64_t stalls, swallowed, unheard; /* events of its own that were lost; and notifications */
    uint64_t discards, discarded_sectors;
};

/* A disk with its backend, in XenStore and waiting for a frontend. */
void backend_create(struct backend *b, unsigned devid, domid_t domid, uint64_t sectors);
/* Its offers change, which they may while it is not connected. */
void backend_set_profile(struct backend *b, const struct profile *p);
/* Its domain is destroyed: all it held is gone at once. */
void backend_die(struct backend *b);
/* It is there again, and waits. */
void backend_return(struct backend *b);
/* The toolstack detaches it. */
void backend_detach(struct backend *b);

/* For hostile.c */
void backend_disconnect(struct backend *b);
void backend_set_state(struct backend *b, unsigned state);
bool backend_map_rings(struct backend *b);
void backend_unmap_rings(struct backend *b);
/* Up to max requests from each queue. */
void backend_take(struct backend *b, unsigned max);
void backend_execute(struct backend *b, struct pending *r);
void backend_answer(struct backend *b, unsigned i);
void backend_unmap(struct backend *b, struct pending *r);
void backend_forget(struct backend *b, unsigned i);
void backend_publish(struct backend *b);
void backend_respond(struct backend_queue *q, uint64_t id, uint8_t op, int16_t status);

#endif
