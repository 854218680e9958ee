/* SPDX-License-Identifier: MIT */
/*
 * Event channels, 2-level ABI (xen/event_channel.h): up to 4096 ports on 64-bit.
 *
 * A port is bound to one handler and starts masked; evtchn_unmask makes it live. Handlers run in
 * handler context (thread.h), once a dispatch pass however often the peer notified; the pending bit
 * is cleared before the handler runs, so an event during it is seen in the next pass.
 */
#ifndef RINGLET_EVENT_CHANNEL_H
#define RINGLET_EVENT_CHANNEL_H

#include <ringlet/xen.h>

/* Returns whether there was anything to do; events without are counted as spurious. */
typedef bool (*evtchn_handler_t)(evtchn_port_t port, void *arg);

/* Masks every port and becomes the scheduler's event source; once. 0 or -ENOMEM. */
int evtchn_init(void);

/* A new port that domain remote may bind to. 0 and *port, -ENOMEM, or Xen's error. Port is masked.
 */
int evtchn_alloc_unbound(domid_t remote, evtchn_handler_t handler, void *arg, evtchn_port_t *port);
/* A new port connected to remote's port. As above. */
int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_t handler,
                            void *arg, evtchn_port_t *port);
int evtchn_bind_virq(unsigned virq, evtchn_handler_t handler, void *arg, evtchn_port_t *port);
/* Takes over a port that exists already (console, XenStore). 0, -EINVAL (out of range), -EBUSY (has
 * a handler), -ENOMEM. */
int evtchn_bind_existing(evtchn_port_t port, evtchn_handler_t handler, void *arg);

/* Any context. Unmasking a port with a pending event makes that event be seen. -EINVAL for a port
 * without handler. */
int evtchn_unmask(evtchn_port_t port);
int evtchn_mask(evtchn_port_t port);

/* Notifies the peer. 0 or Xen's error (-EINVAL: the port is not connected). Any context. */
int evtchn_notify(evtchn_port_t port);

/*
 * Masks the port, forgets the handler, closes it. The handler is not called again once this has
 * returned; it may be called from the handler itself. Takes no lock (XSA-441). 0 or Xen's error.
 */
int evtchn_close(evtchn_port_t port);

/* Blocks the vCPU until the port is pending or the deadline (clock_now() time) passes, without
 * dispatching: for a driver that must wait where threads cannot run (console drain). */
void evtchn_wait_port(evtchn_port_t port, uint64_t deadline_ns);
/* Clears the port's pending event; was there one? For a user of evtchn_wait_port, which then does
 * itself what the handler would have done: clear first, then look, then wait. Any context. */
bool evtchn_consume(evtchn_port_t port);

/* After a resume (suspend.h), before anything else here: every port is gone, handlers are
 * forgotten, all is masked. An owner that closes an old port gets -EINVAL, unless its number was
 * given anew.
 */
void evtchn_resume(void);

struct evtchn_stats {
    uint64_t events;        /* handler calls */
    uint64_t spurious;      /* handler calls that found nothing to do, and events of ports without a
                               handler */
    uint64_t notifications; /* evtchn_notify calls */
    uint64_t blocks;        /* times the vCPU blocked */
    unsigned bound;
};

void evtchn_get_stats(struct evtchn_stats *out);

#endif
