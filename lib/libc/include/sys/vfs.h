/* SPDX-License-Identifier: MIT */
/* Another name of <sys/statfs.h>. */
#ifndef RINGLET_SYS_VFS_H
#define RINGLET_SYS_VFS_H

#include <sys/statfs.h>

#endif
