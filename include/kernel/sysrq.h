/* SPDX-License-Identifier: MIT */
/* Orders of an operator to a running guest by `xl sysrq NAME LETTER`. */
#ifndef RINGLET_KERNEL_SYSRQ_H
#define RINGLET_KERNEL_SYSRQ_H

#include <kernel/xenstore.h>

/* The watch for control/sysrq, for the caller to register (xs_batch). A thread of its own, which
 * ends afterwards, handles its letter. */
struct xs_watch *sysrq_watch(void);

#endif
