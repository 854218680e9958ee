/* SPDX-License-Identifier: MIT */
/* The life of an interface: open, work, close, and the checks at the end (net_life.h). */
#include "net_life.h"

#include <ringlet/grant_table.h>
#include <ringlet/page.h>
#include <stdio.h>

void net_life_config(struct netfront_config *c)
{
    memset(c, 0, sizeof(*c));
    c->queues = one_in(3) ? 0 : 1 + below(NETBACK_QUEUES_MAX);
    c->rx_pages = one_in(3) ? 0 : 64 + below(one_in(3) ? 400 : 65);
    c->no_sg = one_in(6);
    c->no_gso = one_in(6);
    c->no_csum = one_in(6);
    c->multicast = one_in(2);
    c->split_channels = one_in(4) ? -1 : (int)below(2);
}

void net_life_take_config(struct net_workload *w, const struct netfront_config *c)
{
    struct netfront_config mine = w->config;

    w->config = *c;
    w->config.ready = mine.ready;
    w->config.receive = mine.receive;
    w->config.event = mine.event;
    w->config.arg = mine.arg;
}

int net_life_open(struct net_workload *w, struct netfront_dev **dev)
{
    char name[16];

    snprintf(name, sizeof(name),
             one_in(2)   ? "%u"
             : one_in(2) ? "vif%u"
                         : "device/vif/%u",
             w->back->peer.devid);
    totals.lives++;
    return netfront_open_device(name, &w->config, dev);
}

/* What the frontend must take for it. Without sg a frame, with a VLAN tag, is in one page. */
static unsigned mtu_of(const struct netback *b, bool sg)
{
    unsigned mtu = b->profile.mtu == ABSENT ? 1500 : (unsigned)b->profile.mtu;

    return sg ? mtu : MIN(mtu, (unsigned)PAGE_SIZE - 18);
}

static void check_limits(const struct net_workload *w)
{
    const struct netback *b = w->back;
    const struct net_profile *p = &b->profile;
    const struct netfront_config *c = &w->config;
    struct netfront_limits l;
    char mac[18];

    netfront_get_limits(w->dev, &l);
    snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", l.mac[0], l.mac[1], l.mac[2],
             l.mac[3], l.mac[4], l.mac[5]);
    CHECK(!strcmp(mac, b->mac) && l.handle == b->peer.devid && l.backend_domid == b->peer.domid,
          "address %s of interface %u in domain %u", mac, l.handle, l.backend_domid);
    CHECK(l.sg == (p->sg == 1 && !c->no_sg) && l.split_channels == b->split &&
              l.split_channels == (p->split == 1 && c->split_channels >= 0) &&
              l.trusted == (p->trusted != 0),
          "sg %d, split channels %d, trusted %d", l.sg, l.split_channels, l.trusted);
    CHECK(l.csum_v4 == (p->no_csum != 1 && !c->no_csum) &&
              l.csum_v6 == (p->csum6 == 1 && !c->no_csum),
          "checksums: %d, %d", l.csum_v4, l.csum_v6);
    CHECK(l.gso_v4 == (l.sg && l.csum_v4 && p->gso4 == 1 && !c->no_gso) &&
              l.gso_v6 == (l.sg && l.csum_v6 && p->gso6 == 1 && !c->no_gso),
          "gso: %d, %d", l.gso_v4, l.gso_v6);
    CHECK(l.multicast == (p->multicast == 1 && c->multicast) && b->front_multicast == l.multicast,
          "multicast: %d", l.multicast);
    CHECK(l.queues == b->queues && l.queues <= (c->queues ? c->queues : 1) &&
              l.queues_offered == (unsigned)(p->queues == ABSENT ? 1 : p->queues),
          "%u queues of %u, %u used", l.queues, l.queues_offered, b->queues);
    CHECK(l.mtu == mtu_of(b, l.sg), "the MTU is %u instead of %u", l.mtu, mtu_of(b, l.sg));
    CHECK(!(c->no_sg && b->front_sg) && !(c->no_gso && (b->front_gso4 || b->front_gso6)) &&
              !(c->no_csum && (b->front_csum4 || b->front_csum6)),
          "the frontend offers what it was told not to");
    CHECK(l.connected && l.carrier == b->carrier, "connected %d, carrier %d", l.connected,
          l.carrier);
}

/* Also the backend that came later knows all that are wanted. */
static void check_groups(const struct net_workload *w)
{
    unsigned wanted = (unsigned)__builtin_popcount(w->groups);
    struct netfront_limits l;

    netfront_get_limits(w->dev, &l);
    CHECK(!l.multicast || w->back->groups == wanted, "%u groups are wanted, the backend knows %u",
          wanted, w->back->groups);
}

