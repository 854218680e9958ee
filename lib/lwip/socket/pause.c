/* SPDX-License-Identifier: MIT */
#include <ringlet/clock.h>

#include "lib/lwip/socket/private.h"

/* The first looks are close to each other: a device has room again after some frames. */
#define LOOKS_SOON 100u
#define SOON       (100 * NSEC_PER_USEC)
#define LATER      (2 * NSEC_PER_MSEC)

int inet_wait_for_room(unsigned looks, bool wait, uint64_t deadline)
{
    const uint64_t next = clock_deadline(looks < LOOKS_SOON ? SOON : LATER);
    int ret;

    if (!wait)
        return -EAGAIN;
    ret = file_wait(NULL, 0, MIN(next, deadline));
    if (ret && ret != -ETIMEDOUT)
        return ret;
    return clock_now() >= deadline ? -EAGAIN : 0;
}
