/* SPDX-License-Identifier: MIT */
/* The end of the domain by an error of the kernel's own: reported, and a crash to the toolstack. */
#include <ringlet/panic.h>

#include <kernel/arch.h>
#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/thread.h>

void panic(const char *fmt, ...)
{
    static bool panicking;
    struct sched_shutdown arg = {.reason = SHUTDOWN_crash};
    char text[256];
    va_list ap;

    /* an error during the report must not report again */
    if (!panicking) {
        panicking = true;
        va_start(ap, fmt);
        vformat(text, sizeof(text), fmt, ap);
        va_end(ap);
        print_raw("panic: %s\nin thread %s\n", text, thread_name(thread_current()));
        arch_print_backtrace();
        printk_drain();
    }
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &arg);
}
