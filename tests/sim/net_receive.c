/* SPDX-License-Identifier: MIT */
/* The receiver: each frame is whole, new, and in its place; pages that are kept do not change until
 * they are given back. */
#include "net_private.h"

#include <ringlet/page.h>

static uint8_t bytes[NETFRONT_FRAME_MAX];

static struct kept {
    struct netfront_buffer *buffer;
    const uint8_t *data;
    const struct frame *frame; /* NULL: it may change, as the backend is hostile */
    unsigned at, len;
    struct net_workload *w;
} kept[KEPT_MAX];
static unsigned kept_count;

unsigned net_workload_kept(void)
{
    return kept_count;
}

bool workload_keeps(const void *page)
{
    for (unsigned i = 0; i < kept_count; i++) {
        if ((uintptr_t)kept[i].data / PAGE_SIZE == (uintptr_t)page / PAGE_SIZE)
            return true;
    }
    return false;
}

void net_release_some(struct net_workload *w, unsigned max)
{
    (void)w;
    while (max-- && kept_count) {
        struct kept *k = &kept[below(kept_count)], it = *k;

        CHECK(!it.frame || frame_is(TO_GUEST, it.frame, it.at, it.data, it.len),
              "a page of frame %u.%u that was kept has changed", it.frame->flow, it.frame->seq);
        *k = kept[--kept_count];
        netfront_buffer_release(it.buffer);
    }
}

static void check_form(const struct netfront_rx *r)
{
    unsigned sum = 0;

    CHECK(r->len >= 14 && r->len <= NETFRONT_FRAME_MAX && r->count &&
              r->count <= NETFRONT_FRAGS_MAX,
          "a frame of %u bytes in %u fragments", r->len, r->count);
    CHECK(!(r->flags & ~(NETFRONT_CSUM_BLANK | NETFRONT_DATA_VALIDATED)), "flags %#x", r->flags);
    CHECK(r->gso <= NETFRONT_GSO_TCPV6 && (!r->gso || r->gso_size), "gso %u of size %u", r->gso,
          r->gso_size);
    for (unsigned i = 0; i < r->count; i++) {
        CHECK(r->frag[i].len && r->frag[i].buffer &&
                  (uintptr_t)r->frag[i].data % PAGE_SIZE + r->frag[i].len <= PAGE_SIZE,
              "a fragment of %u bytes at %p", r->frag[i].len, r->frag[i].data);
        sum += r->frag[i].len;
    }
    CHECK(sum == r->len, "a frame of %u bytes with %u in its fragments", r->len, sum);
}

/* Into bytes: some of it by the driver's function, in any pieces. */
static void copy_out(struct netfront_dev *dev, const struct netfront_rx *r)
{
    unsigned at = 0, n = one_in(2) ? r->len : below(r->len + 1);

    for (unsigned i = 0; i < r->count; i++) {
        memcpy(bytes + at, r->frag[i].data, r->frag[i].len);
        at += r->frag[i].len;
    }
    CHECK(netfront_rx_copy(dev, r, 0, bytes, MIN(n, NETFRONT_HEAD)), "the head is not copied");
    if (n > NETFRONT_HEAD)
        CHECK(netfront_rx_copy(dev, r, n - NETFRONT_HEAD, bytes + n - NETFRONT_HEAD, NETFRONT_HEAD),
              "bytes of the frame are not copied");
    CHECK(!netfront_rx_copy(dev, r, below(r->len + 1), bytes, r->len + 1) &&
              !netfront_rx_copy(dev, r, r->len + 1 + below(100), bytes, 1) &&
              !netfront_rx_copy(dev, r, 0xffffffff, bytes, 14),
          "bytes behind the frame's end are copied");
}

static void check_meaning(const struct net_workload *w, const struct netfront_rx *r,
                          struct frame *f)
{
    (void)w;
    CHECK(r->gso == f->gso && (!r->gso || r->gso_size == f->gso_size),
          "gso %u of size %u instead of %u of %u", r->gso, r->gso_size, f->gso, f->gso_size);
    CHECK((r->flags & NETFRONT_CSUM_BLANK) == (f->flags & NETFRONT_CSUM_BLANK),
          "flags %#x instead of %#x", r->flags, f->flags);
    CHECK(r->flags & NETFRONT_CSUM_BLANK ||
              (r->flags & NETFRONT_DATA_VALIDATED) == (f->flags & NETFRONT_DATA_VALIDATED),
          "flags %#x instead of %#x", r->flags, f->flags);
}

static void keep_some(struct net_workload *w, const struct netfront_rx *r, const struct frame *f)
{
    unsigned at = 0;

    for (unsigned i = 0; i < r->count; at += r->frag[i++].len) {
        int ret;

        if (!w->o.keep_in || !one_in(w->o.keep_in) || kept_count >= MIN(w->o.keep_max, KEPT_MAX))
            continue;
        ret = netfront_buffer_keep(r->frag[i].buffer);
        CHECK(!ret || ret == -ENOBUFS, "keep: %s", errno_name(ret));
        w->keep_refused += ret != 0;
        if (ret)
            continue;
        totals.net_kept++;
        kept[kept_count++] = (struct kept){
            r->frag[i].buffer, r->frag[i].data, f, at, r->frag[i].len, w,
        };
    }
}

void net_receive(struct netfront_dev *dev, const struct netfront_rx *r, void *arg)
{
    struct net_workload *w = arg;
    struct frame *f = NULL;

    check_form(r);
    copy_out(dev, r);
    w->received++;
    w->received_bytes += r->len;
    w->progress = seam_now;
    totals.net_rx++;
    totals.net_bytes += r->len;
    totals.net_gso += r->gso != 0;
    if (!w->back->peer.hostile) {
        f = frame_find(TO_GUEST, bytes, r->len);
        frame_arrives(TO_GUEST, w->back->peer.devid, f, bytes, r->len);
        check_meaning(w, r, f);
    }
    keep_some(w, r, f);
    if (one_in(8) && !w->stop)
        net_send_one(w);
}
