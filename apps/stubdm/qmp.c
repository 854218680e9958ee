/* SPDX-License-Identifier: MIT */
/*
 * QMP: JSON objects, one after the other. An object's end is found by its braces, so that lines do not
 * matter. Of an object only two members are looked at: "execute", a name, and "id", any value, which the
 * answer repeats as it is.
 */
#include "qmp.h"

#include <ringlet/format.h>
#include <ringlet/string.h>

#define NAME_MAX_BYTES 64
#define ID_MAX         64

static const char greeting[] =
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, "
    "\"package\": \"Ringlet\"}, \"capabilities\": []}}\r\n";

/* ---- out ---- */

static void answer(struct qmp *q, const char *body, const char *id)
{
    char text[512];
    int n = *id ? format(text, sizeof(text), "{%s, \"id\": %s}\r\n", body, id)
                : format(text, sizeof(text), "{%s}\r\n", body);

    if (n < 0 || (size_t)n >= sizeof(text) || (size_t)n > sizeof(q->out) - q->out_len) {
        q->dropped++;
        return;
    }
    memcpy(q->out + q->out_len, text, (size_t)n);
    q->out_len += (size_t)n;
}

static void answer_error(struct qmp *q, const char *class, const char *desc, const char *id)
{
    char body[256];

    format(body, sizeof(body), "\"error\": {\"class\": \"%s\", \"desc\": \"%s\"}", class, desc);
    answer(q, body, id);
}

void qmp_sent(struct qmp *q, size_t n)
{
    n = MIN(n, q->out_len);
    memmove(q->out, q->out + n, q->out_len - n);
    q->out_len -= n;
}

void qmp_connected(struct qmp *q)
{
    q->negotiated = false;
    q->in_len = q->depth = 0;
    q->in_overflow = q->in_string = q->in_escape = false;
    q->out_len = sizeof(greeting) - 1;
    memcpy(q->out, greeting, q->out_len);
}

/* ---- an object ---- */

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && blank(*at))
        at++;
    return at;
}

/* Behind a string that begins at `at`; NULL: it does not end. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"')
            return at + 1;
    }
    return NULL;
}

/* Behind any value, however deep; NULL: it does not end, or is none. */
static const char *skip_value(const char *at, const char *end)
{
    unsigned depth = 0;
    const char *begin = at;

    while (at && at < end) {
        const char c = *at;

        if (c == '"')
            at = skip_string(at, end);
        else if (c == '{' || c == '[')
            depth++, at++;
        else if (c == '}' || c == ']') {
            if (!depth)
                break;
            depth--, at++;
        } else if (c == ',' && !depth)
            break;
        else
            at++;
        if (at && !depth && (c == '"' || c == '}' || c == ']'))
            return at;
    }
    while (at && at > begin && blank(at[-1]))
        at--;
    return !at || depth || at == begin ? NULL : at;
}

struct command {
    char name[NAME_MAX_BYTES]; /* empty: there is none */
    char id[ID_MAX];           /* as it was written; empty: there is none */
};

/* A value's text, if it fits and is printable ASCII. */
static bool keep(char *to, size_t size, const char *from, const char *end)
{
    const size_t n = (size_t)(end - from);

    if (n >= size)
        return false;
    for (size_t i = 0; i < n; i++)
        if (from[i] < 0x20 || from[i] > 0x7e)
            return false;
    memcpy(to, from, n);
    to[n] = '\0';
    return true;
}

static bool key_is(const char *key, const char *key_end, const char *name)
{
    const size_t n = strlen(name);

    return (size_t)(key_end - key) == n + 2 && memcmp(key + 1, name, n) == 0;
}

static bool take_member(struct command *c, const char *key, const char *key_end, const char *value,
                        const char *value_end)
{
    if (key_is(key, key_end, "id"))
        return keep(c->id, sizeof(c->id), value, value_end);
    if (!key_is(key, key_end, "execute"))
        return true;
    return *value == '"' && keep(c->name, sizeof(c->name), value + 1, value_end - 1) &&
           !strchr(c->name, '\\');
}

/* The text from { to }. False: it is no object of the kind that QMP has. */
static bool parse(const char *at, const char *end, struct command *c)
{
    memset(c, 0, sizeof(*c));
    end--; /* the brace */
    at = skip_blanks(at + 1, end);
    while (at < end) {
        const char *key = at, *key_end, *value, *value_end;

        key_end = *key == '"' ? skip_string(key, end) : NULL;
        if (!key_end)
            return false;
        at = skip_blanks(key_end, end);
        if (at == end || *at != ':')
            return false;
        value = skip_blanks(at + 1, end);
        value_end = skip_value(value, end);
        if (!value_end || !take_member(c, key, key_end, value, value_end))
            return false;
        at = skip_blanks(value_end, end);
        if (at < end && *at != ',')
            return false;
        if (at < end)
            at = skip_blanks(at + 1, end);
    }
    return c->name[0] != '\0';
}

/* ---- commands ---- */

static void do_run(struct qmp *q, const struct command *c, bool run)
{
    q->running = run;
    q->run(q->arg, run);
    answer(q, "\"return\": {}", c->id);
}

static void execute(struct qmp *q, const struct command *c)
{
    char text[160];

    q->commands++;
    if (strcmp(c->name, "qmp_capabilities") == 0 && !q->negotiated) {
        q->negotiated = true;
        answer(q, "\"return\": {}", c->id);
    } else if (!q->negotiated) {
        answer_error(q, "CommandNotFound",
                     "Expecting capabilities negotiation with 'qmp_capabilities'", c->id);
    } else if (strcmp(c->name, "cont") == 0) {
        do_run(q, c, true);
    } else if (strcmp(c->name, "stop") == 0) {
        do_run(q, c, false);
    } else if (strcmp(c->name, "query-status") == 0) {
        format(text, sizeof(text),
               "\"return\": {\"running\": %s, \"singlestep\": false, \"status\": \"%s\"}",
               q->running ? "true" : "false", q->running ? "running" : "paused");
        answer(q, text, c->id);
    } else if (strcmp(c->name, "query-version") == 0) {
        answer(q,
               "\"return\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": "
               "\"Ringlet\"}",
               c->id);
    } else {
        q->unknown++;
        format(text, sizeof(text), "The command %s has not been found",
               strchr(c->name, '"') ? "" : c->name);
        answer_error(q, "CommandNotFound", text, c->id);
    }
}

static void object(struct qmp *q)
{
    struct command c;

    if (!q->in_overflow && parse(q->in, q->in + q->in_len, &c)) {
        execute(q, &c);
        return;
    }
    q->malformed++;
    answer_error(q, "GenericError", q->in_overflow ? "too long" : "Invalid JSON syntax", "");
}

static void put(struct qmp *q, char c)
{
    if (q->in_len < sizeof(q->in))
        q->in[q->in_len++] = c;
    else
        q->in_overflow = true;
}

/* Follows strings and braces; between objects everything is skipped. */
static void input(struct qmp *q, char c)
{
    if (!q->depth && c != '{')
        return;
    put(q, c);
    if (q->in_string) {
        if (q->in_escape)
            q->in_escape = false;
        else if (c == '\\')
            q->in_escape = true;
        else if (c == '"')
            q->in_string = false;
        return;
    }
    if (c == '"')
        q->in_string = true;
    else if (c == '{')
        q->depth++;
    else if (c == '}' && --q->depth == 0) {
        object(q);
        q->in_len = 0;
        q->in_overflow = false;
    }
}

void qmp_input(struct qmp *q, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        input(q, text[i]);
}
