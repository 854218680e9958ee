/* SPDX-License-Identifier: MIT */
/* Messages of programs on standard error. */
#include <err.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

unsigned error_message_count;

/* number: of the error whose text follows, or -1. */
static void message(const char *format, va_list args, int number)
{
    fprintf(stderr, "%s: ", posix_program());
    if (format)
        vfprintf(stderr, format, args);
    if (number >= 0)
        fprintf(stderr, "%s%s", format ? ": " : "", strerror(number));
    fputc('\n', stderr);
}

void vwarn(const char *format, va_list args)
{
    message(format, args, errno);
}

void vwarnx(const char *format, va_list args)
{
    message(format, args, -1);
}

void verr(int status, const char *format, va_list args)
{
    message(format, args, errno);
    exit(status);
}

void verrx(int status, const char *format, va_list args)
{
    message(format, args, -1);
    exit(status);
}

void warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vwarn(format, args);
    va_end(args);
}

void warnx(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vwarnx(format, args);
    va_end(args);
}

void err(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    message(format, args, errno);
    va_end(args);
    exit(status);
}

void errx(int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    message(format, args, -1);
    va_end(args);
    exit(status);
}

void error(int status, int number, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    va_start(args, format);
    message(format, args, number ? number : -1);
    va_end(args);
    error_message_count++;
    if (status)
        exit(status);
}
