/* SPDX-License-Identifier: MIT */
/* The kernel's mem* and str*, compiled here under names of their own, against the host's. */
#include "unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define RINGLET_TEST_STRING
#define memcpy  k_memcpy
#define memmove k_memmove
#define memset  k_memset
#define memcmp  k_memcmp
#define memchr  k_memchr
#define strlen  k_strlen
#define strnlen k_strnlen
#define strcmp  k_strcmp
#define strncmp k_strncmp
#define strchr  k_strchr
#define strrchr k_strrchr

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

#include "lib/core/string.c"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define SIZE 300

static unsigned char ours[SIZE], theirs[SIZE], source[SIZE];

static void fill(struct random *r, unsigned char *p)
{
    for (unsigned i = 0; i < SIZE; i++)
        p[i] = (unsigned char)random_u64(r);
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void memory_run(struct random *r)
{
    for (unsigned i = 0; i < 5000; i++) {
        unsigned to = random_below(r, 100), from = random_below(r, 100), n = random_below(r, 200);
        int c = (int)random_u64(r);

        if (random_below(r, 2))
            n %= 20;
        fill(r, source);
        fill(r, ours);
        memcpy(theirs, ours, SIZE);
        assert_ptr_equal(k_memcpy(ours + to, source + from, n), ours + to);
        memcpy(theirs + to, source + from, n);
        assert_memory_equal(ours, theirs, SIZE);
        assert_ptr_equal(k_memmove(ours + from, ours + to, n), ours + from);
        memmove(theirs + from, theirs + to, n);
        assert_memory_equal(ours, theirs, SIZE);
        assert_ptr_equal(k_memset(ours + to, c, n), ours + to);
        memset(theirs + to, c, n);
        assert_memory_equal(ours, theirs, SIZE);
    }
}

static void test_memory(void **state)
{
    (void)state;
    random_runs("memory", 5, memory_run);
}

/* Lengths that the compiler knows: the registers of the copy must not be shared then. */
static void test_constant_lengths(void **state)
{
    (void)state;
#define TRY(n)                                                \
    do {                                                      \
        memset(ours, 0, SIZE);                                \
        memset(source, 7, SIZE);                              \
        k_memcpy(ours, source, n);                            \
        assert_memory_equal(ours, source, n);                 \
        assert_int_equal(ours[n], 0);                         \
        k_memset(ours, 9, n);                                 \
        assert_int_equal(ours[0], (n) ? 9 : 0);               \
        assert_int_equal(ours[(n) ? (n)-1 : 0], (n) ? 9 : 0); \
        assert_int_equal(ours[n], 0);                         \
    } while (0)
    TRY(0);
    TRY(1);
    TRY(8);
    TRY(9); /* one word and one byte */
    TRY(18);
    TRY(27);
    TRY(63);
}

static void test_every_overlap(void **state)
{
    struct random r = {1};

    (void)state;
    for (unsigned n = 0; n < 40; n++) {
        for (unsigned from = 0; from < 50; from++) {
            fill(&r, ours);
            memcpy(theirs, ours, SIZE);
            k_memmove(ours + 25, ours + from, n);
            memmove(theirs + 25, theirs + from, n);
            assert_memory_equal(ours, theirs, SIZE);
        }
    }
}

static void string_run(struct random *r)
{
    for (unsigned i = 0; i < 5000; i++) {
        char a[12], b[12];
        unsigned n = random_below(r, sizeof(a) + 1);
        int c = "abc\xff\0z"[random_below(r, 6)];

        for (unsigned k = 0; k < sizeof(a); k++) {
            a[k] = "ab\xff"[random_below(r, 3)];
            b[k] = random_below(r, 8) ? a[k] : 'b';
        }
        assert_int_equal(sign(k_memcmp(a, b, n)), sign(memcmp(a, b, n)));
        assert_ptr_equal(k_memchr(a, c, n), memchr(a, c, n));
        assert_int_equal(k_strnlen(a, n), n);
        assert_int_equal(sign(k_strncmp(a, b, n)), sign(strncmp(a, b, n)));
        a[random_below(r, sizeof(a))] = '\0';
        b[random_below(r, sizeof(b))] = '\0';
        assert_int_equal(k_strlen(a), strlen(a));
        assert_int_equal(k_strnlen(a, n), strnlen(a, n));
        assert_int_equal(sign(k_strcmp(a, b)), sign(strcmp(a, b)));
        assert_int_equal(sign(k_strncmp(a, b, n)), sign(strncmp(a, b, n)));
        assert_ptr_equal(k_strchr(a, c), strchr(a, c));
        assert_ptr_equal(k_strrchr(a, c), strrchr(a, c));
    }
}

static void test_strings(void **state)
{
    (void)state;
    random_runs("strings", 5, string_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_constant_lengths),
        cmocka_unit_test(test_every_overlap),
        cmocka_unit_test(test_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
