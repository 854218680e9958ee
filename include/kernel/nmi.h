/* SPDX-License-Identifier: MIT */
/*
 * Inspection of a running guest: `xl trigger NAME nmi` makes Xen interrupt the vCPU anywhere, also
 * in a thread that never yields the CPU. The guest prints the position of each thread, and
 * continues.
 *
 * Code that an NMI's report executes, or whose data it reads, must not be interrupted by one: it
 * stands between nmi_hold() and nmi_release(), must be short, and the report waits for its end.
 */
#ifndef RINGLET_KERNEL_NMI_H
#define RINGLET_KERNEL_NMI_H

#include <ringlet/compiler.h>

/* Brackets, which nest. Any context. */
void nmi_hold(void);
void nmi_release(void);

/* Whether the caller runs inside an NMI: then it must not wait by the clock, and must not touch
 * wait queues. */
bool in_nmi(void);

/* For arch/, at each NMI: reports, now or as soon as that is possible. ip, fp: the instruction
 * and frame pointer of the interrupted code. */
void nmi_handle(uintptr_t ip, uintptr_t fp);

#endif
