/* SPDX-License-Identifier: MIT */
/* How long a guest took from its first instruction to its first read, and what for. */
#ifndef RINGLET_TESTS_STARTED_H
#define RINGLET_TESTS_STARTED_H

#include <ringlet/compiler.h>

/* main() begins: nothing was measured yet. */
void started_begin(void);
/* The first disk is connected: what XenStore has cost until now. Later ones change nothing. */
void started_connected(void);
/* A read has completed: the first one ends the measurement. Any context. */
void started_read(void);
/* One RESULT line of type "start", if a read has completed; once. Thread context. */
void started_report(void);

#endif
