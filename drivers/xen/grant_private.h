/* SPDX-License-Identifier: MIT */
/* Between grant_table.c and quarantine.c. */
#ifndef RINGLET_GRANT_PRIVATE_H
#define RINGLET_GRANT_PRIVATE_H

#include <ringlet/grant_table.h>

void quarantine_init(void);
/* After a resume: all pages are free of their peers. */
void quarantine_release(void);
/* References in quarantine. */
unsigned quarantine_count(void);

#endif
