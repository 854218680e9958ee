/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_LIBC_WATCHDOG_H
#define RINGLET_LIBC_WATCHDOG_H

/* Called when a thread gives up the CPU. Only pthread_create.c makes it part of a program. */
void libc_watchdog(void);

#ifdef LIBC_WATCHDOG_WEAK
#pragma weak libc_watchdog
static inline void libc_watch(void)
{
    if (libc_watchdog)
        libc_watchdog();
}
#endif

#endif
