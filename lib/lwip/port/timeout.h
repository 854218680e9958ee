/* SPDX-License-Identifier: MIT */
/* lwIP's timeouts: milliseconds, 0 for none; the time that a wait took, in milliseconds. */
#ifndef RINGLET_LWIP_TIMEOUT_H
#define RINGLET_LWIP_TIMEOUT_H

#include <ringlet/clock.h>
#include <ringlet/thread.h>

#include "arch/symbols.h"

/* A timeout was added: lwIP's thread, which may wait for a later one, looks at them again. (lwIP itself does not
 * expect them from other threads.) */
void net_timeouts_changed(void);

static inline uint64_t timeout_deadline(uint32_t ms)
{
    return ms ? clock_deadline((uint64_t)ms * NSEC_PER_MSEC) : DEADLINE_NEVER;
}

/* Less than SYS_ARCH_TIMEOUT. begin: clock_recent() before the wait. */
static inline uint32_t timeout_elapsed(uint64_t begin)
{
    return (uint32_t)MIN((clock_recent() - begin) / NSEC_PER_MSEC, (uint64_t)UINT32_MAX - 1);
}

#endif
