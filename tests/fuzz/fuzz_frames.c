/* SPDX-License-Identifier: MIT */
/*
 * The rings of an open network interface. The input decides the backend's actions: it answers
 * honestly, late, or forges responses of both rings, scribbles on them, moves indexes, keeps grants
 * mapped; and the guest's: it sends, keeps and releases pages, with failing allocations. In all
 * cases each frame is done exactly once, each frame that is delivered has a sane form, and nothing
 * leaks; as long as the backend was honest, nothing is lost or changed.
 */
#include "fuzz.h"

#include <setjmp.h>
#include <unit/fake_vif.h>

#define FRAMES    64
#define KEPT_MAX  40
#define FRAME_MAX 6000

static struct sent {
    bool busy;
    uint8_t *block[4];
    unsigned blocks;
} sent[FRAMES];
static struct {
    struct netfront_buffer *buffer;
    const uint8_t *data;
    unsigned len;
    uint8_t first; /* byte of an honest backend's frame */
} kept[KEPT_MAX];
static unsigned kept_count, keep_in, accepted, ended, good, expected, received;
static bool lied, dirty, starved, mapped, lost, one_slot;
static uint8_t bytes[NETFRONT_FRAME_MAX];

/* ---- the guest ---- */

static void done(void *arg, int status)
{
    struct sent *s = arg;

    must(s->busy);
    must(status == 0 || status == -EIO || status == -ENODEV);
    s->busy = false;
    ended++;
    good += !status;
    while (s->blocks)
        netfront_mem_free(s->block[--s->blocks]);
}

static void receive(struct netfront_dev *dev, const struct netfront_rx *r, void *arg)
{
    unsigned sum = 0;

    (void)arg;
    must(r->len >= 14 && r->len <= NETFRONT_FRAME_MAX && r->count &&
         r->count <= NETFRONT_FRAGS_MAX);
    must(r->gso <= NETFRONT_GSO_TCPV6 && (!r->gso || r->gso_size));
    for (unsigned i = 0; i < r->count; i++) {
        must(r->frag[i].len && r->frag[i].buffer);
        must(((uintptr_t)r->frag[i].data & PAGE_MASK) + r->frag[i].len <= PAGE_SIZE);
        sum += r->frag[i].len;
    }
    must(sum == r->len);
    must(netfront_rx_copy(dev, r, 0, bytes, r->len));
    must(!netfront_rx_copy(dev, r, 1, bytes, r->len));
    received++;
    for (unsigned i = 1; i < r->len && !lied; i++)
        must(bytes[i] == bytes[0]);
    for (unsigned i = 0; i < r->count && keep_in; i++) {
        if ((received + i) % keep_in || kept_count == KEPT_MAX ||
            netfront_buffer_keep(r->frag[i].buffer))
            continue;
        kept[kept_count].buffer = r->frag[i].buffer;
        kept[kept_count].data = r->frag[i].data;
        kept[kept_count].len = r->frag[i].len;
        kept[kept_count++].first = bytes[0];
    }
}

static void release(unsigned i)
{
    for (unsigned k = 0; k < kept[i].len && !lied && !mapped; k++)
        must(kept[i].data[k] == kept[i].first);
    netfront_buffer_release(kept[i].buffer);
    kept[i] = kept[--kept_count];
}

static void event(struct netfront_dev *dev, enum netfront_event what, void *arg)
{
    (void)dev;
    (void)arg;
    lost |= what == NETFRONT_EV_FAILED;
}

static void send(struct netfront_dev *dev, struct input *in)
{
    static uint8_t other[FRAME_MAX];
    struct netfront_tx_frag frag[4];
    uint8_t which = input_u8(in), how = input_u8(in);
    struct sent *s = &sent[which % FRAMES];
    struct netfront_tx tx = {.frag = frag, .done = done, .arg = s};
    int ret;

    if (s->busy)
        return;
    tx.count = 1 + how % 4;
    for (unsigned i = 0; i < tx.count; i++) {
        frag[i].len = input_u16(in) % (how & 0x80 ? FRAME_MAX : 400u);
        frag[i].data = other;
        if (!(how & 0x40) || !frag[i].len || frag[i].len > PAGE_SIZE)
            continue;
        s->block[s->blocks] = netfront_mem_alloc(frag[i].len);
        if (!s->block[s->blocks])
            continue;
        memset(s->block[s->blocks], which, frag[i].len);
        frag[i].data = s->block[s->blocks++];
    }
    tx.header = how & 0x20 ? input_u8(in) : 54;
    if (how & 0x10) {
        tx.gso = input_u8(in) % 4;
        tx.gso_size = input_u16(in);
        tx.flags = NETFRONT_CSUM_BLANK;
    }
    s->busy = true;
    ret = netfront_send(dev, &tx);
    must(ret == 0 || ret == -ENOBUFS || ret == -EMSGSIZE || ret == -EINVAL || ret == -ENETDOWN ||
         ret == -ENODEV);
    accepted += !ret;
    must(!ret || s->busy); /* it is not done, too */
    if (!ret)
        return;
    s->busy = false;
    while (s->blocks)
        netfront_mem_free(s->block[--s->blocks]);
}

