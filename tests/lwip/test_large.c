/* SPDX-License-Identifier: MIT */
/*
 * TCP segments larger than a frame: a model of a receiver, behind a wire that loses, with windows of any
 * kind, gets every byte once and in its place, and no more frames than small segments would have made.
 */
#include "peer.h"
#include "unit/random.h"

#include <ringlet/errno.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/seam.h"
#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/port/core_lock.h"
#include "lib/lwip/socket/inet.h"
#include "lib/lwip/socket/tcp.h"
#include "lib/lwip/socket/tcp_cut.h"
#include "lwip/mem.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

#define SPACE  (4u << 20) /* bytes of a stream at most */
#define PERIOD 65536u     /* of byte_at() */

static struct random rnd = {1};
static void (*others)(const uint8_t *frame, unsigned len); /* the peer's, of what is not TCP */

/* ---- the receiver ---- */

static struct {
    uint32_t first; /* sequence number of the first byte */
    unsigned next;  /* bytes that are there without a gap */
    bool got[SPACE];
    unsigned loss;     /* of 1000 segments */
    unsigned lose_in;  /* segments, the last of which is lost */
    unsigned lost;     /* where that began */
    bool deaf;         /* all is lost */
    unsigned segments; /* that came */
    unsigned again;    /* bytes that were there already */
    unsigned longest;  /* bytes */
    unsigned answers;  /* acknowledgements that are due */
    unsigned each;     /* segments for which there is one */
    unsigned ended;    /* bytes in front of FIN, + 1 */
    unsigned edge;     /* behind what any window has let through */
} r;

static void take(const uint8_t *f, unsigned from, unsigned len)
{
    const unsigned head = frame_payload(f);

    assert_true(from + len <= r.edge + 1); /* a probe */
    for (unsigned i = 0; i < len; i++) {
        assert_true(from + i < SPACE);
        assert_int_equal(f[head + i], byte_at(from + i));
        r.again += r.got[from + i];
        r.got[from + i] = true;
    }
    while (r.next < SPACE && r.got[r.next])
        r.next++;
}

static bool is_lost(unsigned from)
{
    if (r.deaf || random_below(&rnd, 1000) < r.loss)
        return true;
    if (!r.lose_in || --r.lose_in)
        return false;
    r.lost = from;
    return true;
}

