/* SPDX-License-Identifier: MIT */
/*
 * Barriers, bits, and the flag for events. Nothing interrupts a thread here: handlers of events run
 * when a thread waits or yields. So what Mini-OS puts between local_irq_save() and _restore() is
 * safe without doing anything, and these only keep the flag that irqs_disabled() shows.
 */
#ifndef MINI_OS_OS_H
#define MINI_OS_OS_H

#include <mini-os/compiler.h>
#include <mini-os/hypervisor.h>
#include <mini-os/kernel.h>
#include <mini-os/types.h>

#include <xen/xsm/flask_op.h>

#define USED               __attribute__((used))
#define BUG                do_exit
#define smp_processor_id() 0

#define barrier() __asm__ __volatile__("" ::: "memory")
#ifndef mb
#define mb()  __asm__ __volatile__("mfence" ::: "memory")
#define rmb() __asm__ __volatile__("lfence" ::: "memory")
#define wmb() __asm__ __volatile__("sfence" ::: "memory")
#endif

extern unsigned long minios_irqs_off;

#define irqs_disabled()      (minios_irqs_off != 0)
#define local_save_flags(x)  ((x) = minios_irqs_off)
#define local_irq_restore(x) ((void)(minios_irqs_off = (x)))
#define local_irq_disable()  ((void)(minios_irqs_off = 1))
#define local_irq_enable()   ((void)(minios_irqs_off = 0))
#define local_irq_save(x)    ((x) = minios_irqs_off, local_irq_disable())

#define rdtscll(val) ((val) = __builtin_ia32_rdtsc())

typedef struct {
    volatile int counter;
} atomic_t;

/* ---- atomic, also against other domains: for rings and grant entries ---- */

#define MINIOS_BIT_WORD(nr, addr) ((volatile unsigned int *)(addr) + ((unsigned)(nr) >> 5))
#define MINIOS_BIT(nr)            (1U << ((unsigned)(nr)&31))

static inline void synch_set_bit(int nr, volatile void *addr)
{
    __atomic_fetch_or(MINIOS_BIT_WORD(nr, addr), MINIOS_BIT(nr), __ATOMIC_SEQ_CST);
}

static inline void synch_clear_bit(int nr, volatile void *addr)
{
    __atomic_fetch_and(MINIOS_BIT_WORD(nr, addr), ~MINIOS_BIT(nr), __ATOMIC_SEQ_CST);
}

static inline int synch_test_and_set_bit(int nr, volatile void *addr)
{
    return !!(__atomic_fetch_or(MINIOS_BIT_WORD(nr, addr), MINIOS_BIT(nr), __ATOMIC_SEQ_CST) &
              MINIOS_BIT(nr));
}

static inline int synch_test_and_clear_bit(int nr, volatile void *addr)
{
    return !!(__atomic_fetch_and(MINIOS_BIT_WORD(nr, addr), ~MINIOS_BIT(nr), __ATOMIC_SEQ_CST) &
              MINIOS_BIT(nr));
}

static inline int synch_test_bit(int nr, const volatile void *addr)
{
    return !!(*((const volatile unsigned int *)addr + ((unsigned)nr >> 5)) & MINIOS_BIT(nr));
}

/* The old value: the exchange was done if it is `old`. */
#define synch_cmpxchg(ptr, old, new) __sync_val_compare_and_swap((ptr), (old), (new))

/* ---- names that Mini-OS' own sources have, and drivers that were taken from it ---- */

#ifdef __INSIDE_MINIOS__
#define xchg(ptr, v)             __atomic_exchange_n((ptr), (v), __ATOMIC_SEQ_CST)
#define set_bit(nr, addr)        synch_set_bit((nr), (addr))
#define clear_bit(nr, addr)      synch_clear_bit((nr), (addr))
#define test_bit(nr, addr)       synch_test_bit((nr), (addr))
#define test_and_clear_bit(n, a) synch_test_and_clear_bit((n), (a))
#define __ffs(word)              ((unsigned long)__builtin_ctzl(word))
#define xen_mb()                 mb()
#define xen_rmb()                rmb()
#define xen_wmb()                wmb()
#define xen_barrier()            barrier()
#endif

#endif
