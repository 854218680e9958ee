/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_LIBC_NOSYS_H
#define RINGLET_LIBC_NOSYS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

/* Says once, on the console, that the program has called what cannot be; errno is ENOSYS then. */
void nosys_say(const char *name, bool *said);

/* A function that fails. It is weak: a program may have its own. */
#define NOSYS(type, name, arguments, result)  \
    __attribute__((weak)) type name arguments \
    {                                         \
        static bool said;                     \
                                              \
        nosys_say(#name, &said);              \
        return result;                        \
    }

#endif