/* ---- the backend ---- */

static struct back_queue *some_queue(struct input *in)
{
    return &back.queue[input_u8(in) % back.queues];
}

static bool rx_left(const struct back_queue *q)
{
    uint32_t n = q->rx->index.req_prod - q->rx_cons;

    return n && n <= WIRE_SLOTS;
}

static void take_and_answer(void)
{
    if (dirty || !back.attached)
        return;
    while (back_take())
        ;
    back_answer();
}

/* A frame whose bytes are all the same. */
static void honest_frame(struct input *in)
{
    struct back_queue *q = some_queue(in);
    unsigned slots = 1 + input_u8(in) % (one_slot ? 1 : 6), size = 14 + input_u16(in) % 3990;

    if (dirty || q->rx->index.req_prod - q->rx_cons < slots || !rx_left(q))
        return;
    memset(bytes, input_u8(in), size);
    for (unsigned i = 0; i < slots; i++)
        back_rx_slot(q, bytes, i ? input_u8(in) % 90 : 0, (int)size,
                     i + 1 < slots ? NETRXF_more_data : 0);
    back_rx_publish(q);
    expected++;
}

static void forge_rx(struct input *in)
{
    struct back_queue *q = some_queue(in);
    uint8_t how = input_u8(in);
    union wire_rx_entry *e = &q->rx->entry[q->rx_cons % WIRE_SLOTS];
    union wire_rx_entry was = *e;

    if (!rx_left(q))
        return;
    lied = true;
    input_bytes(in, e, how & 1 ? 8 : 2);
    if (!(how & 1)) /* with the right id, and small numbers */
        e->response = (struct wire_rx_response){.id = was.request.id,
                                                .offset = input_u8(in),
                                                .flags = input_u8(in) % 16,
                                                .status = (int16_t)(input_u16(in) % 5000)};
    q->rx_cons++;
    if (how & 2)
        back_rx_publish(q);
}

static void forge_extra(struct input *in)
{
    struct back_queue *q = some_queue(in);
    struct wire_extra e = {.type = input_u8(in) % 6, .flags = input_u8(in) % 3};

    if (!rx_left(q))
        return;
    lied = true;
    e.gso.size = input_u16(in);
    e.gso.type = input_u8(in) % 4;
    back_rx_extra(q, &e);
}

static void forge_tx(struct input *in)
{
    struct back_queue *q = some_queue(in);
    uint8_t how = input_u8(in);
    uint16_t id = q->answers && how & 1 ? q->answer[how % q->answers] : input_u16(in);

    lied = true;
    back_tx_response(q, id, how & 2 ? (int16_t)-1 : (int16_t)input_u16(in));
    dirty |= (int32_t)(q->tx_rsp - q->tx_cons) > 0; /* in the place of a request */
    if (how & 4)
        back_tx_publish(q);
}

static void move_index(struct input *in)
{
    struct back_queue *q = some_queue(in);
    uint8_t how = input_u8(in);
    struct ring_index *index = how & 1 ? &q->rx->index : &q->tx->index;

    lied = dirty = true;
    index->rsp_prod = how & 2 ? input_u32(in) : index->rsp_prod + (uint32_t)(int8_t)input_u8(in);
    seam_raise(how & 1 ? q->rx_port : q->tx_port);
}

static void scribble(struct input *in)
{
    struct back_queue *q = some_queue(in);
    uint8_t *page = input_u8(in) & 1 ? (uint8_t *)q->rx : (uint8_t *)q->tx;

    lied = dirty = true;
    page[input_u16(in) % PAGE_SIZE] = input_u8(in);
}

