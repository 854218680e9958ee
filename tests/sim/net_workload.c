/* SPDX-License-Identifier: MIT */
/* Threads that send and poll (net_workload.h); the receiver is in net_receive.c. */
#include "net_private.h"

#include <ringlet/heap.h>
#include <ringlet/page.h>

void net_options_random(struct net_options *o, unsigned quota)
{
    memset(o, 0, sizeof(*o));
    o->threads = 1 + below(3);
    o->slots = 1 + below(one_in(3) ? SENDS_MAX : 16);
    o->slots = MAX(o->slots, o->threads);
    o->quota = quota;
    o->keep_in = one_in(3) ? 0 : 1 + below(8);
    o->keep_max = 1 + below(one_in(3) ? KEPT_MAX : 64);
    o->budget = 1 + below(one_in(2) ? 8 : 256);
    o->frags = one_in(3) ? 1 : 1 + below(NETFRONT_FRAGS_MAX);
    o->early_in = one_in(2) ? 0 : 1 + below(4);
    o->flush_in = 1 + below(8);
    o->heap_only = one_in(6);
}

/* ---- one frame ---- */

static void give_back(struct net_send *s)
{
    while (s->blocks)
        netfront_mem_free(s->block[--s->blocks]);
}

static void done(void *arg, int status)
{
    struct net_send *s = arg;
    struct net_workload *w = s->w;
    struct frame *f = s->frame;

    CHECK(s->busy && !(f->state & FRAME_DONE), "frame %u.%u is done twice", f->flow, f->seq);
    CHECK(!(f->state & FRAME_REFUSED), "frame %u.%u was refused, and is done", f->flow, f->seq);
    CHECK(status == 0 || status == -EIO || status == -ENODEV, "a frame ended with %s",
          errno_name(status));
    CHECK(status != -EIO || w->back->peer.hostile || f->state & FRAME_ERROR,
          "frame %u.%u ended with an error that nobody answered", f->flow, f->seq);
    CHECK(status != -ENODEV || w->o.lossy || w->o.restarts || w->stop,
          "a frame was lost with the device, which is there");
    /* (one that was copied is done before it is answered) */
    CHECK(status || !(f->state & FRAME_ERROR) || !(f->state & FRAME_SENT) || w->back->peer.hostile,
          "frame %u.%u ended well, and was refused by the backend", f->flow, f->seq);
    f->state |= FRAME_DONE;
    w->done_ok += !status;
    w->done_error += status == -EIO;
    w->done_lost += status == -ENODEV;
    w->in_flight--;
    w->progress = seam_now;
    give_back(s);
    s->busy = false;
    sim_note(f->seq, (unsigned)status);
    wake_all(&w->wq);
}

/* Pages of netfront_mem_alloc's that were seen since the last device was closed. */
static uintptr_t mem_pages[1024];
static unsigned mem_page_count;

bool workload_sends_from(const void *page)
{
    for (unsigned i = 0; i < mem_page_count; i++) {
        if (mem_pages[i] == (uintptr_t)page / PAGE_SIZE)
            return true;
    }
    return false;
}

static void note_page(const void *block)
{
    if (!workload_sends_from(block) && mem_page_count < ARRAY_SIZE(mem_pages))
        mem_pages[mem_page_count++] = (uintptr_t)block / PAGE_SIZE;
}

/* Memory for a fragment; its bytes are written. */
static const uint8_t *fragment(struct net_send *s, unsigned at, unsigned len)
{
    uint8_t *to = NULL;

    if (len && len <= PAGE_SIZE && !s->w->o.heap_only && !one_in(6)) {
        to = netfront_mem_alloc(len);
        if (to) {
            CHECK(netfront_mem_size(to) >= len && (uintptr_t)to % PAGE_SIZE + len <= PAGE_SIZE,
                  "memory of %zu bytes at %p for %u", netfront_mem_size(to), (void *)to, len);
            s->block[s->blocks++] = to;
            note_page(to);
        }
    }
    if (!to) {
        to = heap_alloc(len + 1, MEM_APP);
        if (!to)
            return NULL;
        s->heap[s->heaps++] = to;
        if (one_in(2)) /* at an odd address */
            to++;
    }
    frame_bytes(TO_BACKEND, s->frame, at, to, len);
    return to;
}

static void drop_heap(struct net_send *s)
{
    while (s->heaps)
        heap_free(s->heap[--s->heaps]);
}

