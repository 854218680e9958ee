/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_CONSOLE_H
#define MINI_OS_CONSOLE_H

#include <mini-os/os.h>
#include <mini-os/traps.h>
#include <mini-os/types.h>

#include <stdarg.h>
#include <stdbool.h>

/* The kernel has another function of this name, which a header of ours may have declared. */
#define printk minios_printk

/* Text to the domain's console. Any context; a message is cut at 1024 bytes. */
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same to Xen's own console, which a build of Xen for production drops. */
void xprintk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* direct: as xprintk. */
void print(int direct, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

#define tprintk(fmt, args...) printk("[%s] " fmt, get_current()->name, ##args)

struct consfront_dev;

/* dev: NULL, the domain's console. There are no others. */
void console_print(struct consfront_dev *dev, const char *data, int length);

#endif
