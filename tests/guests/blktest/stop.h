/* SPDX-License-Identifier: MIT */
/* The toolstack's shutdown order. */
#ifndef BLKTEST_STOP_H
#define BLKTEST_STOP_H

#include "../verdict.h"

/* From now on a request of the toolstack's ends the jobs early instead of the guest at once. */
void stop_init(void);
bool stop_requested(void);
/* Prints the verdict; reboots if that was ordered, otherwise returns the value for main. */
int stop_end(enum verdict verdict);

#endif
