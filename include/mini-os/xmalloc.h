/* SPDX-License-Identifier: MIT */
#ifndef MINI_OS_XMALLOC_H
#define MINI_OS_XMALLOC_H

#include <malloc.h>
#include <stdlib.h>

#define DEFAULT_ALIGN            (sizeof(unsigned long))
#define xmalloc(type)            ((type *)_xmalloc(sizeof(type), __alignof__(type)))
#define xmalloc_array(type, num) ((type *)calloc((num), sizeof(type)))
#define _xmalloc(size, align)    memalign((align) < DEFAULT_ALIGN ? DEFAULT_ALIGN : (align), (size))
#define _realloc(ptr, size)      realloc((ptr), (size))
#define xfree(p)                 free((void *)(p))

#endif