#define U(x) ((unsigned long long)(x))

static void check_stats(const struct net_workload *w)
{
    const struct netback *b = w->back;
    struct netfront_stats s;

    netfront_get_stats(w->dev, &s);
    CHECK(s.tx_frames == b->tx_frames && s.tx_bytes == b->tx_bytes && s.tx_gso == b->tx_gso &&
              s.tx_errors == b->tx_errors,
          "statistics: %llu frames sent (%llu bytes, %llu gso, %llu errors), the backend saw %llu "
          "(%llu, %llu, %llu)",
          U(s.tx_frames), U(s.tx_bytes), U(s.tx_gso), U(s.tx_errors), U(b->tx_frames),
          U(b->tx_bytes), U(b->tx_gso), U(b->tx_errors));
    CHECK(s.tx_slots == b->tx_slots, "statistics: %llu slots sent, the backend saw %llu",
          U(s.tx_slots), U(b->tx_slots));
    CHECK(s.rx_frames == b->rx_frames && s.rx_bytes == b->rx_bytes && s.rx_gso == b->rx_gso &&
              s.rx_frames == w->received && s.rx_bytes == w->received_bytes,
          "statistics: %llu frames received (%llu bytes, %llu gso), the backend sent %llu (%llu, "
          "%llu), %llu were delivered",
          U(s.rx_frames), U(s.rx_bytes), U(s.rx_gso), U(b->rx_frames), U(b->rx_bytes), U(b->rx_gso),
          U(w->received));
    CHECK(s.rx_errors == b->rx_bad && !s.rx_dropped,
          "statistics: %llu bad frames and %llu dropped, the backend sent %llu bad ones",
          U(s.rx_errors), U(s.rx_dropped), U(b->rx_bad));
    CHECK(
        s.rx_blank == b->rx_blank && s.rx_validated == b->rx_validated &&
            s.rx_blank + s.rx_validated + s.rx_unchecked == s.rx_frames,
        "statistics: of %llu frames %llu are blank, %llu validated, %llu unchecked; %llu and %llu "
        "were sent",
        U(s.rx_frames), U(s.rx_blank), U(s.rx_validated), U(s.rx_unchecked), U(b->rx_blank),
        U(b->rx_validated));
    CHECK(s.tx_full == w->full, "statistics: %llu times full, %llu refusals", U(s.tx_full),
          U(w->full));
    CHECK(s.tx_dropped == w->dropped, "statistics: %llu frames dropped, %llu refused",
          U(s.tx_dropped), U(w->dropped));
    CHECK(s.notifications == netback_sends(b), "statistics: %llu notifications, %llu came",
          U(s.notifications), U(netback_sends(b)));
    CHECK(!s.violations && !s.reconnects, "%llu violations and %llu reconnections for nothing",
          U(s.violations), U(s.reconnects));
}

static void check_json(const struct netfront_dev *dev)
{
    char text[4096], small[16];
    int n = netfront_stats_json(dev, text, sizeof(text));

    CHECK(n > 2 && n < (int)sizeof(text) && (int)strlen(text) == n && text[0] == '{' &&
              text[n - 1] == '}' && !strchr(text, '\n'),
          "%d bytes of statistics: %s", n, text);
    memset(small, 'x', sizeof(small));
    CHECK(netfront_stats_json(dev, small, sizeof(small) - 1) == -ENOSPC &&
              small[sizeof(small) - 1] == 'x',
          "statistics do not fit and were written");
}

void net_life_honest(struct netback *b, struct net_workload *w, const struct net_options *o,
                     unsigned received)
{
    struct netfront_config config;
    struct netfront_dev *dev;
    int ret;

    frames_reset();
    net_life_config(&config);
    net_workload_init(w, b, o);
    net_life_take_config(w, &config);
    b->left = received;
    for (unsigned i = 0; i < NETBACK_QUEUES_MAX; i++)
        b->queue[i].tx_channel.sends = b->queue[i].rx_channel.sends = 0;
    ret = net_life_open(w, &dev);
    CHECK(!ret, "open: %s\n%s", errno_name(ret), seam_console());
    w->dev = dev;
    if (!b->profile.flap_in)
        check_limits(w);
    CHECK(!net_workload_begin(w, dev), "simulation: no memory for the workload");
    net_workload_wait(w);
    net_workload_stop(w);
    if (b->profile.flap_in) { /* the last change is noticed */
        struct netfront_limits limits;

        b->profile.flap_in = 0;
        thread_sleep(NSEC_PER_SEC);
        netfront_get_limits(dev, &limits);
        CHECK(limits.mtu == mtu_of(b, limits.sg), "the MTU is %u instead of %u", limits.mtu,
              mtu_of(b, limits.sg));
        CHECK(limits.carrier == b->carrier, "the carrier is %s, and was %s",
              limits.carrier ? "on" : "off", b->carrier ? "switched on" : "switched off");
    }
    while (netfront_poll(dev, 64)) /* answers to copied frames are taken when there is time */
        ;
    check_stats(w);
    check_json(dev);
    check_groups(w);
    netfront_get_stats(dev, &w->stats);
    ret = shutdown_netfront(dev);
    CHECK(!ret, "close: %s", errno_name(ret));
    net_workload_end(w);
    CHECK(!b->mapped && !grant_mappings(), "simulation: the backend still maps something");
}

