/* SPDX-License-Identifier: MIT */
/*
 * Waiting without events. As long as answers are quick nobody sleeps; a backend that takes its
 * time, or needs this very CPU to run at all, gets it, for longer and longer.
 */
#include "block.h"

#define TURNS_AWAKE 64 /* looks before the first pause: a few microseconds */
#define PAUSE_MIN   (10 * NSEC_PER_USEC)
#define PAUSE_SHIFT 7 /* the longest is so many times twice as long: some 1 ms */

int dev_wait(struct blkfront_dev *dev, struct wait_queue *wq, uint64_t deadline, unsigned *turns)
{
    uint64_t pause;

    if (!dev->config.polled)
        return wait_on(wq, deadline);
    if (dev_reap(dev, NULL)) {
        *turns = 0;
        return 0;
    }
    if (clock_now() >= deadline)
        return -ETIMEDOUT;
    if (++*turns <= TURNS_AWAKE) {
        thread_yield();
        return 0;
    }
    pause = PAUSE_MIN << MIN(*turns - TURNS_AWAKE, (unsigned)PAUSE_SHIFT);
    /* the queue, as another thread may take what this one waits for */
    wait_on(wq, MIN(deadline, clock_deadline(pause)));
    return 0;
}
