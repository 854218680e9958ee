/* SPDX-License-Identifier: MIT */
/*
 * Waiting without events. As long as answers are quick nobody sleeps, but who else wants this CPU
 * gets it; a backend that takes its time gets more and more of it.
 */
#include "request.h"

#define TURNS_AWAKE 64 /* looks before the first pause: a few microseconds */
#define PAUSE_MIN   (10 * NSEC_PER_USEC)
#define PAUSE_SHIFT 7 /* the longest is so many times twice as long: some 1 ms */

int dev_wait(struct blkfront_dev *dev, struct wait_queue *wq, uint64_t deadline, unsigned *turns)
{
    uint64_t pause;

    if (!dev->config.polled)
        return wait_on(wq, deadline);
    /* thread_relax() has looked at the clock, except before the first turn */
    if (dev_reap_at(dev, NULL, *turns ? clock_recent() : 0)) {
        *turns = 0;
        return 0;
    }
    if (clock_recent() >= deadline)
        return -ETIMEDOUT;
    if (++*turns <= TURNS_AWAKE) {
        thread_relax(); /* the backend may wait for this very CPU */
        return 0;
    }
    pause = PAUSE_MIN << MIN(*turns - TURNS_AWAKE, (unsigned)PAUSE_SHIFT);
    /* the queue, as another thread may take what this one waits for */
    wait_on(wq, MIN(deadline, clock_deadline(pause)));
    return 0;
}
