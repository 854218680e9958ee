/* SPDX-License-Identifier: MIT */
/*
 * Newlib's configuration for Ringlet. The C library, and everything that is compiled with its
 * headers, must see the same; so it is a header in front of newlib's and not a list of options.
 */
#ifndef RINGLET_SYS_CONFIG_H
#define RINGLET_SYS_CONFIG_H

/* errno and the rest of struct _reent are found by __getreent(), for each thread its own. */
#define __DYNAMIC_REENT__

#define _READ_WRITE_RETURN_TYPE  _ssize_t
#define _READ_WRITE_BUFSIZE_TYPE __size_t

/* descriptors in an fd_set (sys/select.h), and in a process */
#ifndef FD_SETSIZE
#define FD_SETSIZE 1024
#endif

#define __FILENAME_MAX__ 4096

/* ESHUTDOWN, ENOTBLK and others: programs name them */
#define __LINUX_ERRNO_EXTENSIONS__

#include_next <sys/config.h>

#endif