static unsigned frame_length(const struct net_workload *w, unsigned flow, bool gso)
{
    unsigned most = gso ? XEN_NETIF_MAX_TX_SIZE : MIN(w->limits.mtu + 14, 65535u);

    if (flow == FLOW_SMALL)
        return 14 + below(MIN(FRAME_SMALL - 1u, most) - 13);
    if (one_in(4))
        return most;
    if (one_in(3))
        most = MIN(most, 2000u);
    return FRAME_SMALL + below(most - FRAME_SMALL + 1);
}

/* The next frame, and how it is to be sent. */
static struct frame *make(struct net_workload *w, struct netfront_tx *tx)
{
    unsigned flow = one_in(6) ? FLOW_SMALL : below(FLOW_SMALL);
    bool v6, csum, gso;
    struct frame *f;

    if (w->limits.mtu + 14 < FRAME_SMALL)
        flow = FLOW_SMALL;
    v6 = flow_is_v6(flow);
    csum = v6 ? w->limits.csum_v6 : w->limits.csum_v4;
    gso = flow != FLOW_SMALL && csum && (v6 ? w->limits.gso_v6 : w->limits.gso_v4) && one_in(3);
    f = frame_new(TO_BACKEND, w->back->peer.devid, flow, frame_length(w, flow, gso));
    if (!f)
        return NULL;
    if (flow != FLOW_SMALL && (gso || (csum && one_in(2))))
        f->flags = NETFRONT_CSUM_BLANK;
    if (gso) {
        f->gso = v6 ? NETFRONT_GSO_TCPV6 : NETFRONT_GSO_TCPV4;
        f->gso_size = (uint16_t)(536 + below(1000));
    }
    tx->flags = f->flags;
    tx->gso = f->gso;
    tx->gso_size = f->gso_size;
    tx->header = frame_headers(f);
    return f;
}

/* The fragments of a frame: of any size, some empty. */
static unsigned cut(struct net_send *s, struct netfront_tx_frag *frag)
{
    unsigned n = 1 + below(s->w->o.frags), at = 0, i;

    for (i = 0; i < n && at < s->frame->len; i++) {
        unsigned rest = s->frame->len - at, len = rest;
        unsigned some = one_in(8) ? 0 : 1 + below(one_in(2) ? 100 : (unsigned)PAGE_SIZE);

        if (i + 1 < n)
            len = MIN(rest, some);
        frag[i].data = fragment(s, at, len);
        frag[i].len = len;
        if (!frag[i].data)
            return 0;
        at += len;
    }
    return i;
}

static struct net_send *free_send(struct net_workload *w)
{
    for (unsigned i = 0; i < w->o.slots; i++) {
        if (!w->send[i].busy)
            return &w->send[i];
    }
    return NULL;
}

static void check_refusal(struct net_workload *w, const struct frame *f, int ret)
{
    CHECK(!(f->state & (FRAME_SEEN | FRAME_DONE)), "frame %u.%u was refused with %s, and %s",
          f->flow, f->seq, errno_name(ret), f->state & FRAME_SEEN ? "sent" : "done");
    switch (ret) {
    case -ENOBUFS:
        w->full++;
        return;
    case -ENETDOWN:
        CHECK(w->o.lossy || w->o.restarts || w->back->profile.flap_in || w->down,
              "no network, and the backend is there");
        w->dropped++;
        return;
    case -ENODEV:
        CHECK(w->o.lossy, "the device is lost:\n%s", seam_console());
        w->lost = true;
        return;
    case -EINVAL:
    case -EMSGSIZE: /* the next backend has other limits */
        CHECK(w->o.lossy || w->o.restarts, "a frame of %u bytes was refused with %s", f->len,
              errno_name(ret));
        return;
    default:
        sim_violation("a frame was refused with %s", errno_name(ret));
    }
}

/* False: there is no room, or no network. */
bool net_send_one(struct net_workload *w)
{
    struct net_send *s = free_send(w);
    struct netfront_tx_frag frag[NETFRONT_FRAGS_MAX];
    struct netfront_tx tx = {.frag = frag, .done = done, .arg = s};
    struct frame *f;
    int ret;

    if (!s || !w->left || w->lost)
        return false;
    *s = (struct net_send){.w = w};
    netfront_get_limits(w->dev, &w->limits);
    if (w->limits.mtu < 68)
        return false; /* the device is lost */
    f = s->frame = make(w, &tx);
    if (!f) {
        w->left = 0;
        return false;
    }
    tx.count = cut(s, frag);
    if (!tx.count) {
        f->state |= FRAME_REFUSED;
        give_back(s);
        drop_heap(s);
        CHECK(w->o.lossy, "simulation: no memory for a frame");
        return false;
    }
    s->busy = true;
    w->left--;
    w->in_flight++;
    ret = netfront_send(w->dev, &tx);
    for (unsigned i = 0; i < s->heaps; i++) /* it was copied */
        memset(s->heap[i], 0xee, heap_size(s->heap[i]));
    drop_heap(s);
    if (ret) {
        check_refusal(w, f, ret);
        f->state |= FRAME_REFUSED;
        s->busy = false;
        w->in_flight--;
        give_back(s);
        return false;
    }
    w->accepted++;
    f->state |= FRAME_SENT;
    if (s->busy && s->frame == f && w->o.early_in && one_in(w->o.early_in))
        give_back(s);
    return true;
}

