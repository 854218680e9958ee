/* SPDX-License-Identifier: MIT */
/* Waiting for completions, with events and without. */
#ifndef RINGLET_BLOCK_AIO_H
#define RINGLET_BLOCK_AIO_H

#include "drivers/block/device.h"

/* wait_on(), or in polled mode a look for responses and maybe a pause; *turns: 0 at first. dev may
 * be gone when it returns, if what is waited for has come. */
int aio_wait(struct blkfront_dev *dev, struct wait_queue *wq, uint64_t deadline, unsigned *turns);

/* wait_event() for what completions bring. */
#define aio_wait_event(dev, wq, cond, deadline)                                                  \
    ({                                                                                           \
        const uint64_t wait_deadline_ = (deadline);                                              \
        unsigned wait_turns_ = 0;                                                                \
        bool wait_ok_;                                                                           \
        while (!(wait_ok_ = (cond)) && aio_wait((dev), (wq), wait_deadline_, &wait_turns_) == 0) \
            ;                                                                                    \
        wait_ok_ || (cond);                                                                      \
    })

#endif
