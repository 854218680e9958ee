/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what happens to a byte that was typed. Input is a ring; its bytes up to `complete`
 * can be read, those behind it are a line that is still edited.
 */
#include <ringlet/console.h>
#include <ringlet/string.h>

#include "lib/fs/tty_private.h"

struct tty_line tty_line;

#define CTRL(c)   ((uint8_t)((c)&0x1f))
#define BACKSPACE 0x08
#define DELETE    0x7f

static const struct tty_settings defaults = {
    .canonical = true,
    .echo = true,
    .signals = true,
    .cr_to_nl = true,
    .output = true,
    .min = 1,
    .chars = {[TTY_INTR] = CTRL('C'),
              [TTY_QUIT] = CTRL('\\'),
              [TTY_SUSP] = CTRL('Z'),
              [TTY_ERASE] = DELETE,
              [TTY_WERASE] = CTRL('W'),
              [TTY_KILL] = CTRL('U'),
              [TTY_EOF] = CTRL('D')},
};

void tty_line_reset(void)
{
    memset(&tty_line, 0, sizeof(tty_line));
    tty_line.set = defaults;
}

void tty_line_flush(void)
{
    tty_line.read = tty_line.complete = tty_line.typed;
}

/* A line that was begun can be read as it is when lines are not waited for any more. */
void tty_line_set(const struct tty_settings *set)
{
    tty_line.set = *set;
    if (!set->canonical)
        tty_line.complete = tty_line.typed;
}

static char *byte_at(uint32_t count)
{
    return &tty_line.buf[count % TTY_INPUT];
}

static bool is_eof(uint32_t count)
{
    return tty_line.eof[count % TTY_INPUT / 8] >> (count % 8) & 1;
}

static void append(char c, bool eof)
{
    uint32_t at = tty_line.typed++ % TTY_INPUT;

    tty_line.buf[at] = c;
    tty_line.eof[at / 8] =
        (uint8_t)((tty_line.eof[at / 8] & ~(1u << at % 8)) | (unsigned)eof << at % 8);
}

/* ---- echo ---- */

static void show(const char *text, size_t len)
{
    /* an echo that the peer has no room for is left out; it must not stop the one who types */
    if (tty_line.set.echo && console_room() > len)
        console_write(text, len);
}

static bool is_control(char c)
{
    return (uint8_t)c < ' ' || c == DELETE;
}

static void echo(char c)
{
    if (c == '\t')
        show(" ", 1); /* so that it is as wide as what erases it */
    else if (is_control(c) && c != '\n')
        show((char[]){'^', (char)(c ^ 0x40)}, 2);
    else
        show(&c, 1);
}

/* ---- editing ---- */

static bool is_continuation(char c) /* of a character in UTF-8 */
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

static bool erase(void)
{
    char c;

    if (tty_line.typed == tty_line.complete)
        return false;
    do
        c = *byte_at(--tty_line.typed);
    while (is_continuation(c) && tty_line.typed != tty_line.complete);
    show("\b \b", 3);
    if (is_control(c) && c != '\t')
        show("\b \b", 3);
    return true;
}

static bool at_space(void)
{
    char c = tty_line.typed == tty_line.complete ? 'x' : *byte_at(tty_line.typed - 1);

    return c == ' ' || c == '\t';
}

static void erase_word(void)
{
    while (at_space())
        erase();
    while (!at_space() && erase())
        ;
}

static bool is(enum tty_char which, char c)
{
    return tty_line.set.chars[which] && tty_line.set.chars[which] == (uint8_t)c;
}

static bool edit(char c)
{
    if (is(TTY_ERASE, c) || c == BACKSPACE) {
        erase();
    } else if (is(TTY_WERASE, c)) {
        erase_word();
    } else if (is(TTY_KILL, c)) {
        while (erase())
            ;
    } else {
        return false;
    }
    return true;
}

/* ---- input ---- */

static uint32_t kept(void)
{
    return tty_line.typed - tty_line.read;
}

uint32_t tty_line_room(void)
{
    uint32_t room = TTY_INPUT - 1 - MIN(kept(), TTY_INPUT - 1);

    /* When a line that is still edited fills everything, its end must be seen: what does not fit in is
     * refused with a bell. While there are whole lines, reading them will make room. */
    return room ? room : tty_line.set.canonical && !tty_line_ready();
}

static void canonical(char c)
{
    bool ends = c == '\n' || is(TTY_EOL, c);

    if (edit(c))
        return;
    if (is(TTY_EOF, c)) {
        append(0, true);
        tty_line.complete = tty_line.typed;
        return;
    }
    if (!ends && kept() >= TTY_INPUT - 1) {
        show("\a", 1);
        return;
    }
    append(c, false);
    if (c == '\n' && !tty_line.set.echo && tty_line.set.echo_newline)
        console_write("\n", 1);
    echo(c);
    if (ends)
        tty_line.complete = tty_line.typed;
}

static enum tty_char signal_of(char c)
{
    if (tty_line.set.signals)
        for (enum tty_char which = TTY_INTR; which <= TTY_SUSP; which++)
            if (is(which, c))
                return which;
    return TTY_CHARS;
}

enum tty_char tty_line_input(char c)
{
    enum tty_char signal = signal_of(c);

    if (signal != TTY_CHARS) {
        tty_line_flush();
        echo(c);
        show("\n", 1);
        return signal;
    }
    if (c == '\r' && tty_line.set.ignore_cr)
        return TTY_CHARS;
    if (c == '\r' && tty_line.set.cr_to_nl)
        c = '\n';
    else if (c == '\n' && tty_line.set.nl_to_cr)
        c = '\r';
    if (tty_line.set.canonical) {
        canonical(c);
    } else if (kept() < TTY_INPUT - 1) {
        append(c, false);
        tty_line.complete = tty_line.typed;
        echo(c);
    }
    return TTY_CHARS;
}

/* ---- reading ---- */

bool tty_line_ready(void)
{
    return tty_line.read != tty_line.complete;
}

static bool ends_line(uint32_t count)
{
    char c = *byte_at(count);

    return c == '\n' || is(TTY_EOL, c);
}

uint32_t tty_line_available(void)
{
    uint32_t n = 0;

    if (!tty_line.set.canonical)
        return tty_line.complete - tty_line.read;
    for (uint32_t at = tty_line.read; at != tty_line.complete && !is_eof(at); at++, n++)
        if (ends_line(at))
            return n + 1;
    return n;
}

uint32_t tty_line_take(char *buf, size_t size)
{
    uint32_t n = 0;

    while (n < size && tty_line_ready()) {
        uint32_t at = tty_line.read;
        bool eof = is_eof(at);

        tty_line.read++;
        if (!eof)
            buf[n++] = *byte_at(at);
        if (tty_line.set.canonical && (eof || ends_line(at)))
            return n;
    }
    /* "text^D" and a buffer of just that size: the ^D has ended this read, it is no end of file */
    if (n && tty_line.set.canonical && tty_line_ready() && is_eof(tty_line.read))
        tty_line.read++;
    return n;
}
