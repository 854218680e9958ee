/* SPDX-License-Identifier: MIT */
#include "lib/lwip/socket/receive_queue.h"

#include <ringlet/errno.h>
#include <ringlet/heap.h>

#define FIRST_SIZE 16u
/* Many small segments are gathered in pbufs of this size: each would keep a pbuf of lwIP's pool. */
#define GATHER      2048u
#define GATHER_FROM 32u  /* pbufs in the queue */
#define GATHER_MOST 256u /* bytes of one that is gathered */

static struct pbuf **at(const struct receive_queue *q, unsigned i)
{
    return &q->ring[(q->first + i) % q->size];
}

static bool grow(struct receive_queue *q)
{
    const unsigned size = q->size ? q->size * 2 : FIRST_SIZE;
    struct pbuf **ring = heap_alloc(size * sizeof(struct pbuf *), MEM_KERNEL);

    if (!ring)
        return false;
    for (unsigned i = 0; i < q->count; i++)
        ring[i] = *at(q, i);
    heap_free(q->ring);
    q->ring = ring;
    q->size = size;
    q->first = 0;
    return true;
}

/* Whether p was copied to the end of the last pbuf, which gathers. Such a pbuf is marked by its size:
 * payload and room are of one PBUF_RAM. */
static bool gather(struct receive_queue *q, struct pbuf *p)
{
    struct pbuf *tail;

    if (q->count < GATHER_FROM || p->tot_len > GATHER_MOST)
        return false;
    tail = *at(q, q->count - 1);
    if (!(tail->flags & PBUF_FLAG_IS_CUSTOM) && tail->ref == 1 && !tail->next &&
        tail->if_idx == UINT8_MAX && tail->len + p->tot_len <= GATHER) {
        pbuf_copy_partial(p, (char *)tail->payload + tail->len, p->tot_len, 0);
        tail->len = tail->tot_len = (u16_t)(tail->len + p->tot_len);
        return true;
    }
    return false;
}

/* A pbuf that gathers, with p's bytes; p itself without memory, or if it is large. */
static struct pbuf *begin_gathering(const struct receive_queue *q, struct pbuf *p)
{
    struct pbuf *tail;

    if (q->count < GATHER_FROM || p->tot_len > GATHER_MOST)
        return p;
    tail = pbuf_alloc(PBUF_RAW, GATHER, PBUF_RAM);
    if (!tail)
        return p;
    tail->if_idx = UINT8_MAX; /* of no interface: the mark */
    pbuf_copy_partial(p, tail->payload, p->tot_len, 0);
    tail->len = tail->tot_len = p->tot_len;
    pbuf_free(p);
    return tail;
}

int receive_queue_add(struct receive_queue *q, struct pbuf *p)
{
    const u16_t len = p->tot_len;

    if (gather(q, p)) {
        pbuf_free(p);
    } else {
        if (q->count == q->size && !grow(q))
            return -ENOMEM;
        *at(q, q->count) = begin_gathering(q, p);
        q->count++;
    }
    q->bytes += len;
    return 0;
}

/* Copies up to len bytes of p from offset on; the number. */
static size_t put(struct iov *to, const struct pbuf *p, unsigned offset, size_t len)
{
    size_t done = 0;

    for (; p && done < len; p = p->next) {
        size_t n;

        if (offset >= p->len) {
            offset -= p->len;
            continue;
        }
        n = MIN(len - done, (size_t)(p->len - offset));
        iov_put(to, (const char *)p->payload + offset, n);
        done += n;
        offset = 0;
    }
    return done;
}

size_t receive_queue_copy(const struct receive_queue *q, struct iov *to, size_t len)
{
    size_t done = 0;

    for (unsigned i = 0; i < q->count && done < len; i++)
        done += put(to, *at(q, i), i ? 0 : q->offset, len - done);
    return done;
}

/* The first pbuf of the queue's first chain was read: it is freed at once, as it may be a page that the
 * backend could fill. */
static void drop_read(struct receive_queue *q)
{
    while (q->count && q->offset >= (*at(q, 0))->len) {
        struct pbuf *p = *at(q, 0), *rest = p->next;

        q->offset -= p->len;
        if (rest)
            pbuf_ref(rest);
        pbuf_free(p);
        *at(q, 0) = rest;
        if (rest)
            continue;
        q->first = (q->first + 1) % q->size;
        q->count--;
    }
}

size_t receive_queue_take(struct receive_queue *q, struct iov *to, size_t len)
{
    size_t done = 0;

    while (q->count && done < len) {
        const struct pbuf *p = *at(q, 0);
        const size_t n = MIN(len - done, (size_t)(p->len - q->offset));

        iov_put(to, (const char *)p->payload + q->offset, n);
        q->offset += (unsigned)n;
        done += n;
        drop_read(q);
    }
    q->bytes -= done;
    return done;
}

size_t receive_queue_clear(struct receive_queue *q)
{
    const size_t bytes = q->bytes;

    for (unsigned i = 0; i < q->count; i++)
        pbuf_free(*at(q, i));
    heap_free(q->ring);
    *q = (struct receive_queue){0};
    return bytes;
}
