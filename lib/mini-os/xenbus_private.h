/* SPDX-License-Identifier: MIT */
#ifndef RINGLET_MINI_OS_XENBUS_PRIVATE_H
#define RINGLET_MINI_OS_XENBUS_PRIVATE_H

#include <mini-os/xenbus.h>

/* The name of -errno in memory that is to be freed; NULL for 0. */
char *minios_xenbus_error(int error);

#endif
