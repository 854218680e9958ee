/* SPDX-License-Identifier: MIT */
/* What a server has to survive, from a client on Linux. */
#ifndef NETTEST_ATTACK_H
#define NETTEST_ATTACK_H

#include "options.h"

/* options.attack against options.peer; 0 or -errno. What it did is printed. */
int attack_run(const struct options *o);

#endif
