/* SPDX-License-Identifier: MIT */
/* inet_pton() and inet_ntop(), as RFC 4291 and RFC 5952 have addresses. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ---- from text ---- */

/* Four decimal numbers without leading zeroes, and nothing behind them. */
static bool v4_from(const char *text, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned n = 0, digits = 0;

        for (; isdigit((unsigned char)*text); text++, digits++) {
            if (digits && !n)
                return false;
            n = n * 10 + (unsigned)(*text - '0');
            if (n > 255)
                return false;
        }
        if (!digits || *text != (i < 3 ? '.' : '\0'))
            return false;
        out[i] = (uint8_t)n;
        text++;
    }
    return true;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
                                        : -1;
}

struct groups {
    uint8_t bytes[16];
    unsigned count; /* of bytes */
    int gap;        /* where "::" was; -1: nowhere */
};

/* One group of up to four digits at *text, which moves behind it. */
static bool group(struct groups *g, const char **text)
{
    unsigned n = 0, digits = 0;

    for (int d; (d = hex_digit(**text)) >= 0; ++*text, digits++) {
        if (digits == 4)
            return false;
        n = n * 16 + (unsigned)d;
    }
    if (!digits || g->count > 14)
        return false;
    g->bytes[g->count++] = (uint8_t)(n >> 8);
    g->bytes[g->count++] = (uint8_t)n;
    return true;
}

static bool v6_groups(const char *text, struct groups *g)
{
    if (text[0] == ':' && text[1] != ':')
        return false;
    while (*text) {
        if (text[0] == ':' && text[1] == ':') {
            if (g->gap >= 0)
                return false;
            g->gap = (int)g->count;
            text += 2;
            continue;
        }
        if (g->count && *text == ':' && text[1])
            text++;
        if (!strchr(text, ':') && strchr(text, '.')) { /* the last 4 bytes are of IPv4 */
            if (g->count > 12 || !v4_from(text, g->bytes + g->count))
                return false;
            g->count += 4;
            return true;
        }
        if (!group(g, &text) || (*text && *text != ':'))
            return false;
    }
    return true;
}

static bool v6_from(const char *text, uint8_t out[16])
{
    struct groups g = {.gap = -1};
    unsigned behind;

    if (!v6_groups(text, &g) || (g.gap < 0 ? g.count != 16 : g.count > 14))
        return false;
    memset(out, 0, 16);
    if (g.gap < 0) {
        memcpy(out, g.bytes, 16);
        return true;
    }
    behind = g.count - (unsigned)g.gap;
    memcpy(out, g.bytes, (size_t)g.gap);
    memcpy(out + 16 - behind, g.bytes + g.gap, behind);
    return true;
}

int inet_pton(int family, const char *text, void *out)
{
    uint8_t address[16];
    bool ok;

    switch (family) {
    case AF_INET:
        ok = v4_from(text, address);
        break;
    case AF_INET6:
        ok = v6_from(text, address);
        break;
    default:
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (ok)
        memcpy(out, address, family == AF_INET ? 4 : 16);
    return ok;
}

/* ---- to text ---- */

static int v4_to(const uint8_t *a, char *text, size_t size)
{
    return snprintf(text, size, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

static unsigned at(const uint8_t *a, unsigned i)
{
    return (unsigned)a[2 * i] << 8 | a[2 * i + 1];
}

/* The longest run of two or more zero groups among n; *length 0: none. */
static unsigned longest_gap(const uint8_t *a, unsigned n, unsigned *length)
{
    unsigned best = 0, best_length = 1;

    for (unsigned i = 0; i < n; i++) {
        unsigned l = 0;

        while (i + l < n && !at(a, i + l))
            l++;
        if (l > best_length) {
            best = i;
            best_length = l;
        }
        i += l;
    }
    *length = best_length > 1 ? best_length : 0;
    return best;
}

static int v6_to(const uint8_t *a, char text[INET6_ADDRSTRLEN])
{
    static const uint8_t compatible[12], mapped[12] = {[10] = 0xff, [11] = 0xff};
    const bool v4 = !memcmp(a, mapped, sizeof(mapped)) ||
                    (!memcmp(a, compatible, sizeof(compatible)) && at(a, 6));
    const unsigned n = v4 ? 6 : 8;
    unsigned gap_length, gap = longest_gap(a, n, &gap_length);
    char *to = text;

    for (unsigned i = 0; i < n;) {
        if (gap_length && i == gap) {
            to += sprintf(to, "::");
            i += gap_length;
            continue;
        }
        to += sprintf(to, "%s%x", i && to[-1] != ':' ? ":" : "", at(a, i));
        i++;
    }
    if (v4) {
        if (to[-1] != ':')
            *to++ = ':';
        to += v4_to(a + 12, to, INET_ADDRSTRLEN);
    }
    return (int)(to - text);
}

const char *inet_ntop(int family, const void *address, char *text, socklen_t size)
{
    char whole[INET6_ADDRSTRLEN];
    int length;

    switch (family) {
    case AF_INET:
        length = v4_to(address, whole, sizeof(whole));
        break;
    case AF_INET6:
        length = v6_to(address, whole);
        break;
    default:
        errno = EAFNOSUPPORT;
        return NULL;
    }
    if ((socklen_t)length >= size) {
        errno = ENOSPC;
        return NULL;
    }
    return memcpy(text, whole, (size_t)length + 1);
}
