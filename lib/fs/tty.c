/* SPDX-License-Identifier: MIT */
/* The console as a file. */
#include "lib/fs/tty.h"

#include <ringlet/clock.h>
#include <ringlet/console.h>
#include <ringlet/errno.h>

#include "lib/fs/fs.h"
#include "lib/fs/iov.h"
#include "lib/fs/pipe.h"
#include "lib/fs/poll.h"
#include "lib/fs/tty_private.h"

#define WRITE_TIMEOUT (2 * NSEC_PER_SEC)
#define DRAIN_TIMEOUT (2 * NSEC_PER_SEC)
#define TIME_UNIT     (100 * NSEC_PER_MSEC) /* of tty_settings.time */
#define ROOM_ENOUGH   1024u                 /* room for which a writer that found none waits */

static struct wait_queue readable = WAIT_QUEUE_INIT(readable);
static struct wait_queue writable = WAIT_QUEUE_INIT(writable);
static void (*on_signal)(enum tty_char which);
static bool started, taking;
static bool stuck; /* a write has timed out, and since then the peer has not made room */

/* Gives input to the line discipline, as long as that has room. */
static void take_input(void)
{
    char bytes[64];
    int n;

    while ((n = console_take(bytes, MIN(sizeof(bytes), (size_t)tty_line_room()))) > 0) {
        for (int i = 0; i < n; i++) {
            enum tty_char signal = tty_line_input(bytes[i]);

            if (signal != TTY_CHARS && on_signal)
                on_signal(signal);
        }
    }
}

/* The console has an event. An echo in take_input may lead here again. */
static void console_event(void)
{
    if (taking)
        return;
    taking = true;
    take_input();
    taking = false;
    if (tty_line_ready())
        wake_all(&readable);
    if (console_room() >= ROOM_ENOUGH) {
        stuck = false;
        wake_all(&writable);
    }
}

/* At each use: also takes what has arrived, for a program that asks again and again without ever
 * waiting, so that no handler runs. */
static void start(void)
{
    if (!started) {
        started = true;
        tty_line_reset();
        console_on_event(console_event);
    }
    console_event();
}

void tty_reset(void)
{
    started = taking = stuck = false;
    on_signal = NULL;
    wait_queue_init(&readable);
    wait_queue_init(&writable);
}

/* ---- reading ---- */

static bool has_input(void)
{
    char none;

    return console_take(&none, 0) == 0;
}

static int wait_readable(const struct file *f, uint64_t deadline)
{
    struct wait_queue *queue = &readable;

    if (f->flags & FILE_NONBLOCK)
        return -EAGAIN;
    if (!has_input())
        return -EIO; /* there is no console: nothing could arrive */
    return file_wait(&queue, 1, deadline);
}

/* Waits for a line. */
static int wait_line(const struct file *f)
{
    int ret = 0;

    while (!tty_line_ready() && tty_line.set.canonical && ret == 0)
        ret = wait_readable(f, DEADLINE_NEVER);
    return tty_line_ready() ? 0 : ret;
}

/* Waits as VMIN and VTIME have it. 0: there are bytes; 1: none came in time. */
static int wait_bytes(const struct file *f, size_t size)
{
    const struct tty_settings *set = &tty_line.set;
    uint32_t wanted = (uint32_t)MIN(size, (size_t)MAX(set->min, 1));
    bool timed = set->time != 0;
    uint32_t before = 0;
    uint64_t deadline = DEADLINE_NEVER;

    if (!set->min && timed)
        deadline = clock_deadline(set->time * TIME_UNIT);
    while (!set->canonical && tty_line_available() < wanted) {
        int ret;

        if (!set->min && !timed)
            return 1;
        /* with both the time is that between bytes, and does not run before the first */
        if (set->min && timed && tty_line_available() != before) {
            before = tty_line_available();
            deadline = clock_deadline(set->time * TIME_UNIT);
        }
        ret = wait_readable(f, deadline);
        if (ret == 0)
            continue;
        if (tty_line_available())
            return 0;
        return ret == -ETIMEDOUT ? 1 : ret;
    }
    return 0;
}

static int64_t tty_read(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset)
{
    struct iov to = iov_begin(iov, n);
    size_t size = iov_total(iov, n), done = 0;
    char buf[256];
    int ret;

    (void)offset;
    start();
    for (;;) { /* the mode may change while this waits */
        bool lines = tty_line.set.canonical;

        ret = lines ? wait_line(f) : wait_bytes(f, size);
        if (ret)
            return ret > 0 ? 0 : ret;
        if (lines == tty_line.set.canonical)
            break;
    }
    while (done < size) {
        uint32_t available = tty_line_available();
        uint32_t len = tty_line_take(buf, MIN(MIN(sizeof(buf), size - done), MAX(available, 1)));

        iov_put(&to, buf, len);
        done += len;
        if (len == 0 || len == available)
            break;
    }
    console_event(); /* there is room for more input */
    return (int64_t)done;
}

