/* SPDX-License-Identifier: MIT */
/* The time in which other domains ran, as dom0 can tell. */
#ifndef NETTEST_DOMAINS_H
#define NETTEST_DOMAINS_H

#include <stdint.h>

/* ns, of all domains but dom0 together; 0 where nobody can be asked. */
uint64_t domains_ran(void);

#endif
