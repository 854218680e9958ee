/* SPDX-License-Identifier: MIT */
#include "fake_netfront.h"

#include <ringlet/errno.h>
#include <ringlet/string.h>

#include <assert.h>
#include <stdlib.h>

#include "tcp_frames.h"

#define QUEUE  256u
#define FLIGHT 4096u

struct netfront_buffer {
    uint8_t *data;
    unsigned refs;
};

struct netfront_dev {
    struct netfront_config config;
};

struct fake_netfront fake;
static struct netfront_dev device;
static bool opened, armed;
static void (*watcher)(const char *, enum netfront_change, void *);

static struct {
    struct netfront_rx frame;
} queue[QUEUE];
static unsigned first, last;

static struct {
    void (*done)(void *, int);
    void *arg;
} flight[FLIGHT];

void fake_reset(void)
{
    static const uint8_t mac[6] = {0, 0x16, 0x3e, 1, 2, 3};

    memset(&fake, 0, sizeof(fake));
    fake.interfaces = 1;
    fake.limits = (struct netfront_limits){.name = "vif0",
                                           .mtu = 1500,
                                           .carrier = true,
                                           .connected = true,
                                           .sg = true,
                                           .gso_v4 = true,
                                           .gso_v6 = true,
                                           .csum_v4 = true,
                                           .csum_v6 = true,
                                           .multicast = true,
                                           .queues = 1};
    memcpy(fake.limits.mac, mac, 6);
}

/* ---- devices ---- */

int netfront_open_device(const char *name, const struct netfront_config *config,
                         struct netfront_dev **dev)
{
    assert(!strcmp(name, "0") && !opened);
    device.config = *config;
    *dev = &device;
    opened = armed = true;
    first = last = 0;
    return 0;
}

static void end_flight(int status)
{
    const unsigned n = fake.in_flight;

    fake.in_flight = 0;
    for (unsigned i = 0; i < n; i++)
        flight[i].done(flight[i].arg, status);
}

int shutdown_netfront(struct netfront_dev *dev)
{
    assert(dev == &device && opened);
    end_flight(-ENODEV);
    opened = false;
    return 0;
}

int netfront_enumerate(int (*fn)(const char *name, void *arg), void *arg)
{
    if (fake.interfaces)
        fn("0", arg);
    return (int)fake.interfaces;
}

int netfront_watch(void (*fn)(const char *name, enum netfront_change change, void *arg), void *arg)
{
    assert(!arg);
    watcher = fn;
    if (fake.interfaces)
        fn("0", NETFRONT_ARRIVED, NULL);
    return 0;
}

void fake_hotplug(enum netfront_change change)
{
    watcher("0", change, NULL);
}

int netfront_multicast(struct netfront_dev *dev, const uint8_t group[6], bool wanted)
{
    assert(dev == &device && group[0] & 1);
    fake.groups += wanted ? 1 : -1u;
    if (!memcmp(group, fake.group, sizeof(fake.group)))
        fake.group_wanted = wanted;
    return 0;
}

void netfront_get_limits(const struct netfront_dev *dev, struct netfront_limits *out)
{
    assert(dev == &device);
    *out = fake.limits;
}

void fake_event(enum netfront_event what)
{
    device.config.event(&device, what, device.config.arg);
}

void fake_ready(void)
{
    if (opened && armed) {
        armed = false;
        device.config.ready(&device, device.config.arg);
    }
}

/* ---- receiving ---- */

void fake_inject(const uint8_t *frame, unsigned len, unsigned flags, unsigned part)
{
    struct netfront_rx *f = &queue[last % QUEUE].frame;

    assert(last - first < QUEUE);
    *f = (struct netfront_rx){.len = len, .flags = flags};
    if (!part)
        part = len;
    for (unsigned at = 0; at < len; at += part) {
        struct netfront_buffer *b = calloc(1, sizeof(*b));
        const unsigned n = MIN(part, len - at);

        assert(f->count < NETFRONT_FRAGS_MAX);
        b->data = malloc(n);
        memcpy(b->data, frame + at, n);
        b->refs = 1;
        f->frag[f->count++] = (struct netfront_rx_frag){.data = b->data, .len = n, .buffer = b};
    }
    last++;
    fake_ready();
}

static void drop(struct netfront_buffer *b)
{
    if (--b->refs)
        return;
    free(b->data);
    free(b);
}

int netfront_buffer_keep(struct netfront_buffer *buffer)
{
    if (fake.keep_result)
        return fake.keep_result;
    buffer->refs++;
    fake.kept++;
    return 0;
}

void netfront_buffer_release(struct netfront_buffer *buffer)
{
    fake.kept--;
    drop(buffer);
}