/* ---- writing ---- */

/* The bytes of text that fit in `room`, where \n takes two. */
static size_t fitting(const char *text, size_t len, size_t room)
{
    size_t i = 0;

    for (size_t used = 0; i < len; i++) {
        used += text[i] == '\n' ? 2 : 1;
        if (used > room)
            break;
    }
    return i;
}

/* Waits until the peer has taken output: it always does so soon, unless it is broken, or not there yet.
 * Then only the first write waits: a service that tells what it does goes on without a reader. */
static int wait_writable(const struct file *f)
{
    struct wait_queue *queue = &writable;
    int ret;

    if (f->flags & FILE_NONBLOCK)
        return -EAGAIN;
    if (stuck)
        return -EIO;
    ret = file_wait(&queue, 1, clock_deadline(WRITE_TIMEOUT));
    if (ret != -ETIMEDOUT)
        return ret;
    stuck = true;
    return -EIO;
}

static int64_t tty_write(struct file *f, const struct file_iovec *iov, unsigned n, int64_t *offset)
{
    struct iov from = iov_begin(iov, n);
    int64_t done = 0;
    size_t len;
    char *text;

    (void)offset;
    start();
    while ((len = iov_next(&from, SIZE_MAX, &text)) > 0) {
        while (len) {
            size_t part = fitting(text, len, console_room());

            if (part) {
                console_write(text, part);
                text += part;
                len -= part;
                done += (int64_t)part;
            } else {
                int ret = wait_writable(f);

                if (ret)
                    return done ? done : ret;
            }
        }
    }
    return done;
}

/* ---- the rest ---- */

static unsigned tty_poll(struct file *f, unsigned events, struct poll_waits *waits)
{
    uint32_t wanted = tty_line.set.canonical || tty_line.set.time ? 1 : MAX(tty_line.set.min, 1);
    bool in;

    (void)f;
    start();
    poll_wait_on(waits, &readable);
    if (events & POLL_OUT)
        poll_wait_on(waits, &writable);
    in = tty_line.set.canonical ? tty_line_ready() : tty_line_available() >= wanted;
    return events & ((in ? POLL_IN : 0) | (console_room() > 1 ? POLL_OUT : 0));
}

static int tty_ioctl(struct file *f, unsigned long request, void *arg)
{
    (void)f;
    if (request != FILE_IOCTL_AVAILABLE)
        return -ENOTTY;
    start();
    *(int *)arg = (int)tty_line_available();
    return 0;
}

static int tty_stat(struct file *f, struct file_stat *out)
{
    if (f->node) {
        int ret = f->node->ops->stat(f->node, out);

        out->dev = f->node->mount->dev;
        return ret;
    }
    out->ino = 1;
    out->mode = MODE_CHAR | 0600;
    out->nlink = 1;
    out->rdev = 5 << 8 | 1;
    out->blksize = 1024;
    return 0;
}

static const struct file_ops tty_ops = {
    .read = tty_read,
    .write = tty_write,
    .ioctl = tty_ioctl,
    .stat = tty_stat,
    .poll = tty_poll,
};

int tty_attach(struct file *f, unsigned flags)
{
    (void)flags;
    f->ops = &tty_ops;
    return 0;
}

int tty_open(unsigned flags, struct file **out)
{
    *out = file_alloc(&tty_ops, flags, NULL, NULL);
    return *out ? 0 : -ENOMEM;
}

bool file_is_tty(const struct file *f)
{
    return f->ops == &tty_ops;
}

void tty_get(struct tty_settings *out)
{
    start();
    *out = tty_line.set;
}

int tty_set(const struct tty_settings *settings, unsigned actions)
{
    int ret;

    if (!settings->output || (actions & ~(TTY_FLUSH_INPUT | TTY_DRAIN)))
        return -EINVAL;
    start();
    ret = tty_flush(actions);
    if (ret)
        return ret;
    tty_line_set(settings);
    wake_all(&readable); /* those who wait do so in another way from now on */
    return 0;
}

int tty_flush(unsigned actions)
{
    start();
    if ((actions & TTY_DRAIN) && console_drain(DRAIN_TIMEOUT))
        return -ETIMEDOUT;
    if (actions & TTY_FLUSH_INPUT)
        tty_line_flush();
    return 0;
}

void tty_on_signal(void (*fn)(enum tty_char which))
{
    on_signal = fn;
    start();
}
