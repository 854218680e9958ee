/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_LIBC_PROGRAM_H
#define RINGLET_LIBC_PROGRAM_H

/* The program's name for messages: the image's, without directories. */
const char *posix_program(void);

#endif
