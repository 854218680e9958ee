/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_BYTEORDER_H
#define MINI_OS_BYTEORDER_H

#include <mini-os/byteswap.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "for little-endian machines"
#endif

#define be16_to_cpu(v) bswap_16(v)
#define be32_to_cpu(v) bswap_32(v)
#define be64_to_cpu(v) bswap_64(v)
#define cpu_to_be16(v) bswap_16(v)
#define cpu_to_be32(v) bswap_32(v)
#define cpu_to_be64(v) bswap_64(v)
#define le16_to_cpu(v) (v)
#define le32_to_cpu(v) (v)
#define le64_to_cpu(v) (v)
#define cpu_to_le16(v) (v)
#define cpu_to_le32(v) (v)
#define cpu_to_le64(v) (v)

#endif
