/* SPDX-License-Identifier: MIT */
/*
 * Results in the Test Anything Protocol, for programs that run on Linux and in a guest: CHECK prints
 * a line for a condition, tap_end the number of them, and its value is main's.
 */
#ifndef TESTS_POSIX_TAP_H
#define TESTS_POSIX_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

static inline bool tap_check(bool ok, const char *name, const char *condition, int line)
{
    printf("%s %d - %s\n", ok ? "ok" : "not ok", ++tap_count, name);
    if (!ok) {
        printf("# line %d: %s\n", line, condition);
        tap_failed++;
    }
    fflush(stdout);
    return ok;
}

#define CHECK(name, condition) tap_check((condition), name, #condition, __LINE__)

static inline int tap_end(void)
{
    printf("1..%d\n", tap_count);
#ifdef __ringlet__
    printf("Test result: %s\n",
           tap_failed ? "FAILURE" : "SUCCESS"); /* what the lab expects of a guest */
#endif
    fflush(stdout);
    return tap_failed != 0;
}

#endif
