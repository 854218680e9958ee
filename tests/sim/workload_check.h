/* SPDX-License-Identifier: MIT */
/* What happens when a request of the workload completes. */
#ifndef RINGLET_TESTS_WORKLOAD_CHECK_H
#define RINGLET_TESTS_WORKLOAD_CHECK_H

#include "workload.h"

/* The callback. */
void workload_done(struct blkfront_aiocb *aiocb, int ret);
/* A request that was waited for has this result. */
void workload_finish(struct slot *s, int ret);
/* Prepares and starts a read or write. False: it was refused. */
bool workload_submit(struct workload *w, struct slot *s, bool only_enqueue);

/* The first and the last of these pages belong to nobody's request. */
void workload_canary(uint8_t *pages, unsigned count);
void workload_check_canary(const uint8_t *pages, unsigned count);

#endif
