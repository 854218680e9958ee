/* SPDX-License-Identifier: MIT */
/* Where programs for Linux look for the requests to disks. */
#ifndef RINGLET_SYS_MOUNT_H
#define RINGLET_SYS_MOUNT_H

#include <linux/fs.h>

#endif
