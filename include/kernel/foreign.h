/* SPDX-License-Identifier: MIT */
/* Memory of other domains, for tests. */
#ifndef RINGLET_KERNEL_FOREIGN_H
#define RINGLET_KERNEL_FOREIGN_H

#include <ringlet/foreign.h>

/* Forgets all mappings, which the test's Xen has forgotten, too. */
void foreign_reset(void);

#endif
