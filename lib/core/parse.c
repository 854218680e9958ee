/* SPDX-License-Identifier: MIT */
/* Numbers from untrusted text: XenStore values, command lines. */
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

static int digit(char c, unsigned base)
{
    unsigned d;

    if (c >= '0' && c <= '9')
        d = (unsigned)(c - '0');
    else if (c >= 'a' && c <= 'f')
        d = (unsigned)(c - 'a') + 10;
    else if (c >= 'A' && c <= 'F')
        d = (unsigned)(c - 'A') + 10;
    else
        return -1;
    return d < base ? (int)d : -1;
}

int parse_u64(const char *text, size_t len, uint64_t *out)
{
    unsigned base = 10;
    uint64_t v = 0;
    bool over = false;

    if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
        len -= 2;
    }
    if (!len)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        int d = digit(text[i], base);

        if (d < 0)
            return -EINVAL;
        over = over || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
               __builtin_add_overflow(v, (uint64_t)d, &v);
    }
    if (over)
        return -ERANGE;
    *out = v;
    return 0;
}

/* Parses a number without the last `suffix` characters, and multiplies it by factor. */
static int parse_scaled(const char *text, size_t len, size_t suffix, uint64_t factor, uint64_t *out)
{
    uint64_t v;
    int ret = parse_u64(text, len - suffix, &v);

    if (ret)
        return ret;
    if (__builtin_mul_overflow(v, factor, &v))
        return -ERANGE;
    *out = v;
    return 0;
}

int parse_size(const char *text, size_t len, uint64_t *out)
{
    static const char suffix[] = "kmgt";
    const char *s;

    if (!len)
        return -EINVAL;
    s = memchr(suffix, text[len - 1] | 0x20, 4);
    if (!s)
        return parse_u64(text, len, out);
    return parse_scaled(text, len, 1, 1ULL << (10 * (s - suffix + 1)), out);
}

int parse_duration(const char *text, size_t len, uint64_t *out)
{
    static const struct {
        const char *suffix;
        uint64_t factor;
    } unit[] = {
        {"ns", 1},           {"us", NSEC_PER_USEC},    {"ms", NSEC_PER_MSEC},
        {"s", NSEC_PER_SEC}, {"m", 60 * NSEC_PER_SEC}, {"", NSEC_PER_SEC},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(unit); i++) {
        size_t n = strlen(unit[i].suffix);

        if (len > n && !memcmp(text + len - n, unit[i].suffix, n))
            return parse_scaled(text, len, n, unit[i].factor, out);
    }
    return -EINVAL;
}
