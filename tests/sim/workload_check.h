/* SPDX-License-Identifier: MIT */
/* Preparation and completion of the workload's requests, and their memory. */
#ifndef RINGLET_TESTS_WORKLOAD_CHECK_H
#define RINGLET_TESTS_WORKLOAD_CHECK_H

#include "workload.h"

/* The longest request. */
#define WORKLOAD_ROOM (512 * 1024)

/* Bytes for a request. */
size_t workload_length(const struct workload *w);
/* Places a request of this many bytes, or fewer if the disk is small: sets aio_nbytes, which it
 * returns, and aio_offset. */
size_t workload_place(const struct workload *w, struct slot *s, size_t bytes);
/* A read or write, ready to be submitted; the oracle does not know it yet. */
void workload_prepare(struct workload *w, struct slot *s);

/* The callback. */
void workload_done(struct blkfront_aiocb *aiocb, int ret);
/* A request that was waited for has this result. */
void workload_finish(struct slot *s, int ret);
/* Checks this result of a flush, barrier or sync. waited: a thread was woken for it. */
void workload_flushed(struct workload *w, uint64_t begun, int ret, bool waited);
/* Bracket a thread's wait that may get the error for lost writes. */
void workload_wait_flush(struct workload *w, bool begins);
/* Prepares and starts a read or write. False: it was refused. */
bool workload_submit(struct workload *w, struct slot *s, bool only_enqueue);

/* The first and the last of these pages belong to no request. */
void workload_canary(uint8_t *pages, unsigned count);
void workload_check_canary(const uint8_t *pages, unsigned count);

/* ---- workload_memory.c ---- */

/* Pages for a slot: registered ones, or ordinary ones where registered ones are not wanted or
 * not available; NULL: no memory. */
uint8_t *workload_memory(struct workload *w, struct slot *s, bool registered);
/* The registered buffer of an idle slot is freed, and it gets another one. */
void workload_swap(struct workload *w, struct slot *s);
/* The device is closed. */
void workload_free(struct slot *s);

#endif
