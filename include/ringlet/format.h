/* SPDX-License-Identifier: MIT */
/* Text from values and values from text. Any context; nothing here allocates. */
#ifndef RINGLET_FORMAT_H
#define RINGLET_FORMAT_H

#include <ringlet/compiler.h>
#include <stdarg.h>

/*
 * As C's snprintf, without floating point: d i u x X o c s p %, flags - 0 + space #, width and
 * precision also as *, lengths hh h l ll z j t. Returns the length that the whole text would have.
 */
int format(char *buf, size_t size, const char *fmt, ...) RINGLET_PRINTF(3, 4);
int vformat(char *buf, size_t size, const char *fmt, va_list ap) RINGLET_PRINTF(3, 0);

/*
 * Parses the whole of text[0..len) as an unsigned number: decimal, or hexadecimal after 0x. 0,
 * -EINVAL (empty, a sign, a stray character, an embedded NUL), -ERANGE (over 64 bits).
 */
int parse_u64(const char *text, size_t len, uint64_t *out);

/* As parse_u64 with a suffix k, m, g or t (binary multiples, either case). */
int parse_size(const char *text, size_t len, uint64_t *out);

/* A number with ns, us, ms, s or m (minutes), default s; in nanoseconds. Errors as parse_u64. */
int parse_duration(const char *text, size_t len, uint64_t *out_ns);

/* "64 MiB", "1.5 GiB", "512 B", for messages. Returns buf. */
char *format_bytes(char *buf, size_t size, uint64_t bytes);

#endif
