/* SPDX-License-Identifier: MIT */
/* Shared by grant_table.c and quarantine.c. */
#ifndef RINGLET_GRANT_PRIVATE_H
#define RINGLET_GRANT_PRIVATE_H

#include <kernel/grant_table.h>

void quarantine_init(void);
/* After a resume: no page is mapped by a peer any more. */
void quarantine_release(void);
/* Number of references in quarantine. */
unsigned quarantine_count(void);

#endif
