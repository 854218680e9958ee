/* SPDX-License-Identifier: MIT */
/* In place of newlib's, which compares each byte with each of the set. */
#include <string.h>

/* Whether a byte is in the set, or is the end. Between calls it is the end alone: no other thread runs meanwhile. */
static unsigned char in[256] = {1};

static void mark(const char *set, unsigned char how)
{
    for (const unsigned char *c = (const unsigned char *)set; *c; c++)
        in[*c] = how;
}

size_t strcspn(const char *s, const char *set)
{
    const unsigned char *at = (const unsigned char *)s;

    mark(set, 1);
    while (!in[*at])
        at++;
    mark(set, 0);
    return (size_t)(at - (const unsigned char *)s);
}
