/* SPDX-License-Identifier: MIT */
/* Grants of other domains, for the code that provides the addresses. */
#ifndef RINGLET_KERNEL_GRANT_MAP_H
#define RINGLET_KERNEL_GRANT_MAP_H

#include <ringlet/grant_map.h>

/* Forgets everything without telling Xen: for tests, before the first call of each. */
void grant_map_reset(void);

#endif
