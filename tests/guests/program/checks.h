/* SPDX-License-Identifier: MIT */
/* What a program finds: each check prints a line and returns whether all is well. */
#ifndef RINGLET_TESTS_PROGRAM_CHECKS_H
#define RINGLET_TESTS_PROGRAM_CHECKS_H

#include <ringlet/compiler.h>
#include <ringlet/printk.h>
#include <ringlet/thread.h>

#define check(ok, what)                                               \
    ({                                                                \
        const bool ok_ = (ok);                                        \
        print_raw("program: %s: %s\n", (what), ok_ ? "ok" : "WRONG"); \
        ok_;                                                          \
    })

/* Variables of each thread, in several threads that take turns. */
bool tls_check(void);
/* Whether the caller's variables have what tls_check() has left in them. */
bool tls_kept(void);
/* SSE and x87, in threads with different rounding. */
bool float_check(void);
/* Large memory from scattered pages; dev: a disk (xvda) to write it to and to read it from, or
 * NULL. */
bool memory_check(const char *dev);
/* The stack of main(), and that of handlers. */
bool stack_check(void);

#endif
