/* SPDX-License-Identifier: MIT */
#include "buffer.h"
#include "drivers/net/device.h"

#include <ringlet/errno.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>

void net_buffers_init(struct net_buffers *b, unsigned max)
{
    *b = (struct net_buffers){.max = max, .keepable = max - MAX(max / 4, NET_POSTED_MIN)};
    list_init(&b->all);
}

static void forget(struct net_buffers *b, struct netfront_buffer *buffer)
{
    list_del(&buffer->link);
    b->count--;
    if (buffer->kept)
        b->kept--;
    buffer->kept = false;
}

static void free_buffer(struct netfront_buffer *buffer)
{
    page_free(buffer->page, 1);
    heap_free(buffer);
}

static struct netfront_buffer *make(struct net_queue *q)
{
    struct net_buffers *b = &q->buffers;
    struct netfront_buffer *buffer;

    if (b->count >= b->max)
        return NULL;
    buffer = heap_zalloc(1, sizeof(*buffer), MEM_NET);
    if (!buffer)
        return NULL;
    buffer->page = page_alloc_zeroed(1, MEM_NET); /* zeroes: the backend can read it */
    if (!buffer->page) {
        heap_free(buffer);
        return NULL;
    }
    buffer->queue = q;
    list_add_tail(&b->all, &buffer->link);
    b->count++;
    return buffer;
}

/* With a grant; false: there is none. */
static bool grant(struct netfront_dev *dev, struct netfront_buffer *buffer)
{
    int ref = buffer->ref ? 1 : gnttab_grant(dev->peer, buffer->page, false);

    if (ref < 0)
        return false;
    if (!buffer->ref) {
        buffer->ref = (grant_ref_t)ref;
        buffer->queue->buffers.granted++;
        dev->stats.grants++;
    }
    return true;
}

struct netfront_buffer *net_buffer_get(struct netfront_dev *dev, struct net_queue *q)
{
    struct net_buffers *b = &q->buffers;
    struct netfront_buffer *buffer = b->free;
    const bool all_in_use = !buffer && b->count >= b->max;

    if (buffer)
        b->free = buffer->next;
    else
        buffer = make(q);
    if (buffer && !grant(dev, buffer)) {
        net_buffer_put(buffer);
        buffer = NULL;
    }
    b->starved = !buffer && !all_in_use;
    return buffer;
}

void net_buffer_put(struct netfront_buffer *buffer)
{
    struct net_buffers *b = &buffer->queue->buffers;

    buffer->next = b->free;
    b->free = buffer;
}

void net_buffer_drop(struct netfront_buffer *buffer)
{
    struct net_queue *q = buffer->queue;

    if (--buffer->holds)
        return;
    if (!q || buffer->tainted) {
        if (q)
            forget(&q->buffers, buffer);
        free_buffer(buffer);
        return;
    }
    if (buffer->kept)
        q->buffers.kept--;
    buffer->kept = false;
    net_buffer_put(buffer);
}

int netfront_buffer_keep(struct netfront_buffer *buffer)
{
    struct net_buffers *b = &buffer->queue->buffers;

    if (!buffer->kept) {
        if (b->kept >= b->keepable || (b->starved && b->kept + NET_POSTED_MIN >= b->granted))
            return -ENOBUFS;
        b->kept++;
        buffer->kept = true;
    }
    buffer->holds++;
    return 0;
}

void netfront_buffer_release(struct netfront_buffer *buffer)
{
    struct net_queue *q = buffer->queue;

    net_buffer_drop(buffer);
    /* whoever polls gives it to the backend; nobody does when nothing arrives any more */
    if (q && net_device_up(q->dev) && q->rx.prod - q->rx.cons < WIRE_SLOTS / 8)
        net_device_kick(q->dev);
}

/* 0, or the peer still uses the page: it is in quarantine. */
static int end(struct netfront_dev *dev, struct netfront_buffer *buffer)
{
    const grant_ref_t ref = buffer->ref;

    buffer->ref = 0;
    dev->stats.grants++;
    return gnttab_end_or_quarantine(ref, buffer->page) ? 0 : -EBUSY;
}

void net_buffers_end(struct netfront_dev *dev, struct net_buffers *b)
{
    b->free = NULL;
    b->granted = 0;
    list_for_each_safe (l, &b->all) {
        struct netfront_buffer *buffer = list_entry(l, struct netfront_buffer, link);

        if (buffer->ref && end(dev, buffer))
            buffer->tainted = true;
        if (buffer->holds)
            continue;
        if (buffer->tainted) {
            forget(b, buffer);
            free_buffer(buffer); /* pinned as long as it is mapped */
        } else {
            net_buffer_put(buffer);
        }
    }
}

void net_buffers_invalidate(struct net_buffers *b)
{
    b->granted = 0;
    list_for_each (l, &b->all)
        list_entry(l, struct netfront_buffer, link)->ref = 0;
}

void net_buffers_destroy(struct net_buffers *b)
{
    b->free = NULL;
    list_for_each_safe (l, &b->all) {
        struct netfront_buffer *buffer = list_entry(l, struct netfront_buffer, link);

        forget(b, buffer);
        if (buffer->holds)
            buffer->queue = NULL;
        else
            free_buffer(buffer);
    }
}
