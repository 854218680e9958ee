/* SPDX-License-Identifier: MIT */
/* The time from a guest's first instruction to its first read, by cause. */
#ifndef RINGLET_TESTS_STARTED_H
#define RINGLET_TESTS_STARTED_H

#include <ringlet/compiler.h>

/* main() begins: nothing was measured yet. */
void started_begin(void);
/* The first disk is connected: takes the time spent on XenStore until now. Later calls change
 * nothing. */
void started_connected(void);
/* A read has completed: the first one ends the measurement. Any context. */
void started_read(void);
/* One RESULT line of type "start", if a read has completed; once. Thread context. */
void started_report(void);

#endif
