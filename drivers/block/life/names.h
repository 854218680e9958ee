/* SPDX-License-Identifier: MIT */
/* How disks are called, and which there are. */
#ifndef RINGLET_BLOCK_NAMES_H
#define RINGLET_BLOCK_NAMES_H

#include <ringlet/blkfront.h>
#include <ringlet/xenstore.h>

/* ---- names.c ---- */

/* "device/vbd/51712", "51712" or "xvda" to the number; -EINVAL for anything else. */
int names_parse(const char *nodename, unsigned *devid);

#define VBD_FOLDER    "device/vbd"
#define VBD_NAME_SIZE 11 /* of a 32-bit number, with its NUL */

/* The numbers of the disks in VBD_FOLDER, in order: a heap block that the caller frees. What is no
 * number is no disk. 0, or the error of reading it. */
int names_list(unsigned **numbers, unsigned *count);

#endif
