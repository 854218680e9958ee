/* SPDX-License-Identifier: MIT */
/* Messages, for the console driver. */
#ifndef RINGLET_KERNEL_PRINTK_H
#define RINGLET_KERNEL_PRINTK_H

#include <ringlet/printk.h>

/*
 * Sets the destination of all text; the console driver calls this once. The sink takes all of the
 * text (waiting if it must) or drops it; it may be called from any context. drain waits, for a
 * bounded time, until the other side has read everything. sink NULL: the text is stored until there
 * is a sink.
 */
void printk_set_sink(void (*sink)(const char *text, size_t len), void (*drain)(void));

#endif
