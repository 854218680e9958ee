/* SPDX-License-Identifier: MIT */
/*
 * Memory barriers for memory shared with another domain. The x86 ones order cached memory against
 * other CPUs (Intel SDM vol. 3, 9.2: stores are seen in order, loads are done in order).
 * Xen's io/ring.h wants them under the names xen_mb, xen_rmb, xen_wmb.
 */
#ifndef RINGLET_BARRIER_H
#define RINGLET_BARRIER_H

#define compiler_barrier() __asm__ __volatile__("" ::: "memory")

#if defined(__x86_64__)
#define mb()        __asm__ __volatile__("lock; addl $0, -4(%%rsp)" ::: "memory", "cc")
#define rmb()       compiler_barrier()
#define wmb()       compiler_barrier()
#define cpu_relax() __asm__ __volatile__("pause" ::: "memory")
#elif defined(__aarch64__)
#define mb()        __asm__ __volatile__("dmb ish" ::: "memory")
#define rmb()       __asm__ __volatile__("dmb ishld" ::: "memory")
#define wmb()       __asm__ __volatile__("dmb ishst" ::: "memory")
#define cpu_relax() __asm__ __volatile__("yield" ::: "memory")
#else
#error "no memory barriers for this architecture"
#endif

#define xen_mb()  mb()
#define xen_rmb() rmb()
#define xen_wmb() wmb()

#endif
