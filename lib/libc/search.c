/* SPDX-License-Identifier: MIT */
/* Linear search, and lists whose elements begin with the links to the next and the last one. */
#include <search.h>
#include <string.h>

struct element {
    struct element *next, *last;
};

void *lfind(const void *key, const void *base, size_t *count, size_t size,
            int (*compare)(const void *, const void *))
{
    const char *at = base;

    for (size_t i = 0; i < *count; i++, at += size)
        if (!compare(key, at))
            return (void *)at;
    return NULL;
}

void *lsearch(const void *key, void *base, size_t *count, size_t size,
              int (*compare)(const void *, const void *))
{
    void *found = lfind(key, base, count, size, compare);

    return found ? found : memcpy((char *)base + (*count)++ * size, key, size);
}

void insque(void *element, void *before)
{
    struct element *e = element, *b = before;

    *e = (struct element){b ? b->next : NULL, b};
    if (e->next)
        e->next->last = e;
    if (b)
        b->next = e;
}

void remque(void *element)
{
    struct element *e = element;

    if (e->next)
        e->next->last = e->last;
    if (e->last)
        e->last->next = e->next;
}