/* The peer's address is asked for. */
static void advertise(const uint8_t *question)
{
    static const uint8_t address[16] = {0xfd, [15] = 1};
    uint8_t f[86], pseudo[8] = {[3] = 32, [7] = 58};
    uint32_t sum;
    uint16_t out;

    if (memcmp(question + 62, address, 16) != 0)
        return;
    memset(f, 0, sizeof(f));
    memcpy(f, our_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    memcpy(f + 12, question + 12, 6);
    f[19] = 32;
    f[20] = 58;
    f[21] = 255;
    memcpy(f + 22, address, 16);
    memcpy(f + 38, question + 22, 16);
    f[54] = 136;
    f[58] = 0x60;
    memcpy(f + 62, address, 16);
    f[78] = 2;
    f[79] = 1;
    memcpy(f + 80, peer_mac, 6);
    sum = net_checksum(f + 22, 64) + net_checksum(pseudo, sizeof(pseudo));
    out = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
    memcpy(f + 56, &out, 2);
    fake_inject(f, sizeof(f), 0, 0);
}

static void wire(const uint8_t *f, unsigned len)
{
    const bool v6 = frame_get16(f + 12) == 0x86dd, tcp = f[v6 ? 20 : 23] == 6;
    const unsigned end = v6 ? 54 + frame_get16(f + 18) : 14 + frame_get16(f + 16);
    unsigned from, bytes;

    if (v6 && f[20] == 58 && f[54] == 135)
        advertise(f);
    if (!tcp || (!v6 && (frame_get16(f + 12) != 0x0800 || !r.first))) {
        others(f, len);
        return;
    }
    seen.flags = f[frame_tcp(f) + 13];
    seen.seq = frame_get32(f + frame_tcp(f) + 4);
    if (!r.first) /* a handshake */
        return;
    assert_int_equal(frame_tcp_sum(f, end), 0xffff);
    assert_true(end - 14 <= fake.limits.mtu);
    bytes = end - frame_payload(f);
    from = seen.seq - r.first;
    if ((!bytes && !(seen.flags & TCP_FIN)) || is_lost(from))
        return;
    r.longest = MAX(r.longest, bytes);
    take(f, from, bytes);
    if (seen.flags & TCP_FIN) {
        assert_true(!r.ended || r.ended == from + bytes + 1);
        r.ended = from + bytes + 1;
    }
    if (++r.segments % r.each == 0 || r.next != from + bytes) /* a gap: at once */
        r.answers++;
}

static void answer(void)
{
    r.edge = MAX(r.edge, r.next + ((unsigned)from_peer.window << peer_shift));
    from_peer.ack = r.first + r.next + (r.ended == r.next + 1);
    say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
}

/* Answers what has come, or what was not answered when nothing comes for a while. */
static void answer_all(void)
{
    settle();
    if (!r.answers) {
        thread_sleep(100 * NSEC_PER_MSEC);
        if (!r.answers && !r.deaf)
            answer();
        return;
    }
    for (unsigned n = r.answers; n; n--)
        answer();
    r.answers = 0;
}

/* ---- the sender ---- */

static struct tcp_pcb *pcb_of(struct file *f)
{
    return tcp_of(socket_of(f))->pcb;
}

static unsigned written;

/* Writes up to `total` bytes of the stream, as far as there is room. */
static void write_some(struct file *f, unsigned total)
{
    while (written < total) {
        const unsigned at = written % PERIOD;
        const int64_t n = file_write(f, data + at, MIN(total - written, MIN(50000u, PERIOD - at)));

        if (n == -EAGAIN)
            return;
        assert_true(n > 0);
        written += (unsigned)n;
    }
}

static struct file *begun(struct file *f)
{
    memset(&r, 0, sizeof(r));
    r.first = from_peer.ack;
    r.each = 2;
    r.edge = (unsigned)from_peer.window << peer_shift;
    written = 0;
    return f;
}

static struct file *start(void)
{
    return begun(socket_peer());
}

/* Until all of it has come. */
static void stream(struct file *f, unsigned total)
{
    for (unsigned rounds = 0; r.next < total; rounds++) {
        assert_true(rounds < 20000);
        write_some(f, total);
        answer_all();
    }
    if (r.next < written)
        return;
    answer();
    assert_int_equal(pcb_of(f)->snd_buf, SOCKET_SND_BUF);
    assert_int_equal(pcb_of(f)->snd_queuelen, 0);
    assert_int_equal(tcp_of(socket_of(f))->sent.queued, 0);
}

static void end(struct file *f)
{
    r.loss = 0;
    file_put(f);
    from_peer.window = 65000;
    settle();
    r.first = 0;
    seen.stream = false;
    reset_peer();
    thread_sleep(60 * NSEC_PER_SEC); /* of what waited for neighbours */
}

/* A connection whose windows let lwIP make the largest segments. */
static struct file *fast(void)
{
    struct file *f = start();

    stream(f, 600000);
    r.segments = r.again = r.longest = 0;
    return f;
}

/* The peer's window is closed, and nothing is in flight. (A window that becomes smaller needs an
 * acknowledgement of something.) */
static void shut(struct file *f)
{
    write_some(f, written + 1000);
    settle();
    assert_int_equal(r.next, written);
    from_peer.window = 0;
    answer();
    r.answers = 0;
    assert_int_equal(pcb_of(f)->snd_wnd, 0);
    assert_null(pcb_of(f)->unacked);
}

/* ---- tests ---- */

static void test_are_used(void **state)
{
    struct file *f;
    unsigned sent;

    (void)state;
    peer_shift = 3;
    f = fast();
    assert_true(pcb_of(f)->cwnd > 250000); /* it has grown by what was acknowledged */
    sent = (unsigned)lwip_stats.tcp.xmit;
    fake.sent = 0;
    stream(f, 600000 + 2000000);
    assert_true(lwip_stats.tcp.xmit - sent < 2000000 / 28000);
    assert_true(fake.sent < 2000000 / 28000);
    assert_int_equal(r.longest, 1460);
    assert_int_equal(r.again, 0);
    assert_true(r.segments <= 2000000 / 1460 + 60);
    end(f);
    peer_shift = 0;
}

static void test_of_ip6(void **state)
{
    const struct socket_address any = {.family = SOCKET_FAMILY_INET6, .port = 8};
    struct file *listener, *f;
    unsigned sent;
    char err[100];

    (void)state;
    assert_int_equal(net_configure("vif0", "10.0.0.2/24,fd00::2/64", err, sizeof(err)), 0);
    thread_sleep(5 * NSEC_PER_SEC); /* nobody else has it */
    assert_int_equal(inet_socket_create(SOCKET_FAMILY_INET6, SOCKET_STREAM, 0, 0, &listener), 0);
    assert_int_equal(socket_of(listener)->ops->bind(socket_of(listener), &any), 0);
    assert_int_equal(socket_of(listener)->ops->listen(socket_of(listener), 1), 0);
    peer_mss = 1440;
    peer_shift = 3;
    from_peer.v6 = true;
    assert_true(peer_connects(8));
    f = socket_accepted(listener);
    assert_non_null(f);
    begun(f);
    stream(f, 600000);
    sent = (unsigned)lwip_stats.tcp.xmit;
    fake.sent = 0;
    stream(f, 600000 + 2000000);
    assert_true(lwip_stats.tcp.xmit - sent < 2000000 / 28000);
    assert_true(fake.sent < 2000000 / 28000);
    assert_int_equal(r.longest, 1440);
    assert_int_equal(r.again, 0);
    r.loss = 20;
    stream(f, 600000 + 2500000);
    file_put(listener);
    end(f);
    from_peer.v6 = false;
    peer_mss = 1460;
    peer_shift = 0;
    assert_int_equal(net_configure("vif0", "10.0.0.2/24,gw=10.0.0.1", err, sizeof(err)), 0);
}

/* The window of congestion is smaller than the first segment, and nothing has been acknowledged. */
static void test_first_goes_at_once(void **state)
{
    struct file *f = start();

    (void)state;
    write_some(f, 100000);
    settle();
    assert_in_range(r.next, 3 * 1460, 4 * 1460);
    stream(f, 100000);
    end(f);
}

/* A timeout costs nothing as long as nothing waits. */
static void test_timeout_without_a_wait(void **state)
{
    struct file *f = start();
    uint64_t before;

    (void)state;
    f->flags &= ~FILE_NONBLOCK;
    socket_of(f)->send_timeout = NSEC_PER_SEC;
    before = seam_clock_reads;
    assert_int_equal(file_write(f, data, 1000), 1000);
    assert_int_equal(seam_clock_reads, before);
    written = 1000;
    stream(f, 1000);
    end(f);
}

static void test_of_a_small_mss(void **state)
{
    struct file *f;

    (void)state;
    peer_mss = 536;
    f = fast();
    stream(f, 900000);
    assert_int_equal(r.longest, 536);
    end(f);
    peer_mss = 1460;
}

static void lossy(struct random *seed)
{
    struct file *f;

    rnd = *seed;
    f = start();
    r.loss = 1 + random_below(&rnd, 60);
    r.each = 1 + random_below(&rnd, 8);
    while (r.next < 1500000) {
        const bool narrow = !random_below(&rnd, 5);

        from_peer.window = (uint16_t)(narrow ? 1 + random_below(&rnd, 4000) : 65000);
        stream(f, r.next + 1 + random_below(&rnd, narrow ? 2 * from_peer.window : 200000));
    }
    from_peer.window = 65000;
    stream(f, written);
    end(f);
}

static void test_loss(void **state)
{
    (void)state;
    random_runs("loss", 12, lossy);
}

/* The third duplicate acknowledgement brings the segment that is missing, and no other. */
static void test_fast_retransmission_is_of_one_segment(void **state)
{
    struct file *f = fast();

    (void)state;
    r.each = 1000;
    r.lose_in = 21;
    write_some(f, 900000);
    settle();
    assert_true(r.lost > 600000 + 10000);
    assert_int_equal(r.next, r.lost);
    answer(); /* what came before it */
    r.answers = r.segments = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(r.next, r.lost);
        answer();
    }
    settle();
    assert_true(r.next > r.lost + 10 * 1460);
    assert_in_range(r.segments, 1, 4); /* and what is new */
    assert_int_equal(r.again, 0);
    r.each = 2;
    stream(f, 900000);
    assert_int_equal(r.again, 0);
    end(f);
}

