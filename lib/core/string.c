/* SPDX-License-Identifier: MIT */
/* mem* and str* for the kernel. Copying uses `rep movsb`/`stosb`, which CPUs since 2013 do in whole
 * cache lines. */
#include <ringlet/string.h>

#include <stdint.h>

/* A hosted program has its C library's; the unit test compiles these under other names. */
#if !__STDC_HOSTED__ || defined(RINGLET_TEST_STRING)

#if defined(__x86_64__)

/*
 * Upwards, so that dst may overlap src from below. Words first: under emulation and on older CPUs
 * each step of `rep` costs the same whatever its width. (&: `rest` is read after the first
 * instruction has changed the others, and must not share a register with one of the same value.)
 */
static void copy_up(void *dst, const void *src, size_t n)
{
    size_t words = n / 8;
    size_t rest = n % 8;

    __asm__ __volatile__("rep movsq\n\tmov %3, %%rcx\n\trep movsb"
                         : "+&D"(dst), "+&S"(src), "+&c"(words)
                         : "r"(rest)
                         : "memory");
}

void *memset(void *dst, int c, size_t n)
{
    void *d = dst;
    size_t words = n / 8;
    size_t rest = n % 8;
    unsigned long fill = (unsigned char)c * 0x0101010101010101UL;

    __asm__ __volatile__("rep stosq\n\tmov %3, %%rcx\n\trep stosb"
                         : "+&D"(d), "+&c"(words)
                         : "a"(fill), "r"(rest)
                         : "memory");
    return dst;
}

#else

static void copy_up(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    while (n--)
        *d++ = *s++;
}

void *memset(void *dst, int c, size_t n)
{
    unsigned char *d = dst;

    while (n--)
        *d++ = (unsigned char)c;
    return dst;
}

#endif

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    copy_up(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;

    if ((uintptr_t)dst - (uintptr_t)src >= n) /* below src, or behind its end */
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
typedef int not_empty; /* ISO C wants a declaration in every file */
#endif
