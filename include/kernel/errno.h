/* SPDX-License-Identifier: MIT */
/* Xen's error numbers, for each architecture's hypercall(). */
#ifndef RINGLET_KERNEL_ERRNO_H
#define RINGLET_KERNEL_ERRNO_H

#include <ringlet/errno.h>

/*
 * Translates a hypercall's result. A failure is -(a number of <xen/errno.h>), which becomes this
 * system's number of the same error; a number that is not in Xen's list becomes -EIO. 0, positive
 * results, and values below -4095 (an address, for example) are returned unchanged. Any context.
 */
long xen_error(long result);

#endif
