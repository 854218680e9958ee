/* SPDX-License-Identifier: MIT */
/*
 * The kernel and lib/fs for the sources of this folder. Mini-OS has other things of the same names:
 * the kernel's are called kernel_NAME here. Include it before Mini-OS' headers.
 */
#ifndef RINGLET_MINI_OS_KERNEL_H
#define RINGLET_MINI_OS_KERNEL_H

#define thread                  kernel_thread
#define wait_queue              kernel_wait_queue
#define semaphore               kernel_semaphore
#define file                    kernel_file
#define file_ops                kernel_file_ops
#define printk                  kernel_printk
#define evtchn_handler_t        kernel_evtchn_handler_t
#define evtchn_alloc_unbound    kernel_evtchn_alloc_unbound
#define evtchn_bind_interdomain kernel_evtchn_bind_interdomain

#include <ringlet/blkfront.h>
#include <ringlet/clock.h>
#include <ringlet/console.h>
#include <ringlet/event_channel.h>
#include <ringlet/format.h>
#include <ringlet/grant_map.h>
#include <ringlet/grant_table.h>
#include <ringlet/page.h>
#include <ringlet/panic.h>
#include <ringlet/printk.h>
#include <ringlet/shutdown.h>
#include <ringlet/suspend.h>
#include <ringlet/thread.h>
#include <ringlet/xen.h>
#include <ringlet/xenstore.h>

#include "lib/fs/fd.h"
#include "lib/fs/file.h"
#include "lib/fs/poll.h"

#undef thread
#undef wait_queue
#undef semaphore
#undef file
#undef file_ops
#undef printk
#undef evtchn_handler_t
#undef evtchn_alloc_unbound
#undef evtchn_bind_interdomain
/* macros of both */
#undef wait_event
#undef ARRAY_SIZE
#undef mb
#undef rmb
#undef wmb

#include <mini-os/waittypes.h>

_Static_assert(sizeof(((struct wait_queue_head *)0)->kernel) == sizeof(struct kernel_wait_queue),
               "the kernel's queue in Mini-OS' is one of the kernel's");

static inline struct kernel_wait_queue *kernel_queue(struct wait_queue_head *head)
{
    return (struct kernel_wait_queue *)(void *)&head->kernel;
}

#endif
