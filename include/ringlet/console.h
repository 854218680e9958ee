/* SPDX-License-Identifier: MIT */
/* The PV console (xen/io/console.h). */
#ifndef RINGLET_CONSOLE_H
#define RINGLET_CONSOLE_H

#include <ringlet/xen.h>

/*
 * Writes all of text, \n as \r\n. Any context. When the ring is full it waits until the peer has
 * freed half of it, for at most 2 s in one call: text without room by then is dropped and counted.
 * After that, text is dropped at once until half of the ring is free; then the number of dropped
 * bytes is written.
 */
void console_write(const char *text, size_t len);

/* Reads input: returns 1..size, the number of bytes; 0 at the deadline, or at once when size is
 * 0; -ENODEV: there is no console, or it has no events; -EDEADLK: in a handler. Thread context. */
int console_read(char *buf, size_t size, uint64_t deadline);

/* Takes the input that is there, without waiting: 0..size bytes; -ENODEV: there is no console, or it
 * has no events. Any context. */
int console_take(char *buf, size_t size);

/* The bytes that console_write takes at once, \n counted as two; 0 while text would be dropped. Without
 * events, or without a ring: SIZE_MAX, as nothing could end a wait for room. Any context. */
size_t console_room(void);

/*
 * fn is called when input may have arrived or room may have been made, and after a resume: in
 * handler context, or in a thread that writes to the console. It must not wait. There is one fn,
 * NULL at first; a terminal (lib/fs/tty.h) sets it, and takes all input from then on.
 */
void console_on_event(void (*fn)(void));

/* Waits until the peer has taken everything, for at most timeout_ns. 0 or -ETIMEDOUT. Any context.
 */
int console_drain(uint64_t timeout_ns);

/* Bytes of output dropped so far, counted after \n became \r\n. */
uint64_t console_dropped(void);

#endif
