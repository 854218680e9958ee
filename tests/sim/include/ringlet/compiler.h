/* SPDX-License-Identifier: MIT */
/*
 * For the simulation only, found before the real header: before each single access to shared memory
 * the simulated rest of the world may run.
 */
#ifndef RINGLET_SIM_COMPILER_H
#define RINGLET_SIM_COMPILER_H

#include_next <ringlet/compiler.h>

/* Accesses until the world runs next; sim_xen.c. */
extern int sim_countdown;
void sim_preempt(void);

static inline void sim_access(void)
{
    if (__builtin_expect(--sim_countdown < 0, 0))
        sim_preempt();
}

#undef READ_ONCE
#undef WRITE_ONCE
#define READ_ONCE(x)                           \
    ({                                         \
        sim_access();                          \
        *(const volatile __typeof__(x) *)&(x); \
    })
#define WRITE_ONCE(x, v)                       \
    ({                                         \
        sim_access();                          \
        *(volatile __typeof__(x) *)&(x) = (v); \
    })

#endif
