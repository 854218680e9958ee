/* SPDX-License-Identifier: MIT */
/*
 * An interface as a toolstack configures it, vif0 in the small xenstored, with a backend that
 * follows the handshake, or does not; and a netback that checks the rings strictly, holds what was
 * sent until the test has it answered, and can lie.
 */
#ifndef RINGLET_TESTS_FAKE_VIF_H
#define RINGLET_TESTS_FAKE_VIF_H

#include "drivers/net/device.h"
#include "fake_xenstored.h"

#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FRONT "device/vif/0"
#define BACK  "/local/domain/0/backend/vif/3/0"

/* ---- the rings ---- */

struct back_frame {
    uint8_t data[65536];
    unsigned len, slots, first, extras;
    unsigned flags; /* NETTXF_... */
    struct wire_extra extra;
};

struct back_queue {
    struct wire_tx_ring *tx;
    struct wire_rx_ring *rx;
    evtchn_port_t tx_port, rx_port;
    uint32_t tx_cons, tx_rsp, rx_cons;
    uint16_t answer[WIRE_SLOTS]; /* ids to answer in order; with extra: none */
    bool extra[WIRE_SLOTS];
    unsigned answers;
};

static struct {
    struct back_queue queue[NET_QUEUES_MAX];
    unsigned queues;
    struct back_frame frame; /* the last one taken */
    unsigned frames;         /* taken so far */
    bool attached;
    bool automatic; /* answers at once when idle */
    int16_t status; /* of answers */
} back;

/* how the backend behaves in XenStore */
static bool connects, closes, reopens;

static inline void *back_page(grant_ref_t ref)
{
    assert_true(seam_grants[ref].flags & GTF_permit_access);
    assert_int_equal(seam_grants[ref].domid, 0);
    return seam_page(seam_grants[ref].frame);
}

static inline unsigned vif_number(const char *dir, const char *key)
{
    char path[100];

    snprintf(path, sizeof(path), FRONT "/%s%s", dir, key);
    return (unsigned)strtoul(fake_value(path), NULL, 10);
}

static inline void back_attach_queue(struct back_queue *q, const char *dir)
{
    memset(q, 0, sizeof(*q));
    q->tx = back_page(vif_number(dir, "tx-ring-ref"));
    q->rx = back_page(vif_number(dir, "rx-ring-ref"));
    q->tx_port = q->rx_port = vif_number(dir, "event-channel");
    if (!q->tx_port) {
        q->tx_port = vif_number(dir, "event-channel-tx");
        q->rx_port = vif_number(dir, "event-channel-rx");
    }
    assert_true(q->tx_port && q->rx_port);
}

static inline void back_attach(void)
{
    char dir[24];

    back.queues = vif_number("", "multi-queue-num-queues");
    if (!back.queues) {
        back.queues = 1;
        back_attach_queue(&back.queue[0], "");
    } else {
        for (unsigned i = 0; i < back.queues; i++) {
            snprintf(dir, sizeof(dir), "queue-%u/", i);
            back_attach_queue(&back.queue[i], dir);
        }
    }
    back.attached = true;
}

/* One request with the data it refers to. */
static inline unsigned back_read(struct back_queue *q, unsigned size, unsigned at)
{
    const struct wire_tx_request *r = &q->tx->entry[q->tx_cons % WIRE_SLOTS].request;
    const uint8_t *page = back_page(r->gref);

    assert_true(seam_grants[r->gref].flags & GTF_readonly);
    assert_true(r->offset + size <= PAGE_SIZE);
    assert_true(size > 0);
    memcpy(back.frame.data + at, page + r->offset, size);
    return size;
}

