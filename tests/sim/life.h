/* SPDX-License-Identifier: MIT */
/* The building blocks of scenarios. */
#ifndef RINGLET_TESTS_LIFE_H
#define RINGLET_TESTS_LIFE_H

#include "workload.h"

/* A fresh world and the kernel in it. */
void life_boot(size_t memory, unsigned grant_frames);

void life_random_config(struct blkfront_config *c);
void life_options(struct workload_options *o, const struct backend *b, uint64_t quota);
int life_open(struct backend *b, const struct blkfront_config *config, struct blkfront_dev **dev);

/* A backend without malice: everything works, and the whole disk is right at the end. */
void life_honest(struct backend *b, struct workload *w, const struct workload_options *o);
/* The backend dies and comes back, several times; all requests succeed nevertheless. */
void life_restarts(struct backend *b, struct workload *w, const struct workload_options *o,
                   const struct blkfront_config *config);
/* Steps may fail; the life ends in bounded time in any case. */
void life_lossy(struct backend *b, struct workload *w, const struct workload_options *o,
                const struct blkfront_config *config);
/* Time passes for the retries of the quarantine. */
void life_settle(void);

#endif
