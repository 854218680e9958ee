/* SPDX-License-Identifier: MIT */
/* Error numbers in pointers: the last 4095 addresses, which are never used. */
#ifndef MINI_OS_ERR_H
#define MINI_OS_ERR_H

#include <mini-os/errno.h>

#define MAX_ERRNO       4095
#define IS_ERR_VALUE(x) ((x) >= (unsigned long)-MAX_ERRNO)

static inline void *ERR_PTR(long error)
{
    return (void *)error;
}

static inline long PTR_ERR(const void *ptr)
{
    return (long)ptr;
}

static inline long IS_ERR(const void *ptr)
{
    return IS_ERR_VALUE((unsigned long)ptr);
}

#endif
