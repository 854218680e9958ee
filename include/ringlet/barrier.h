/* SPDX-License-Identifier: MIT */
/*
 * Memory barriers for memory shared with another domain. arch/barrier.h of the target architecture
 * defines mb() (all), rmb() (loads), wmb() (stores), and cpu_relax() for busy loops. Xen's
 * io/ring.h needs them under the names xen_mb, xen_rmb, xen_wmb.
 */
#ifndef RINGLET_BARRIER_H
#define RINGLET_BARRIER_H

#define compiler_barrier() __asm__ __volatile__("" ::: "memory")

#include <arch/barrier.h>

#define xen_mb()  mb()
#define xen_rmb() rmb()
#define xen_wmb() wmb()

#endif