/* After a timeout the window is one segment, then two. */
static void test_timeout(void **state)
{
    struct file *f = fast();
    unsigned next;

    (void)state;
    r.deaf = true;
    write_some(f, 900000);
    settle();
    thread_sleep(400 * NSEC_PER_MSEC);
    next = r.next;
    r.deaf = false;
    r.segments = 0;
    for (unsigned i = 0; i < 100 && !r.segments; i++)
        thread_sleep(100 * NSEC_PER_MSEC);
    assert_int_equal(r.segments, 1);
    assert_int_equal(r.next, next + 1460);
    answer();
    assert_int_equal(r.segments, 3); /* at once, not at the next tick of a timer */
    assert_int_equal(r.next, next + 3 * 1460);
    stream(f, 900000);
    assert_int_equal(r.again, 0);
    end(f);
}

/* What ends a recovery acknowledges much at once, and the window does not grow by that. */
static void test_window_after_a_timeout(void **state)
{
    struct file *f = fast();

    (void)state;
    r.each = 1000;
    r.lose_in = 1;
    write_some(f, 900000);
    settle();
    assert_int_equal(r.next, r.lost);
    for (unsigned i = 0; i < 100 && r.next == r.lost; i++)
        thread_sleep(100 * NSEC_PER_MSEC);
    assert_true(r.next > r.lost + 40000);
    r.deaf = true;
    answer();
    assert_in_range(pcb_of(f)->cwnd, 1460, 3 * 1460);
    r.deaf = false;
    r.each = 2;
    stream(f, 900000);
    end(f);
}

