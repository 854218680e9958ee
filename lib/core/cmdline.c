/* SPDX-License-Identifier: MIT */
/* Command lines: words, and `key=value` by a table of options. */
#include <kernel/cmdline.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* In quotes, \" and \\ are the characters " and \; any other \ is itself. */
static bool escape(const char *in)
{
    return in[0] == '\\' && (in[1] == '"' || in[1] == '\\');
}

int cmdline_split(char *text, char **argv, unsigned max)
{
    unsigned n = 0;
    char *in = text, *out = text;

    if (!max)
        return -E2BIG;
    for (;;) {
        bool quoted = false;

        while (blank(*in))
            in++;
        if (!*in)
            break;
        if (n + 1 >= max)
            return -E2BIG;
        argv[n++] = out;
        for (; *in && (quoted || !blank(*in)); in++) {
            if (quoted && escape(in))
                *out++ = *++in;
            else if (*in == '"')
                quoted = !quoted;
            else
                *out++ = *in;
        }
        if (quoted)
            return -EINVAL;
        if (*in)
            in++; /* first, as the NUL below may overwrite this blank */
        *out++ = '\0';
    }
    argv[n] = NULL;
    return (int)n;
}

size_t cmdline_last_word(const char *text)
{
    size_t word = 0, i = 0;

    for (bool quoted = false; text[i]; i++) {
        if (quoted && escape(&text[i]))
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (blank(text[i]) && !quoted)
            word = i + 1;
    }
    return word;
}

static struct option *find(struct option *options, unsigned count, const char *word, size_t len)
{
    for (unsigned i = 0; i < count; i++)
        if (strlen(options[i].name) == len && !memcmp(options[i].name, word, len))
            return &options[i];
    return NULL;
}

/* The error of a value; NULL when there is none. */
static const char *parse_number(const struct option *o, const char *text, size_t len, uint64_t *v)
{
    int ret;
    const char *what;

    switch (o->type) {
    case OPT_SIZE:
    case OPT_SIZES:
        ret = parse_size(text, len, v);
        what = "not a size (a number with k, m, g or t)";
        break;
    case OPT_DURATION:
        ret = parse_duration(text, len, v);
        what = "not a time (a number with ns, us, ms, s or m)";
        break;
    default:
        ret = parse_u64(text, len, v);
        what = "not a number";
    }
    if (ret == -ERANGE)
        return "too large";
    if (ret)
        return what;
    if (*v < o->min)
        return "too small";
    if (o->max && *v > o->max)
        return "too large";
    return NULL;
}

static const char *parse_choice(const struct option *o, const char *text, size_t len, uint64_t *v)
{
    for (unsigned i = 0; o->choices[i]; i++) {
        if (strlen(o->choices[i]) == len && !memcmp(o->choices[i], text, len)) {
            *v = i;
            return NULL;
        }
    }
    return "not one of the possible values";
}

static const char *parse_list(const struct option *o, const char *text)
{
    struct option_list *list = o->out;

    list->count = 0;
    for (;;) {
        const char *comma = strchr(text, ',');
        size_t len = comma ? (size_t)(comma - text) : strlen(text);
        const char *wrong;

        if (list->count == OPTION_LIST_MAX)
            return "too many values";
        wrong = o->type == OPT_CHOICES ? parse_choice(o, text, len, &list->value[list->count])
                                       : parse_number(o, text, len, &list->value[list->count]);
        if (wrong)
            return wrong;
        list->count++;
        if (!comma)
            return NULL;
        text = comma + 1;
    }
}

static const char *parse_value(const struct option *o, const char *text)
{
    uint64_t v = 0;
    const char *wrong;

    switch (o->type) {
    case OPT_BOOL:
        if (strcmp(text, "0") && strcmp(text, "1"))
            return "must be 0 or 1";
        *(bool *)o->out = *text == '1';
        return NULL;
    case OPT_STRING:
        if (!*text)
            return "empty";
        *(const char **)o->out = text;
        return NULL;
    case OPT_CHOICE:
        wrong = parse_choice(o, text, strlen(text), &v);
        if (!wrong)
            *(unsigned *)o->out = (unsigned)v;
        return wrong;
    case OPT_SIZES:
    case OPT_UINTS:
    case OPT_CHOICES:
        return parse_list(o, text);
    default:
        wrong = parse_number(o, text, strlen(text), &v);
        if (!wrong)
            *(uint64_t *)o->out = v;
        return wrong;
    }
}

/* " (a, b, c)": the values of a choice */
static void list_choices(const struct option *o, char *buf, size_t size)
{
    int n = 0;

    buf[0] = '\0';
    if (o->type != OPT_CHOICE && o->type != OPT_CHOICES)
        return;
    for (unsigned i = 0; o->choices[i] && (size_t)n < size; i++)
        n += format(buf + n, size - (size_t)n, "%s%s", i ? ", " : " (", o->choices[i]);
    if ((size_t)n < size)
        format(buf + n, size - (size_t)n, ")");
}

int cmdline_parse(int argc, char *const *argv, struct option *options, unsigned count, char *err,
                  size_t err_size)
{
    for (unsigned i = 0; i < count; i++)
        options[i].seen = false;
    for (int i = 0; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        const char *wrong = NULL;
        char choices[160] = "";
        struct option *o;

        o = find(options, count, argv[i], equals ? (size_t)(equals - argv[i]) : strlen(argv[i]));
        if (!o) {
            wrong = "unknown option";
        } else if (!equals) {
            wrong = "needs a value (key=value)";
        } else if (o->seen) {
            wrong = "given twice";
        } else {
            o->seen = true;
            wrong = parse_value(o, equals + 1);
            if (wrong)
                list_choices(o, choices, sizeof(choices));
        }
        if (wrong) {
            format(err, err_size, "%s: %s%s", argv[i], wrong, choices);
            return -EINVAL;
        }
    }
    return 0;
}
