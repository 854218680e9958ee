/* SPDX-License-Identifier: MIT */
/* The parts of a device's number. */
#ifndef RINGLET_SYS_SYSMACROS_H
#define RINGLET_SYS_SYSMACROS_H

#include <sys/types.h>

#define major(device) ((unsigned)(((device) >> 8) & 0xfff))
#define minor(device) ((unsigned)(((device)&0xff) | (((device) >> 12) & 0xffffff00)))
#define makedev(major, minor) \
    ((((dev_t)(major)&0xfff) << 8) | ((minor)&0xff) | (((dev_t)(minor)&0xffffff00) << 12))

#endif