/* Closed, less than a segment, more than one, and less than what is queued. */
static void test_windows(void **state)
{
    static const uint16_t window[] = {0, 5000, 0, 700, 1, 1461, 0, 20000, 100, 30000, 0, 65000};
    struct file *f = fast();

    (void)state;
    for (unsigned i = 0; i < sizeof(window) / sizeof(window[0]); i++) {
        from_peer.window = window[i];
        for (unsigned n = 0; n < 1 + i % 3; n++) {
            write_some(f, 2000000);
            answer();
            thread_sleep(4 * NSEC_PER_SEC);
            r.answers = 0;
        }
    }
    stream(f, 2000000);
    end(f);
}

/* A window that is smaller than what is queued lets through what it can, without a timer. */
static void test_smaller_window_is_used_at_once(void **state)
{
    struct file *f = fast();
    unsigned next;

    (void)state;
    shut(f);
    write_some(f, 700000);
    settle();
    next = r.next;
    from_peer.window = 20000;
    answer();
    assert_in_range(r.next, next + 10000, next + 20000);
    from_peer.window = 65000;
    stream(f, 700000);
    end(f);
}

/* FIN comes behind the last byte, through a window of less than a segment. */
static void test_end_of_stream(void **state)
{
    struct file *f = fast();

    (void)state;
    shut(f);
    write_some(f, 700000);
    assert_int_equal(tcp_socket_shutdown(socket_of(f), false, true), 0);
    for (unsigned rounds = 0; !r.ended; rounds++) {
        assert_true(rounds < 5000);
        from_peer.window = (uint16_t)(r.next < 690000 ? 7000 : 100);
        answer_all();
    }
    assert_int_equal(r.next, 700000);
    assert_int_equal(r.ended, 700001);
    end(f);
}

/* Small writes are small pieces of memory: a frame has no more of them than netfront sends as they are. */
static void test_of_small_pieces(void **state)
{
    static const unsigned size[] = {100, 1500, 3008}; /* 512 bytes, and a page */
    struct file *f;

    (void)state;
    peer_shift = 3;
    f = fast();
    shut(f);
    fake.most_fragments = 0;
    for (unsigned i = 0; i < 3 * 50; i++) {
        assert_int_equal(file_write(f, data + written % PERIOD, size[i % 3]), size[i % 3]);
        written += size[i % 3];
    }
    for (const struct tcp_seg *seg = pcb_of(f)->unsent; seg; seg = seg->next)
        assert_true(pbuf_clen(seg->p) <= NETFRONT_FRAGS_MAX);
    from_peer.window = 65000;
    stream(f, written);
    assert_in_range(fake.most_fragments, 10, NETFRONT_FRAGS_MAX);
    end(f);
    peer_shift = 0;
}

