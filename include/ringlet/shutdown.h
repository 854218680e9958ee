/* SPDX-License-Identifier: MIT */
/*
 * The end of the guest, by its own wish or on the toolstack's request (control/shutdown). The word
 * "suspend" there is suspend.h's business.
 */
#ifndef RINGLET_SHUTDOWN_H
#define RINGLET_SHUTDOWN_H

#include <ringlet/compiler.h>

/* The values are Xen's SHUTDOWN_* (xen/sched.h). */
enum shutdown_reason {
    SHUTDOWN_REASON_POWEROFF = 0,
    SHUTDOWN_REASON_REBOOT = 1,
    SHUTDOWN_REASON_CRASH = 3,
};

/* Watches control/shutdown from a thread of its own and tells the toolstack what we understand. 0,
 * -ENOTCONN without XenStore, -ENOMEM. Thread context, after xs_init; once. */
int shutdown_init(void);

/* Called in order of registration, newest first, before the guest goes: to close devices. Thread
 * context. fn must end in bounded time; registering it again changes nothing. -ENOSPC beyond 16,
 * -ESHUTDOWN when domain_shutdown has begun. */
int shutdown_register(void (*fn)(void));

/* Runs the registered functions (not for a crash), drains the console, ends the domain. Who comes
 * second waits for that. Thread context; a crash from any. */
void domain_shutdown(enum shutdown_reason reason) RINGLET_NORETURN;

/* What the toolstack has asked for; kept by the watch on control/shutdown. */
enum shutdown_request { SHUTDOWN_NONE, SHUTDOWN_POWEROFF, SHUTDOWN_REBOOT, SHUTDOWN_HALT };

enum shutdown_request shutdown_requested(void);

/*
 * What to do when the toolstack asks. Without a function (or when it returns false) the guest goes
 * at once, by domain_shutdown(). A function that returns true has taken it on itself to end soon.
 * Called in the shutdown thread's context.
 */
void shutdown_on_request(bool (*fn)(enum shutdown_request request));

/* Reports why on the console with a backtrace, and ends the domain as crashed. Any context. Never
 * for a peer's or a caller's input. */
void panic(const char *fmt, ...) RINGLET_NORETURN RINGLET_PRINTF(1, 2);

#endif
