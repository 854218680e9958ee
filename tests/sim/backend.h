/* SPDX-License-Identifier: MIT */
/*
 * A block backend as a domain of its own: it knows XenStore, the pages that it may map, and the
 * ring, and nothing of the frontend's memory. It is as strict as a backend can be: anything that a
 * correct frontend never does is a violation. hostile.c takes over where the scenario wants it.
 */
#ifndef RINGLET_TESTS_BACKEND_H
#define RINGLET_TESTS_BACKEND_H

#include "../host/ring_abi.h"
#include "peer.h"

/* A backend's offers and behaviour. Offers: a number or ABSENT. */
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
    unsigned keep_max; /* persistent mappings per queue */
    unsigned sector_size;
    unsigned error_in; /* one request in so many fails; 0: none */
    /* requests of more segments fail, as its domain has no maptrack entries for them; at least
     * as many as need no indirect ones; 0: none fails */
    unsigned fails_over;
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
    uint64_t sum;   /* of a write's data when it was mapped; only of a backend that may be unseen */
    struct wire_segment *seg, small[WIRE_SEGMENTS];
    uint8_t **page, *small_page[WIRE_SEGMENTS];
    bool *kept, small_kept[WIRE_SEGMENTS]; /* the page stays mapped */
};

struct backend;

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

/* The guest's messages when it finds that a backend goes, or took its cache with it. */
#define BACKEND_AWAY       " is away: "
#define BACKEND_LOSS       "went without closing"
#define BACKEND_QUEUES_MAX 16
#define BACKEND_TAKEN_MAX  (BACKEND_QUEUES_MAX * WIRE_RING_PAGES_MAX * WIRE_SLOTS_PER_PAGE)

struct backend {
    struct peer peer; /* first */
    struct profile profile, next;
    unsigned keeps; /* number of grants of a ring, from the frontend's configuration */
    bool mapped;
    bool untrusted;  /* and the frontend knows */
    bool persistent; /* both sides want it */
    bool registered; /* the frontend's user has registered buffers */
    struct backend_queue queue[BACKEND_QUEUES_MAX];
    struct backend_queue *aim; /* the one that a hostile operation is about */
    unsigned queues, ring_pages, slots, abi;
    uint64_t stalled_until;                   /* until then it does not read the rings */
    bool quiet;                               /* no event may be requested */
    struct pending *taken[BACKEND_TAKEN_MAX]; /* of all queues, in the order they came */
    unsigned count;
    struct sim_disk disk;
    struct oracle oracle;
    uint64_t die_at; /* ring requests until it dies; 0: never */
    /* after it went without closing: the number of flushes that may fail for that, and the time
     * from which one must */
    unsigned may_fail_flush;
    uint64_t must_fail_flush; /* begun later; 0: none */
    /* lost writes were reported to a callback: requests begun in between fail, too */
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

static inline struct backend *backend_of(struct peer *p)
{
    return container_of(p, struct backend, peer);
}

/* A disk with its backend, in XenStore and waiting for a frontend. */
void backend_create(struct backend *b, unsigned devid, domid_t domid, uint64_t sectors);
/* Changes its offers, which is allowed while it is not connected. */
void backend_set_profile(struct backend *b, const struct profile *p);
/* For hostile.c */
void backend_disconnect(struct backend *b);
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
