/* SPDX-License-Identifier: MIT */
/* Memory of other domains, for the cache and for tests. */
#ifndef RINGLET_KERNEL_FOREIGN_H
#define RINGLET_KERNEL_FOREIGN_H

#include <ringlet/foreign.h>

/* The number of suspends, each of which has ended all mappings. Any context. */
unsigned foreign_suspends(void);

/* Forgets all mappings, which the test's Xen has forgotten, too. */
void foreign_reset(void);

#endif
