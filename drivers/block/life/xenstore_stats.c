/* SPDX-License-Identifier: MIT */
/* A device's statistics as text, for whoever asks from outside (kernel/device.h). */
#include "xenstore_stats.h"
#include "drivers/block/device.h"
#include "names.h"

#include <ringlet/json.h>

static const char *state_name(const struct blkfront_dev *dev)
{
    static const char *const name[] = {
        [DEVICE_CONNECTING] = "starting", [DEVICE_OPEN] = "ready",  [DEVICE_CLOSING] = "closing",
        [DEVICE_FAILED] = "lost",         [DEVICE_CLOSED] = "lost",
    };

    return name[dev->state];
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

int xenstore_stats_text(const struct blkfront_dev *dev, char *text, size_t size)
{
    const struct blkfront_stats *s = &dev->stats;
    struct json j;

    json_begin(&j, text, size);
    json_str(&j, "dev", dev->limits.name);
    json_str(&j, "state", state_name(dev));
    json_u64(&j, "time_ns", clock_now());
    json_u64(&j, "in_flight", device_in_flight(dev));
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
    put_latency(&j, "read", &dev->path.latency[BLKFRONT_READ]);
    put_latency(&j, "write", &dev->path.latency[BLKFRONT_WRITE]);
    put_latency(&j, "other", &dev->path.latency[BLKFRONT_OTHER]);
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
    json_u64(&j, "grants_kept", s->grants_kept);
    json_u64(&j, "joined", s->joined);
    json_u64(&j, "bytes_copied", s->bytes_copied);
    json_u64(&j, "read_merged_writes", s->read_merged_writes);
    json_u64(&j, "retried_smaller", s->retried_smaller);
    json_u64(&j, "waited_slot", s->waited_slot);
    json_u64(&j, "waited_grant", s->waited_grant);
    json_u64(&j, "rekicks", s->rekicks);
    json_u64(&j, "lost_events", s->lost_events);
    json_u64(&j, "timeouts", s->timeouts);
    return json_end(&j);
}

static int text_of(const void *dev, char *text, size_t size)
{
    return xenstore_stats_text(dev, text, size);
}

void xenstore_stats_start(struct blkfront_dev *dev)
{
    struct device_stats *s = &dev->life.stats;

    s->folder = VBD_FOLDER;
    s->thread_name = "vbd-stats";
    s->text = text_of;
    s->dev = dev;
    device_stats_start(s, dev->limits.devid);
}

void xenstore_stats_stop(struct blkfront_dev *dev)
{
    device_stats_stop(&dev->life.stats);
}
