/* SPDX-License-Identifier: MIT */
/*
 * A malicious backend: one operation of the table, in one state of the device. Before it the
 * backend is honest, afterwards honest again or silent; the guest must survive both.
 */
#ifndef RINGLET_TESTS_HOSTILE_H
#define RINGLET_TESTS_HOSTILE_H

#include "peer.h"

/* The device's states as a backend sees them. */
enum device_state {
    AT_INIT,        /* the frontend has not read the offers yet */
    AT_INITIALISED, /* ring and event channel are published */
    AT_IDLE,        /* connected, nothing in the backend's hands */
    AT_BUSY,        /* connected, with requests in the backend's hands */
    AT_CLOSING,     /* the frontend wrote Closing */
    AT_CLOSED,      /* the frontend wrote Closed and waits for the backend's */
    AT_GONE,        /* the frontend has freed the device */
    AT_STATES
};

_Static_assert(AT_STATES == SIM_STATES, "pairs are counted for each state");

extern const char *const device_state_name[AT_STATES];

#define EXTRA_MAPS 4096

struct hostile {
    unsigned op;
    enum device_state at;
    bool fired;
    bool silent;      /* nothing is answered afterwards */
    bool scribbled;   /* the ring's content may be the backend's own */
    bool state_taken; /* the operation wrote the state node itself */
    bool unheard; /* the ring had no room for the lie, or not for all of it: it may go unnoticed */
    unsigned storm;  /* events still to be raised */
    unsigned writes; /* ... pages that it holds to be written */
    unsigned flaps;  /* states still to be written */
    unsigned extra_count;
    struct {
        grant_ref_t ref;
        bool write;
    } extra[EXTRA_MAPS];
};

/* An operation that is not XenStore's. */
struct hostile_op {
    const char *name;
    void (*fn)(struct peer *p);
    unsigned states;
    unsigned fatal;  /* states in which the device must fail of it */
    const char *why; /* its message, when the backend has requests in its hands */
};

#define HOSTILE_ANY ((1u << AT_STATES) - 1)

struct hostile_pair {
    const char *key, *value;
};

/* What is known of a kind of device. */
struct hostile_kind {
    const char *device; /* in its messages */
    const struct hostile_op *op;
    unsigned op_count;
    const char *const *key; /* the backend's */
    unsigned key_count;
    const char *const *own; /* of the frontend's directory */
    unsigned own_count;
    const struct hostile_pair *pair;
    unsigned pair_count;
    const struct hostile_pair *own_pair; /* in the frontend's directory */
    unsigned own_pair_count;
};

extern const struct hostile_kind hostile_disk, hostile_net;
/* That of this run. */
extern const struct hostile_kind *hostile_kind;

/* All operations of the kind, its op[] first, then those of hostile_store.c. */
unsigned hostile_ops(void);
const char *hostile_name(unsigned op);
/* Is the operation possible in that state at all? */
bool hostile_applies(unsigned op, enum device_state at);
/* Number of pairs that are possible, and the n-th. */
unsigned hostile_pairs(void);
void hostile_pair(unsigned n, unsigned *op, enum device_state *at);
/* The message that must appear on the console, because the device must fail; NULL: the operation
 * may also have no effect. */
const char *hostile_expected(unsigned op, enum device_state at);

/* p is hostile from now on, by h. */
void hostile_begin(struct peer *p, struct hostile *h, unsigned op, enum device_state at);
/* Everything it holds is given up, and b is honest. */
void hostile_end(struct peer *p);

/* For peer.c. The device is in that state: performs the operation if this is the one; true:
 * the backend's own reaction is left out. */
bool hostile_at(struct peer *p, enum device_state at);
/* A turn of a hostile backend; true: the turn is over, false: honest work follows. */
bool hostile_turn(struct peer *p);
bool hostile_keeps_mappings(const struct peer *p);

/* hostile_common.c: operations for any kind of device. */
void hostile_map_everything(struct peer *p);
void hostile_write_everywhere(struct peer *p);
void hostile_state_random(struct peer *p);
void hostile_state_flapping(struct peer *p);
void hostile_directory_removed(struct peer *p);
void hostile_no_events(struct peer *p);
void hostile_event_storm(struct peer *p);
void hostile_never(struct peer *p);
/* Maps a page once more, if that is possible; all of them are held after they were answered. */
void hostile_extra_map(struct peer *p, grant_ref_t ref, bool write);
void hostile_hold_extra(struct peer *p);

/* hostile_store.c: XenStore's share of the operations. */
void hostile_store(struct peer *p, unsigned what);
unsigned hostile_store_count(void);
const char *hostile_store_name(unsigned what);
void hostile_random_state(struct peer *p);

#endif
