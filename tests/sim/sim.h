/* SPDX-License-Identifier: MIT */
/*
 * The simulated world around the drivers. One process runs one seed: the guest's threads on the
 * host's seam (tests/host/seam.h), and beside them actors (XenStore, backends, events in transit),
 * each with the time of its next turn. Whenever the guest touches shared memory, passes a barrier,
 * makes a hypercall or idles, the seed decides whether an actor runs first, and which. All
 * decisions come from the seed, so a seed replays exactly.
 */
#ifndef RINGLET_TESTS_SIM_H
#define RINGLET_TESTS_SIM_H

#include "../host/seam.h"
#include "../unit/random.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#define NEVER UINT64_MAX

/* ---- main.c: a seed's result ---- */

#define SIM_OPS_MAX     160
#define SIM_STATES      7
#define SIM_SITES_MAX   4096
#define SIM_MESSAGE_MAX 512

/* Counters of actions and checks; added up over the seeds that passed. */
struct sim_totals {
    uint64_t seeds, lives, restarts, crashes, hostile_lives;
    uint64_t requests, reads, writes, flushes, discards, failed; /* callers', completed */
    uint64_t verified, bytes_verified; /* of these: data compared; and how much of it in all */
    uint64_t crash_points, crash_sectors;
    uint64_t stable; /* writes that were, when they completed */
    uint64_t alloc_failures;
    uint64_t rekicks, lost_events, timeouts;
    uint64_t cancels, resumes; /* of suspends; and of these resumes: */
    uint64_t resumes_connecting, resumes_closing, resumes_away, resumes_idle, resumes_again;
    uint64_t joined; /* requests that shared ring requests; of honest lives */
    uint64_t ring_requests, world_steps, events, conflicts, xs_messages;
    /* XenStore's faults, and its refusals for want of a permission or quota */
    uint64_t silences, given_up, late, permits, removals;
    uint64_t xs_refused, quota_nodes, quota_watches, quota_transactions;
    /* network interfaces: frames that arrived whole, slots of the rings, refused sends, ... */
    uint64_t net_tx, net_rx, net_bytes, net_tx_slots, net_rx_slots, net_full, net_down, net_lost;
    uint64_t net_gso, net_kept, net_copied, net_flaps, net_groups;
    uint64_t lines_max; /* console lines of one hostile life, at most */
    uint64_t sites;     /* allocations in the fixed scenario */
    uint64_t hash;      /* of everything that happened in the last seed */
    uint32_t pair[SIM_OPS_MAX][SIM_STATES];
    uint8_t site[SIM_SITES_MAX]; /* the n-th allocation of the fixed scenario failed */
};

extern struct sim_totals totals;
extern bool sim_tracing;

/* Ends the seed with this violation. */
void sim_violation(const char *fmt, ...) RINGLET_NORETURN RINGLET_PRINTF(1, 2);
void sim_trace_line(const char *fmt, ...) RINGLET_PRINTF(1, 2);
#define TRACE(...)                       \
    do {                                 \
        if (sim_tracing)                 \
            sim_trace_line(__VA_ARGS__); \
    } while (0)
#define CHECK(cond, ...)                \
    do {                                \
        if (!(cond))                    \
            sim_violation(__VA_ARGS__); \
    } while (0)
/* The number of times that the console has this text. */
unsigned sim_said(const char *text);
/* Adds to the hash by which a replay is compared. */
void sim_note(uint64_t a, uint64_t b);

/* ---- sim_xen.c: the scheduler of the world, event channels, the clock ---- */

struct actor {
    const char *name;
    uint64_t due; /* NEVER: nothing to do */
    void (*run)(struct actor *a);
};

extern struct random sim_random; /* the world's decisions */

static inline unsigned below(unsigned n)
{
    return random_below(&sim_random, n);
}

/* True in one of n cases. */
static inline bool one_in(unsigned n)
{
    return below(n) == 0;
}

/* A world without actors on fresh memory; pace: mean number of accesses between two turns of the
 * world. */
void sim_xen_init(size_t memory, unsigned pace);
void sim_add_actor(struct actor *a);
/* Actor a must run in at most delay ns; an earlier time is not changed. */
void actor_wake(struct actor *a, uint64_t delay);

