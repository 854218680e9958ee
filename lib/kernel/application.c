/* SPDX-License-Identifier: MIT */
/* Runs a program that has no C library. */
#include <kernel/application.h>
#include <ringlet/printk.h>
#include <ringlet/probe.h>
#include <ringlet/shutdown.h>

int main(int argc, char *argv[]);

/* From the link script. */
typedef void (*const function)(void);
extern function __preinit_array_start[] __attribute__((weak));
extern function __preinit_array_end[] __attribute__((weak));
extern function __init_array_start[] __attribute__((weak));
extern function __init_array_end[] __attribute__((weak));
extern function __fini_array_start[] __attribute__((weak));
extern function __fini_array_end[] __attribute__((weak));

static void call(function *from, function *end)
{
    for (; from < end; from++)
        (*from)();
}

void ringlet_application(int argc, char *argv[])
{
    int status;

    if (printk_level() == LOG_DEBUG)
        probe_print();
    call(__preinit_array_start, __preinit_array_end);
    call(__init_array_start, __init_array_end);
    status = main(argc, argv);
    for (function *at = __fini_array_end; at > __fini_array_start;)
        (*--at)();
    domain_exit(status);
}
