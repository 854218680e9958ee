/* SPDX-License-Identifier: MIT */
/* The end by an error of our own: said, drained, and visible to the toolstack as a crash. */
#include <ringlet/arch.h>
#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/thread.h>

void panic(const char *fmt, ...)
{
    static bool panicking;
    struct sched_shutdown arg = {.reason = SHUTDOWN_REASON_CRASH};
    char text[256];
    va_list ap;

    /* an error while reporting an error must not start over */
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