/* The peer's end of event channels. notified is called when the guest sends. */
struct sim_channel {
    evtchn_port_t port; /* the guest's */
    void (*notified)(struct sim_channel *c);
    uint64_t sends;
};

/* Connects to a port that the guest allocated for domain who; false: there is none such. */
bool sim_bind(struct sim_channel *c, domid_t who, evtchn_port_t port);
void sim_unbind(struct sim_channel *c);
/* Notifies the guest after a delay of at most ns; events that wait together become one. */
void sim_raise(evtchn_port_t port, uint64_t delay);
/* Ports that are allocated and not closed, XenStore's and the console's among them. */
unsigned sim_ports_open(void);

/* All ports are closed; XenStore and the console have new ones (boot_info). */
void sim_new_domain(void);

/* The peer's view of memory: not instrumented, as the peer may access all that it maps. */
void peer_copy(void *to, const void *from, size_t bytes);
void peer_fill(void *to, uint8_t value, size_t bytes);

/* ---- sim_grant.c: the grant table as the peer sees it ---- */

void grant_init(void);
/* From now on several domains may map a page at once, and one that is held may be granted to others,
 * as long as all of them only read it: all network interfaces send from the same pages. */
void grant_share_reading(void);
/* The page behind ref, or NULL: Xen refuses. */
uint8_t *sim_grant_map(domid_t who, grant_ref_t ref, bool write);
void sim_grant_unmap(grant_ref_t ref, bool write);
/* The page that is mapped by it for writing; NULL: none. */
uint8_t *grant_mapped_page(grant_ref_t ref);
/* Mappings of all domains. */
unsigned grant_mappings(void);
/* Does a domain map this page of the guest's memory? */
bool grant_page_mapped(const void *page);
/* No page that is mapped is free to be handed out. */
void grant_check_mapped(void);
/* The peer keeps the page mapped although it has answered: the page must not be reused. */
void grant_hold(grant_ref_t ref);

/* ---- sim_store.c: XenStore ---- */

/* The guest's own directory, and the number in it. */
extern char store_guest[32];
extern unsigned store_guest_id;

struct store_options {
    unsigned delay_ns;    /* an answer takes up to this long */
    unsigned portion;     /* bytes per turn */
    unsigned conflict_in; /* one in so many transactions conflicts; 0: none but real ones */
    bool ocaml;           /* errors as oxenstored's */
};

/* A domain's quota of each. */
enum store_quota { QUOTA_NODES, QUOTA_WATCHES, QUOTA_TRANSACTIONS, QUOTA_BYTES, STORE_QUOTAS };

void store_init(const struct store_options *o);
/* The guest is another domain: no nodes, watches, transactions and messages are left of the old
 * one; its ring is cleared, or unchanged. Call it after sim_new_domain. */
void store_new_domain(unsigned domid);
void store_set(const char *dir, const char *node, const void *value, size_t len);
void store_text(const char *dir, const char *node, const char *text);
void store_u64(const char *dir, const char *node, uint64_t value);
void store_remove(const char *dir, const char *node);
/* The value with a NUL behind it, or NULL; valid until the next change. */
const char *store_get(const char *dir, const char *node, size_t *len);
/* def: missing or no number */
uint64_t store_number(const char *dir, const char *node, uint64_t def);
/* A quota is another from now on; the one of before. */
unsigned store_limit(enum store_quota which, unsigned n);
/* So many of them are used. */
unsigned store_used(enum store_quota which);
/* XenStore neither reads nor answers until then; NEVER: no more. 0: it continues. */
void store_silence(uint64_t until);
/* Called after each change of a node by anybody. */
extern void (*store_changed)(const char *path);

/* ---- sim_toolstack.c: libxl's writes to XenStore ---- */

/* Creates a device's two directories, each readable for the other side; existing contents stay. */
void toolstack_attach(const char *frontend, const char *directory, unsigned backend,
                      unsigned devid);