/* What a device has, is not touched. */
static void test_in_flight(void **state)
{
    struct file *f = fast();
    struct tcp_seg *seg;

    (void)state;
    fake.hold_sent = true;
    write_some(f, 640000);
    settle();
    seg = pcb_of(f)->unacked;
    assert_true(seg->len > 1460);
    assert_false(tcp_cut(pcb_of(f), seg, 1460));
    fake.hold_sent = false;
    fake_ready();
    settle();
    assert_true(tcp_cut(pcb_of(f), seg, 1460));
    assert_int_equal(seg->len, 1460);
    stream(f, 640000);
    end(f);
}

/* A backend that takes less comes in the middle of a stream. */
static void test_backend_that_does_not_cut(void **state)
{
    struct file *f = fast();
    const struct tcp_seg *seg;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        shut(f); /* so that large ones wait */
        write_some(f, written + 200000);
        assert_true(pcb_of(f)->unsent->next->len > 1460);
        fake.limits.gso_v4 = fake.limits.gso_v6 = false;
        fake.limits.csum_v4 = fake.limits.csum_v6 = i != 1;
        fake.limits.mtu = i == 2 ? 1000 : 1500;
        fake_event(NETFRONT_EV_BACK);
        settle();
        assert_int_equal(pcb_of(f)->unsent->next->len, 1460);
        for (unsigned n = 0; n < 10; n++, written += 300)
            assert_int_equal(file_write(f, data + written % PERIOD, 300), 300);
        for (seg = pcb_of(f)->unsent; seg; seg = seg->next)
            assert_true(seg->len <= 1460);
        fake.gso = 0;
        from_peer.window = 65000;
        if (i != 2) { /* then they are IP fragments, which the model does not know */
            stream(f, written + 100000);
            assert_int_equal(fake.gso, 0);
        }
        fake.limits.gso_v4 = fake.limits.gso_v6 = fake.limits.csum_v4 = fake.limits.csum_v6 = true;
        fake.limits.mtu = 1500;
        fake_event(NETFRONT_EV_BACK);
        settle();
        stream(f, written + 400000);
        assert_true(fake.gso > 0);
    }
    end(f);
}

/* Without memory nothing can be cut: lwIP's timer does not find a large segment then. */
static void test_without_memory(void **state)
{
    struct file *f = fast();
    void *block[8000];
    unsigned n = 0;

    (void)state;
    write_some(f, 800000); /* a window's worth is in flight, and the rest waits */
    settle();
    assert_true(pcb_of(f)->unsent->len > 5000);
    fake.no_memory = true;
    while (n < 8000 && (block[n] = mem_malloc(200)))
        n++;
    assert_true(n < 8000);
    from_peer.window = 5000;
    answer();
    thread_sleep(200 * NSEC_PER_SEC);
    while (n)
        mem_free(block[--n]);
    fake.no_memory = false;
    from_peer.window = 65000;
    stream(f, 800000);
    end(f);
}

/* What a peer may say of the stream, and what it may not. */
static void wild(struct random *seed)
{
    struct file *f;

    rnd = *seed;
    f = fast();
    r.edge = SPACE;
    for (unsigned i = 0; i < 400; i++) {
        const unsigned ahead = random_below(&rnd, 3) ? r.next : random_below(&rnd, r.next + 1000);

        if (written < SPACE - 300000)
            write_some(f, written + random_below(&rnd, 300000));
        from_peer.window = (uint16_t)(random_below(&rnd, 2) ? random_below(&rnd, 65536)
                                                            : random_below(&rnd, 3000));
        from_peer.ack = r.first + ahead;
        for (unsigned n = random_below(&rnd, 5); n; n--)
            say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
        r.deaf = !random_below(&rnd, 4);
        if (!random_below(&rnd, 3))
            thread_sleep(random_below(&rnd, 3000) * NSEC_PER_MSEC);
        fake.hold_sent = !random_below(&rnd, 3);
    }
    fake.hold_sent = r.deaf = false;
    end(f);
}

static void test_wild_peer(void **state)
{
    (void)state;
    random_runs("wild", 10, wild);
}

/* ---- connections by lwIP's own interface ---- */

static struct {
    struct tcp_pcb *listener, *pcb; /* NULL: lwIP has ended it */
    unsigned told, polls, writes;
} raw;

