/* SPDX-License-Identifier: MIT */
/*
 * For the simulation only, found before the real header: at every memory barrier the simulated rest
 * of the world may run. Barriers stand where the order of accesses matters to the peer, so these
 * are the interleavings that count.
 */
#ifndef RINGLET_SIM_BARRIER_H
#define RINGLET_SIM_BARRIER_H

#include_next <ringlet/barrier.h>

#include <ringlet/compiler.h>

static inline void sim_real_mb(void)
{
    mb();
}

#undef mb
#undef rmb
#undef wmb
#define mb()           \
    do {               \
        sim_access();  \
        sim_real_mb(); \
        sim_access();  \
    } while (0)
#define rmb() sim_access()
#define wmb() sim_access()

#endif
