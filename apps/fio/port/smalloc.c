/* SPDX-License-Identifier: MIT */
/*
 * Instead of fio's smalloc.c, the heap for what its processes share: eight pools of 16.5 MiB, mapped when
 * it starts, as memory that is not touched costs nothing elsewhere. Jobs are threads here, and share
 * what malloc() returns.
 */
#include "smalloc.h"

#include <stdlib.h>
#include <string.h>

unsigned int smalloc_pool_size; /* the option alloc-size, which has no effect */

void sinit(void)
{
}

void scleanup(void)
{
}

/* Zeroed, as fio's is. */
void *smalloc(size_t size)
{
    return calloc(1, size);
}

void *scalloc(size_t count, size_t size)
{
    return calloc(count, size);
}

void sfree(void *block)
{
    free(block);
}

char *smalloc_strdup(const char *text)
{
    return strdup(text);
}

void smalloc_debug(size_t size)
{
    (void)size;
}
