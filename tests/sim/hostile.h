/* SPDX-License-Identifier: MIT */
/*
 * A backend that wants to do harm: one operation of the table, at one state of the device. Until
 * then it is honest, afterwards honest again or silent; either must be survived.
 */
#ifndef RINGLET_TESTS_HOSTILE_H
#define RINGLET_TESTS_HOSTILE_H

#include "backend.h"

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
    bool scribbled;   /* what is on the ring may be the backend's own */
    bool state_taken; /* the operation wrote the state node itself */
    unsigned storm;   /* events still to be raised */
    unsigned flaps;   /* states still to be written */
    unsigned extra_count;
    struct {
        grant_ref_t ref;
        bool write;
    } extra[EXTRA_MAPS];
};

/* The operations that are not XenStore's; hostile_ops.c. */
struct hostile_op {
    const char *name;
    void (*fn)(struct backend *b);
    unsigned states;
    unsigned fatal;  /* states in which the device must fail of it */
    const char *why; /* what it then says, when the backend has requests in its hands */
};

#define HOSTILE_ANY ((1u << AT_STATES) - 1)

extern const struct hostile_op hostile_op[];
extern const unsigned hostile_op_count;

/* All operations, hostile_op[] first, then those of hostile_store.c. */
unsigned hostile_ops(void);
const char *hostile_name(unsigned op);
/* Is the operation possible in that state at all? */
bool hostile_applies(unsigned op, enum device_state at);
/* Number of pairs that are possible, and the n-th. */
unsigned hostile_pairs(void);
void hostile_pair(unsigned n, unsigned *op, enum device_state *at);
/* What the console must say, because the device must fail of it; NULL: the operation may also be
 * without effect. */
const char *hostile_expected(unsigned op, enum device_state at);

/* b is hostile from now on, by h. */
void hostile_begin(struct backend *b, struct hostile *h, unsigned op, enum device_state at);
/* Everything it holds is given up, and b is honest. */
void hostile_end(struct backend *b);

/* For backend.c. The device is in that state: does the operation if this is the one; true: the
 * backend's own reaction is left out. */
bool hostile_at(struct backend *b, enum device_state at);
/* A turn of a hostile backend; true: it is over, false: honest work follows. */
bool hostile_turn(struct backend *b);
bool hostile_keeps_mappings(const struct backend *b);

/* hostile_store.c: XenStore's share of the operations. */
void hostile_store(struct backend *b, unsigned what);
unsigned hostile_store_count(void);
const char *hostile_store_name(unsigned what);
void hostile_random_state(struct backend *b);

#endif
