/* SPDX-License-Identifier: MIT */
/* Requests to disks, as programs for Linux name them. */
#ifndef RINGLET_LINUX_FS_H
#define RINGLET_LINUX_FS_H

#define BLKROGET     0x125e     /* int *: it is read-only */
#define BLKGETSIZE   0x1260     /* unsigned long *: its size in units of 512 bytes */
#define BLKFLSBUF    0x1261     /* flushes */
#define BLKSSZGET    0x1268     /* int *: bytes of a sector */
#define BLKDISCARD   0x1277     /* uint64_t[2]: offset and length of what is not needed any more */
#define BLKPBSZGET   0x127b     /* unsigned *: bytes of a physical sector */
#define BLKGETSIZE64 0x80081272 /* uint64_t *: its size in bytes */

#endif
