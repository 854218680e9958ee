/* SPDX-License-Identifier: MIT */
/*
 * The half of a backend that is the same for each kind of device: its keys' directories, its state,
 * its reactions to the frontend's, and how it goes and comes back. backend.h (disks) and netback.h
 * (network interfaces) are the other halves.
 */
#ifndef RINGLET_TESTS_PEER_H
#define RINGLET_TESTS_PEER_H

#include "sim.h"

#include <xen/io/xenbus.h>

#define ABSENT (-1) /* an offer that is not made */

struct peer;
struct hostile;
struct hostile_kind;

struct peer_ops {
    const char *device; /* the folder of the frontend: "vbd" */
    unsigned published; /* the frontend's state with which it has published its keys */
    const struct hostile_kind *hostile;
    void (*write_offers)(struct peer *p);
    /* The frontend has published its keys: maps its rings, or closes. */
    void (*connect)(struct peer *p);
    /* Gives up all that it has of the frontend's. */
    void (*disconnect)(struct peer *p);
    /* Its domain was destroyed; returns: it will come back. */
    void (*died)(struct peer *p, bool returns);
    /* Draws what it will offer when it comes back; takes that over, moved: as another domain (it is
     * attached anew). */
    void (*draw)(struct peer *p);
    void (*take_over)(struct peer *p, bool moved);
    /* A connected one's work. */
    void (*turn)(struct peer *p);
    /* For hostile.c: takes what the frontend has sent; is something in its hands, and has it mapped
     * a ring? */
    void (*take)(struct peer *p);
    bool (*busy)(const struct peer *p);
    bool (*mapped)(const struct peer *p);
    /* The frontend, too, is connected in all respects. */
    bool (*settled)(const struct peer *p);
    /* Chooses the queue that an operation is about; an event to that queue. */
    void (*aim)(struct peer *p);
    void (*raise)(struct peer *p);
};

struct peer {
    struct actor actor; /* first */
    const struct peer_ops *ops;
    unsigned devid;
    domid_t domid;
    char frontend[64], directory[64];
    unsigned state, frontend_state; /* the backend's state; the frontend's, last read */
    bool look;                      /* XenStore changed */
    bool present;                   /* false: it died */
    bool leaving;   /* the frontend may have given up: a grant that it ended is not an error */
    bool hurried;   /* it may do so at any time */
    bool returned;  /* the frontend may not have noticed yet */
    bool found;     /* the frontend's keys, written for the backend before this one */
    bool not_mine;  /* its keys are for the earlier offers */
    bool mute;      /* raises no events */
    bool unseen;    /* the guest may lose sight of it, and take it for gone while it works */
    bool powerless; /* it dies of a power failure */
    struct hostile *hostile;        /* NULL: honest */
    unsigned die_turn, detach_turn; /* turns until it dies, or is detached; 0: never */
    unsigned deaths;                /* of the remaining ones; it comes back after each */
    uint64_t return_at;             /* when it comes back; NEVER: it stays away */
};

/* A device that is not in XenStore yet. visible: it acts, and sees changes in XenStore. */
void peer_create(struct peer *p, const struct peer_ops *ops, unsigned devid, domid_t domid,
                 bool visible);
/* In XenStore, with a backend of this type (the folder in its path) that waits for a frontend. */
void peer_attach(struct peer *p, const char *type);
/* Its domain is destroyed: all it held is gone at once. */
void peer_die(struct peer *p);
/* It exists again, in InitWait. */
void peer_return(struct peer *p);
/* The toolstack detaches it. */
void peer_detach(struct peer *p);

void peer_set_state(struct peer *p, unsigned state);
/* Writes a key, or removes it. */
void peer_offer(struct peer *p, const char *key, int value);
/* The frontend uses a feature that was not offered: an error, unless the offers are newer than it
 * knows. */
void peer_not_offered(struct peer *p, const char *what);
/* Its keys cannot be used: it closes. */
void peer_refuse(struct peer *p);

#endif
