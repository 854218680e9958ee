/* SPDX-License-Identifier: MIT */
/*
 * Error numbers. Ringlet's functions return 0 or -errno with Xen's public numbers (xen/errno.h), so
 * a hypercall's result can be passed on as it is. In a hosted build they are the host's own, which
 * are the same on Linux.
 */
#ifndef RINGLET_ERRNO_H
#define RINGLET_ERRNO_H

#if __STDC_HOSTED__
#include <errno.h>
#else
#define XEN_ERRNO(name, value) name = value,
enum {
#include <xen/errno.h>
};
/* numbers that Xen's list lacks, with Linux' values */
enum {
    EINTR = 4,
    EPROTO = 71,
    ESHUTDOWN = 108,
    EALREADY = 114,
    ECANCELED = 125,
};
#endif

/* "EIO" for 5 or -5; "E?" for a number that is not in the list. Any context. */
const char *errno_name(int err);

#endif