/* Takes one frame from the queue; false: there is none. */
static inline bool back_take_from(struct back_queue *q)
{
    const union wire_tx_entry *e = &q->tx->entry[q->tx_cons % WIRE_SLOTS];
    struct back_frame *f = &back.frame;
    uint32_t last = q->tx_cons + 1;
    unsigned at, sum = 0;
    bool more;

    if (q->tx_cons == q->tx->index.req_prod)
        return false;
    memset(f, 0, sizeof(*f));
    f->len = e->request.size;
    f->flags = e->request.flags;
    if (f->flags & NETTXF_extra_info) {
        f->extra = q->tx->entry[last % WIRE_SLOTS].extra;
        /* nothing of the guest's memory is shown behind it */
        assert_int_equal(*(const uint32_t *)(&q->tx->entry[last % WIRE_SLOTS].extra + 1), 0);
        assert_int_equal(f->extra.flags, 0);
        f->extras = 1;
        last++;
    }
    /* the first one's size is what the others leave */
    for (more = f->flags & NETTXF_more_data; more; last++) {
        const struct wire_tx_request *r = &q->tx->entry[last % WIRE_SLOTS].request;

        assert_true(last != q->tx->index.req_prod);
        assert_false(r->flags & ~NETTXF_more_data);
        sum += r->size;
        more = r->flags & NETTXF_more_data;
    }
    assert_true(sum < f->len || !f->len);
    f->first = f->len - sum;
    at = 0;
    for (bool first = true; q->tx_cons != last; q->tx_cons++) {
        e = &q->tx->entry[q->tx_cons % WIRE_SLOTS];
        q->answer[q->answers] = e->request.id;
        q->extra[q->answers++] = false;
        if (f->len)
            at += back_read(q, first ? f->first : e->request.size, at);
        f->slots++;
        if (first && f->extras) {
            q->extra[q->answers++] = true;
            q->tx_cons++;
        }
        first = false;
    }
    assert_int_equal(at, f->len);
    assert_true(f->slots <= XEN_NETIF_NR_SLOTS_MIN);
    back.frames++;
    return true;
}

static inline bool back_take(void)
{
    for (unsigned i = 0; i < back.queues; i++)
        if (back_take_from(&back.queue[i]))
            return true;
    return false;
}

static inline void back_tx_response(struct back_queue *q, uint16_t id, int16_t status)
{
    struct wire_tx_response *r = &q->tx->entry[q->tx_rsp++ % WIRE_SLOTS].response;

    r->id = id;
    r->status = status;
}

static inline void back_tx_publish(struct back_queue *q)
{
    const uint32_t old = q->tx->index.rsp_prod;

    q->tx->index.rsp_prod = q->tx_rsp;
    q->tx->index.req_event = q->tx_cons + 1;
    if (q->tx_rsp - q->tx->index.rsp_event < q->tx_rsp - old)
        seam_raise(q->tx_port);
}

/* Answers all that was taken, with back.status. */
static inline void back_answer(void)
{
    for (unsigned i = 0; i < back.queues; i++) {
        struct back_queue *q = &back.queue[i];

        for (unsigned k = 0; k < q->answers; k++)
            back_tx_response(q, q->answer[k], q->extra[k] ? NETIF_RSP_NULL : back.status);
        q->answers = 0;
        back_tx_publish(q);
    }
}

/* One received slot of any content; not yet visible. */
static inline void back_rx_slot(struct back_queue *q, const void *data, unsigned offset, int status,
                                unsigned flags)
{
    union wire_rx_entry *e = &q->rx->entry[q->rx_cons % WIRE_SLOTS];
    const struct wire_rx_request r = e->request;

    assert_true(q->rx_cons != q->rx->index.req_prod);
    if (data && status > 0) {
        assert_false(seam_grants[r.gref].flags & GTF_readonly);
        memcpy((uint8_t *)back_page(r.gref) + offset, data, (size_t)status);
    }
    e->response = (struct wire_rx_response){.id = r.id,
                                            .offset = (uint16_t)offset,
                                            .flags = (uint16_t)flags,
                                            .status = (int16_t)status};
    q->rx_cons++;
}

static inline void back_rx_extra(struct back_queue *q, const struct wire_extra *extra)
{
    assert_true(q->rx_cons != q->rx->index.req_prod);
    q->rx->entry[q->rx_cons++ % WIRE_SLOTS].extra = *extra;
}