bool netfront_rx_copy(struct netfront_dev *dev, const struct netfront_rx *frame, unsigned offset,
                      void *to, unsigned len)
{
    uint8_t *out = to;

    (void)dev;
    if (offset > frame->len || len > frame->len - offset)
        return false;
    fake.copied += len;
    for (unsigned i = 0; len; i++) {
        const struct netfront_rx_frag *f = &frame->frag[i];
        const unsigned n = offset < f->len ? MIN(len, f->len - offset) : 0;

        if (n)
            memcpy(out, (uint8_t *)f->data + offset, n);
        offset = offset < f->len ? 0 : offset - f->len;
        out += n;
        len -= n;
    }
    return true;
}

bool netfront_poll(struct netfront_dev *dev, unsigned budget)
{
    if (!fake.hold_sent)
        end_flight(0);
    for (; budget && first != last; budget--) {
        struct netfront_rx frame = queue[first++ % QUEUE].frame;

        dev->config.receive(dev, &frame, dev->config.arg);
        for (unsigned i = 0; i < frame.count; i++) {
            /* whoever still looks at it after the callback must have kept it */
            if (frame.frag[i].buffer->refs == 1)
                memset(frame.frag[i].data, 0xdd, frame.frag[i].len);
            drop(frame.frag[i].buffer);
        }
    }
    armed = first == last;
    return first != last;
}

/* ---- sending ---- */

static void on_wire(const uint8_t *segment, unsigned len, void *arg)
{
    (void)arg;
    if (fake.wire)
        fake.wire(segment, len);
}

/* As netfront counts them: what is short is copied, together with what is short before it. */
static unsigned pieces_of(const struct netfront_tx *tx)
{
    bool copied = false;
    unsigned n = 0;

    for (unsigned i = 0; i < tx->count; i++) {
        const unsigned end = (unsigned)((uintptr_t)tx->frag[i].data % PAGE_SIZE) + tx->frag[i].len;
        const bool copy = tx->frag[i].len <= 128;

        n += copy ? !copied : (end + PAGE_SIZE - 1) / PAGE_SIZE;
        copied = copy;
    }
    return n;
}

int netfront_send(struct netfront_dev *dev, const struct netfront_tx *tx)
{
    static uint8_t frame[65536];
    unsigned len = 0, whole = 0;

    assert(dev == &device && tx->count <= 32);
    for (unsigned i = 0; i < tx->count; i++)
        whole += tx->frag[i].len;
    if (fake.send_result && !(fake.small_fit && whole <= 512))
        return fake.send_result;
    for (unsigned i = 0; i < tx->count; i++) {
        assert(len + tx->frag[i].len <= NETFRONT_TX_MAX);
        memcpy(frame + len, tx->frag[i].data, tx->frag[i].len);
        len += tx->frag[i].len;
    }
    assert(tx->header <= len && (!tx->gso || tx->flags & NETFRONT_CSUM_BLANK));
    assert(tx->gso || len <= fake.limits.mtu + 14);
    assert(!(tx->flags & NETFRONT_CSUM_BLANK) || fake.limits.csum_v4);
    fake.sent++;
    fake.fragments += tx->count;
    fake.most_fragments = MAX(fake.most_fragments, tx->count);
    fake.most_pieces = MAX(fake.most_pieces, pieces_of(tx));
    fake.gso += tx->gso != NETFRONT_GSO_NONE;
    assert(fake.in_flight < FLIGHT);
    flight[fake.in_flight].done = tx->done;
    flight[fake.in_flight++].arg = tx->arg;
    if (tx->flags & NETFRONT_CSUM_BLANK)
        frame_cut(frame, len, tx->gso ? tx->gso_size : 0, on_wire, NULL);
    else
        on_wire(frame, len, NULL);
    return 0;
}

void netfront_flush(struct netfront_dev *dev)
{
    assert(dev == &device);
    fake.flushes++;
    if (fake.in_flight && !fake.hold_sent)
        fake_ready();
}

void *netfront_mem_alloc(size_t bytes)
{
    if (fake.no_memory)
        return NULL;
    fake.memory++;
    /* as the real one: within a page */
    return bytes > 2048 ? aligned_alloc(4096, (bytes + 4095) / 4096 * 4096) : malloc(bytes);
}

void netfront_mem_free(void *data)
{
    fake.memory -= data != NULL;
    free(data);
}

bool netfront_mem_busy(const void *data, size_t len)
{
    const uintptr_t at = (uintptr_t)fake.busy;

    return at >= (uintptr_t)data && at < (uintptr_t)data + len;
}

size_t netfront_mem_size(const void *data)
{
    (void)data;
    return 0;
}
