/* SPDX-License-Identifier: MIT */
/*
 * A device's statistics in XenStore, for whoever asks from outside: when stats-request appears or
 * changes in the device's directory, its statistics are written beside it, as `stats`. A number (or
 * a duration as "500ms") in stats-request asks for them again and again, in seconds; anything else
 * for once.
 *
 * It is one node with one line of JSON: whoever reads it needs no transaction to see figures that
 * belong together, and it costs one of the few nodes that a domain may have. It stays below 2048
 * bytes, which is xenstored's limit for a node of a guest's.
 *
 * Talking to XenStore means waiting, which neither a watch's handler nor the frontend's thread may
 * do for this. So a thread of its own does it: it registers the watch, serves, and ends when there
 * is nothing more to do; the watch starts another. A device that nobody asks has no thread.
 */
#include <kernel/device.h>
#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define REQUEST "stats-request"
#define STATS   "stats"
/* XenStore is everybody's: not more often than this, whatever was asked for. */
#define INTERVAL_MIN (100 * NSEC_PER_MSEC)
#define STOP_TIMEOUT NSEC_PER_SEC /* for XenStore when the device is closed */

/* ---- asked, and answered ---- */

static void complain(struct device_stats *s, const char *what, int error)
{
    if (!s->complained)
        pr_warn("%s: statistics cannot be %s: %s\n", s->path, what, errno_name(error));
    s->complained = true;
}

/* 0 and *interval (0: once), or XenStore's error; -ENOENT: nobody asks. */
static int read_request(struct device_stats *s, uint64_t *interval)
{
    char *value;
    size_t len;
    int ret = xs_read(XS_NO_TRANSACTION, s->path, REQUEST, &value, &len);

    if (ret)
        return ret;
    *interval = 0;
    if (!parse_duration(value, len, interval))
        *interval = MAX(*interval, INTERVAL_MIN);
    heap_free(value);
    return 0;
}

struct update {
    struct device_stats *s;
    char text[DEVICE_STATS_MAX];
};

/* A device that the toolstack has removed must not come back as a lone node. */
static int write_in(xs_transaction_t t, void *arg)
{
    struct update *u = arg;
    char *state;
    int ret = xs_read(t, u->s->path, "state", &state, NULL);

    if (ret)
        return ret;
    heap_free(state);
    return xs_write(t, u->s->path, STATS, u->text, strlen(u->text));
}

static int publish(struct device_stats *s)
{
    struct update *u = heap_alloc(sizeof(*u), MEM_BLOCK);
    int ret;

    if (!u)
        return -ENOMEM;
    u->s = s;
    ret = s->text(s->dev, u->text, sizeof(u->text));
    if (!ret)
        ret = xs_transaction(write_in, u);
    heap_free(u);
    if (!ret)
        s->written = true;
    return ret;
}

static void withdraw(struct device_stats *s)
{
    if (s->written)
        xs_rm(XS_NO_TRANSACTION, s->path, STATS);
    s->written = false;
}

/* Serves what is asked for now. When to do so again: a deadline; 0: when something changes. */
static uint64_t serve(struct device_stats *s)
{
    uint64_t interval;
    int ret = read_request(s, &interval);

    if (ret == -ENOENT) {
        withdraw(s);
        return 0;
    }
    if (ret) {
        complain(s, "asked for", ret);
        return 0;
    }
    ret = publish(s);
    if (ret)
        complain(s, "written", ret);
    return ret || !interval ? 0 : clock_deadline(interval);
}

/* ---- the thread ---- */

static bool changed(const struct device_stats *s)
{
    return s->watch.events != s->watch.seen;
}

static void run(struct device_stats *s)
{
    uint64_t again = DEADLINE_NEVER; /* a new watch fires once */

    do {
        wait_event(&s->wq, s->stopping || changed(s), again);
        wait_event(&s->wq, s->stopping, s->not_before);
        if (s->stopping)
            return;
        s->watch.seen = s->watch.events;
        again = serve(s);
        s->not_before = clock_deadline(INTERVAL_MIN);
    } while (again || changed(s));
}

/* The frontend is closed by now: if XenStore did not answer to that, it is not waited for again. */
static uint64_t stop_deadline(void)
{
    return xs_silent() ? 0 : clock_deadline(STOP_TIMEOUT);
}

static void stats_thread(void *arg)
{
    struct device_stats *s = arg;
    int ret;

    s->thread = thread_current();
    if (s->stopping) /* before it ran */
        thread_set_deadline(s->thread, stop_deadline());
    ret = s->watch.token ? 0 : xs_watch_shared(&s->watch, s->folder, s->path, REQUEST);

    if (ret)
        complain(s, "asked for", ret);
    else
        run(s);
    s->thread = NULL;
    /* whoever waits for this may free the device as soon as another thread runs */
    s->running = false;
    wake_all(&s->wq);
}

static void launch(struct device_stats *s)
{
    int ret = thread_create(NULL, s->thread_name, stats_thread, s, 0);

    s->running = !ret;
    if (ret)
        complain(s, "asked for", ret);
}

static void fired(struct xs_watch *w)
{
    struct device_stats *s = w->arg;

    if (s->running)
        wake_all(&s->wq);
    else if (!s->stopping)
        launch(s);
}

void device_stats_start(struct device_stats *s, unsigned number)
{
    if (s->running || s->watch.token)
        return;
    format(s->path, sizeof(s->path), "%s/%u", s->folder, number);
    wait_queue_init(&s->wq);
    s->watch.fn = fired;
    s->watch.arg = s;
    launch(s);
}

void device_stats_stop(struct device_stats *s)
{
    const uint64_t deadline = stop_deadline();
    const uint64_t before = thread_set_deadline(thread_current(), deadline);

    s->stopping = true;
    if (s->running) {
        if (s->thread)
            thread_set_deadline(s->thread, deadline);
        wake_all(&s->wq);
        wait_event(&s->wq, !s->running, DEADLINE_NEVER);
    }
    if (s->watch.token)
        xs_unwatch(&s->watch);
    withdraw(s);
    thread_set_deadline(thread_current(), before);
}
