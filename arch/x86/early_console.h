/* SPDX-License-Identifier: MIT */
/*
 * Text to the console without the console driver: for a guest that cannot start, for errors while
 * an error is being reported, and for an NMI. Any context; bounded.
 */
#ifndef RINGLET_X86_EARLY_CONSOLE_H
#define RINGLET_X86_EARLY_CONSOLE_H

#include <ringlet/compiler.h>

/* Waits for space for a bounded time, which all calls share; then the rest is lost. */
void early_console_write(const char *text, size_t len);
/* Waits, for a bounded time, until the other side has taken it. */
void early_console_drain(void);

/* Writes one line (no newline needed) and ends the domain as crashed. */
void early_fail(const char *fmt, ...) RINGLET_NORETURN RINGLET_PRINTF(1, 2);

#endif
