/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls for arithmetic that the processor lacks: the names and results of gcc's own
 * library, which is compiled for another code model.
 */
#include <stdint.h>

typedef unsigned __int128 u128;
typedef __int128 i128;

u128 __udivmodti4(u128 a, u128 b, u128 *rest);
u128 __udivti3(u128 a, u128 b);
u128 __umodti3(u128 a, u128 b);
i128 __divti3(i128 a, i128 b);
i128 __modti3(i128 a, i128 b);
int __popcountdi2(uint64_t x);
int __popcountti2(u128 x);
int __paritydi2(uint64_t x);

static unsigned bits(u128 x)
{
    const uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;

    return high  ? 128u - (unsigned)__builtin_clzll(high)
           : low ? 64u - (unsigned)__builtin_clzll(low)
                 : 0;
}

/* b is not 0: this ends as the processor's own division by it does, with an exception. */
u128 __udivmodti4(u128 a, u128 b, u128 *rest)
{
    u128 quotient = 0;

    if (!((a | b) >> 64)) {
        *rest = (uint64_t)a % (uint64_t)b;
        return (uint64_t)a / (uint64_t)b;
    }
    if (!b)
        __builtin_trap();
    for (int shift = (int)bits(a) - (int)bits(b); shift >= 0; shift--) {
        if (a >= b << shift) {
            a -= b << shift;
            quotient |= (u128)1 << shift;
        }
    }
    *rest = a;
    return quotient;
}

u128 __udivti3(u128 a, u128 b)
{
    u128 rest;

    return __udivmodti4(a, b, &rest);
}

u128 __umodti3(u128 a, u128 b)
{
    u128 rest;

    __udivmodti4(a, b, &rest);
    return rest;
}

static u128 magnitude(i128 x)
{
    return x < 0 ? -(u128)x : (u128)x;
}

i128 __divti3(i128 a, i128 b)
{
    const u128 quotient = __udivti3(magnitude(a), magnitude(b));

    return (i128)((a < 0) != (b < 0) ? -quotient : quotient);
}

/* The sign is that of a. */
i128 __modti3(i128 a, i128 b)
{
    const u128 rest = __umodti3(magnitude(a), magnitude(b));

    return (i128)(a < 0 ? -rest : rest);
}

int __popcountdi2(uint64_t x)
{
    const uint64_t every_2 = UINT64_MAX / 3, every_4 = UINT64_MAX / 15 * 3,
                   every_8 = UINT64_MAX / 255 * 15;

    x -= x >> 1 & every_2;
    x = (x & every_4) + (x >> 2 & every_4);
    x = (x + (x >> 4)) & every_8;
    return (int)(x * (UINT64_MAX / 255) >> 56);
}

int __popcountti2(u128 x)
{
    return __popcountdi2((uint64_t)x) + __popcountdi2((uint64_t)(x >> 64));
}

int __paritydi2(uint64_t x)
{
    return __popcountdi2(x) & 1;
}