static inline void back_rx_publish(struct back_queue *q)
{
    const uint32_t old = q->rx->index.rsp_prod;

    q->rx->index.rsp_prod = q->rx_cons;
    q->rx->index.req_event = q->rx_cons + 1;
    if (q->rx_cons - q->rx->index.rsp_event < q->rx_cons - old)
        seam_raise(q->rx_port);
}

/* A frame of any length, in slots of up to a page. gso: XEN_NETIF_GSO_TYPE_... */
static inline void back_send(const void *data, unsigned len, unsigned flags, unsigned gso,
                             unsigned size)
{
    struct back_queue *q = &back.queue[0];
    const uint8_t *p = data;
    bool first = true;

    while (len) {
        const unsigned n = MIN(len, (unsigned)PAGE_SIZE);

        len -= n;
        back_rx_slot(q, p, 0, (int)n,
                     (first ? flags | (gso ? NETRXF_extra_info : 0) : 0) |
                         (len ? NETRXF_more_data : 0));
        if (first && gso)
            back_rx_extra(
                q, &(struct wire_extra){.type = XEN_NETIF_EXTRA_TYPE_GSO,
                                        .gso = {.size = (uint16_t)size, .type = (uint8_t)gso}});
        first = false;
        p += n;
    }
    back_rx_publish(q);
}

/* ---- XenStore ---- */

static inline void vif_set(bool backend, const char *key, const char *value)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/%s", backend ? BACK : FRONT, key);
    fake_text(path, value);
}

static inline void vif_state(unsigned state)
{
    char text[] = {(char)('0' + state), '\0'};

    back.attached = back.attached && state == XenbusStateConnected;
    vif_set(true, "state", text);
}

/* The backend sees the frontend's writes. */
static inline void vif_follow(uint32_t type, const char *body)
{
    static bool inside;

    if (type != XS_WRITE || inside || strcmp(body, FRONT "/state") != 0)
        return;
    inside = true;
    switch (fake_value(body)[0] - '0') {
    case XenbusStateInitialising:
        if (reopens && fake_find(BACK "/state"))
            vif_state(XenbusStateInitWait);
        break;
    case XenbusStateConnected: /* Linux' backend ignores Initialised */
        if (connects && fake_value(BACK "/state")[0] == '0' + XenbusStateInitWait) {
            back_attach();
            vif_state(XenbusStateConnected);
        }
        break;
    case XenbusStateClosing:
        if (closes)
            vif_state(XenbusStateClosing);
        break;
    case XenbusStateClosed:
        if (closes)
            vif_state(XenbusStateClosed);
        break;
    default:
        break;
    }
    inside = false;
}

static inline void vif_idle(void)
{
    fake_run();
    if (!back.attached || !back.automatic)
        return;
    while (back_take())
        ;
    back_answer();
}

static inline void vif_fresh(void)
{
    vif_set(false, "state", "1");
    vif_state(XenbusStateInitWait);
}

/* As Linux' backend offers it. */
static inline void vif_configure(void)
{
    static const char *const offers[] = {
        "feature-rx-copy",           "feature-sg",
        "feature-gso-tcpv4",         "feature-gso-tcpv6",
        "feature-ipv6-csum-offload", "feature-split-event-channels",
        "feature-multicast-control", "feature-dynamic-multicast-control",
        "feature-ctrl-ring",         "online",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(offers); i++)
        vif_set(true, offers[i], "1");
    fake_text(FRONT, "");
    vif_set(true, "multi-queue-max-queues", "2");
    vif_set(false, "backend", BACK);
    vif_set(false, "backend-id", "0");
    vif_set(false, "handle", "0");
    vif_set(false, "mac", "00:16:3e:01:02:fe");
    vif_fresh();
}

/* What a suspension leaves: for seam_suspend. The interface is as configured, its backend gone. */
static inline int vif_stop(void)
{
    memset(shared_info, 0, sizeof(*shared_info));
    memset(boot_info.xenstore, 0, PAGE_SIZE);
    memset(fake.watches, 0, sizeof(fake.watches));
    fake.in_len = fake.out_len = 0;
    back.attached = false;
    vif_configure();
    fake.out_len = 0;
    return 0;
}

/* ---- a test's setup ---- */

