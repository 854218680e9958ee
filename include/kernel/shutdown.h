/* SPDX-License-Identifier: MIT */
/* Shutdown of the guest, for the code that starts it. */
#ifndef RINGLET_KERNEL_SHUTDOWN_H
#define RINGLET_KERNEL_SHUTDOWN_H

#include <ringlet/shutdown.h>

/* Watches control/shutdown from a thread of its own and tells the toolstack which orders are
 * supported. 0, -ENOTCONN without XenStore, -ENOMEM. Thread context, after xs_init; once. */
int shutdown_init(void);

#endif
