/* SPDX-License-Identifier: MIT */
/* The toolstack's wish that the guest end. */
#ifndef BLKTEST_STOP_H
#define BLKTEST_STOP_H

#include "../verdict.h"

/* From now on a request of the toolstack's ends the jobs early instead of the guest at once. */
void stop_init(void);
bool stop_requested(void);
/* Prints the verdict and reboots if that was asked for; else the value for main to return. */
int stop_end(enum verdict verdict);

#endif
