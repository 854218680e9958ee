/* SPDX-License-Identifier: MIT */
/*
 * Joined segments: what a network card cuts a joined frame into is what lwIP has sent, byte for byte, but
 * for PSH and the identification; and what must not be joined is not.
 */
#include "tcp_frames.h"
#include "unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/seam.h"
#include "lib/lwip/ifc/join.h"
#include "lib/lwip/port/core_lock.h"
#include "lwip/init.h"

static struct random rnd = {1};
static struct join j;
static uint8_t pattern[70000];
static uint8_t blocks[8][16384] __attribute__((aligned(4096)));

static int start(void **state)
{
    (void)state;
    seam_init(16u << 20);
    net_core_lock();
    lwip_init();
    for (unsigned i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 31 + (i >> 8));
    return 0;
}

static struct pbuf *segment(const struct tcp_frame *t, const uint8_t *data, unsigned len,
                            bool split)
{
    uint8_t head[128];
    const unsigned n = frame_headers(head, t);
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)(n + (split ? 0 : len)), PBUF_RAM);

    assert_non_null(p);
    memcpy(p->payload, head, n);
    if (split && len) {
        struct pbuf *rest = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_REF);

        rest->payload = (void *)(uintptr_t)data;
        pbuf_cat(p, rest);
    } else if (len) {
        memcpy((uint8_t *)p->payload + n, data, len);
    }
    /* lwIP's IP header has its length; TCP's checksum is left out */
    if (t->v6)
        frame_put16((uint8_t *)p->payload + 18, n + len - 54);
    else
        frame_put16((uint8_t *)p->payload + 16, n + len - 14);
    return p;
}

/* size: of the segments that it is cut into, if it is large. */
static bool add_large(const struct tcp_frame *t, const uint8_t *data, unsigned len, bool split,
                      unsigned size)
{
    struct pbuf *p = segment(t, data, len, split);
    struct join_headers h;
    bool added;

    assert_true(join_parse(p, &h));
    added = join_add(&j, p, &h, size);
    assert_int_equal(p->ref, added ? 2 : 1);
    pbuf_free(p);
    return added;
}

static bool add(const struct tcp_frame *t, const uint8_t *data, unsigned len, bool split)
{
    return add_large(t, data, len, split, 0);
}

static uint8_t whole[70000];
static unsigned whole_len;

static struct netfront_tx finish(void)
{
    struct netfront_tx tx;
    unsigned n;

    join_finish(&j, &tx);
    whole_len = 0;
    for (unsigned i = 0; i < tx.count; i++) {
        memcpy(whole + whole_len, tx.frag[i].data, tx.frag[i].len);
        whole_len += tx.frag[i].len;
    }
    assert_true(tx.count <= NETFRONT_FRAGS_MAX);
    assert_true(whole_len <= NETFRONT_TX_MAX);
    assert_true(tx.header <= tx.frag[0].len);
    /* the field has the sum of the pseudo header, for a backend that computes the rest */
    assert_int_equal(join_pseudo_sum(whole, &j.headers, whole_len - j.headers.tcp),
                     *(uint16_t *)(void *)memcpy(&(uint16_t){0}, whole + j.headers.tcp + 16, 2));
    for (unsigned i = 0; i < j.segments; i++)
        assert_int_equal(j.held[i]->ref, 1);
    n = j.segments;
    assert_int_equal(join_drop(&j), n);
    assert_int_equal(j.segments, 0);
    return tx;
}

/* What comes out of the network card. */
static struct {
    unsigned count;
    uint32_t next;
    unsigned offset;
    uint8_t flags;
    unsigned id;
    uint8_t last_flags;
} out;

static void cut(const uint8_t *f, unsigned len, void *arg)
{
    const unsigned head = frame_payload(f), tcp = frame_tcp(f);

    (void)arg;
    assert_int_equal(frame_get32(f + tcp + 4), out.next);
    assert_memory_equal(f + head, pattern + out.offset, len - head);
    assert_int_equal(frame_tcp_sum(f, len), 0xffff);
    if (f[12] != 0x86) {
        assert_int_equal(frame_get16(f + 18), out.id + out.count);
        assert_int_equal(net_checksum(f + 14, 20), 0xffff);
    }
    out.last_flags = f[tcp + 13];
    out.next += len - head;
    out.offset += len - head;
    out.count++;
}

