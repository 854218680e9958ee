/* SPDX-License-Identifier: MIT */
/*
 * Messages on standard error with the program's name and, but for the ...x functions, errno's text.
 */
#ifndef RINGLET_ERR_H
#define RINGLET_ERR_H

#include <stdarg.h>

void warn(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
void vwarn(const char *format, va_list args) __attribute__((__format__(__printf__, 1, 0)));
void warnx(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
void vwarnx(const char *format, va_list args) __attribute__((__format__(__printf__, 1, 0)));
void err(int status, const char *format, ...)
    __attribute__((__noreturn__, __format__(__printf__, 2, 3)));
void verr(int status, const char *format, va_list args)
    __attribute__((__noreturn__, __format__(__printf__, 2, 0)));
void errx(int status, const char *format, ...)
    __attribute__((__noreturn__, __format__(__printf__, 2, 3)));
void verrx(int status, const char *format, va_list args)
    __attribute__((__noreturn__, __format__(__printf__, 2, 0)));

#endif
