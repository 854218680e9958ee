/* SPDX-License-Identifier: MIT */
/*
 * A RAM disk behind a fake block backend, and a blkfront device that is connected to it without
 * XenStore. The backend checks the ring strictly (an error is a failed cmocka assertion), holds
 * requests until the test has them answered, and can lie.
 */
#ifndef RINGLET_TESTS_FAKE_DISK_H
#define RINGLET_TESTS_FAKE_DISK_H

#include "../unit/random.h"
#include "drivers/block/device.h"
#include "drivers/block/life/expire.h"
#include "drivers/block/life/fit.h"
#include "drivers/block/life/lifecycle.h"
#include "drivers/block/life/requeue.h"
#include "drivers/block/life/xenbus.h"
#include "drivers/block/path/aio.h"
#include "drivers/block/path/complete.h"
#include "drivers/block/path/discard.h"
#include "drivers/block/path/merge.h"
#include "drivers/block/path/request.h"
#include "drivers/block/path/send.h"
#include "drivers/block/path/submit.h"
#include "seam.h"

struct fake_request {
    uint64_t id, sector;
    unsigned queue;
    uint8_t op, ring_op; /* ring_op: BLKIF_OP_INDIRECT for an indirect op */
    unsigned segments;
    uint64_t sectors;
    uint8_t flag; /* a discard's */
    struct wire_segment *seg;
};

struct fake_queue {
    struct wire_ring *ring;
    uint32_t req_cons, rsp_prod;
};

struct fake_disk {
    struct blkfront_dev *dev;
    uint8_t *data;
    uint64_t sectors;

    struct fake_queue queue[QUEUES_MAX];
    unsigned slots;                  /* of each queue */
    struct fake_request taken[2048]; /* not answered yet, in the order they came */
    unsigned count;

    struct random *random; /* answers in random order; NULL: in order */
    int16_t flush_status, barrier_status, discard_status;
    unsigned error_every; /* the n-th, 2n-th ... data request fails; 0: none */
    unsigned fails_over;  /* data requests of more segments fail; 0: none */
    bool answer_outer;    /* the response to an indirect request has BLKIF_OP_INDIRECT */
    unsigned requests, flushes, barriers, discards, largest, granted, granted_max;
};

/* Defaults, for fields that are 0: 2048 sectors of 512 bytes, one queue, one ring page, 11
 * segments, default budget, trusted, writable, no flush, no barrier, no discard, no persistent
 * grants. discard: the granule in bytes. */
struct fake_options {
    uint64_t sectors;
    unsigned sector_size, queues, ring_pages, max_segments, budget, registered_pages, abi,
        persistent_grants;
    uint64_t discard, discard_alignment;
    bool untrusted, readonly, flush, barrier, persistent, discard_secure, polled, nomerges;
};

/* The content of discarded bytes. */
#define FDISK_DISCARDED 0xd1

/* seam_init, event channels and grants, and nothing allocated yet; fdisk_exit checks that nothing
 * leaked. */
void fdisk_init(size_t bytes);
void fdisk_exit(void);

void fdisk_open(struct fake_disk *d, const struct fake_options *o);
/* Attaches only the backend, to a device that is connected already; d->data is made for
 * limits.sectors. fdisk_detach frees it. */
void fdisk_attach(struct fake_disk *d, struct blkfront_dev *dev);
void fdisk_detach(struct fake_disk *d);
/* After requeue_all: another backend, with the same data and the device's present limits, in its
 * initial state. */
void fdisk_reconnect(struct fake_disk *d);
/* Ends the device: lost, gone, freed. */
void fdisk_close(struct fake_disk *d);

/* Takes and checks new requests on the rings; returns the number of requests held. */
unsigned fdisk_take(struct fake_disk *d);
/* Answers taken[i] with status, doing its I/O if that is BLKIF_RSP_OKAY; not yet visible. */
void fdisk_answer(struct fake_disk *d, unsigned i, int16_t status);
/* A response of any content in the first queue. */
void fdisk_respond(struct fake_disk *d, uint64_t id, uint8_t op, int16_t status);
/* Makes the responses visible and raises the requested events. */
void fdisk_publish(struct fake_disk *d);
/* Take, answer all, publish; the number answered. */
unsigned fdisk_run(struct fake_disk *d);
/* fdisk_run, then lets the event be handled, until nothing is in flight. */
void fdisk_drain(struct fake_disk *d);

/* From now on idle time lets these disks' backends run. */
void fdisk_run_when_idle(struct fake_disk *a, struct fake_disk *b);

/* The backend unmaps all persistent grants. */
void fdisk_unmap(struct fake_disk *d);

/* The backend maps a grant (and unmaps it): ending it is -EBUSY meanwhile. */
void fdisk_map(grant_ref_t ref, bool map);

#endif
