/* SPDX-License-Identifier: MIT */
/* nettest's output, as text and as `RESULT {json}` lines. */
#ifndef NETTEST_REPORT_H
#define NETTEST_REPORT_H

#include "client.h"

/* In order of badness, as tests/guests/verdict.h. */
enum verdict { SUCCESS, SKIP, ERROR, FAILURE };

/* Before a stream: then a line for each quarter of it. */
void report_begin(enum test test, uint64_t bytes);
void report_progress(uint64_t bytes);
/* The result, and what is to be thought of it. */
enum verdict report_test(const struct options *o, enum test test, const struct result *result);
/* Waits for the stack to be there, so that it is not a part of the first test. */
void report_start(void);
/* What the stack has got, and what the driver has counted, where there is something to ask. */
void report_interface(void);
/* The last line. Returns main's value. */
int report_verdict(enum verdict verdict);

#endif
