/* SPDX-License-Identifier: MIT */
/* The console driver, for the code that starts and resumes the guest. */
#ifndef RINGLET_KERNEL_CONSOLE_H
#define RINGLET_KERNEL_CONSOLE_H

#include <ringlet/console.h>

/* Early mode, before threads exist: installs printk's sink, which polls to wait. Without a
 * console page text goes to Xen's own console, if Xen accepts it. */
void console_init_early(void);
/* Full mode: events, input, threads that wait. 0 or an error (then the early mode stays). */
int console_init(void);

/* After a resume (suspend.h): binds the console's current port. Output that was not read before
 * the suspend may be lost, so the console is drained before it. 0 or an error of console_init. */
int console_resume(void);

#endif
