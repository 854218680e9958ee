/* SPDX-License-Identifier: MIT */
/* For tests of random.c. */
#ifndef RINGLET_FS_RANDOM_PRIVATE_H
#define RINGLET_FS_RANDOM_PRIVATE_H

#include "lib/fs/random.h"

#ifdef ARCH_HAS_RANDOM
#define ARCH_RANDOM_NAME ARCH_HAS_RANDOM
#else
#define ARCH_RANDOM_NAME "?"
#endif

/* Replaces the CPU's numbers (NULL: there are none) and forgets all state. */
void random_set_source(bool (*source)(uint64_t *out));

#endif
