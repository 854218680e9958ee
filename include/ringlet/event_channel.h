/* SPDX-License-Identifier: MIT */
/*
 * Event channels, 2-level ABI (xen/event_channel.h): up to 4096 ports on 64-bit.
 *
 * A port is bound to one handler and starts masked; evtchn_unmask enables it. Handlers run in
 * handler context (thread.h), once per dispatch pass however often the peer notified; the pending
 * bit is cleared before the handler runs, so an event during it is handled in the next pass.
 */
#ifndef RINGLET_EVENT_CHANNEL_H
#define RINGLET_EVENT_CHANNEL_H

#include <ringlet/xen.h>

/* Returns whether there was work; if not, the event is counted as spurious. */
typedef bool (*evtchn_handler_t)(evtchn_port_t port, void *arg);

/* A new port that domain remote may bind to. 0 and *port, -ENOMEM, or Xen's error. The port is
 * masked. */
int evtchn_alloc_unbound(domid_t remote, evtchn_handler_t handler, void *arg, evtchn_port_t *port);
/* A new port connected to remote's port. As above. */
int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_t handler,
                            void *arg, evtchn_port_t *port);
int evtchn_bind_virq(unsigned virq, evtchn_handler_t handler, void *arg, evtchn_port_t *port);
/* Takes over a port that exists already (console, XenStore). 0, -EINVAL (out of range), -EBUSY (has
 * a handler), -ENOMEM. */
int evtchn_bind_existing(evtchn_port_t port, evtchn_handler_t handler, void *arg);

/* 0, or -EINVAL for a port without a handler. An event that is pending when its port is unmasked
 * is handled. Any context. */
int evtchn_unmask(evtchn_port_t port);
int evtchn_mask(evtchn_port_t port);

/* Notifies the peer. 0 or Xen's error (-EINVAL: the port is not connected). Any context. */
int evtchn_notify(evtchn_port_t port);

/*
 * Masks the port, removes the handler, closes the port. The handler is not called again once this
 * has returned; this may be called from the handler itself. Takes no lock (XSA-441). 0 or Xen's
 * error.
 */
int evtchn_close(evtchn_port_t port);

struct evtchn_stats {
    uint64_t events;        /* handler calls */
    uint64_t spurious;      /* handler calls that found no work, and events of ports without a
                               handler */
    uint64_t notifications; /* evtchn_notify calls */
    uint64_t blocks;        /* times the vCPU blocked */
    unsigned bound;
};

void evtchn_get_stats(struct evtchn_stats *out);

#endif
