/* SPDX-License-Identifier: MIT */
/*
 * Shutdown of the guest, by itself or on the toolstack's order (control/shutdown). The order
 * "suspend" there is handled by suspend.h.
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

/* The functions are called, the newest first, before the guest ends: to close devices. Thread
 * context. fn must end in bounded time; registering it again changes nothing. -ENOSPC beyond 16,
 * -ESHUTDOWN when domain_shutdown has begun. */
int shutdown_register(void (*fn)(void));

/* Runs the registered functions (not for a crash), drains the console, ends the domain. A second
 * caller waits for that. Thread context; a crash from any. */
void domain_shutdown(enum shutdown_reason reason) RINGLET_NORETURN;

/*
 * Ends the guest with an exit status, like a return from main(): 0 powers the domain off. Any other
 * is reported in one line and ends the domain as crashed, which `on_crash` in its configuration
 * handles: "restart" starts it again. Before that the registered functions run and the console is
 * drained. A shutdown that the toolstack ordered has no status. Thread context.
 */
void domain_exit(int status) RINGLET_NORETURN;

/* The toolstack's order; set by the watch on control/shutdown. */
enum shutdown_request { SHUTDOWN_NONE, SHUTDOWN_POWEROFF, SHUTDOWN_REBOOT, SHUTDOWN_HALT };

enum shutdown_request shutdown_requested(void);

/*
 * Registers a function for the toolstack's orders. Without one (or when it returns false) the guest
 * ends at once, by domain_shutdown(). By returning true the function undertakes to end the guest
 * soon. Called in the shutdown thread's context.
 */
void shutdown_on_request(bool (*fn)(enum shutdown_request request));

#endif
