/* SPDX-License-Identifier: MIT */
/* What happens before a request of the workload is submitted, and when it completes; the memory of
 * requests. */
#ifndef RINGLET_TESTS_WORKLOAD_CHECK_H
#define RINGLET_TESTS_WORKLOAD_CHECK_H

#include "workload.h"

/* The longest request. */
#define WORKLOAD_ROOM (512 * 1024)

/* Bytes for a request. */
size_t workload_length(const struct workload *w);
/* Puts so many bytes, or fewer if the disk is small, somewhere: sets aio_nbytes, which it returns,
 * and aio_offset. */
size_t workload_place(const struct workload *w, struct slot *s, size_t bytes);
/* A read or write, ready to be submitted; the oracle is not told yet. */
void workload_prepare(struct workload *w, struct slot *s);

/* The callback. */
void workload_done(struct blkfront_aiocb *aiocb, int ret);
/* A request that was waited for has this result. */
void workload_finish(struct slot *s, int ret);
/* A flush, barrier or sync has this result, which is explained. waited: a thread was woken for it.
 */
void workload_flushed(struct workload *w, uint64_t begun, int ret, bool waited);
/* Around what a thread waits for that may be told of lost writes. */
void workload_wait_flush(struct workload *w, bool begins);
/* Prepares and starts a read or write. False: it was refused. */
bool workload_submit(struct workload *w, struct slot *s, bool only_enqueue);

/* The first and the last of these pages belong to nobody's request. */
void workload_canary(uint8_t *pages, unsigned count);
void workload_check_canary(const uint8_t *pages, unsigned count);

/* ---- workload_memory.c ---- */

/* Pages for a slot: registered ones, or plain ones where that is not wanted or not to be had; NULL:
 * neither. */
uint8_t *workload_memory(struct workload *w, struct slot *s, bool registered);
/* The registered buffer of an idle slot is freed, and it gets another one. */
void workload_swap(struct workload *w, struct slot *s);
/* The device is closed. */
void workload_free(struct slot *s);

#endif
