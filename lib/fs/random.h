/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: ChaCha20, with a key that is replaced after each request, so that earlier output
 * cannot be computed from what is in memory later. It is seeded, and seeded again after each MiB and at
 * least each minute of use, from RDRAND where the CPU has it, and from the clocks. Without RDRAND the
 * seed also has what XenStore knows of this domain (domid, UUID, keys of /vm): an attacker with access
 * to the host may guess that. One message at the first use says which it is.
 */
#ifndef RINGLET_FS_RANDOM_H
#define RINGLET_FS_RANDOM_H

#include <ringlet/compiler.h>

#include "lib/fs/symbols.h"

/* Thread context: the first call may wait for XenStore. */
void random_bytes(void *buf, size_t len);
/* Mixes in something that others cannot know; it never makes the generator worse. */
void random_mix(const void *data, size_t len);

#endif