static inline int vif_setup(void **state)
{
    (void)state;
    if (fake_setup() || gnttab_init())
        return -1;
    fake.after = vif_follow;
    seam_idle = vif_idle;
    memset(&back, 0, sizeof(back));
    reopens = false;
    connects = closes = true;
    vif_configure();
    return 0;
}

static inline void vif_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    assert_int_equal(heap.in_use[MEM_NET], 0);
#ifndef VIF_XENSTORE_MAY_KEEP /* defined where a domain ends */
    assert_int_equal(heap.in_use[MEM_XENSTORE], 0);
    assert_int_equal(heap.in_use[MEM_THREAD], 0);
#endif
    assert_int_equal(page.in_use[MEM_NET], 0);
    assert_int_equal(grants.in_use, 0);
}

static inline int vif_teardown(void **state)
{
    (void)state;
    vif_nothing_left();
    seam_exit();
    return 0;
}

/* ---- a receiver that notes what it is called for ---- */

static struct {
    unsigned ready, frames, done, events;
    int last_status;
    enum netfront_event last_event;
    struct netfront_rx rx; /* the last frame */
    uint8_t data[66000];   /* its bytes */
    struct netfront_buffer *kept[2000];
    unsigned keep, keep_failed; /* so many fragments are kept: at most */
    unsigned keeps;
    int (*in_receive)(struct netfront_dev *dev);
} user;

static inline void user_ready(struct netfront_dev *dev, void *arg)
{
    (void)dev;
    assert_ptr_equal(arg, &user);
    assert_true(in_handler());
    user.ready++;
}

static inline void user_receive(struct netfront_dev *dev, const struct netfront_rx *frame,
                                void *arg)
{
    assert_ptr_equal(arg, &user);
    user.rx = *frame;
    user.frames++;
    assert_true(netfront_rx_copy(dev, frame, 0, user.data, frame->len));
    for (unsigned i = 0; i < frame->count && user.keeps < user.keep; i++) {
        if (netfront_buffer_keep(frame->frag[i].buffer))
            user.keep_failed++;
        else
            user.kept[user.keeps++] = frame->frag[i].buffer;
    }
    if (user.in_receive)
        user.in_receive(dev);
}

static inline void user_event(struct netfront_dev *dev, enum netfront_event what, void *arg)
{
    (void)dev;
    assert_ptr_equal(arg, &user);
    user.events++;
    user.last_event = what;
}

static inline void user_done(void *arg, int status)
{
    assert_ptr_equal(arg, &user);
    user.done++;
    user.last_status = status;
}

static inline void user_release(void)
{
    while (user.keeps)
        netfront_buffer_release(user.kept[--user.keeps]);
}

/* config may be NULL. */
static inline struct netfront_dev *vif_open(const struct netfront_config *config)
{
    struct netfront_config c = config ? *config : (struct netfront_config){0};
    struct netfront_dev *dev;

    memset(&user, 0, sizeof(user));
    c.ready = user_ready;
    c.receive = user_receive;
    c.event = user_event;
    c.arg = &user;
    assert_int_equal(netfront_open_device(NULL, &c, &dev), 0);
    thread_sleep(NSEC_PER_MSEC);
    while (netfront_poll(dev, 64)) /* the first ready is about the connection */
        ;
    user.ready = 0;
    return dev;
}

/* Until nothing is left. */
static inline void vif_poll(struct netfront_dev *dev)
{
    thread_sleep(NSEC_PER_MSEC);
    while (netfront_poll(dev, 64))
        ;
}

static inline void vif_pattern(uint8_t *p, unsigned len, unsigned seed)
{
    for (unsigned i = 0; i < len; i++)
        p[i] = (uint8_t)(seed + i * 7 + (i >> 8));
}

/* A frame of one fragment. */
static inline int vif_send(struct netfront_dev *dev, const void *data, unsigned len,
                           void (*done)(void *, int))
{
    const struct netfront_tx_frag frag = {data, len};
    const struct netfront_tx tx = {
        .count = 1, .frag = &frag, .header = 54 < len ? 54 : len, .done = done, .arg = &user};

    return netfront_send(dev, &tx);
}

#endif
