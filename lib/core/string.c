/* SPDX-License-Identifier: MIT */
/* mem* and str* for the kernel, with the architecture's own copying and filling if it has that. */
#include <ringlet/string.h>

#include <arch/string.h>

#include <stdint.h>

/* A hosted program uses its C library's functions; the unit test compiles these under other
 * names. */
#if !__STDC_HOSTED__ || defined(RINGLET_TEST_STRING)

#ifdef ARCH_HAS_COPY_UP
#define copy_up arch_copy_up
#else
static void copy_up(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    while (n--)
        *d++ = *s++;
}
#endif

void *memset(void *dst, int c, size_t n)
{
#ifdef ARCH_HAS_FILL
    arch_fill(dst, (unsigned char)c, n);
#else
    unsigned char *d = dst;

    while (n--)
        *d++ = (unsigned char)c;
#endif
    return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    copy_up(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    if ((uintptr_t)dst - (uintptr_t)src >= n) /* dst is below src, or behind its end */
        copy_up(dst, src, n);
    else
        while (n--)
            d[n] = s[n];
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;

    for (size_t i = 0; i < n; i++)
        if (p[i] != q[i])
            return p[i] - q[i];
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const unsigned char *p = s;

    for (size_t i = 0; i < n; i++)
        if (p[i] == (unsigned char)c)
            return (void *)(p + i);
    return NULL;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;

    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++) {
        if (*a != *b)
            return (unsigned char)*a - (unsigned char)*b;
        if (!*a)
            break;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)found;
    }
}

#else
typedef int not_empty; /* ISO C requires a declaration in every file */
#endif
