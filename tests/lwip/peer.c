/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <kernel/event_channel.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/seam.h"
#include "lib/lwip/ifc/settings.h"
#include "lib/lwip/socket/inet.h"

uint8_t data[120000];

const uint8_t peer_mac[6] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};
const uint8_t our_mac[6] = {0, 0x16, 0x3e, 1, 2, 3};

struct peer_seen seen;

uint8_t byte_at(unsigned i)
{
    return (uint8_t)(i * 7 + (i >> 8));
}

static void tcp_seen(const uint8_t *f, unsigned len)
{
    const unsigned tcp = frame_tcp(f), head = frame_payload(f);
    const unsigned end = 14 + frame_get16(f + 16);

    assert_int_equal(frame_tcp_sum(f, end), 0xffff);
    assert_true(len >= end);
    seen.tcp++;
    seen.seq = frame_get32(f + tcp + 4);
    seen.ack = frame_get32(f + tcp + 8);
    seen.flags = f[tcp + 13];
    if (!seen.stream || end == head)
        return;
    assert_int_equal(seen.seq, seen.expect);
    for (unsigned i = head; i < end; i++)
        assert_int_equal(f[i], byte_at(seen.bytes++));
    seen.expect += end - head;
}

static void arp_reply(const uint8_t *request)
{
    uint8_t f[42];

    memcpy(f, request + 6, 6);
    memcpy(f + 6, peer_mac, 6);
    memcpy(f + 12, request + 12, 10);
    f[21] = 2;
    memcpy(f + 22, peer_mac, 6);
    memcpy(f + 28, request + 38, 4);
    memcpy(f + 32, request + 22, 10);
    fake_inject(f, sizeof(f), 0, 0);
}

/* There is no such name, or an error. */
static void dns_reply(const uint8_t *query, unsigned len)
{
    uint8_t f[600];

    assert_true(len <= sizeof(f));
    memcpy(f, query, len);
    memcpy(f, query + 6, 6);
    memcpy(f + 6, query, 6);
    memcpy(f + 26, query + 30, 4);
    memcpy(f + 30, query + 26, 4);
    memcpy(f + 34, query + 36, 2);
    memcpy(f + 36, query + 34, 2);
    frame_put16(f + 40, 0); /* no checksum */
    frame_put16(f + 44, 0x8180u | peer_names_code);
    memset(f + 48, 0, 6);
    fake_inject(f, len, 0, 0);
}

static void wire(const uint8_t *f, unsigned len)
{
    const unsigned type = frame_get16(f + 12);

    if (type == 0x0806) {
        seen.arp_requests++;
        if (frame_get32(f + 38) == 0x0a000001)
            arp_reply(f);
    } else if (type == 0x0800 && f[23] == 6) {
        tcp_seen(f, len);
    } else if (type == 0x0800 && f[23] == 17 && frame_get16(f + 36) == 53) {
        if (peer_answers_names)
            dns_reply(f, len);
    } else if (type == 0x0800 && f[23] == 1) {
        seen.icmp++;
        memcpy(seen.icmp_frame, f, MIN(len, sizeof(seen.icmp_frame)));
        seen.icmp_len = len;
    } else if (type == 0x0800 && f[23] == 2) {
        seen.igmp_reports += f[14 + (f[14] & 15) * 4] == 0x16;
    } else if (type == 0x86dd && len > 62 && f[20] == 0 &&
               f[54] == 58) { /* behind hop-by-hop options */
        seen.mld_reports += f[62] == 131;
    }
}

void settle(void)
{
    for (unsigned i = 0; i < 20; i++)
        thread_yield();
}

uint16_t peer_mss = 1460;
bool peer_scales, peer_answers_names;
uint8_t peer_shift;
uint8_t peer_names_code = 3;
struct tcp_frame from_peer = {.from = 4000, .to = 7, .window = 65000};

void say(uint8_t flags, const uint8_t *bytes, unsigned len, unsigned known, unsigned part)
{
    const uint8_t options[8] = {2,          4, (uint8_t)(peer_mss >> 8), (uint8_t)peer_mss, 3, 3,
                                peer_shift, 1};
    static uint8_t f[66000];
    unsigned head;

    from_peer.flags = flags;
    from_peer.options = flags & TCP_SYN ? (peer_scales ? 8 : 4) : 0;
    head = frame_headers(f, &from_peer);
    memcpy(f, our_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    memcpy(f + head - from_peer.options, options, from_peer.options);
    if (len)
        memcpy(f + head, bytes, len);
    frame_finish(f, head + len);
    if (known & NETFRONT_CSUM_BLANK)
        f[frame_tcp(f) + 16] ^= 0x55; /* it has only the sum of the pseudo header */
    fake_inject(f, head + len, known, part);
    from_peer.seq += len + !!(flags & (TCP_SYN | TCP_FIN));
    settle();
}

void reset_peer(void)
{
    say(TCP_RST, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    fake.hold_sent = false;
    fake_ready();
    settle();
    assert_int_equal(fake.kept, 0);
    assert_int_equal(fake.in_flight, 0);
}

struct file *socket_listener(unsigned port, int backlog)
{
    const struct socket_address to = {.family = SOCKET_FAMILY_INET, .port = (uint16_t)port};
    const struct socket_value on = {.number = 1};
    struct file *f;
    struct socket *s;

    assert_int_equal(inet_socket_create(SOCKET_FAMILY_INET, SOCKET_STREAM, 0, 0, &f), 0);
    s = socket_of(f);
    assert_int_equal(s->ops->bind(s, &to), 0);
    assert_int_equal(s->ops->set(s, SOCKET_OPT_NODELAY, &on), 0);
    assert_int_equal(s->ops->listen(s, backlog), 0);
    return f;
}

struct file *socket_accepted(struct file *listener)
{
    struct socket_address peer;
    struct file *f;

    if (socket_of(listener)->ops->accept(socket_of(listener), &f, &peer))
        return NULL;
    f->flags |= FILE_NONBLOCK;
    return f;
}

bool peer_connects(unsigned port)
{
    from_peer.to = (uint16_t)port;
    from_peer.from++;
    from_peer.seq = 1000;
    from_peer.ack = 0;
    memset(&seen, 0, sizeof(seen));
    say(TCP_SYN, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    if (seen.flags != (TCP_SYN | TCP_ACK))
        return false;
    from_peer.ack = seen.seq + 1;
    seen.expect = from_peer.ack;
    seen.stream = true;
    say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    return !(seen.flags & TCP_RST);
}

struct file *socket_peer(void)
{
    struct file *listener = socket_listener(8, 1), *f;

    assert_true(peer_connects(8));
    f = socket_accepted(listener);
    assert_non_null(f);
    file_put(listener);
    return f;
}

int peer_start(void **state)
{
    static char word[] = "ip=10.0.0.2/24,gw=10.0.0.1";
    char *words[] = {word};

    (void)state;
    seam_init(64u << 20);
    assert_int_equal(evtchn_init(), 0);
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = byte_at(i);
    fake_reset();
    fake.wire = wire;
    assert_int_equal(net_take_words(1, words), 1);
    if (net_start())
        return 1;
    settle();
    return 0;
}

int peer_stop(void **state)
{
    (void)state;
    fake_hotplug(NETFRONT_GONE);
    settle();
    return fake.kept || fake.in_flight || fake.memory;
}
