/* SPDX-License-Identifier: MIT */
/* lwIP's HTTP server has no files of its own. */
#ifndef RINGLET_LWIP_ARCH_FSDATA_H
#define RINGLET_LWIP_ARCH_FSDATA_H

#define FS_ROOT     ((const struct fsdata_file *)0)
#define FS_NUMFILES 0

#endif
