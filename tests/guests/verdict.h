/* SPDX-License-Identifier: MIT */
/*
 * The end of a test guest: one line `Test result: X`, the last one on its console, with the worst
 * verdict of all its tests.
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
    FAILURE, /* the tested system is at fault */
};

/* The kernel calls this in a thread with the words of the command line; its value is the guest's
 * exit status (domain_exit). */
int main(int argc, char *argv[]);

static inline void verdict_worsen(enum verdict *v, enum verdict other)
{
    if (other > *v)
        *v = other;
}

/*
 * Devices must be closed before: nothing is printed after this. Returns main's value: 0 with any
 * verdict, as a test that has printed its verdict has succeeded. (Another status is a crash, which
 * on_crash="preserve" preserves and on_crash="restart" repeats.)
 */
static inline int verdict_print(enum verdict v)
{
    static const char *const name[] = {"SUCCESS", "SKIP", "ERROR", "FAILURE"};

    print_raw("Test result: %s\n", name[v]);
    return 0;
}

#endif