/* The backend's alone, which went. */
void toolstack_backend(const char *frontend, const char *directory, unsigned backend);
/* Removes them at once, with the parents that are then empty. */
void toolstack_remove(const char *frontend, const char *directory);
/* The guest may read the backend's directory from now on, or not. */
void toolstack_permit(const char *directory, unsigned backend, bool guest);

/* ---- sim_disk.c: the medium with its volatile cache ---- */

struct version {
    struct version *next; /* older */
    uint8_t bytes[512];
};

struct sim_disk {
    uint64_t sectors;
    bool cached;            /* writes are volatile until a flush */
    uint8_t *data;          /* the content for reads */
    uint8_t *stable;        /* cached: the content that certainly survives */
    struct version **newer; /* cached: per sector, versions since then, newest first */
    uint32_t *dirty, dirty_count;
};

void disk_init(struct sim_disk *d, uint64_t sectors);
/* Only while nothing is dirty. */
void disk_set_cached(struct sim_disk *d, bool cached);
void disk_write(struct sim_disk *d, uint64_t sector, const uint8_t *data);
void disk_flush(struct sim_disk *d);
/* Power fails: each dirty sector has the content of some time since the flush. */
void disk_crash(struct sim_disk *d);
/* Calls fn with each content that the sector may have after a crash now. */
void disk_survivors(struct sim_disk *d, uint64_t sector,
                    void (*fn)(uint64_t sector, const uint8_t *bytes, void *arg), void *arg);

/* ---- oracle.c: the possible results of a read, and contents after a crash ---- */

/* A request that is under way or known. */
struct oracle_op {
    struct oracle_op *next, **link;
    bool write;
    uint64_t offset;
    size_t bytes;
    const uint8_t *data; /* a write's */
    uint64_t begun;
    bool crashed; /* a write: power failed while it was under way */
    /* ... or before the cache was switched: other writes of that time are forgotten */
    bool before;
};

struct oracle {
    struct sim_disk *disk;
    uint64_t bytes, clock;
    /* the newest known content; the content made durable by the last flush */
    uint8_t *base, *durable;
    uint64_t *base_end; /* per sector: when its last write ended */
    struct oracle_op *active;
    struct memory_of *alternatives; /* other contents that are possible */
    struct memory_of *unflushed;    /* cached disks: writes since the last flush */
    unsigned alternative_count, unflushed_count;
};

void oracle_init(struct oracle *o, struct sim_disk *disk);
/* Adopts the disk's present content: after a crash or a backend that lied. */
void oracle_reset(struct oracle *o);
/* op belongs to the caller and must stay valid until oracle_end. data of a write must not change
 * meanwhile. */
void oracle_begin(struct oracle *o, struct oracle_op *op, bool write, uint64_t offset, size_t bytes,
                  const uint8_t *data);
void oracle_write_end(struct oracle *o, struct oracle_op *op, bool ok);
/* The write that just ended well is on stable storage. */
void oracle_stable(struct oracle *o, const struct oracle_op *op);
/* data: the data that were read, NULL when the read failed. An impossible byte is a violation. */
void oracle_read_end(struct oracle *o, struct oracle_op *op, const uint8_t *data);
/* A flush begins: a time; and has completed well. */
uint64_t oracle_flush_begin(struct oracle *o);
void oracle_flush_end(struct oracle *o, uint64_t begun);
/* With nothing under way: the disk's cache is empty and is there or not from now on. */
void oracle_cache(struct oracle *o, bool cached);
/* Checks that a crash may now leave these bytes in this sector; if not it is a violation. */
void oracle_check_survivor(uint64_t sector, const uint8_t *bytes, void *o);
/* The whole medium after a crash. */
void oracle_check_crashed(struct oracle *o);
/* Power failed with requests in progress: checks the medium, and adopts its content. */
void oracle_crash(struct oracle *o);

/* ---- invariants.c ---- */

/* Cheap; at any time. */
void invariants_now(void);
/* With nothing open: everything is back. */
struct baseline {
    size_t pages_in_use, heap_blocks;
    unsigned grants, ports;
    unsigned watches, transactions; /* in XenStore */
};
void baseline_take(struct baseline *b);
void baseline_check(const struct baseline *b, const char *when);

#endif
