/* SPDX-License-Identifier: MIT */
/* The PV console (xen/io/console.h). */
#ifndef RINGLET_CONSOLE_H
#define RINGLET_CONSOLE_H

#include <ringlet/xen.h>

/* Early: writing works (becomes printk's sink), waiting by polling. Before threads exist. Without a
 * console page text goes to Xen's own console, if that takes it. */
void console_init_early(void);
/* Full: events, input, waiting threads. 0 or an error (then the early mode stays). */
int console_init(void);

/*
 * All of text, \n sent as \r\n. Any context. Waits for space; when the other side takes nothing for
 * 2 s the rest is dropped and counted, and until it moves again text is dropped at once: a console
 * nobody reads cannot stop the guest.
 */
void console_write(const char *text, size_t len);

/* What has been typed: 1..size bytes; 0 only at the deadline, or at once when size is 0; -ENODEV
 * (no console, or console_init failed); -EDEADLK (in a handler). Thread context. */
int console_read(char *buf, size_t size, uint64_t deadline);

/* Waits until the other side has taken everything, at most timeout_ns. 0 or -ETIMEDOUT. Any
 * context. */
int console_drain(uint64_t timeout_ns);

/* After a resume (suspend.h): takes the port that the console has now. What was not taken
 * before the suspend may be lost, so it is drained then. 0 or as console_init. */
int console_resume(void);

/* Bytes dropped so far. */
uint64_t console_dropped(void);

#endif
