/* SPDX-License-Identifier: MIT */
/* What newlib's <search.h> lacks. */
#ifndef RINGLET_SEARCH_H
#define RINGLET_SEARCH_H

#include_next <search.h>

#include <stddef.h>

void *lfind(const void *key, const void *base, size_t *count, size_t size,
            int (*compare)(const void *, const void *));
void *lsearch(const void *key, void *base, size_t *count, size_t size,
              int (*compare)(const void *, const void *));
void insque(void *element, void *before);
void remque(void *element);

#endif
