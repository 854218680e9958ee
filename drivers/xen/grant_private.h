/* SPDX-License-Identifier: MIT */
/* Between grant_table.c and quarantine.c. */
#ifndef RINGLET_GRANT_PRIVATE_H
#define RINGLET_GRANT_PRIVATE_H

#include <ringlet/grant_table.h>

void quarantine_init(void);
/* References in quarantine. */
unsigned quarantine_count(void);

#endif
