/* SPDX-License-Identifier: MIT */
/*
 * How a test guest ends: one line `Test result: X`, the last one on its console, the worst verdict
 * of all that it did.
 */
#ifndef RINGLET_TESTS_VERDICT_H
#define RINGLET_TESTS_VERDICT_H

#include <ringlet/compiler.h>
#include <ringlet/printk.h>

/* In order of badness. */
enum verdict {
    SUCCESS,
    SKIP,    /* nothing could be tested here, and nothing is wrong */
    ERROR,   /* the test or its environment is at fault */
    FAILURE, /* what was tested is at fault */
};

/* The kernel calls this in a thread with the words of the command line; afterwards it drains the
 * console and powers off. */
int main(int argc, char *argv[]);

static inline void verdict_worsen(enum verdict *v, enum verdict other)
{
    if (other > *v)
        *v = other;
}

/* Devices must be closed before: nothing is printed after this. For main to return. */
static inline int verdict_print(enum verdict v)
{
    static const char *const name[] = {"SUCCESS", "SKIP", "ERROR", "FAILURE"};

    print_raw("Test result: %s\n", name[v]);
    return v;
}

#endif
