/* SPDX-License-Identifier: MIT */
/*
 * The x86 part of ringlet/barrier.h. Cached memory is ordered against other CPUs by the processor:
 * stores are seen in program order, loads are done in program order, and only a store followed by a
 * load needs a barrier (Intel SDM vol. 3, 9.2).
 */
#ifndef RINGLET_ARCH_BARRIER_H
#define RINGLET_ARCH_BARRIER_H

#define mb()        __asm__ __volatile__("lock; addl $0, -4(%%rsp)" ::: "memory", "cc")
#define rmb()       compiler_barrier()
#define wmb()       compiler_barrier()
#define cpu_relax() __asm__ __volatile__("pause" ::: "memory")

#endif
