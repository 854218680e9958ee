/* SPDX-License-Identifier: MIT */
/* Messages: formatted into one buffer and given to the sink, or stored until there is one. */
#include <kernel/printk.h>
#include <kernel/ratelimit.h>
#include <ringlet/format.h>
#include <ringlet/string.h>

#define MESSAGE_MAX 1024
#define EARLY_MAX   2048

static enum log_level max_level = LOG_INFO;
static void (*sink)(const char *text, size_t len);
static void (*drain)(void);
/* Messages from before there was a sink. When it is full the newest are dropped, as the first line
 * often says most. */
static char early[EARLY_MAX];
static size_t early_len, early_lost;

void printk_set_level(enum log_level level)
{
    max_level = MIN(level, LOG_DEBUG);
}

enum log_level printk_level(void)
{
    return max_level;
}

void printk_set_sink(void (*fn)(const char *text, size_t len), void (*drain_fn)(void))
{
    size_t len = early_len, lost = early_lost;

    sink = fn;
    drain = drain_fn;
    if (!sink)
        return;
    early_len = early_lost = 0; /* first, as the sink may print something itself */
    if (len)
        sink(early, len);
    if (lost)
        pr_warn("%zu bytes of early messages did not fit\n", lost);
}

void printk_drain(void)
{
    if (drain)
        drain();
}

void print_text(const char *text, size_t len)
{
    size_t at;

    if (sink) {
        sink(text, len);
        return;
    }
    at = READ_ONCE(early_len); /* once: the report of an NMI may come in between */
    if (len > sizeof(early) - at) {
        early_lost += len - (sizeof(early) - at);
        len = sizeof(early) - at;
    }
    memcpy(early + at, text, len);
    early_len = at + len;
}

static void print_formatted(const char *prefix, const char *fmt, va_list ap)
{
    char text[MESSAGE_MAX];
    int prefix_len = format(text, sizeof(text), "%s", prefix);
    int len = prefix_len + vformat(text + prefix_len, sizeof(text) - (size_t)prefix_len, fmt, ap);

    if (len >= MESSAGE_MAX) {
        len = MESSAGE_MAX - 1;
        memcpy(text + len - 5, " ...\n", 5);
    }
    print_text(text, (size_t)len);
}

static const char *const prefix[] = {"error: ", "warning: ", "", ""};

void printk(enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (level > max_level)
        return;
    va_start(ap, fmt);
    print_formatted(prefix[level], fmt, ap);
    va_end(ap);
}

void printk_limited(struct ratelimit *limit, enum log_level level, const char *fmt, ...)
{
    va_list ap;

    if (level > max_level || (limit && !ratelimit_take(limit)))
        return;
    va_start(ap, fmt);
    print_formatted(prefix[level], fmt, ap);
    va_end(ap);
}

void print_raw(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print_formatted("", fmt, ap);
    va_end(ap);
}
