/* SPDX-License-Identifier: MIT */
/* The end of booting, good or bad: the same for PV and PVH. */
#include "boot.h"

#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

void boot_fail(const char *fmt, ...)
{
    struct sched_shutdown arg = {.reason = SHUTDOWN_crash};
    char text[200], line[240];
    va_list ap;

    va_start(ap, fmt);
    vformat(text, sizeof(text), fmt, ap);
    va_end(ap);
    format(line, sizeof(line), "Ringlet cannot start: %s\n", text);
    early_console_write(line, strlen(line));
    early_console_drain();
    for (;;)
        hypercall_sched_op(SCHEDOP_shutdown, &arg);
}

void boot_finish(void)
{
    /* Events are looked for, never delivered (thread.h). */
    WRITE_ONCE(shared_info->vcpu_info[0].evtchn_upcall_mask, 1);
    clock_init();
    clock_begin();
    kernel_main();
}
