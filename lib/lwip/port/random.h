/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_LWIP_RANDOM_H
#define RINGLET_LWIP_RANDOM_H

#include "arch/symbols.h"

/* Before lwIP needs random numbers. Thread context; may wait. */
void net_random_init(void);

#endif
