/* SPDX-License-Identifier: MIT */
/* printf's formats without floating point. */
#include <ringlet/format.h>
#include <ringlet/string.h>

#define COUNT_MAX __INT_MAX__ /* gcc's limits.h needs a C library's */

struct out {
    char *buf;
    size_t size, len;
};

struct spec {
    bool left, zero, plus, space, alt;
    int width;
    int precision; /* -1: none given */
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

static void put_text(struct out *o, const char *text, size_t len, const struct spec *s)
{
    int fill = s->width - (int)len;

    if (!s->left)
        pad(o, ' ', fill);
    for (size_t i = 0; i < len; i++)
        put(o, text[i]);
    if (s->left)
        pad(o, ' ', fill);
}

static void put_number(struct out *o, uint64_t value, bool negative, unsigned base, bool upper,
                       const struct spec *s)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24], sign[3];
    int n = 0, signs = 0, zeroes;

    for (uint64_t v = value; v; v /= base)
        text[n++] = digits[v % base];
    if (n == 0 && s->precision != 0)
        text[n++] = '0';

    if (negative)
        sign[signs++] = '-';
    else if (s->plus)
        sign[signs++] = '+';
    else if (s->space)
        sign[signs++] = ' ';
    if (s->alt && base == 16 && value) {
        sign[signs++] = '0';
        sign[signs++] = upper ? 'X' : 'x';
    }

    zeroes = s->precision - n;
    if (s->precision < 0 && s->zero && !s->left)
        zeroes = s->width - n - signs;
    if (s->alt && base == 8 && zeroes <= 0 && (n == 0 || text[n - 1] != '0'))
        zeroes = 1;
    zeroes = MAX(zeroes, 0);

    if (!s->left)
        pad(o, ' ', s->width - signs - zeroes - n);
    for (int i = 0; i < signs; i++)
        put(o, sign[i]);
    pad(o, '0', zeroes);
    for (int i = n; i-- > 0;)
        put(o, text[i]);
    if (s->left)
        pad(o, ' ', s->width - signs - zeroes - n);
}

/* A width or precision in the format, at most COUNT_MAX. */
static const char *parse_count(const char *f, int *count)
{
    for (*count = 0; *f >= '0' && *f <= '9'; f++)
        if (__builtin_mul_overflow(*count, 10, count) ||
            __builtin_add_overflow(*count, *f - '0', count))
            *count = COUNT_MAX;
    return f;
}

static const char *parse_spec(const char *f, struct spec *s, va_list *ap)
{
    *s = (struct spec){.precision = -1};
    for (;; f++) {
        if (*f == '-')
            s->left = true;
        else if (*f == '0')
            s->zero = true;
        else if (*f == '+')
            s->plus = true;
        else if (*f == ' ')
            s->space = true;
        else if (*f == '#')
            s->alt = true;
        else
            break;
    }
    if (*f == '*') {
        s->width = va_arg(*ap, int);
        if (s->width < 0) {
            s->left = true;
            s->width = s->width < -COUNT_MAX ? COUNT_MAX : -s->width;
        }
        f++;
    } else {
        f = parse_count(f, &s->width);
    }
    if (*f == '.') {
        f++;
        if (*f == '*') {
            s->precision = va_arg(*ap, int);
            f++;
        } else {
            f = parse_count(f, &s->precision);
        }
    }
    return f;
}

/* The size of an argument's type, from its length letters. */
static const char *parse_length(const char *f, unsigned *bytes)
{
    *bytes = sizeof(int);
    if (f[0] == 'h' && f[1] == 'h') {
        *bytes = 1;
        return f + 2;
    }
    if (f[0] == 'l' && f[1] == 'l') {
        *bytes = 8;
        return f + 2;
    }
    if (*f == 'h') {
        *bytes = 2;
        return f + 1;
    }
    if (*f == 'l' || *f == 'z' || *f == 'j' || *f == 't') {
        *bytes = 8; /* LP64 */
        return f + 1;
    }
    return f;
}

static void put_signed(struct out *o, unsigned bytes, const struct spec *s, va_list *ap)
{
    int64_t v = bytes == 8 ? va_arg(*ap, int64_t) : va_arg(*ap, int);

    if (bytes == 1)
        v = (signed char)v;
    else if (bytes == 2)
        v = (short)v;
    put_number(o, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 10, false, s);
}

static void put_unsigned(struct out *o, unsigned bytes, char kind, struct spec *s, va_list *ap)
{
    uint64_t v = bytes == 8 ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned);

    if (bytes == 1)
        v = (unsigned char)v;
    else if (bytes == 2)
        v = (unsigned short)v;
    s->plus = s->space = false;
    put_number(o, v, false, kind == 'u' ? 10 : kind == 'o' ? 8 : 16, kind == 'X', s);
}

int vformat(char *buf, size_t size, const char *fmt, va_list args)
{
    struct out o = {buf, size, 0};
    va_list ap;

    va_copy(ap, args);
    for (const char *f = fmt; *f; f++) {
        struct spec s;
        unsigned bytes;
        const char *text;

        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = parse_spec(f + 1, &s, &ap);
        f = parse_length(f, &bytes);
        switch (*f) {
        case 'd':
        case 'i':
            put_signed(&o, bytes, &s, &ap);
            break;
        case 'u':
        case 'x':
        case 'X':
        case 'o':
            put_unsigned(&o, bytes, *f, &s, &ap);
            break;
        case 'p':
            s.alt = true;
            put_number(&o, (uintptr_t)va_arg(ap, void *), false, 16, false, &s);
            break;
        case 'c': {
            char c = (char)va_arg(ap, int);

            put_text(&o, &c, 1, &s);
            break;
        }
        case 's':
            text = va_arg(ap, const char *);
            if (!text)
                text = "(null)";
            put_text(&o, text, s.precision < 0 ? strlen(text) : strnlen(text, (size_t)s.precision),
                     &s);
            break;
        case '%':
            put(&o, '%');
            break;
        /* unknown: printed unchanged; its argument cannot be skipped, so later arguments are
         * printed wrongly */
        default:
            put(&o, '%');
            if (!*f)
                f--;
            else
                put(&o, *f);
        }
    }
    va_end(ap);
    if (size)
        buf[MIN(o.len, size - 1)] = '\0';
    return (int)MIN(o.len, (size_t)COUNT_MAX);
}

int format(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vformat(buf, size, fmt, ap);
    va_end(ap);
    return n;
}

char *format_bytes(char *buf, size_t size, uint64_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned u = 0;
    uint64_t v = bytes, tenths = 0;

    while (v >= 1024) {
        tenths = (v % 1024) * 10 / 1024;
        v /= 1024;
        u++;
    }
    if (tenths && v < 100)
        format(buf, size, "%llu.%llu %s", (unsigned long long)v, (unsigned long long)tenths,
               unit[u]);
    else
        format(buf, size, "%llu %s", (unsigned long long)v, unit[u]);
    return buf;
}
