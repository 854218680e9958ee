/* SPDX-License-Identifier: MIT */
/* syslog() writes to the console, a line each. */
#include <errno.h>
#include <ringlet/console.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "program.h"

#define LINE_MAX_SIZE 1024

static const char *ident;
static int options, facility = LOG_USER, mask = LOG_UPTO(LOG_DEBUG);

static const char *const priorities[] = {"emerg",   "alert",  "crit", "err",
                                         "warning", "notice", "info", "debug"};

void openlog(const char *name, int opts, int default_facility)
{
    ident = name;
    options = opts;
    if (default_facility && !(default_facility & ~LOG_FACMASK))
        facility = default_facility;
}

void closelog(void)
{
    ident = NULL;
    options = 0;
}

int setlogmask(int next)
{
    int last = mask;

    if (next)
        mask = next;
    return last;
}

/* "%m" is errno's text, which printf() does not know: the format with it. */
static void expand(const char *format, const char *error, char *out, size_t size)
{
    size_t n = 0;

    while (*format && n + 1 < size) {
        if (format[0] == '%' && format[1] == 'm') {
            for (const char *c = error; *c && n + 2 < size; c++) {
                if (*c == '%')
                    out[n++] = '%';
                out[n++] = *c;
            }
            format += 2;
            continue;
        }
        if (format[0] == '%' && n + 2 >= size)
            break; /* no half of a conversion */
        if (format[0] == '%' && format[1] == '%')
            out[n++] = *format++;
        out[n++] = *format++;
    }
    out[n] = '\0';
}

static size_t add(char *line, size_t used, int n)
{
    (void)line;
    return n < 0                                  ? used
           : used + (size_t)n < LINE_MAX_SIZE - 1 ? used + (size_t)n
                                                  : LINE_MAX_SIZE - 2;
}

void vsyslog(int priority, const char *format, va_list args)
{
    const char *error = strerror(errno);
    int level = LOG_PRI(priority);
    char line[LINE_MAX_SIZE], expanded[LINE_MAX_SIZE];
    size_t n;

    if (!(mask & LOG_MASK(level)))
        return;
    expand(format, error, expanded, sizeof(expanded));
    n = add(line, 0, snprintf(line, sizeof(line), "%s", ident ? ident : posix_program()));
    if (options & LOG_PID)
        n = add(line, n, snprintf(line + n, sizeof(line) - n, "[%d]", (int)getpid()));
    n = add(line, n, snprintf(line + n, sizeof(line) - n, ": %s: ", priorities[level]));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    n = add(line, n, vsnprintf(line + n, sizeof(line) - n, expanded, args));
#pragma GCC diagnostic pop
    if (n && line[n - 1] != '\n')
        line[n++] = '\n';
    console_write(line, n);
}

void syslog(int priority, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsyslog(priority, format, args);
    va_end(args);
}
