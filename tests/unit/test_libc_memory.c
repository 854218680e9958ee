/* SPDX-License-Identifier: MIT */
/* The C library's mem*, compiled here under names of their own, against the host's. */
#include "unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define memcpy  c_memcpy
#define memmove c_memmove
#define memset  c_memset
#define memcmp  c_memcmp

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#include "lib/libc/memory.c"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

#define SIZE    400u
#define LENGTHS 150u

static unsigned char ours[SIZE], theirs[SIZE], source[SIZE];

static void fill(struct random *r, unsigned char *p)
{
    for (unsigned i = 0; i < SIZE; i++)
        p[i] = (unsigned char)random_u64(r);
}

static void prepare(struct random *r)
{
    fill(r, source);
    fill(r, ours);
    memcpy(theirs, ours, SIZE);
}

static void test_every_length(void **state)
{
    struct random r = {1};

    (void)state;
    for (unsigned n = 0; n < LENGTHS; n++) {
        for (unsigned at = 0; at < 9; at++) {
            prepare(&r);
            assert_ptr_equal(c_memcpy(ours + 100 + at, source + 8 - at, n), ours + 100 + at);
            memcpy(theirs + 100 + at, source + 8 - at, n);
            assert_memory_equal(ours, theirs, SIZE);
            assert_ptr_equal(c_memset(ours + 20 + at, (int)(n + at + 200), n), ours + 20 + at);
            memset(theirs + 20 + at, (int)(n + at + 200), n);
            assert_memory_equal(ours, theirs, SIZE);
        }
    }
}

static void test_every_overlap(void **state)
{
    struct random r = {1};

    (void)state;
    for (unsigned n = 0; n < LENGTHS; n++) {
        for (unsigned from = 50; from < 150; from++) {
            prepare(&r);
            assert_ptr_equal(c_memmove(ours + 100, ours + from, n), ours + 100);
            memmove(theirs + 100, theirs + from, n);
            assert_memory_equal(ours, theirs, SIZE);
        }
    }
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

/* At most two bytes differ: the first decides, by its value without a sign. */
static void test_comparing(void **state)
{
    struct random r = {1};

    (void)state;
    for (unsigned n = 0; n < LENGTHS; n++) {
        for (unsigned i = 0; i < 40; i++) {
            unsigned at = random_below(&r, 9);

            prepare(&r);
            memcpy(source + 8 - at, ours + at, n);
            assert_int_equal(c_memcmp(ours + at, source + 8 - at, n), 0);
            for (unsigned k = 0; n && k < 2; k++)
                source[8 - at + random_below(&r, n)] = (unsigned char)random_u64(&r);
            assert_int_equal(sign(c_memcmp(ours + at, source + 8 - at, n)),
                             sign(memcmp(ours + at, source + 8 - at, n)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_every_overlap),
        cmocka_unit_test(test_comparing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
