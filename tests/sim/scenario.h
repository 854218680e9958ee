/* SPDX-License-Identifier: MIT */
/* One seed's run, in a process of its own. */
#ifndef RINGLET_TESTS_SCENARIO_H
#define RINGLET_TESTS_SCENARIO_H

#include "device.h"

void scenario_run(uint64_t seed);

/* scenario_hostile.c: the pairs of the first-th such seed. */
void scenario_hostile(unsigned first);

/* The domain is suspended, and continues as it was (cancelled) or as another one (resumed). */
void scenario_suspend(const struct device *d);

/* Faults of XenStore and the toolstack; round selects one. */
void scenario_store(const struct device *d, unsigned round);

/* A backend that stalls and loses events. */
void scenario_stall(void);

/* net_scenario.c: the same of a network interface. */
void net_scenario_run(uint64_t seed);

#endif