static void test_any_stream(void **state)
{
    unsigned joined = 0;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct tcp_frame t = {.v6 = random_below(&rnd, 2),
                              .seq = (uint32_t)random_below(&rnd, 1u << 31) * 2,
                              .ack = 77,
                              .from = 1000,
                              .to = 2000,
                              .window = 500,
                              .flags = TCP_ACK,
                              .options = (unsigned)random_below(&rnd, 3) * 4,
                              .id = (uint16_t)random_below(&rnd, 65536)};
        const unsigned mss = 1 + (unsigned)random_below(&rnd, 2000);
        const bool split = random_below(&rnd, 2);
        unsigned at = 0, n = 0;
        struct netfront_tx tx;

        out = (typeof(out)){.next = t.seq, .id = t.id};
        for (;;) {
            const unsigned len =
                random_below(&rnd, 8) ? mss : 1 + (unsigned)random_below(&rnd, mss);
            const bool psh = !random_below(&rnd, 4), fin = !random_below(&rnd, 20);

            t.flags = (uint8_t)(TCP_ACK | (psh ? TCP_PSH : 0) | (fin ? TCP_FIN : 0));
            if (!add(&t, pattern + at, len, split))
                break;
            out.flags |= t.flags;
            t.seq += len;
            t.id++;
            at += len;
            n++;
        }
        assert_true(n > 0);
        assert_int_equal(j.segments, n);
        tx = finish();
        assert_int_equal(tx.flags, NETFRONT_CSUM_BLANK);
        assert_int_equal(tx.gso, n == 1 ? NETFRONT_GSO_NONE
                                 : t.v6 ? NETFRONT_GSO_TCPV6
                                        : NETFRONT_GSO_TCPV4);
        frame_cut(whole, whole_len, tx.gso_size, cut, NULL);
        assert_int_equal(out.count, n);
        assert_int_equal(out.offset, at);
        assert_int_equal(out.last_flags, out.flags);
        joined += n;
    }
    assert_true(joined > 6000);
}

static const struct tcp_frame base = {
    .seq = 1000, .ack = 5, .from = 1, .to = 2, .window = 9, .flags = TCP_ACK, .options = 4};

static void test_contiguous_data_are_one_fragment(void **state)
{
    struct tcp_frame t = base;
    struct netfront_tx tx;
    static uint8_t page[8192] __attribute__((aligned(4096)));

    (void)state;
    for (unsigned i = 0; i < 4; i++, t.seq += 1000)
        assert_true(add(&t, page + i * 1000, 1000, true));
    tx = finish();
    assert_int_equal(tx.count, 2);
    assert_int_equal(tx.frag[1].len, 4000);
    /* not across a page's end */
    for (unsigned i = 0; i < 4; i++, t.seq += 2048)
        assert_true(add(&t, page + i * 2048, 2048, true));
    tx = finish();
    assert_int_equal(tx.count, 3);
}

static uint16_t sum_by_pairs(const uint8_t *p, unsigned len)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < len; i++)
        sum += (uint32_t)p[i] << (i % 2 * 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void test_checksum(void **state)
{
    static uint8_t ones[100];

    (void)state;
    memset(ones, 0xff, sizeof(ones));
    for (unsigned len = 0; len < 90; len++) {
        assert_int_equal(net_checksum(ones, (int)len), sum_by_pairs(ones, len));
        for (unsigned at = 0; at < 9; at++)
            assert_int_equal(net_checksum(pattern + at, (int)len), sum_by_pairs(pattern + at, len));
    }
}

/* A segment that is larger than a frame, alone and with others. */
static void test_large(void **state)
{
    struct tcp_frame t = base;
    struct netfront_tx tx;

    (void)state;
    t.options = 0;
    out = (typeof(out)){.next = t.seq};
    assert_true(add_large(&t, pattern, 20 * 1000, true, 1000));
    t.seq += 20 * 1000;
    t.id += 20;
    assert_false(add_large(&t, pattern + 20 * 1000, 2000, true, 500));
    assert_true(add(&t, pattern + 20 * 1000, 1000, true));
    t.seq += 1000;
    assert_true(add_large(&t, pattern + 21 * 1000, 2500, true, 1000));
    t.seq += 2500;
    assert_false(add(&t, pattern + 23500, 1000, true)); /* behind a short one */
    tx = finish();
    assert_int_equal(tx.gso, NETFRONT_GSO_TCPV4);
    assert_int_equal(tx.gso_size, 1000);
    frame_cut(whole, whole_len, tx.gso_size, cut, NULL);
    assert_int_equal(out.count, 24);
    assert_int_equal(out.offset, 23500);
    /* alone */
    t = base;
    assert_true(add_large(&t, pattern, 2500, true, 1000));
    t.seq += 2500;
    assert_false(add(&t, pattern, 1000, true));
    tx = finish();
    assert_int_equal(tx.gso, NETFRONT_GSO_TCPV4);
    assert_int_equal(tx.gso_size, 1000);
    /* one that turns out to fit */
    t = base;
    assert_true(add_large(&t, pattern, 1000, true, 1000));
    assert_int_equal(finish().gso, NETFRONT_GSO_NONE);
}

static void test_bounds(void **state)
{
    struct tcp_frame t = base;
    unsigned n = 0;

    (void)state;
    /* fragments: 17 beside the headers */
    for (; add(&t, blocks[0] + n * 2048, 1460, true); t.seq += 1460)
        n++;
    assert_int_equal(n, 17);
    finish();
    /* bytes */
    for (n = 0; add(&t, blocks[0], 8192, true); t.seq += 8192)
        n++;
    assert_int_equal(n, 7);
    finish();
}

/* ---- slots ---- */

#define CHUNK (28u + 16384u)

/* A stream of blocks, each behind a short header. */
static struct pbuf *blocks_segment(const struct tcp_frame *t, unsigned at, unsigned len)
{
    static uint8_t header[8][28];
    struct pbuf *p = segment(t, NULL, 0, true);

    for (unsigned left = len; left;) {
        const unsigned i = at / CHUNK % 8, in = at % CHUNK;
        const unsigned n = MIN(left, (in < 28 ? 28 : CHUNK) - in);
        struct pbuf *piece = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_REF);

        piece->payload = in < 28 ? header[i] + in : blocks[i] + in - 28;
        pbuf_cat(p, piece);
        at += n;
        left -= n;
    }
    frame_put16((uint8_t *)p->payload + 16, p->tot_len - 14u);
    return p;
}

