/* SPDX-License-Identifier: MIT */
/* One seed's run, in a process of its own. */
#ifndef RINGLET_TESTS_SCENARIO_H
#define RINGLET_TESTS_SCENARIO_H

#include "sim.h"

void scenario_run(uint64_t seed);

/* scenario_hostile.c: the pairs of the first-th such seed. */
void scenario_hostile(unsigned first);

/* The domain is suspended, and goes on as it was or as another one. */
void scenario_suspend(void);

/* A backend that stalls and loses events. */
void scenario_stall(void);

#endif
