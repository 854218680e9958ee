/* SPDX-License-Identifier: MIT */
/* What newlib's <stdio.h> lacks. */
#ifndef RINGLET_STDIO_H
#define RINGLET_STDIO_H

#include_next <stdio.h>

#include <sys/cdefs.h>

/* newlib's macros beside the functions: a program's structures may have members of these names. */
#undef feof
#undef ferror
#undef clearerr
#undef getchar
#undef putchar

#if __POSIX_VISIBLE >= 200809
ssize_t getdelim(char **__restrict line, size_t *__restrict size, int delimiter,
                 FILE *__restrict stream);
ssize_t getline(char **__restrict line, size_t *__restrict size, FILE *__restrict stream);
#endif

#endif
