/* SPDX-License-Identifier: MIT */
/* Facts about this guest. */
#ifndef RINGLET_GUEST_H
#define RINGLET_GUEST_H

#include <ringlet/compiler.h>

enum guest_type { GUEST_PV, GUEST_PVH };

struct guest_info {
    enum guest_type type;
    uint64_t memory;          /* bytes that the domain had when it was started */
    uint64_t started;         /* clock_now() when the guest's first instruction ran */
    const char *clock_source; /* the source of clock_now(): "tsc", ... */
    const char *hypercalls;   /* the instruction that enters Xen: "syscall", "vmcall", "vmmcall" */
};

/* Fills *out; the strings stay valid. Any context. */
void guest_get_info(struct guest_info *out);

#endif