static err_t raw_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
    (void)arg;
    (void)pcb;
    raw.told += len;
    return ERR_OK;
}

static err_t raw_poll(void *arg, struct tcp_pcb *pcb)
{
    (void)arg;
    (void)pcb;
    raw.polls++;
    return ERR_OK;
}

static void raw_failed(void *arg, err_t err)
{
    (void)arg;
    (void)err;
    raw.pcb = NULL;
}

static err_t raw_accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)err;
    raw.pcb = pcb;
    raw.told = 0;
    tcp_sent(pcb, raw_sent);
    tcp_err(pcb, raw_failed);
    return net_tcp_large(pcb, raw_poll) ? ERR_MEM : ERR_OK;
}

static void raw_start(void)
{
    if (!raw.listener) {
        net_core_lock();
        raw.listener = tcp_new();
        assert_int_equal(tcp_bind(raw.listener, IP_ADDR_ANY, 9), ERR_OK);
        raw.listener = tcp_listen(raw.listener);
        tcp_accept(raw.listener, raw_accepted);
        net_core_unlock();
    }
    assert_true(peer_connects(9));
    assert_non_null(raw.pcb);
    begun(NULL);
}

/* Short headers, which are copied, then much that is not. */
static void raw_some(unsigned total)
{
    net_core_lock();
    while (written < total) {
        const uint8_t copy = raw.writes++ % 4 ? 0 : TCP_WRITE_FLAG_COPY;
        const unsigned n =
            MIN(MIN(total - written, tcp_sndbuf(raw.pcb)), copy ? 1 + raw.writes % 90 : 16384u);

        if (!n || net_tcp_write(raw.pcb, data + written % PERIOD, (u16_t)n, copy) != ERR_OK)
            break;
        written += n;
    }
    net_tcp_output(raw.pcb);
    net_core_unlock();
}

static void raw_stream(unsigned total)
{
    for (unsigned rounds = 0; r.next < total; rounds++) {
        assert_true(rounds < 20000);
        raw_some(total);
        answer_all();
    }
    if (r.next < written)
        return;
    answer();
    thread_sleep(600 * NSEC_PER_MSEC);
    assert_int_equal(raw.told, written);
    assert_int_equal(raw.pcb->snd_buf, TCP_SND_BUF);
    assert_int_equal(raw.pcb->snd_queuelen, 0);
}

static void raw_end(void)
{
    r.loss = 0;
    r.first = 0;
    from_peer.window = 65000;
    seen.stream = false;
    reset_peer();
    assert_null(raw.pcb);
}

static void test_of_own_interface(void **state)
{
    unsigned sent;

    (void)state;
    peer_shift = 3;
    raw_start();
    raw_stream(600000);
    sent = (unsigned)lwip_stats.tcp.xmit;
    fake.sent = fake.most_pieces = 0;
    r.again = r.longest = r.segments = 0;
    raw_stream(600000 + 2000000);
    assert_true(lwip_stats.tcp.xmit - sent < 2000000 / 28000);
    assert_true(fake.sent < 2000000 / 28000);
    assert_in_range(fake.most_pieces, 10, NETFRONT_FRAGS_MAX); /* more would be copied */
    assert_int_equal(r.longest, 1460);
    assert_int_equal(r.again, 0);
    assert_true(r.segments <= 2000000 / 1460 + 60);
    raw.polls = 0;
    thread_sleep(3 * NSEC_PER_SEC);
    assert_in_range(raw.polls, 4, 7);
    raw_end();
    peer_shift = 0;
}

static void raw_lossy(struct random *seed)
{
    rnd = *seed;
    raw_start();
    r.loss = 1 + random_below(&rnd, 60);
    r.each = 1 + random_below(&rnd, 8);
    while (r.next < 1000000) {
        const bool narrow = !random_below(&rnd, 4);

        from_peer.window = (uint16_t)(narrow ? 1 + random_below(&rnd, 4000) : 65000);
        raw_stream(r.next + 1 + random_below(&rnd, narrow ? 2 * from_peer.window : 200000));
    }
    from_peer.window = 65000;
    raw_stream(written);
    raw_end();
}

static void test_of_own_interface_with_loss(void **state)
{
    (void)state;
    random_runs("raw-lossy", 12, raw_lossy);
}