/* A frame is as long as it can be without a copy by netfront: of each page a slot. */
static void test_slots(void **state)
{
    unsigned at = 0;

    (void)state;
    for (unsigned frames = 0; frames < 20; frames++) {
        struct tcp_frame t = base;
        struct join_headers h;
        struct netfront_tx tx;
        unsigned slots = 0;
        bool added;

        do {
            struct pbuf *p = blocks_segment(&t, at, 1448);

            assert_true(join_parse(p, &h));
            added = join_add(&j, p, &h, 0);
            pbuf_free(p);
            at += added ? 1448 : 0;
            t.seq += 1448;
        } while (added);
        tx = finish();
        for (unsigned i = 0; i < tx.count; i++)
            slots +=
                i ? (unsigned)(((uintptr_t)tx.frag[i].data % 4096 + tx.frag[i].len + 4095) / 4096)
                  : 1;
        assert_in_range(slots, NETFRONT_FRAGS_MAX - 1, NETFRONT_FRAGS_MAX);
        assert_in_range(whole_len, 49000, 65000);
    }
}

static void refuse(struct tcp_frame second, unsigned len)
{
    struct tcp_frame t = base;

    assert_true(add(&t, pattern, 100, false));
    assert_false(add(&second, pattern, len, false));
    assert_int_equal(finish().gso, NETFRONT_GSO_NONE);
    assert_int_equal(whole_len, 14 + 20 + 24 + 100);
}

static void test_what_is_not_joined(void **state)
{
    struct tcp_frame t = base;
    static const uint8_t closing[] = {TCP_SYN, TCP_RST, TCP_FIN, 0x20, 0x80};

    (void)state;
    t.seq += 100;
    refuse(t, 101);
    refuse(t, 0);
    t.seq++;
    refuse(t, 100);
#define OTHER(field, value) \
    t = base;               \
    t.seq += 100;           \
    t.field = value;        \
    refuse(t, 100)
    OTHER(ack, 6);
    OTHER(window, 10);
    OTHER(from, 3);
    OTHER(to, 3);
    OTHER(options, 0);
    OTHER(options, 8);
    OTHER(v6, true);
    OTHER(flags, TCP_ACK | TCP_SYN);
    OTHER(flags, TCP_ACK | TCP_RST);
    OTHER(flags, TCP_ACK | 0x20);
    OTHER(flags, TCP_ACK | 0x80);
    for (unsigned i = 0; i < sizeof(closing); i++) {
        struct tcp_frame first = base;

        first.flags |= closing[i];
        t = base;
        t.seq += 100;
        assert_true(add(&first, pattern, 100, false));
        assert_false(add(&t, pattern, 100, false));
        finish();
    }
    /* nothing follows a short one */
    t = base;
    assert_true(add(&t, pattern, 100, false));
    t.seq += 100;
    assert_true(add(&t, pattern, 50, false));
    t.seq += 50;
    assert_false(add(&t, pattern, 50, false));
    finish();
}

static void test_what_is_no_segment(void **state)
{
    struct pbuf *p = segment(&base, pattern, 100, false);
    uint8_t *f = p->payload, saved[128];
    struct join_headers h;
    static const struct {
        unsigned offset;
        uint8_t value;
    } change[] = {{12, 9}, {14, 0x44}, {14, 0x55}, {16, 1},   {20, 0x20},
                  {21, 1}, {23, 17},   {46, 0x40}, {46, 0xf0}};

    (void)state;
    memcpy(saved, f, sizeof(saved));
    assert_true(join_parse(p, &h));
    for (unsigned i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
        f[change[i].offset] = change[i].value;
        if (change[i].offset == 46 && change[i].value == 0xf0)
            p->len = 90; /* longer than the first buffer */
        assert_false(join_parse(p, &h));
        p->len = p->tot_len;
        memcpy(f, saved, sizeof(saved));
    }
    for (unsigned len = 0; len < 58; len++) {
        p->len = (u16_t)len;
        assert_false(join_parse(p, &h));
    }
    p->len = p->tot_len;
    pbuf_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_stream),
        cmocka_unit_test(test_contiguous_data_are_one_fragment),
        cmocka_unit_test(test_checksum),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_what_is_not_joined),
        cmocka_unit_test(test_what_is_no_segment),
    };

    return cmocka_run_group_tests_name("join", tests, start, NULL);
}
