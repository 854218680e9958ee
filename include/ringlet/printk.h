/* SPDX-License-Identifier: MIT */
/*
 * Messages to the domain's console. Any context, also before the console works and from a trap:
 * text that cannot be sent yet is stored in a small buffer and sent as soon as there is a console.
 */
#ifndef RINGLET_PRINTK_H
#define RINGLET_PRINTK_H

#include <ringlet/compiler.h>
#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/*
 * One message; a newline is part of the text. Messages above the current level are dropped.
 * ERROR and WARNING are prefixed with "error: " and "warning: ". A message is cut at 1024 bytes.
 */
void printk(enum log_level level, const char *fmt, ...) RINGLET_PRINTF(2, 3);

/* Prints at every level and without a prefix, for results and reports. print_raw is cut as printk
 * is, print_text takes text of any length. */
void print_raw(const char *fmt, ...) RINGLET_PRINTF(1, 2);
void print_text(const char *text, size_t len);

#define pr_err(...)   printk(LOG_ERROR, __VA_ARGS__)
#define pr_warn(...)  printk(LOG_WARNING, __VA_ARGS__)
#define pr_info(...)  printk(LOG_INFO, __VA_ARGS__)
#define pr_debug(...) printk(LOG_DEBUG, __VA_ARGS__)

/* The highest level that is printed; LOG_INFO at boot, `loglevel=` on the command line. */
void printk_set_level(enum log_level level);
enum log_level printk_level(void);

/* Waits, for a bounded time, until the printed text has left the domain. Any context. */
void printk_drain(void);

#endif
