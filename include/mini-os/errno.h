/* SPDX-License-Identifier: MIT */
/* Mini-OS' error numbers are the C library's. */
#ifndef MINI_OS_ERRNO_H
#define MINI_OS_ERRNO_H

#include <errno.h>

#endif