/* ---- threads ---- */

/* Frames that no interface may accept. */
static void step_wrong(struct net_workload *w)
{
    static const uint8_t bytes[64];
    struct netfront_tx_frag frag = {bytes, 13};
    struct netfront_tx tx = {.count = 1, .frag = &frag, .header = 13};
    int ret;

    if (one_in(2)) {
        frag.len = 60;
        tx.header = 14;
        tx.gso = one_in(2) ? NETFRONT_GSO_TCPV4 : NETFRONT_GSO_TCPV6;
        tx.gso_size = 0;
    }
    ret = netfront_send(w->dev, &tx);
    CHECK(ret == -EINVAL ||
              ((ret == -ENODEV || ret == -ENETDOWN) && (w->o.lossy || w->o.restarts)) ||
              ret == -ENETDOWN,
          "a frame that is not valid: %s", errno_name(ret));
    w->dropped += ret == -ENETDOWN;
}

static void step_multicast(struct net_workload *w)
{
    uint8_t group[6] = {1, 0, 0x5e, 0, 0, (uint8_t)below(4)};
    bool before, wanted = one_in(2);
    int ret;

    netfront_get_limits(w->dev, &w->limits);
    before = w->limits.multicast;
    ret = netfront_multicast(w->dev, group, wanted);
    w->full += ret == -ENOBUFS;
    if (!ret)
        w->groups = wanted ? w->groups | 1u << group[5] : w->groups & ~(1u << group[5]);
    CHECK(ret == 0 || ret == -ENOBUFS || ret == -EOPNOTSUPP || w->o.lossy || w->o.restarts ||
              ret == -ENETDOWN,
          "multicast: %s", errno_name(ret));
    CHECK(w->o.lossy || w->o.restarts || (ret == -EOPNOTSUPP) == !before,
          "multicast: %s, and it is%s offered", errno_name(ret), before ? "" : " not");
}

static void sender(void *arg)
{
    struct net_workload *w = arg;

    while (w->left && !w->lost && !w->stop) {
        uint64_t before = w->progress;
        unsigned n = 1 + below(16);

        if (one_in(64))
            step_wrong(w);
        if (one_in(32))
            step_multicast(w);
        while (n-- && net_send_one(w)) {
            if (one_in(w->o.flush_in))
                netfront_flush(w->dev);
        }
        netfront_flush(w->dev);
        if (one_in(4))
            net_release_some(w, 1 + below(8));
        if (one_in(3))
            thread_yield();
        else if (!free_send(w) || w->full || w->dropped)
            wait_event(&w->wq, w->progress != before || w->lost || w->stop,
                       clock_deadline(NSEC_PER_MSEC * (1 + below(20))));
        CHECK(w->o.lossy || w->o.restarts || seam_now - w->progress < 60 * NSEC_PER_SEC,
              "no frame was done or received for 60 s, with %u in flight", w->in_flight);
    }
    w->running--;
    wake_all(&w->wq);
}

static void ready(struct netfront_dev *dev, void *arg)
{
    struct net_workload *w = arg;

    (void)dev;
    w->readies++;
    wake_all(&w->wq);
}

static void poller(void *arg)
{
    struct net_workload *w = arg;

    while (!w->stop) {
        bool again = true;

        wait_event(&w->wq, w->readies || w->stop, DEADLINE_NEVER);
        while (again && !w->stop) {
            w->readies = 0;
            again = netfront_poll(w->dev, 1 + below(w->o.budget));
            CHECK(!again || !w->readies, "ready was called, and the poll had not ended");
            if (one_in(6))
                net_release_some(w, 1 + below(16));
            if (again && one_in(3))
                thread_yield();
        }
        wake_all(&w->wq);
        if (one_in(8))
            invariants_now();
    }
    w->polled = false;
    wake_all(&w->wq);
}

