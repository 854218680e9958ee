/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_PANIC_H
#define RINGLET_PANIC_H

#include <ringlet/compiler.h>

/*
 * Reports an error of the kernel's own on the console, with a backtrace, and ends the domain as
 * crashed. Any context. Never for a peer's or a caller's input.
 */
void panic(const char *fmt, ...) RINGLET_NORETURN RINGLET_PRINTF(1, 2);

#endif
