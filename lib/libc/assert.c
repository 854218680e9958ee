/* SPDX-License-Identifier: MIT */
/* assert() without streams: the C library itself uses it, so that a program without streams would
 * have them all. */
#include <assert.h>
#include <ringlet/format.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "program.h"

/* As glibc's message. */
void __assert_func(const char *file, int line, const char *function, const char *expression)
{
    char number[16];
    struct iovec text[10];
    unsigned count = 0;

    format(number, sizeof(number), "%d", line);
    for (const char *const *part = (const char *const[]){posix_program(), ": ", file, ":", number,
                                                         ": ", function ? function : "",
                                                         function ? ": Assertion `" : "Assertion `",
                                                         expression, "' failed.\n", NULL};
         *part; part++)
        text[count++] = (struct iovec){(void *)(uintptr_t)*part, strlen(*part)};
    (void)!writev(STDERR_FILENO, text, (int)count);
    abort();
}

void __assert(const char *file, int line, const char *expression)
{
    __assert_func(file, line, NULL, expression);
}
