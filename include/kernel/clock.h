/* SPDX-License-Identifier: MIT */
/* Clock and timers, for the scheduler and for hypercalls that give up the vCPU. */
#ifndef RINGLET_KERNEL_CLOCK_H
#define RINGLET_KERNEL_CLOCK_H

#include <ringlet/clock.h>

/*
 * Bracket a hypercall in which this vCPU may stop running. clock_leave() goes before it;
 * clock_back() goes after it and returns the same as clock_now(), at no cost when Xen reports the
 * time at which the vCPU was started again. Any context.
 */
void clock_leave(void);
uint64_t clock_back(void);

/* Disarms all timers, when the scheduler starts. */
void timer_reset(void);
/* The earliest deadline of an armed timer, or UINT64_MAX. */
uint64_t timer_next(void);
/* Runs the timers that are due at `now`, each at most once. */
void timer_run_due(uint64_t now);

#endif