static void event(struct netfront_dev *dev, enum netfront_event what, void *arg)
{
    struct net_workload *w = arg;

    (void)dev;
    w->events++;
    switch (what) {
    case NETFRONT_EV_AWAY:
        CHECK(!w->away && !w->failed, "the backend goes, and is away");
        w->away = true;
        break;
    case NETFRONT_EV_BACK:
        /* a resumed domain has another backend at once */
        CHECK((w->away || totals.resumes != w->resumes) && !w->failed,
              "the backend is back, and was not away");
        w->resumes = totals.resumes;
        w->away = false;
        break;
    case NETFRONT_EV_FAILED:
        CHECK(!w->failed, "the device failed twice");
        CHECK(w->o.lossy, "the device failed:\n%s", seam_console());
        w->failed = w->lost = true;
        break;
    case NETFRONT_EV_CARRIER:
    case NETFRONT_EV_MTU:
        CHECK(!w->failed, "an event after the last one");
        break;
    }
    wake_all(&w->wq);
}

/* ---- life ---- */

void net_workload_init(struct net_workload *w, struct netback *b, const struct net_options *o)
{
    memset(w, 0, sizeof(*w));
    w->o = *o;
    w->back = b;
    w->left = o->quota;
    w->resumes = totals.resumes;
    wait_queue_init(&w->wq);
    w->config.ready = ready;
    w->config.event = event;
    w->config.receive = net_receive;
    w->config.arg = w;
    w->progress = seam_now;
}

int net_workload_begin(struct net_workload *w, struct netfront_dev *dev)
{
    w->dev = dev;
    w->progress = seam_now;
    if (thread_create(NULL, "poller", poller, w, 64 * 1024))
        return -ENOMEM;
    w->polled = true;
    for (unsigned i = 0; i < w->o.threads; i++) {
        if (thread_create(NULL, "sender", sender, w, 64 * 1024))
            return -ENOMEM;
        w->running++;
    }
    return 0;
}

static bool all_arrived(const struct net_workload *w)
{
    return !w->running && !w->in_flight && (!w->back->left || w->back->peer.hostile) &&
           (w->o.restarts || w->o.lossy ||
            (w->received == w->back->rx_frames && netback_idle(w->back) &&
             !frames_count(TO_BACKEND, w->back->peer.devid, FRAME_SENT, FRAME_SEEN)));
}

/* A number that changes with all that happens on either side. */
static uint64_t progress(const struct net_workload *w)
{
    return w->progress + w->back->tx_frames + w->back->answers;
}

void net_workload_wait(struct net_workload *w)
{
    uint64_t done = progress(w), since = seam_now;

    while (!w->lost && !all_arrived(w)) {
        wait_event(&w->wq, w->lost || all_arrived(w), clock_deadline(NSEC_PER_MSEC * 50));
        net_release_some(w, below(4));
        if (progress(w) != done) {
            done = progress(w);
            since = seam_now;
        }
        if (w->o.lossy && seam_now - since > 2 * NSEC_PER_SEC)
            break;
        CHECK(seam_now - since < 20 * NSEC_PER_SEC,
              "nothing happens for 20 s: %u frames in flight, %u of the guest's and %llu of the "
              "backend's are not sent, %llu of %llu that were sent to the guest did arrive\n%s",
              w->in_flight, w->left, (unsigned long long)w->back->left,
              (unsigned long long)w->received, (unsigned long long)w->back->rx_frames,
              seam_console());
    }
}

void net_workload_stop(struct net_workload *w)
{
    w->stop = true;
    wake_all(&w->wq);
    wait_event(&w->wq, !w->running && !w->polled, DEADLINE_NEVER);
}

void net_workload_end(struct net_workload *w)
{
    w->dev = NULL;
    for (unsigned i = 0; i < SENDS_MAX; i++)
        CHECK(!w->send[i].busy, "the device is closed, and frame %u.%u is not done",
              w->send[i].frame->flow, w->send[i].frame->seq);
    CHECK(!w->in_flight && w->accepted == w->done_ok + w->done_error + w->done_lost,
          "%llu frames accepted, %llu done", (unsigned long long)w->accepted,
          (unsigned long long)(w->done_ok + w->done_error + w->done_lost));
    while (net_workload_kept())
        net_release_some(w, 1 + below(8));
    mem_page_count = 0;
    totals.net_tx += frames_count(TO_BACKEND, w->back->peer.devid, FRAME_SEEN, 0);
    totals.net_full += w->full;
    totals.net_down += w->dropped;
    totals.net_lost += w->done_lost;
    totals.net_groups += w->groups != 0;
}

void net_workload_secrets(void)
{
    static void *pages[4096];
    unsigned n = 0;

    if (!one_in(4))
        return; /* it takes time */
    while (n < ARRAY_SIZE(pages) && (pages[n] = page_alloc(1, MEM_APP)))
        memset(pages[n++], NET_SECRET, PAGE_SIZE);
    while (n)
        page_free(pages[--n], 1);
}
