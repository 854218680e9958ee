/* SPDX-License-Identifier: MIT */
/* Event channels, for the code that starts and resumes the guest and for the console. */
#ifndef RINGLET_KERNEL_EVENT_CHANNEL_H
#define RINGLET_KERNEL_EVENT_CHANNEL_H

#include <ringlet/event_channel.h>

/* Masks every port and becomes the scheduler's event source; once. 0 or -ENOMEM. */
int evtchn_init(void);

/* Blocks the vCPU until the port is pending or the deadline (clock_now() time) passes, without
 * dispatching: for a driver that must wait where threads cannot run (console drain). */
void evtchn_wait_port(evtchn_port_t port, uint64_t deadline_ns);
/* Clears the port's pending event and returns whether there was one. For the caller of
 * evtchn_wait_port, which then does the handler's work itself, in this order: clear, check,
 * wait. Any context. */
bool evtchn_consume(evtchn_port_t port);

/* After a resume (suspend.h), before any other call of this driver: no port exists any more, all
 * handlers are removed, every port is masked. evtchn_close of an old port returns -EINVAL,
 * unless a new port has the same number. */
void evtchn_resume(void);

#endif
