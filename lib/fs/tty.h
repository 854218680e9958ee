/* SPDX-License-Identifier: MIT */
/*
 * The console as a terminal: /dev/console, /dev/tty, and descriptors 0 to 2. There is one, which all
 * open files share. Input is taken when it arrives, also while no thread reads, so that ^C has its
 * effect on a program that never reads; 4095 bytes are kept, further input stays with the peer.
 */
#ifndef RINGLET_FS_TTY_H
#define RINGLET_FS_TTY_H

#include "lib/fs/file.h"

enum tty_char {             /* 0: off */
                TTY_INTR,   /* ^C */
                TTY_QUIT,   /* ^\ */
                TTY_SUSP,   /* ^Z */
                TTY_ERASE,  /* ^? and, in any case, ^H */
                TTY_WERASE, /* ^W */
                TTY_KILL,   /* ^U */
                TTY_EOF,    /* ^D */
                TTY_EOL,    /* off */
                TTY_CHARS
};

struct tty_settings {
    bool canonical;    /* ICANON: reads give lines, which can be edited; else bytes as they come */
    bool echo;         /* ECHO */
    bool echo_newline; /* ECHONL: a newline also without echo */
    bool signals;      /* ISIG: TTY_INTR, TTY_QUIT and TTY_SUSP are signals */
    bool cr_to_nl;     /* ICRNL: the peer's Return key sends \r */
    bool nl_to_cr;     /* INLCR */
    bool ignore_cr;    /* IGNCR */
    /* OPOST | ONLCR: \n is written as \r\n. The console driver always does so: tty_set refuses
     * false with -EINVAL, and a libc's tcsetattr ignores it as POSIX permits. */
    bool output;
    uint8_t min; /* VMIN and VTIME (0.1 s) of a read when not canonical */
    uint8_t time;
    uint8_t chars[TTY_CHARS];
};

#define TTY_FLUSH_INPUT 1u /* input that was not read is dropped */
#define TTY_DRAIN       2u /* waits until the peer has the output (for at most 2 s) */

/* A new open file for the console; flags as path_open's. */
int tty_open(unsigned flags, struct file **out);
bool file_is_tty(const struct file *f); /* isatty */
void tty_get(struct tty_settings *out);
int tty_set(const struct tty_settings *settings, unsigned actions);
int tty_flush(
    unsigned actions); /* tcflush, tcdrain: 0; -ETIMEDOUT: the peer does not take output */

/*
 * Calls fn with TTY_INTR, TTY_QUIT or TTY_SUSP when that character was typed, in handler context or
 * in a thread that writes to the console: fn must not wait. Input that was not read is dropped. Also
 * begins to take input. NULL: such characters only drop the input.
 */
void tty_on_signal(void (*fn)(enum tty_char which));

#endif
