/* SPDX-License-Identifier: MIT */
/*
 * What the programs of the POSIX bench share: times of a round, and their results. A round of one
 * side and a round of the other take turns, so that what changes with time meets both.
 */
#ifndef TESTS_BENCH_POSIX_BENCH_H
#define TESTS_BENCH_POSIX_BENCH_H

#include <inttypes.h>
#include <ringlet/clock.h>
#include <ringlet/xen.h>
#include <stdint.h>
#include <stdio.h>

#define ROUNDS_MAX 16
#define SIDES      2
/* The C library's side, and that of the kernel's own functions. */
enum side { POSIX, KERNEL };

struct times {
    uint64_t ns[SIDES][ROUNDS_MAX];  /* of the clock: everything in the machine */
    uint64_t ran[SIDES][ROUNDS_MAX]; /* in which the vCPU ran: the guest, and Xen for it */
};

/* The time in which the vCPU ran; 0 where Xen does not tell. */
static inline uint64_t vcpu_ran(void)
{
    struct vcpu_runstate_info info = {.state = 0};

    hypercall(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, 0, (unsigned long)&info, 0, 0);
    return info.time[RUNSTATE_running];
}

static inline void print_list(const char *name, const uint64_t *values, unsigned n)
{
    printf(",\"%s\":[", name);
    for (unsigned i = 0; i < n; i++)
        printf("%s%" PRIu64, i ? "," : "", values[i]);
    printf("]");
}

/* The end of a result's line. */
static inline void print_times(const struct times *t, unsigned rounds)
{
    print_list("posix_ns", t->ns[POSIX], rounds);
    print_list("kernel_ns", t->ns[KERNEL], rounds);
    print_list("posix_ran", t->ran[POSIX], rounds);
    print_list("kernel_ran", t->ran[KERNEL], rounds);
    printf("}\n");
}

#endif
