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
#include "device.h"

#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/json.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define REQUEST "stats-request"
#define STATS   "stats"
/* XenStore is everybody's: not more often than this, whatever was asked for. */
#define INTERVAL_MIN (100 * NSEC_PER_MSEC)

/* ---- the text ---- */

static const char *state_name(const struct blkfront_dev *dev)
{
    static const char *const name[] = {
        [DEV_STARTING] = "starting",
        [DEV_READY] = "ready",
        [DEV_DRAINING] = "closing",
        [DEV_LOST] = "lost",
    };

    return name[dev->violated ? DEV_LOST : dev->state];
}

static void put_latency(struct json *j, const char *key, const struct histogram *h)
{
    json_object(j, key);
    json_u64(j, "count", h->count);
    json_u64(j, "mean", h->count ? h->sum / h->count : 0);
    json_u64(j, "p50", histogram_percentile(h, 500));
    json_u64(j, "p99", histogram_percentile(h, 990));
    json_u64(j, "max", h->max);
    json_object_end(j);
}

int stats_text(const struct blkfront_dev *dev, char *text, size_t size)
{
    const struct blkfront_stats *s = &dev->stats;
    struct json j;

    json_begin(&j, text, size);
    json_str(&j, "dev", dev->limits.name);
    json_str(&j, "state", state_name(dev));
    json_u64(&j, "time_ns", clock_now());
    json_u64(&j, "in_flight", requests_in_flight(dev));
    json_u64(&j, "completed", s->completed);
    json_u64(&j, "errors", s->errors);
    json_u64(&j, "reads", s->reads);
    json_u64(&j, "read_sectors", s->read_sectors);
    json_u64(&j, "writes", s->writes);
    json_u64(&j, "written_sectors", s->written_sectors);
    json_u64(&j, "flushes", s->flushes);
    json_u64(&j, "barriers", s->barriers);
    json_u64(&j, "discards", s->discards);
    json_u64(&j, "discarded_sectors", s->discarded_sectors);
    json_object(&j, "latency_ns");
    put_latency(&j, "read", &dev->latency[BLKFRONT_READ]);
    put_latency(&j, "write", &dev->latency[BLKFRONT_WRITE]);
    put_latency(&j, "other", &dev->latency[BLKFRONT_OTHER]);
    json_object_end(&j);
    json_u64(&j, "max_in_flight", s->max_in_flight);
    json_u64(&j, "ring_high_water", s->ring_high_water);
    json_u64(&j, "segments", s->segments);
    json_u64(&j, "indirect", s->indirect);
    json_u64(&j, "notifications", s->notifications);
    json_u64(&j, "events", s->events);
    json_u64(&j, "spurious", s->spurious);
    json_u64(&j, "grants_made", s->grants_made);
    json_u64(&j, "grants_ended", s->grants_ended);
    json_u64(&j, "grants_quarantined", s->grants_quarantined);
    json_u64(&j, "joined", s->joined);
    json_u64(&j, "bytes_copied", s->bytes_copied);
    json_u64(&j, "read_merged_writes", s->read_merged_writes);
    json_u64(&j, "waited_slot", s->waited_slot);
    json_u64(&j, "waited_grant", s->waited_grant);
    json_u64(&j, "rekicks", s->rekicks);
    json_u64(&j, "lost_events", s->lost_events);
    json_u64(&j, "timeouts", s->timeouts);
    return json_end(&j);
}

/* ---- asked, and answered ---- */

static void complain(struct stats_store *s, const char *what, int error)
{
    if (!s->complained)
        pr_warn("%s: statistics cannot be %s: %s\n", s->path, what, errno_name(error));
    s->complained = true;
}

/* 0 and *interval (0: once), or XenStore's error; -ENOENT: nobody asks. */
static int read_request(struct stats_store *s, uint64_t *interval)
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
    struct stats_store *s;
    char text[STATS_TEXT_MAX];
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

static int publish(struct blkfront_dev *dev)
{
    struct stats_store *s = &dev->store;
    struct update *u = heap_alloc(sizeof(*u), MEM_BLOCK);
    int ret;

    if (!u)
        return -ENOMEM;
    u->s = s;
    ret = stats_text(dev, u->text, sizeof(u->text));
    if (!ret)
        ret = xs_transaction(write_in, u);
    heap_free(u);
    if (!ret)
        s->written = true;
    return ret;
}

static void withdraw(struct stats_store *s)
{
    if (s->written)
        xs_rm(XS_NO_TRANSACTION, s->path, STATS);
    s->written = false;
}

/* Serves what is asked for now. When to do so again: a deadline; 0: when something changes. */
static uint64_t serve(struct blkfront_dev *dev)
{
    struct stats_store *s = &dev->store;
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
    ret = publish(dev);
    if (ret)
        complain(s, "written", ret);
    return ret || !interval ? 0 : clock_deadline(interval);
}

/* ---- the thread ---- */

static bool changed(const struct stats_store *s)
{
    return s->watch.events != s->watch.seen;
}

static void run(struct blkfront_dev *dev)
{
    struct stats_store *s = &dev->store;
    uint64_t again = DEADLINE_NEVER; /* a new watch fires once */

    do {
        wait_event(&s->wq, s->stopping || changed(s), again);
        wait_event(&s->wq, s->stopping, s->not_before);
        if (s->stopping)
            return;
        s->watch.seen = s->watch.events;
        again = serve(dev);
        s->not_before = clock_deadline(INTERVAL_MIN);
    } while (again || changed(s));
}

static void stats_thread(void *arg)
{
    struct blkfront_dev *dev = arg;
    struct stats_store *s = &dev->store;
    int ret = s->watch.token ? 0 : xs_watch(&s->watch, s->path, REQUEST);

    if (ret)
        complain(s, "asked for", ret);
    else
        run(dev);
    /* whoever waits for this may free the device as soon as another thread runs */
    s->running = false;
    wake_all(&s->wq);
}

static void launch(struct blkfront_dev *dev)
{
    struct stats_store *s = &dev->store;
    int ret = thread_create(NULL, "vbd-stats", stats_thread, dev, 0);

    s->running = !ret;
    if (ret)
        complain(s, "asked for", ret);
}

static void fired(struct xs_watch *w)
{
    struct blkfront_dev *dev = w->arg;
    struct stats_store *s = &dev->store;

    if (s->running)
        wake_all(&s->wq);
    else if (!s->stopping)
        launch(dev);
}

void stats_store_start(struct blkfront_dev *dev)
{
    struct stats_store *s = &dev->store;

    if (s->running || s->watch.token)
        return;
    format(s->path, sizeof(s->path), "device/vbd/%u", dev->limits.devid);
    wait_queue_init(&s->wq);
    s->watch.fn = fired;
    s->watch.arg = dev;
    launch(dev);
}

void stats_store_stop(struct blkfront_dev *dev)
{
    struct stats_store *s = &dev->store;

    s->stopping = true;
    if (s->running) {
        wake_all(&s->wq);
        wait_event(&s->wq, !s->running, DEADLINE_NEVER);
    }
    if (s->watch.token)
        xs_unwatch(&s->watch);
    withdraw(s);
}
