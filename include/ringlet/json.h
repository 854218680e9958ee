/* SPDX-License-Identifier: MIT */
/* Writes one JSON object into a buffer; machine-readable results are lines `RESULT {json}`. Any
 * context. */
#ifndef RINGLET_JSON_H
#define RINGLET_JSON_H

#include <ringlet/compiler.h>

struct json {
    char *buf;
    size_t size, len;
    bool comma, overflow;
};

/* Starts the outermost object; buf belongs to the caller. */
void json_begin(struct json *j, char *buf, size_t size);
/* Ends it. 0, or -ENOSPC when something did not fit (buf then holds no valid JSON). */
int json_end(struct json *j);

/* Members of the current object; key NULL inside an array. Strings are escaped; bytes that are not
 * printable ASCII become \u00XX. */
void json_str(struct json *j, const char *key, const char *value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);

/* json_end, then prints `RESULT {...}` and a newline; on overflow an error line instead, and
 * -ENOSPC. */
int json_print_result(struct json *j);

#endif
