/* SPDX-License-Identifier: MIT */
/* The terminal's two parts: tty.c, the file, and tty_line.c, the line discipline. */
#ifndef RINGLET_FS_TTY_PRIVATE_H
#define RINGLET_FS_TTY_PRIVATE_H

#include "lib/fs/tty.h"

#define TTY_INPUT 4096u /* bytes of input that are kept; one is reserved for the end of a line */

struct tty_line {
    struct tty_settings set;
    char buf[TTY_INPUT];
    uint8_t
        eof[TTY_INPUT / 8]; /* a bit for each byte that is no byte but the end of a line by ^D */
    /* counts of bytes: read by a file; complete (can be read); typed */
    uint32_t read, complete, typed;
};

extern struct tty_line tty_line;

/* The default settings, and no input. */
void tty_line_reset(void);
void tty_line_set(const struct tty_settings *set);
void tty_line_flush(void);
/* One byte from the peer. The signal that it was, or TTY_CHARS. Any context. */
enum tty_char tty_line_input(char c);
/* How many bytes may be given to tty_line_input; more could be lost. */
uint32_t tty_line_room(void);
/* Bytes that can be read (of a line: up to its end). */
uint32_t tty_line_available(void);
/* Whether there is something to read: also the end of file. */
bool tty_line_ready(void);
/* Takes at most size bytes; in canonical mode of one line. 0: end of file, if tty_line_ready(). */
uint32_t tty_line_take(char *buf, size_t size);

/* Sets the ops of an open file (node_ops.open). */
int tty_attach(struct file *f, unsigned flags);
/* For tests. */
void tty_reset(void);

#endif
