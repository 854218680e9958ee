/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_BYTESWAP_H
#define MINI_OS_BYTESWAP_H

#ifndef bswap_16
#define bswap_16(x) __builtin_bswap16(x)
#define bswap_32(x) __builtin_bswap32(x)
#define bswap_64(x) __builtin_bswap64(x)
#endif

#endif