/* The peer has some of what was copied, and nothing of what is behind it. */
static void test_of_a_part_of_a_copy(void **state)
{
    (void)state;
    peer_shift = 3;
    raw_start();
    raw_stream(600000);
    r.deaf = true;
    raw.writes = 80; /* 82 bytes are copied first */
    raw_some(written + 100000);
    settle();
    assert_true(raw.pcb->unacked->len > 20000);
    memset(r.got + r.next, true, 20);
    r.next += 20;
    answer();
    r.deaf = false;
    raw_stream(written);
    raw_end();
    peer_shift = 0;
}

/* The program has closed, and what it has sent comes through windows of any kind, FIN behind it. */
static void raw_closed(struct random *seed)
{
    rnd = *seed;
    raw_start();
    raw_stream(600000);
    from_peer.window = 0;
    raw_some(written + 1000);
    settle();
    answer();
    r.answers = 0;
    raw_some(written + 100000);
    net_core_lock();
    tcp_sent(raw.pcb, NULL);
    assert_int_equal(tcp_close(raw.pcb), ERR_OK);
    net_core_unlock();
    raw.polls = 0;
    thread_sleep(1100 * NSEC_PER_MSEC);
    assert_true(raw.polls >= 2);
    for (unsigned rounds = 0; !r.ended; rounds++) {
        assert_true(rounds < 5000);
        from_peer.window = (uint16_t)random_below(&rnd, random_below(&rnd, 3) ? 300 : 9000);
        if (random_below(&rnd, 2)) /* or as it was said to be before, near the end */
            from_peer.window = (uint16_t)(r.next + 10000 < written ? 7000 : 100);
        answer_all();
    }
    assert_int_equal(r.next, written);
    assert_int_equal(r.ended, written + 1);
    raw_end();
}

static void test_of_own_interface_that_closes(void **state)
{
    (void)state;
    random_runs("raw-closed", 8, raw_closed);
}

static void raw_wild(struct random *seed)
{
    rnd = *seed;
    raw_start();
    raw_stream(600000);
    r.edge = SPACE;
    for (unsigned i = 0; i < 400 && raw.pcb; i++) {
        const unsigned ahead = random_below(&rnd, 3) ? r.next : random_below(&rnd, r.next + 1000);

        if (written < SPACE - 300000)
            raw_some(written + random_below(&rnd, 300000));
        from_peer.window = (uint16_t)(random_below(&rnd, 2) ? random_below(&rnd, 65536)
                                                            : random_below(&rnd, 3000));
        from_peer.ack = r.first + ahead;
        for (unsigned n = random_below(&rnd, 5); n; n--)
            say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
        r.deaf = !random_below(&rnd, 4);
        if (!random_below(&rnd, 3))
            thread_sleep(random_below(&rnd, 3000) * NSEC_PER_MSEC);
        fake.hold_sent = !random_below(&rnd, 3);
    }
    fake.hold_sent = r.deaf = false;
    assert_true(raw.told <= written);
    raw_end();
}

static void test_of_own_interface_with_a_wild_peer(void **state)
{
    (void)state;
    random_runs("raw-wild", 10, raw_wild);
}

static int begin(void **state)
{
    const int ret = peer_start(state);

    others = fake.wire;
    fake.wire = wire;
    peer_scales = true;
    return ret;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_are_used),
        cmocka_unit_test(test_first_goes_at_once),
        cmocka_unit_test(test_of_ip6),
        cmocka_unit_test(test_timeout_without_a_wait),
        cmocka_unit_test(test_of_a_small_mss),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_fast_retransmission_is_of_one_segment),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_window_after_a_timeout),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_smaller_window_is_used_at_once),
        cmocka_unit_test(test_end_of_stream),
        cmocka_unit_test(test_of_small_pieces),
        cmocka_unit_test(test_in_flight),
        cmocka_unit_test(test_backend_that_does_not_cut),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_wild_peer),
        cmocka_unit_test(test_of_own_interface),
        cmocka_unit_test(test_of_own_interface_with_loss),
        cmocka_unit_test(test_of_a_part_of_a_copy),
        cmocka_unit_test(test_of_own_interface_that_closes),
        cmocka_unit_test(test_of_own_interface_with_a_wild_peer),
    };

    return cmocka_run_group_tests_name("large", tests, begin, peer_stop);
}
