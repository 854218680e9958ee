/* SPDX-License-Identifier: MIT */
/* Checksum functions that only the kernel and its tests use. Any context. */
#ifndef RINGLET_KERNEL_CHECKSUM_H
#define RINGLET_KERNEL_CHECKSUM_H

#include <ringlet/checksum.h>

/* crc32c() without the CPU's instruction for it. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len);

#endif
