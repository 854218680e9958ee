/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_COMPILER_H
#define MINI_OS_COMPILER_H

#ifndef likely
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
#ifndef __packed
#define __packed __attribute__((packed))
#endif

#endif
