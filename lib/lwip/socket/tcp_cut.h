/* SPDX-License-Identifier: MIT */
/*
 * Changes to segments that lwIP has queued. tcp_split_unsent_seg() copies the data, knows only the first
 * of the unsent ones, asserts that it is left with no more than an mss, and leaves FIN on the first half.
 * With the core lock.
 */
#ifndef RINGLET_LWIP_SOCKET_TCP_CUT_H
#define RINGLET_LWIP_SOCKET_TCP_CUT_H

#include <ringlet/compiler.h>

#include "lib/lwip/socket/symbols.h"
#include "lwip/priv/tcp_priv.h"

/*
 * Leaves the first `at` bytes of data in a segment of one of pcb's queues (0 < at < seg->len), and puts one
 * with the others behind it. Data that are referred to stay where they are; what lwIP has copied may be copied once
 * more. false: nothing was changed, as there is no memory, or a device still has the segment.
 */
bool tcp_cut(struct tcp_pcb *pcb, struct tcp_seg *seg, uint16_t at);
/* Cuts a segment, and all behind it, into such of at most the mss. false: some are larger still. */
bool tcp_cut_all(struct tcp_pcb *pcb, struct tcp_seg *seg);
/*
 * Takes away what the peer has acknowledged of a segment, if it is a part: the bytes, which lwIP will not
 * tell of again. 0 also for the reasons above.
 */
uint16_t tcp_cut_acked(struct tcp_pcb *pcb, struct tcp_seg *seg);

#endif
