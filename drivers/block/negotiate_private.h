/* SPDX-License-Identifier: MIT */
/* Between the two halves of negotiation. */
#ifndef RINGLET_BLOCK_NEGOTIATE_PRIVATE_H
#define RINGLET_BLOCK_NEGOTIATE_PRIVATE_H

#include "negotiate.h"

/* Segments per request from feature-max-indirect-segments: some backends write the key with their
 * offers, some when they connect. */
void negotiate_segments(const struct xs_batch_item *item, const struct blkfront_config *config,
                        struct blkfront_limits *limits);

/* The size of a sector: sets sector_size. 0, or -EINVAL when that cannot be used (printed). */
int negotiate_sector_size(const struct xs_batch_item *item, struct blkfront_limits *limits);

#endif
