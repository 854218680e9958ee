/* SPDX-License-Identifier: MIT */
/* A writer for one JSON object, for the guests' `RESULT {json}` lines. */
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/json.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

static void put(struct json *j, const char *text, size_t len)
{
    /* One byte is reserved for the NUL. After something did not fit nothing is added, so that
     * the text never has a gap. */
    if (j->overflow || len >= j->size - j->len) {
        j->overflow = true;
        return;
    }
    memcpy(j->buf + j->len, text, len);
    j->len += len;
    j->buf[j->len] = '\0';
}

static void put_char(struct json *j, char c)
{
    put(j, &c, 1);
}

static void put_string(struct json *j, const char *text)
{
    put_char(j, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char escaped[8] = "";

        if (c == '"' || c == '\\') {
            put_char(j, '\\');
            put_char(j, *text);
        } else if (c < 0x20 || c > 0x7e) {
            put(j, escaped, (size_t)format(escaped, sizeof(escaped), "\\u%04x", c));
        } else {
            put_char(j, *text);
        }
    }
    put_char(j, '"');
}

/* Writes what precedes a value: the comma and the key. */
static void put_key(struct json *j, const char *key)
{
    if (j->comma)
        put_char(j, ',');
    j->comma = true;
    if (key) {
        put_string(j, key);
        put_char(j, ':');
    }
}

static void open_group(struct json *j, const char *key, char bracket)
{
    put_key(j, key);
    put_char(j, bracket);
    j->comma = false;
}

static void close_group(struct json *j, char bracket)
{
    put_char(j, bracket);
    j->comma = true;
}

void json_begin(struct json *j, char *buf, size_t size)
{
    *j = (struct json){.buf = buf, .size = size, .overflow = size == 0};
    if (size)
        buf[0] = '\0';
    put_char(j, '{');
}

int json_end(struct json *j)
{
    put_char(j, '}');
    return j->overflow ? -ENOSPC : 0;
}

void json_str(struct json *j, const char *key, const char *value)
{
    put_key(j, key);
    put_string(j, value);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
    char text[24] = "";

    put_key(j, key);
    put(j, text, (size_t)format(text, sizeof(text), "%llu", (unsigned long long)value));
}

void json_i64(struct json *j, const char *key, int64_t value)
{
    char text[24] = "";

    put_key(j, key);
    put(j, text, (size_t)format(text, sizeof(text), "%lld", (long long)value));
}

void json_bool(struct json *j, const char *key, bool value)
{
    const char *text = value ? "true" : "false";

    put_key(j, key);
    put(j, text, strlen(text));
}

void json_object(struct json *j, const char *key)
{
    open_group(j, key, '{');
}

void json_object_end(struct json *j)
{
    close_group(j, '}');
}

void json_array(struct json *j, const char *key)
{
    open_group(j, key, '[');
}

void json_array_end(struct json *j)
{
    close_group(j, ']');
}

int json_print_result(struct json *j)
{
    int ret = json_end(j);

    if (ret)
        pr_err("a result line of over %zu bytes is lost\n", j->size);
    else
        print_raw("RESULT %s\n", j->buf);
    return ret;
}
