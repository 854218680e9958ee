/* SPDX-License-Identifier: MIT */
/* A ring request that is ready becomes a ring entry; what is on the rings is made visible. */
#include "send.h"
#include "deadline.h"
#include "discard.h"

#include <ringlet/event_channel.h>
#include <ringlet/string.h>

static void fill_segments(struct wire_segment *to, const struct segment *from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        to[i] = (struct wire_segment){
            .gref = from[i].gref, .first = from[i].first, .last = from[i].last};
    }
}

static void send_indirect(struct blkfront_dev *dev, struct ring_request *p)
{
    unsigned pages = DIV_ROUND_UP(p->segments, (unsigned)WIRE_SEGMENTS_PER_PAGE);
    union wire_entry e;

    e.indirect = (struct wire_indirect){
        .operation = BLKIF_OP_INDIRECT,
        .indirect_op = p->op,
        .segments = (uint16_t)p->segments,
        .sector = p->sector,
        .handle = dev->handle,
    };
    memcpy(e.indirect.gref, p->indirect_ref, pages * sizeof(e.indirect.gref[0]));
    fill_segments(p->indirect, p->seg, p->segments);
    dev->stats.indirect++;
    /* Linux answers with the inner operation, others with the outer one. */
    ring_put(&p->queue->ring, &e, sizeof(e.indirect), p, p->op, BLKIF_OP_INDIRECT);
}

static void send_direct(struct blkfront_dev *dev, struct ring_request *p)
{
    union wire_entry e;

    e.request.operation = p->op;
    e.request.segments = (uint8_t)p->segments;
    e.request.handle = dev->handle;
    e.request.zero = 0;
    e.request.sector = p->sector;
    fill_segments(e.request.seg, p->seg, p->segments);
    ring_put(&p->queue->ring, &e,
             offsetof(struct wire_request, seg) + p->segments * sizeof(struct wire_segment), p,
             p->op, p->op);
}

void send_ring_request(struct blkfront_dev *dev, struct ring_request *p)
{
    struct blkfront_stats *s = &dev->stats;

    if (!dev->path.now)
        dev->path.now = clock_now();
    p->sent = dev->path.now;
    if (p->op == BLKIF_OP_DISCARD) {
        discard_put(dev, p);
        return;
    }
    if (p->segments <= WIRE_SEGMENTS)
        send_direct(dev, p);
    else
        send_indirect(dev, p);

    s->segments += p->segments;
    switch (p->op) {
    case BLKIF_OP_READ:
        s->reads++;
        s->read_sectors += p->sectors;
        break;
    case BLKIF_OP_WRITE:
        s->writes++;
        s->written_sectors += p->sectors;
        break;
    case BLKIF_OP_FLUSH_DISKCACHE:
        s->flushes++;
        break;
    default:
        s->barriers++;
    }
}

void send_push(struct blkfront_dev *dev)
{
    if (dev->config.polled && !dev->path.kick.armed && device_in_flight(dev))
        timer_start(&dev->path.kick, clock_deadline(POLL_IN_BACKGROUND));
    for (unsigned i = 0; i < dev->limits.queues; i++) {
        struct queue *q = &dev->path.queues[i];
        unsigned used = ring_in_use(&q->ring);

        if (used > dev->stats.ring_high_water)
            dev->stats.ring_high_water = used;
        if (ring_push(&q->ring)) {
            dev->stats.notifications++;
            /* A port that is not connected any more: the backend goes, which its state will say. */
            evtchn_notify(q->port);
        }
    }
    deadline_watch(dev);
}
