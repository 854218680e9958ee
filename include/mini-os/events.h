/* SPDX-License-Identifier: MIT */
/*
 * Event channels. A handler runs between two threads, when one waits or yields: it must not wait. regs
 * is NULL. A port is masked when it is made: unmask_evtchn (hypervisor.h) enables it. Ports are gone
 * after the domain was suspended and resumed elsewhere.
 */
#ifndef MINI_OS_EVENTS_H
#define MINI_OS_EVENTS_H

#include <mini-os/hypervisor.h>
#include <mini-os/traps.h>

/* The kernel has other functions and types of these names, which a header of ours may have declared. */
#define evtchn_handler_t        minios_evtchn_handler_t
#define evtchn_alloc_unbound    minios_evtchn_alloc_unbound
#define evtchn_bind_interdomain minios_evtchn_bind_interdomain

typedef void (*evtchn_handler_t)(evtchn_port_t port, struct pt_regs *regs, void *data);

/* 0 and *port, or -errno. */
int evtchn_alloc_unbound(domid_t remote, evtchn_handler_t handler, void *data, evtchn_port_t *port);
int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port, evtchn_handler_t handler,
                            void *data, evtchn_port_t *local_port);
/* The port; (evtchn_port_t)-1: Xen refused, which is reported. */
evtchn_port_t bind_virq(uint32_t virq, evtchn_handler_t handler, void *data);
/* Gives a port that exists a handler; one that it had before here is replaced. The port;
 * (evtchn_port_t)-1: it is out of range, or the kernel uses it. */
evtchn_port_t bind_evtchn(evtchn_port_t port, evtchn_handler_t handler, void *data);
/* The handler is not called any more, and the port is closed. Also in its handler. */
void unbind_evtchn(evtchn_port_t port);
/* 0 or -errno. */
int notify_remote_via_evtchn(evtchn_port_t port);

/* This domain's number. */
domid_t get_domid(void);

#endif
