/* SPDX-License-Identifier: MIT */
/*
 * The smallest guest with a network interface, on the driver alone: it is 10.0.0.2, and answers ARP,
 * ICMP echo requests and UDP to port 7. It ends after seconds=N (default 20), or when frames=N came.
 * copy=1 sends from memory that has to be copied; blank=0 computes all checksums; queues=N.
 */
#include "../verdict.h"
#include "answer.h"

#include <ringlet/clock.h>
#include <ringlet/cmdline.h>
#include <ringlet/errno.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#define BLOCK 2048u /* bytes of a fragment that is sent */

static struct answer answer;
static struct wait_queue work = WAIT_QUEUE_INIT(work);
static bool ready;
static bool copies, blank = true;
static uint64_t sent, refused, failed;
static bool lost;

static void is_ready(struct netfront_dev *dev, void *arg)
{
    (void)dev;
    (void)arg;
    ready = true;
    wake_all(&work);
}

static void changed(struct netfront_dev *dev, enum netfront_event what, void *arg)
{
    static const char *const name[] = {
        [NETFRONT_EV_CARRIER] = "carrier", [NETFRONT_EV_MTU] = "mtu",
        [NETFRONT_EV_AWAY] = "away",       [NETFRONT_EV_BACK] = "back",
        [NETFRONT_EV_FAILED] = "failed",
    };

    (void)dev;
    (void)arg;
    print_raw("net: event %s\n", name[what]);
    lost |= what == NETFRONT_EV_FAILED;
    wake_all(&work);
}

/* A block that was sent, behind a pointer to the next one of its frame. */
struct chain {
    struct chain *next;
    uint8_t data[BLOCK - sizeof(struct chain *)];
};

static void done(void *arg, int status)
{
    struct chain *c = arg;

    failed += status != 0;
    while (c) {
        struct chain *next = c->next;

        netfront_mem_free(c);
        c = next;
    }
}

static int send_references(struct netfront_dev *dev, const struct answer *a)
{
    struct netfront_tx_frag frag[ANSWER_MAX / sizeof(((struct chain *)0)->data) + 1];
    struct netfront_tx tx = {.flags = a->flags, .header = 34, .frag = frag, .done = done};
    struct chain *first = NULL;
    int ret = 0;

    for (unsigned at = 0; at < a->len && !ret; at += frag[tx.count++].len) {
        struct chain *c = netfront_mem_alloc(sizeof(*c));

        frag[tx.count].len = 0;
        if (!c) {
            ret = -ENOMEM;
            break;
        }
        c->next = first;
        first = c;
        frag[tx.count].data = c->data;
        frag[tx.count].len = MIN(a->len - at, (unsigned)sizeof(c->data));
        memcpy(c->data, a->data + at, frag[tx.count].len);
    }
    tx.arg = first;
    if (!ret)
        ret = netfront_send(dev, &tx);
    if (ret)
        done(first, 0);
    return ret;
}

static int send_copies(struct netfront_dev *dev, const struct answer *a)
{
    const struct netfront_tx_frag frag = {a->data, a->len};
    const struct netfront_tx tx = {.flags = a->flags, .header = 34, .frag = &frag, .count = 1};

    return netfront_send(dev, &tx);
}

static void receive(struct netfront_dev *dev, const struct netfront_rx *frame, void *arg)
{
    const uint8_t *mac = arg;
    int ret;

    answer.len = MIN(frame->len, ANSWER_MAX);
    if (!netfront_rx_copy(dev, frame, 0, answer.data, answer.len) ||
        !answer_make(&answer, mac, blank))
        return;
    ret = copies ? send_copies(dev, &answer) : send_references(dev, &answer);
    if (ret)
        refused++;
    else
        sent++;
}

static void report(const struct netfront_dev *dev)
{
    static char text[2048];
    struct netfront_limits l;

    netfront_get_limits(dev, &l);
    if (netfront_stats_json(dev, text, sizeof(text)) > 0)
        print_raw("net: %s\n", text);
    print_raw(
        "net: sent %llu, refused %llu, failed %llu; mtu %u, %u queues, sg %d, gso %d %d, csum %d "
        "%d, split %d, %u rx pages\n",
        (unsigned long long)sent, (unsigned long long)refused, (unsigned long long)failed, l.mtu,
        l.queues, l.sg, l.gso_v4, l.gso_v6, l.csum_v4, l.csum_v6, l.split_channels, l.rx_pages);
}

int main(int argc, char *argv[])
{
    uint64_t seconds = 20, frames = UINT64_MAX, queues = 1, end;
    struct option options[] = {
        {.name = "seconds", .type = OPT_UINT, .min = 1, .max = 3600, .out = &seconds},
        {.name = "frames", .type = OPT_UINT, .min = 1, .out = &frames},
        {.name = "queues", .type = OPT_UINT, .min = 1, .max = 8, .out = &queues},
        {.name = "copy", .type = OPT_BOOL, .out = &copies},
        {.name = "blank", .type = OPT_BOOL, .out = &blank},
    };
    struct netfront_limits limits = {0};
    struct netfront_config config = {
        .ready = is_ready, .receive = receive, .event = changed, .arg = limits.mac};
    struct netfront_dev *dev;
    char err[192];
    int ret;

    if (cmdline_parse(argc, argv, options, ARRAY_SIZE(options), err, sizeof(err))) {
        print_raw("net: %s\n", err);
        return verdict_print(ERROR);
    }
    config.queues = (unsigned)queues;
    ret = netfront_open_device(NULL, &config, &dev);
    if (ret) {
        print_raw("net: no interface can be connected: -%s\n", errno_name(ret));
        return verdict_print(ret == -ENOENT ? SKIP : FAILURE);
    }
    netfront_get_limits(dev, &limits);
    print_raw("net: %s is connected\n", limits.name);
    end = clock_deadline(seconds * NSEC_PER_SEC);
    while (clock_now() < end && !lost && sent < frames) {
        wait_event(&work, ready || lost, end);
        ready = false;
        while (netfront_poll(dev, 64))
            thread_yield();
    }
    report(dev);
    ret = shutdown_netfront(dev);
    print_raw("net: closed: %s\n", ret ? errno_name(ret) : "0");
    return verdict_print(failed ? FAILURE : SUCCESS);
}
