/* SPDX-License-Identifier: MIT */
/*
 * The ioreq server: Xen puts an access of a vCPU that is nobody else's into the vCPU's slot of a shared
 * page and notifies; the vCPU waits until the slot holds the answer. A slot's states are READY (a request),
 * INPROCESS (taken), RESP_READY (answered); the request's fields are read after the state, and the answer
 * is written before it.
 */
#ifndef STUBDM_IOREQ_H
#define STUBDM_IOREQ_H

#include "machine.h"

#include <ringlet/dm_op.h>
#include <ringlet/foreign_cache.h>
#include <ringlet/thread.h>

#include <xen/hvm/ioreq.h>

#define IOREQ_VCPUS_MAX 128u /* slots of a page */

struct ioreq_stats {
    uint64_t requests;
    uint64_t pio, copy, pci, invalidate, time_offset;
    uint64_t unknown; /* of a type that is not known: answered with all ones */
    uint64_t invalid; /* of a size or a count that cannot be */
    uint64_t faults;  /* data in guest memory that is not there */
};

struct ioreq_server {
    domid_t domid;
    uint16_t id;
    bool created;
    unsigned vcpus;
    struct shared_iopage *page;
    evtchn_port_t port[IOREQ_VCPUS_MAX];
    struct foreign_cache *memory; /* the guest's; for requests whose data are there */
    struct machine *machine;      /* set before ioreq_enable */
    struct wait_queue *wake;      /* woken when there are requests */
    bool found;                   /* set at the same time */
    struct ioreq_stats stats;
};

/*
 * Makes a server for the guest, which gets nothing yet. The page is mapped as a resource, or, where Xen
 * has no such call or does not allow it, by its frame number. domid, vcpus, memory and wake are set
 * before. 0 or -errno, which was reported.
 */
int ioreq_create(struct ioreq_server *s);
/* From now on requests come. */
int ioreq_enable(struct ioreq_server *s);
/* Answers each request that is there now, of each vCPU at most one. Returns their number. */
unsigned ioreq_serve(struct ioreq_server *s);
/* The guest's accesses are nobody's any more. */
void ioreq_destroy(struct ioreq_server *s);

/* One request: carries it out and sets r->data, if it is a read. For ioreq_serve and tests. */
void ioreq_handle(struct ioreq_server *s, struct ioreq *r);

#endif
