/* SPDX-License-Identifier: MIT */
#include "stats.h"
#include "drivers/net/device.h"
#include "names.h"

#include <ringlet/errno.h>
#include <ringlet/json.h>
#include <ringlet/string.h>

void netfront_get_stats(const struct netfront_dev *dev, struct netfront_stats *out)
{
    if (dev)
        *out = dev->stats;
    else
        memset(out, 0, sizeof(*out));
}

static const char *state_name(const struct netfront_dev *dev)
{
    static const char *const name[] = {
        [NET_CONNECTING] = "starting", [NET_UP] = "ready",  [NET_AWAY] = "away",
        [NET_FAILED] = "lost",         [NET_LOST] = "lost",
    };

    return name[dev->state];
}

static void put_text(const struct netfront_dev *dev, struct json *j)
{
    const struct netfront_stats *s = &dev->stats;

    json_str(j, "dev", dev->limits.name);
    json_str(j, "state", state_name(dev));
    json_bool(j, "carrier", dev->limits.carrier);
    json_u64(j, "time_ns", clock_now());
#define PUT(name) json_u64(j, #name, s->name)
    PUT(tx_frames);
    PUT(tx_bytes);
    PUT(tx_slots);
    PUT(tx_copied);
    PUT(tx_gso);
    PUT(tx_errors);
    PUT(tx_dropped);
    PUT(tx_full);
    PUT(rx_frames);
    PUT(rx_bytes);
    PUT(rx_slots);
    PUT(rx_copied);
    PUT(rx_gso);
    PUT(rx_errors);
    PUT(rx_dropped);
    PUT(rx_blank);
    PUT(rx_validated);
    PUT(rx_unchecked);
    PUT(events);
    PUT(spurious);
    PUT(polls);
    PUT(notifications);
    PUT(grants);
    PUT(violations);
    PUT(reconnects);
#undef PUT
}

int netfront_stats_json(const struct netfront_dev *dev, char *buf, size_t size)
{
    struct json j;
    int ret;

    json_begin(&j, buf, size);
    put_text(dev, &j);
    ret = json_end(&j);
    return ret ? ret : (int)j.len;
}

static int text_of(const void *dev, char *text, size_t size)
{
    return MIN(netfront_stats_json(dev, text, size), 0);
}

void net_stats_start(struct netfront_dev *dev)
{
    struct device_stats *s = &dev->life.stats;

    s->folder = VIF_FOLDER;
    s->thread_name = "vif-stats";
    s->text = text_of;
    s->dev = dev;
    device_stats_start(s, dev->limits.handle);
}

void net_stats_stop(struct netfront_dev *dev)
{
    device_stats_stop(&dev->life.stats);
}
