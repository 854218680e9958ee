/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_SHUTDOWN_H
#define MINI_OS_SHUTDOWN_H

#include <xen/xen.h>

#include <xen/sched.h>

/* Suspends the domain now, and returns when it runs again. Files and block devices go on; event
 * channels, grants and what is mapped of other domains are gone if it was resumed elsewhere. */
void kernel_suspend(void);

/*
 * A program may define it: called, in a thread of its own, when the toolstack orders a shutdown
 * (SHUTDOWN_poweroff, _reboot or _halt), and then has to end the domain soon. Without it the domain
 * ends at once.
 */
void app_shutdown(unsigned reason);

#endif
