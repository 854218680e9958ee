/* SPDX-License-Identifier: MIT */
/* Messages: formatted into one buffer, given to the sink, or kept until there is one. */
#include <ringlet/format.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define MESSAGE_MAX 1024
#define EARLY_MAX   2048

static enum log_level max_level = LOG_INFO;
static void (*sink)(const char *text, size_t len);
static void (*drain)(void);
/* What was said before there was a sink; the newest is dropped when it is full, as the first line
 * often says most. */
static char early[EARLY_MAX];
static size_t early_len, early_lost;

void printk_set_level(enum log_level level)
{
    max_level = MIN(level, LOG_DEBUG);
}

void printk_set_sink(void (*fn)(const char *text, size_t len), void (*drain_fn)(void))
{
    size_t len = early_len, lost = early_lost;

    sink = fn;
    drain = drain_fn;
    if (!sink)
        return;
    early_len = early_lost = 0; /* first: the sink may have something to say itself */
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
    if (sink) {
        sink(text, len);
        return;
    }
    if (len > sizeof(early) - early_len) {
        early_lost += len - (sizeof(early) - early_len);
        len = sizeof(early) - early_len;
    }
    memcpy(early + early_len, text, len);
    early_len += len;
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

void printk(enum log_level level, const char *fmt, ...)
{
    static const char *const prefix[] = {"error: ", "warning: ", "", ""};
    va_list ap;

    if (level > max_level)
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
