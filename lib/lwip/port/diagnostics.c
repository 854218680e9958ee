/* SPDX-License-Identifier: MIT */
/* What lwIP says, and what it does when it finds a fault of its own. */
#include <ringlet/format.h>
#include <ringlet/panic.h>
#include <ringlet/printk.h>

#include "arch/cc.h"

void net_diag(const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vformat(text, sizeof(text), fmt, args);
    va_end(args);
    pr_debug("net: %s", text);
}

void net_assert_failed(const char *what, const char *file, int line)
{
    panic("lwIP: %s (%s:%d)", what, file, line);
}