static void map_one(struct input *in)
{
    uint16_t ref = input_u16(in) % 512;

    if (!(seam_grants[ref].flags & GTF_permit_access))
        return;
    mapped = true;
    seam_grants[ref].flags |= GTF_reading;
    if (!(seam_grants[ref].flags & GTF_readonly))
        seam_grants[ref].flags |= GTF_writing;
}

static void unmap_all(void)
{
    for (size_t i = 0; i < seam_grant_max_frames * PAGE_SIZE / sizeof(seam_grants[0]); i++)
        seam_grants[i].flags &= (uint16_t) ~(GTF_reading | GTF_writing);
}

/* ---- */

/* What the backend does while it has the rings. */
static void act(uint8_t what, struct input *in)
{
    switch (what) {
    case 2:
        take_and_answer();
        break;
    case 3:
        honest_frame(in);
        break;
    case 6:
        forge_rx(in);
        break;
    case 7:
        forge_extra(in);
        break;
    case 8:
        forge_tx(in);
        break;
    case 9:
        move_index(in);
        break;
    case 10:
        scribble(in);
        break;
    default:
        seam_raise(some_queue(in)->rx_port);
        thread_poll_events();
    }
}

static void step(struct netfront_dev *dev, struct input *in)
{
    static const uint8_t group[6] = {1, 0, 0x5e, 1, 1, 1};
    uint8_t what = input_u8(in) % 16;

    switch (what) {
    case 0:
    case 1:
        send(dev, in);
        break;
    case 4:
        netfront_poll(dev, 1 + input_u8(in) % 16);
        break;
    case 5:
        netfront_flush(dev);
        break;
    case 12:
        if (kept_count)
            release(input_u8(in) % kept_count);
        keep_in = input_u8(in) % 4;
        break;
    case 13:
        map_one(in);
        break;
    case 14:
        thread_sleep(input_u8(in) * NSEC_PER_MSEC);
        break;
    case 15:
        if (input_u8(in) & 1) {
            netfront_multicast(dev, group, input_u8(in) & 1);
            break;
        }
        starved = true;
        mem_fail_nth(input_u8(in));
        break;
    default:
        if (back.attached)
            act(what, in);
    }
}

static struct netfront_dev *begin(struct input *in)
{
    uint8_t how = input_u8(in);
    struct netfront_config config = {
        .queues = 1 + (how & 1),
        .rx_pages = 64,
        .no_sg = how >> 1 & 1,
        .split_channels = how & 4 ? -1 : 0,
        .multicast = 1,
        .reconnect_timeout_ns = NETFRONT_NO_RECONNECT,
        .receive = receive,
        .event = event,
    };
    struct netfront_dev *dev;

    setenv("CMOCKA_TEST_ABORT", "1", 1);
    must(vif_setup(NULL) == 0);
    memset(sent, 0, sizeof(sent));
    kept_count = keep_in = accepted = ended = good = expected = received = 0;
    lied = dirty = starved = mapped = lost = false;
    one_slot = config.no_sg;
    if (how & 8)
        vif_set(false, "trusted", "0");
    if (how & 16)
        vif_set(true, "feature-sg", "0");
    must(netfront_open_device(NULL, &config, &dev) == 0);
    thread_sleep(NSEC_PER_MSEC);
    netfront_poll(dev, 64);
    return dev;
}

/* As long as it did not lie everything gets through once the backend works again. */
static void drain(struct netfront_dev *dev)
{
    for (unsigned i = 0; i < 8; i++) {
        netfront_flush(dev);
        take_and_answer();
        thread_sleep(100 * NSEC_PER_MSEC);
        while (netfront_poll(dev, 64))
            ;
    }
    must(!lost);
    must(received == expected);
    must(ended == accepted && good == accepted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct netfront_stats stats;
    struct netfront_dev *dev = begin(&in);

    while (input_left(&in))
        step(dev, &in);
    mem_fail_nth(0);
    if (!lied)
        drain(dev);
    netfront_poll(dev, 64);
    thread_sleep(NSEC_PER_MSEC);
    netfront_get_stats(dev, &stats);
    must(!lost || lied || mapped);
    must(lied || !stats.violations);
    unmap_all();
    shutdown_netfront(dev);
    must(ended == accepted);
    while (kept_count)
        release(kept_count - 1);
    for (unsigned i = 0; i < 20; i++) { /* the quarantine tries again from time to time */
        seam_now += 10 * NSEC_PER_SEC;
        thread_poll_events();
    }
    vif_teardown(NULL);
    return 0;
}
