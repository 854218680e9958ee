/* SPDX-License-Identifier: MIT */
/*
 * What tcpip_init() takes: it stops the guest without memory for a mailbox, a mutex or a timer, and does not
 * notice that it has no thread. So this memory is taken before, and sys_mbox_new() and others give it out.
 */
#ifndef RINGLET_LWIP_PREPARE_H
#define RINGLET_LWIP_PREPARE_H

#include "lwip/sys.h"

/* 0; -ENOMEM: what was taken so far is kept for another call. By a thread, once at a time. */
int net_prepare(void);

/* For sync.c and mbox.c: takes what was prepared; NULL: nothing was, or it was taken. */
sys_mbox_t net_prepared_mbox(void);
sys_mutex_t net_prepared_mutex(void);
/* The thread runs fn(arg) from now on. */
sys_thread_t net_prepared_thread(lwip_thread_fn fn, void *arg);

#endif
