/* SPDX-License-Identifier: MIT */
/*
 * Copying of what programs read and write, pages at a time: as the kernel does, which takes half of the
 * instructions of newlib's memcpy(). Short copies, and those that a sanitizer has to see, are memcpy's.
 */
#ifndef RINGLET_FS_COPY_H
#define RINGLET_FS_COPY_H

#include <ringlet/string.h>

#include <arch/string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COPY_IS_SEEN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define COPY_IS_SEEN 1
#endif

#define COPY_SHORT 256u

static inline void copy_data(void *restrict to, const void *restrict from, size_t n)
{
#if defined(ARCH_HAS_COPY_UP) && !defined(COPY_IS_SEEN)
    if (n >= COPY_SHORT) {
        arch_copy_up(to, from, n);
        return;
    }
#endif
    memcpy(to, from, n);
}

#endif