/* Each frame that did not reach a backend is counted: those refused, and those that went with their
 * connection, of which the ones that were copied had been done. */
static void check_losses(const struct net_workload *w)
{
    unsigned unseen = frames_count(TO_BACKEND, w->back->peer.devid, FRAME_SENT, FRAME_SEEN);
    uint64_t lost = w->stats.tx_dropped - w->dropped;

    CHECK(lost >= w->done_lost && lost >= unseen && lost <= w->accepted,
          "statistics: %llu frames dropped; %llu refused, %llu lost, %u of %llu did not arrive",
          U(w->stats.tx_dropped), U(w->dropped), U(w->done_lost), unseen, U(w->accepted));
    CHECK(!w->stats.violations, "%llu violations, and the backend has the best of manners",
          U(w->stats.violations));
}

void net_life_restarts(struct netback *b, struct net_workload *w, const struct net_options *o,
                       const struct netfront_config *config)
{
    struct netfront_dev *dev;
    int ret;

    frames_reset();
    net_workload_init(w, b, o);
    net_life_take_config(w, config);
    ret = net_life_open(w, &dev);
    CHECK(!ret, "open: %s\n%s", errno_name(ret), seam_console());
    CHECK(!net_workload_begin(w, dev), "simulation: no memory for the workload");
    net_workload_wait(w);
    b->die_at = b->peer.die_turn = 0;
    net_workload_stop(w);
    netfront_flush(dev);
    for (unsigned i = 0; i < 100 && !netback_quiet(b); i++)
        thread_sleep(NSEC_PER_SEC / 10);
    CHECK(netback_quiet(b), "the interface is not connected again, or its frames are not taken");
    netfront_get_stats(dev, &w->stats);
    check_losses(w);
    check_groups(w);
    ret = shutdown_netfront(dev);
    CHECK(!ret || !b->peer.present, "close: %s", errno_name(ret));
    net_workload_end(w);
    netback_clean_up(b);
    thread_sleep(10 * NSEC_PER_MSEC); /* the frontend may have taken it for gone, and not waited */
    CHECK(!b->mapped && !grant_mappings(), "simulation: the backend still maps something");
}

void net_life_lossy(struct netback *b, struct net_workload *w, const struct net_options *o,
                    const struct netfront_config *config)
{
    frames_reset();
    net_life_lossy_beside(b, w, o, config);
}

void net_life_lossy_beside(struct netback *b, struct net_workload *w, const struct net_options *o,
                           const struct netfront_config *config)
{
    struct netfront_dev *dev;
    uint64_t begun = seam_now;
    int ret;

    net_workload_init(w, b, o);
    net_life_take_config(w, config);
    ret = net_life_open(w, &dev);
    if (ret) {
        CHECK(!dev, "open failed and gave a device");
        CHECK(ret == -ENOMEM || ret == -ENODEV || ret == -ETIMEDOUT || ret == -EINVAL ||
                  ret == -ENOENT || ret == -EPROTO || ret == -ENOSPC || ret == -EOPNOTSUPP,
              "open: %s", errno_name(ret));
        net_workload_end(w);
        return;
    }
    net_workload_begin(w, dev);
    net_workload_wait(w);
    if (b->peer.hostile) /* the effects of its operation must appear before the device is closed */
        thread_sleep(NSEC_PER_MSEC);
    net_workload_stop(w);
    netfront_get_stats(dev, &w->stats);
    ret = shutdown_netfront(dev);
    CHECK(!ret || ret == -ETIMEDOUT, "close: %s", errno_name(ret));
    net_workload_end(w);
    CHECK(seam_now - begun < 100 * NSEC_PER_SEC, "a life took %llu s",
          U((seam_now - begun) / NSEC_PER_SEC));
}
