/* SPDX-License-Identifier: MIT */
/* GNU's messages on standard error. */
#ifndef RINGLET_ERROR_H
#define RINGLET_ERROR_H

void error(int status, int number, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));
extern unsigned error_message_count;

#endif
