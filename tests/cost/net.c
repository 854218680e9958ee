/* SPDX-License-Identifier: MIT */
/*
 * Measures the guest's cost of a network frame, as cost.c that of a request of a disk.
 *
 *   net send BYTES FRAMES copied|referenced    referenced: of netfront_mem_alloc, as fragments of
 *                                              1448 bytes behind 66 bytes of headers
 *   net receive BYTES FRAMES kept|dropped      kept: the receiver copies 256 bytes, and keeps the pages
 *                                              of larger frames until all are there
 */
#include "unit/fake_vif.h"

#define WARM_UP 20
#define BATCHES 50
#define FRAMES  64
#define HEADER  66u
#define SEGMENT 1448u
#define FRAGS   45u

static struct netfront_dev *dev;
static unsigned bytes, frames, count, failed;
static bool sends, references, keeps;
static struct netfront_tx_frag frag[FRAMES][FRAGS + 1];
static struct netfront_tx tx[FRAMES];
static struct netfront_buffer *kept[FRAMES * NETFRONT_FRAGS_MAX];
static unsigned kept_count;
static uint8_t data[65536];

static void done(void *arg, int status)
{
    (void)arg;
    failed += status != 0;
    count++;
}

static void receive(struct netfront_dev *d, const struct netfront_rx *frame, void *arg)
{
    uint8_t head[NETFRONT_HEAD];

    (void)arg;
    failed += !netfront_rx_copy(d, frame, 0, head, MIN(frame->len, NETFRONT_HEAD));
    for (unsigned i = 0; keeps && frame->len > NETFRONT_HEAD && i < frame->count; i++) {
        kept[kept_count] = frame->frag[i].buffer;
        failed += netfront_buffer_keep(kept[kept_count++]) != 0;
    }
    count++;
}

static void send_all(void)
{
    for (unsigned i = 0; i < frames; i++)
        failed += netfront_send(dev, &tx[i]) != 0;
    netfront_flush(dev);
}

static void poll_all(void)
{
    while (netfront_poll(dev, FRAMES))
        ;
    while (kept_count)
        netfront_buffer_release(kept[--kept_count]);
}

/* callgrind collects in these two (see cost.mk). */
__attribute__((noinline)) void submit(void);
__attribute__((noinline)) void reap(void);

void submit(void)
{
    send_all();
}

void reap(void)
{
    poll_all();
}

static void backend(void)
{
    if (sends) {
        while (back_take())
            ;
        back_answer();
    } else {
        for (unsigned i = 0; i < frames; i++)
            back_send(data, bytes, NETRXF_data_validated,
                      bytes > 1514 ? XEN_NETIF_GSO_TYPE_TCPV4 : 0, SEGMENT);
    }
}

static void make(unsigned i)
{
    struct netfront_tx *t = &tx[i];
    unsigned at = HEADER;

    *t = (struct netfront_tx){.header = MIN(HEADER, bytes), .frag = frag[i]};
    if (references)
        t->done = done;
    if (bytes > 1514) {
        t->flags = NETFRONT_CSUM_BLANK;
        t->gso = NETFRONT_GSO_TCPV4;
        t->gso_size = SEGMENT;
    }
    if (!references) {
        frag[i][t->count++] = (struct netfront_tx_frag){data, bytes};
        return;
    }
    frag[i][t->count++] = (struct netfront_tx_frag){netfront_mem_alloc(256), HEADER};
    for (; at < bytes; at += SEGMENT)
        frag[i][t->count++] =
            (struct netfront_tx_frag){netfront_mem_alloc(1600), MIN(SEGMENT, bytes - at)};
}

int main(int argc, char *argv[])
{
    const struct netfront_config config = {.receive = receive, .rx_pages = 1024};
    struct netfront_stats before, s;
    const bool ok = argc == 5;

    bytes = ok ? (unsigned)strtoul(argv[2], NULL, 0) : 0;
    frames = ok ? (unsigned)strtoul(argv[3], NULL, 0) : 0;
    if (bytes < 14 || bytes > sizeof(data) - 1 || !frames || frames > FRAMES) {
        fprintf(stderr, "net send|receive BYTES FRAMES copied|referenced|kept|dropped\n");
        return 2;
    }
    sends = !strcmp(argv[1], "send");
    references = !strcmp(argv[4], "referenced");
    keeps = !strcmp(argv[4], "kept");
    vif_setup(NULL);
    thread_set_handler_stack(NULL, 0);
    if (netfront_open_device(NULL, &config, &dev))
        return 1;
    for (unsigned i = 0; sends && i < frames; i++)
        make(i);
    for (unsigned i = 0; i < WARM_UP; i++) {
        if (sends)
            send_all();
        backend();
        poll_all();
    }
    netfront_get_stats(dev, &before);
    count = 0;
    for (unsigned i = 0; i < BATCHES; i++) {
        if (sends)
            submit();
        backend();
        reap();
    }
    netfront_get_stats(dev, &s);
    if (failed || ((!sends || references) && count != BATCHES * frames)) {
        fprintf(stderr, "net: %u of %u frames, %u failures\n", count, BATCHES * frames, failed);
        return 1;
    }
    printf("requests %u notifications %llu grants %llu copied %llu slots %llu\n", BATCHES * frames,
           (unsigned long long)(s.notifications - before.notifications),
           (unsigned long long)(s.grants - before.grants),
           (unsigned long long)(s.tx_copied - before.tx_copied + s.rx_copied - before.rx_copied),
           (unsigned long long)(s.tx_slots - before.tx_slots + s.rx_slots - before.rx_slots));
    return 0;
}
