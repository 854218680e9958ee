/* SPDX-License-Identifier: MIT */
/*
 * An interface on a fake netfront: a peer that the test plays (10.0.0.1) talks TCP, UDP, ICMP and ARP with
 * lwIP (10.0.0.2), with offloads and without.
 */
#include "peer.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "host/seam.h"
#include "lib/lwip/ifc/ifc.h"
#include "lib/lwip/socket/inet.h"
#include "lwip/dns.h"
#include "lwip/igmp.h"
#include "lwip/mem.h"
#include "lwip/memp.h"
#include "lwip/mld6.h"
#include "lwip/stats.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "lwip/udp.h"

/* ---- lwIP's side ---- */

static struct tcp_pcb *server, *conn;
static unsigned received;

static err_t take(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (!p)
        return ERR_OK;
    for (struct pbuf *q = p; q; q = q->next)
        for (unsigned i = 0; i < q->len; i++)
            assert_int_equal(((uint8_t *)q->payload)[i], byte_at(received++));
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)err;
    conn = pcb;
    tcp_recv(pcb, take);
    return ERR_OK;
}

static void connect_peer(void)
{
    net_core_lock();
    if (!server) {
        server = tcp_new();
        assert_int_equal(tcp_bind(server, IP_ADDR_ANY, 7), ERR_OK);
        server = tcp_listen(server);
        tcp_accept(server, accepted);
    }
    net_core_unlock();
    from_peer.from++;
    from_peer.seq = 1000;
    from_peer.ack = 0;
    memset(&seen, 0, sizeof(seen));
    conn = NULL;
    received = 0;
    say(TCP_SYN, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    assert_int_equal(seen.flags, TCP_SYN | TCP_ACK);
    from_peer.ack = seen.seq + 1;
    seen.expect = from_peer.ack;
    seen.stream = true;
    say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    assert_non_null(conn);
    assert_int_equal(conn->snd_buf, 256 * 1024);
}

/* Sends n bytes and lets the peer acknowledge until all have arrived. */
static void send_bytes(unsigned n)
{
    unsigned at = 0;

    for (unsigned rounds = 0; seen.bytes < n; rounds++) {
        unsigned len;

        assert_true(rounds < 1000);
        net_core_lock();
        len = MIN(MIN(n - at, tcp_sndbuf(conn)), 30000u);
        if (len && tcp_write(conn, data + at, (u16_t)len, TCP_WRITE_FLAG_COPY) == ERR_OK)
            at += len;
        tcp_output(conn);
        net_core_unlock();
        settle();
        from_peer.ack = seen.expect;
        say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    }
}

/* ---- tests ---- */

static void test_address(void **state)
{
    struct net_interface i;

    (void)state;
    assert_int_equal(net_wait_address(0), 0);
    assert_int_equal(net_interfaces(&i, 1), 1);
    assert_string_equal(i.name, "vif0");
    assert_true(i.link && !i.dhcp);
    assert_int_equal(i.mtu, 1500);
    assert_non_null(strstr(i.addresses, "10.0.0.2/24"));
    assert_non_null(strstr(seam_console(), "net: vif0: 10.0.0.2/24 gateway 10.0.0.1 (static)\n"));
    assert_true(fake.groups > 0);
}

static void test_send_joined(void **state)
{
    (void)state;
    connect_peer();
    fake.sent = fake.gso = 0;
    send_bytes(100000);
    assert_int_equal(seen.bytes, 100000);
    assert_true(fake.gso > 0);
    assert_true(fake.sent < 40); /* of 69 segments, and some acknowledgements */
    reset_peer();
}

static void test_send_plain(void **state)
{
    (void)state;
    fake.limits.gso_v4 = fake.limits.gso_v6 = false;
    fake_event(NETFRONT_EV_BACK);
    settle();
    connect_peer();
    fake.gso = 0;
    send_bytes(50000);
    assert_int_equal(fake.gso, 0);
    reset_peer();
    fake.limits.csum_v4 = fake.limits.csum_v6 = false;
    fake_event(NETFRONT_EV_BACK);
    settle();
    connect_peer();
    send_bytes(50000); /* the fake refuses a blank checksum */
    reset_peer();
    fake.limits.gso_v4 = fake.limits.gso_v6 = fake.limits.csum_v4 = fake.limits.csum_v6 = true;
    fake_event(NETFRONT_EV_BACK);
    settle();
}

static void test_send_full(void **state)
{
    (void)state;
    connect_peer();
    fake.send_result = -ENOBUFS;
    net_core_lock();
    assert_int_equal(tcp_write(conn, data, 20000, TCP_WRITE_FLAG_COPY), ERR_OK);
    tcp_output(conn);
    net_core_unlock();
    settle();
    assert_int_equal(seen.bytes, 0);
    /* there is room: nothing waits for a timer or an acknowledgement */
    fake.send_result = 0;
    fake_ready();
    settle();
    assert_true(seen.bytes >= 3 * 1460);
    for (unsigned i = 0; i < 4; i++) {
        from_peer.ack = seen.expect;
        say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    }
    assert_int_equal(seen.bytes, 20000);
    reset_peer();
}

/* An echo request of 98 bytes. */
static void ping(uint8_t *f)
{
    uint16_t sum;

    memset(f, 0, 98);
    memcpy(f, our_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    f[12] = 8;
    f[14] = 0x45;
    frame_put16(f + 16, 84);
    f[22] = 64;
    f[23] = 1;
    frame_put32(f + 26, 0x0a000001);
    frame_put32(f + 30, 0x0a000002);
    sum = (uint16_t)~net_checksum(f + 14, 20);
    memcpy(f + 24, &sum, 2);
    f[34] = 8;
    f[60] = 0x5a;
    sum = (uint16_t)~net_checksum(f + 34, 64);
    memcpy(f + 36, &sum, 2);
}

/* While streams fill the ring: a question by ARP, a ping and a new connection are answered. */
static void test_answers_while_full(void **state)
{
    struct tcp_frame stream;
    uint8_t f[98] = {0};

    (void)state;
    connect_peer();
    fake.send_result = -ENOBUFS;
    fake.small_fit = true;
    net_core_lock();
    assert_int_equal(tcp_write(conn, data, 20000, TCP_WRITE_FLAG_COPY), ERR_OK);
    tcp_output(conn);
    net_core_unlock();
    settle();
    seen.arp_requests = seen.icmp = 0;
    memcpy(f, our_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    frame_put32(f + 12, 0x08060001);
    frame_put32(f + 16, 0x08000604);
    f[21] = 1;
    memcpy(f + 22, peer_mac, 6);
    frame_put32(f + 28, 0x0a000001);
    frame_put32(f + 38, 0x0a000002);
    fake_inject(f, 42, 0, 0);
    settle();
    assert_int_equal(seen.arp_requests, 1);
    ping(f);
    fake_inject(f, 98, 0, 0);
    settle();
    assert_int_equal(seen.icmp, 1);
    stream = from_peer;
    from_peer.from++;
    from_peer.seq = 5000;
    seen.flags = 0;
    say(TCP_SYN, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    assert_int_equal(seen.flags, TCP_SYN | TCP_ACK);
    say(TCP_RST, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    assert_int_equal(seen.bytes, 0); /* the data had to wait */
    fake.send_result = 0;
    fake.small_fit = false;
    stream.from = from_peer.from - 1;
    from_peer = stream;
    fake_ready();
    settle();
    assert_true(seen.bytes >= 3 * 1460);
    reset_peer();
    from_peer.from++;
}

/* The times within so many seconds at which lwIP's thread has to look at its timeouts. */
static unsigned wakeups(unsigned seconds)
{
    const uint64_t end = clock_now() + seconds * NSEC_PER_SEC;
    unsigned n = 0;

    while (clock_now() < end) {
        u32_t ms;

        net_core_lock();
        ms = sys_timeouts_sleeptime();
        net_core_unlock();
        thread_sleep((ms + 1) * NSEC_PER_MSEC);
        n++;
    }
    return n;
}

/* A router asks who is a member of any group; the answer is due within so many tenths of a second. */
static void ask_for_members(uint8_t tenths)
{
    uint8_t f[46] = {1, 0, 0x5e, 0, 0, 1};
    uint16_t sum;

    memcpy(f + 6, peer_mac, 6);
    f[12] = 8;
    f[14] = 0x46; /* with the option that routers look at it */
    frame_put16(f + 16, 32);
    f[22] = 1;
    f[23] = 2;
    frame_put32(f + 26, 0x0a000001);
    frame_put32(f + 30, 0xe0000001);
    frame_put32(f + 34, 0x94040000);
    sum = (uint16_t)~net_checksum(f + 14, 24);
    memcpy(f + 24, &sum, 2);
    f[38] = 0x11;
    f[39] = tenths;
    sum = (uint16_t)~net_checksum(f + 38, 8);
    memcpy(f + 40, &sum, 2);
    fake_inject(f, sizeof(f), 0, 0);
    settle();
}

/* Groups are reported in time, and otherwise an idle interface is not woken for them. */
static void test_reports_of_groups(void **state)
{
    struct netif *netif = &list_entry(interfaces.next, struct ifc, link)->netif;
    ip4_addr_t v4;
    ip6_addr_t v6 = {.addr = {PP_HTONL(0xff020000), 0, 0, PP_HTONL(0x12345)}};

    (void)state;
    thread_sleep(20 * NSEC_PER_SEC);
    assert_in_range(wakeups(10), 1, 40);
    IP4_ADDR(&v4, 224, 1, 2, 3);
    seen.igmp_reports = seen.mld_reports = 0;
    net_core_lock();
    assert_int_equal(igmp_joingroup_netif(netif, &v4), ERR_OK);
    assert_int_equal(mld6_joingroup_netif(netif, &v6), ERR_OK);
    net_core_unlock();
    settle();
    assert_int_equal(seen.igmp_reports, 1);
    assert_int_equal(seen.mld_reports, 1);
    thread_sleep(700 * NSEC_PER_MSEC); /* again, within 500 ms */
    assert_int_equal(seen.igmp_reports, 2);
    assert_int_equal(seen.mld_reports, 2);
    ask_for_members(10);
    thread_sleep(1200 * NSEC_PER_MSEC);
    assert_int_equal(seen.igmp_reports, 3);
    ask_for_members(2);
    thread_sleep(200 * NSEC_PER_MSEC);
    assert_int_equal(seen.igmp_reports, 4);
    assert_in_range(wakeups(10), 1, 40);
    assert_int_equal(seen.igmp_reports, 4);
    net_core_lock();
    igmp_leavegroup_netif(netif, &v4);
    mld6_leavegroup_netif(netif, &v6);
    net_core_unlock();
    settle();
}

static void note(void *arg)
{
    *(uint64_t *)arg = clock_now();
}

/* Another thread's timeout is in time, though lwIP's thread waits for a later one. */
static void test_timeout_of_another_thread(void **state)
{
    (void)state;
    for (unsigned ms = 10; ms < 200; ms += 60) {
        uint64_t at = 0;
        const uint64_t begin = clock_now();

        net_core_lock();
        sys_timeout(ms, note, &at);
        net_core_unlock();
        thread_sleep(1500 * NSEC_PER_MSEC);
        assert_in_range(at - begin, (ms - 1) * NSEC_PER_MSEC, (ms + 5) * NSEC_PER_MSEC);
    }
}

/* All memory to send from is taken: others are served from a bounded reserve. */
static void test_without_memory(void **state)
{
    void *block[1200];
    unsigned n = 0;

    (void)state;
    fake.no_memory = true;
    connect_peer();
    send_bytes(1000);
    reset_peer();
    assert_null(mem_malloc(4000));
    while (n < 1200 && (block[n] = mem_malloc(1000)))
        n++;
    assert_in_range(n, 900, 1048);
    while (n)
        mem_free(block[--n]);
    connect_peer(); /* all of it is there again */
    reset_peer();
    while (n < 1200 && (block[n] = mem_malloc(1000)))
        n++;
    assert_in_range(n, 900, 1048);
    while (n)
        mem_free(block[--n]);
    fake.no_memory = false;
}

static void write_segment(void)
{
    net_core_lock();
    assert_int_equal(tcp_write(conn, data + seen.bytes, 1460, TCP_WRITE_FLAG_COPY), ERR_OK);
    tcp_output(conn);
    net_core_unlock();
    settle();
}

/* What lwIP had to keep is sent when there is room, without an acknowledgement or a timer. */
static void test_send_again(void **state)
{
    (void)state;
    connect_peer();
    fake.send_result = -ENOBUFS;
    write_segment(); /* waits in the join */
    write_segment(); /* waits in lwIP */
    fake.send_result = 0;
    seen.stream = false;
    seen.tcp = 0;
    fake_ready();
    settle();
    assert_int_equal(seen.tcp, 2);
    reset_peer();
}

static bool sends_from(const void *at, size_t len)
{
    bool does;

    net_core_lock();
    does = net_sends_from(at, len);
    net_core_unlock();
    return does;
}

/* Memory of the program's, by reference: it is in use while a frame waits to be joined, and in the ring. */
static void test_sends_from(void **state)
{
    (void)state;
    connect_peer();
    fake.send_result = -ENOBUFS;
    net_core_lock();
    assert_int_equal(tcp_write(conn, data, 1460, 0), ERR_OK);
    tcp_output(conn);
    net_core_unlock();
    settle();
    assert_true(sends_from(data + 1000, 1));
    assert_false(sends_from(data + 1460, 1000));
    fake.send_result = 0;
    fake_ready();
    settle();
    assert_false(sends_from(data, 1460));
    fake.busy = data + 2000;
    assert_true(sends_from(data, 2001));
    assert_false(sends_from(data, 2000));
    fake.busy = NULL;
    reset_peer();
}

static void test_segments_in_flight_are_not_sent_again(void **state)
{
    (void)state;
    connect_peer();
    fake.hold_sent = true;
    net_core_lock();
    assert_int_equal(tcp_write(conn, data, 2920, TCP_WRITE_FLAG_COPY), ERR_OK);
    tcp_output(conn);
    net_core_unlock();
    settle();
    assert_int_equal(seen.bytes, 2920);
    /* the retransmission timer fires with the frame still in the ring */
    for (unsigned i = 0; i < 40; i++)
        thread_sleep(500 * NSEC_PER_MSEC);
    assert_int_equal(seen.bytes, 2920);
    reset_peer();
}

/* Receives `total` bytes in frames of `len`. */
static void receive_bytes(unsigned total, unsigned len, unsigned known, unsigned part)
{
    connect_peer();
    for (unsigned at = 0; at < total; at += len)
        say(TCP_ACK, data + at, MIN(len, total - at), known, part);
    assert_int_equal(received, total);
    reset_peer();
}

static void test_receive(void **state)
{
    (void)state;
    receive_bytes(100, 10, NETFRONT_CSUM_BLANK, 0);
    receive_bytes(20000, 1460, NETFRONT_DATA_VALIDATED, 0);
    receive_bytes(20000, 1460, 0, 700);
    receive_bytes(120000, 60000, NETFRONT_CSUM_BLANK, 4096); /* GSO */
    receive_bytes(4000, 400, NETFRONT_CSUM_BLANK, 100);      /* the head is in several fragments */
    fake.copied = 0;
    receive_bytes(60000, 30000, NETFRONT_CSUM_BLANK, 4096);
    assert_true(fake.copied < 2000);
}

static void test_receive_when_pages_cannot_be_kept(void **state)
{
    (void)state;
    fake.keep_result = -ENOBUFS;
    receive_bytes(60000, 30000, NETFRONT_CSUM_BLANK, 4096);
    fake.keep_result = 0;
}

static void test_large_frames_are_answered_at_once(void **state)
{
    (void)state;
    connect_peer();
    say(TCP_ACK, data, 14600, NETFRONT_CSUM_BLANK, 4096);
    assert_int_equal(seen.ack, from_peer.seq);
    reset_peer();
}

static void test_wrong_checksum(void **state)
{
    (void)state;
    static uint8_t f[1600];
    unsigned head;

    connect_peer();
    for (unsigned len = 100; len <= 1400; len += 1300) {
        from_peer.flags = TCP_ACK;
        head = frame_headers(f, &from_peer);
        memcpy(f, our_mac, 6);
        memcpy(f + head, data, len);
        frame_finish(f, head + len);
        f[head + len - 1] ^= 1;
        fake_inject(f, head + len, 0, 0);
        settle();
        assert_int_equal(received, 0);
    }
    say(TCP_ACK, data, 1400, 0, 0); /* a right one */
    assert_int_equal(received, 1400);
    reset_peer();
}

static void test_ping(void **state)
{
    uint8_t f[98];

    (void)state;
    ping(f);
    memset(&seen, 0, sizeof(seen));
    fake_inject(f, sizeof(f), 0, 0);
    settle();
    assert_int_equal(seen.icmp, 1);
    assert_int_equal(seen.icmp_len, 98);
    assert_int_equal(seen.icmp_frame[34], 0);
    assert_int_equal(seen.icmp_frame[60], 0x5a);
    f[60] ^= 1; /* lwIP checks ICMP's */
    fake_inject(f, sizeof(f), 0, 0);
    settle();
    assert_int_equal(seen.icmp, 1);
}

static unsigned packets, longest;

static void count_ip(const uint8_t *f, unsigned len)
{
    const unsigned type = frame_get16(f + 12);

    assert_true(len <= 1514);
    packets += (type == 0x0800 && f[23] == 17) || (type == 0x86dd && f[20] == 44);
    longest = MAX(longest, len);
}

/* Datagrams that are larger than a frame. */
static void test_fragments(void **state)
{
    void (*wire)(const uint8_t *, unsigned) = fake.wire;
    struct udp_pcb *pcb;
    ip_addr_t to;

    (void)state;
    connect_peer(); /* its address is known */
    reset_peer();
    net_core_lock();
    pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
    assert_int_equal(ipaddr_aton("10.0.0.1", &to), 1);
    for (unsigned i = 0; i < 2; i++) {
        struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, 4000, PBUF_RAM);

        packets = longest = 0;
        fake.wire = count_ip;
        assert_int_equal(udp_sendto(pcb, p, &to, 9), ERR_OK);
        pbuf_free(p);
        assert_int_equal(packets, 3);
        assert_in_range(longest, 1490, 1514);
        assert_int_equal(ipaddr_aton("ff02::1", &to), 1); /* needs no neighbour */
        ip6_addr_assign_zone(ip_2_ip6(&to), IP6_MULTICAST, netif_list);
    }
    udp_remove(pcb);
    net_core_unlock();
    fake.wire = wire;
}

static void test_link(void **state)
{
    struct net_interface i;

    (void)state;
    fake.limits.carrier = false;
    fake_event(NETFRONT_EV_CARRIER);
    settle();
    net_interfaces(&i, 1);
    assert_false(i.link);
    fake.limits.carrier = true;
    fake.limits.mtu = 9000;
    fake_event(NETFRONT_EV_CARRIER);
    settle();
    net_interfaces(&i, 1);
    assert_true(i.link);
    assert_int_equal(i.mtu, 9000);
    fake.limits.mtu = 1500;
    memset(&seen, 0, sizeof(seen));
    fake_event(NETFRONT_EV_BACK);
    settle();
    assert_true(seen.arp_requests > 0); /* it is announced */
}

static void other_host(uint32_t address)
{
    static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 9};
    uint8_t f[42] = {0};

    memset(f, 0xff, 6);
    memcpy(f + 6, other_mac, 6);
    memcpy(f + 12, (uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, 2}, 10);
    memcpy(f + 22, other_mac, 6);
    frame_put32(f + 28, address);
    frame_put32(f + 38, address);
    fake_inject(f, sizeof(f), 0, 0);
    settle();
}

static void test_conflict(void **state)
{
    char err[100];
    struct net_interface i;

    (void)state;
    thread_sleep(5 * NSEC_PER_SEC);
    memset(&seen, 0, sizeof(seen));
    other_host(0x0a000003);
    assert_int_equal(seen.arp_requests, 0);
    /* established: defended, not more often than every 10 s */
    other_host(0x0a000002);
    assert_int_equal(seen.arp_requests, 1);
    other_host(0x0a000002);
    assert_int_equal(seen.arp_requests, 1);
    thread_sleep(11 * NSEC_PER_SEC);
    other_host(0x0a000002);
    assert_int_equal(seen.arp_requests, 2);
    assert_non_null(strstr(seam_console(), "10.0.0.2 is used by 02:00:00:00:00:09, too\n"));
    /* new: given up, and used again when the other one is silent */
    assert_int_equal(net_configure("vif0", "10.0.0.5/24", err, sizeof(err)), 0);
    other_host(0x0a000005);
    net_interfaces(&i, 1);
    assert_null(strstr(i.addresses, "10.0.0.5"));
    thread_sleep(50 * NSEC_PER_SEC);
    other_host(0x0a000005);
    thread_sleep(30 * NSEC_PER_SEC);
    net_interfaces(&i, 1);
    assert_null(strstr(i.addresses, "10.0.0.5"));
    thread_sleep(70 * NSEC_PER_SEC);
    net_interfaces(&i, 1);
    assert_non_null(strstr(i.addresses, "10.0.0.5/24"));
    assert_int_equal(net_configure("vif0", "10.0.0.2/24,gw=10.0.0.1", err, sizeof(err)), 0);
    assert_int_equal(net_configure("vif9", "dhcp", err, sizeof(err)), -ENODEV);
    assert_int_equal(net_configure("vif0", "dhcpp", err, sizeof(err)), -EINVAL);
    assert_non_null(strstr(err, "dhcpp"));
}

/* DHCP and routers write their name servers over those that were configured. */
static void test_name_servers(void **state)
{
    struct socket_address out;
    char err[100];
    ip_addr_t other;
    unsigned raw;

    (void)state;
    assert_int_equal(
        net_configure("vif0", "10.0.0.2/24,gw=10.0.0.1,dns=10.0.0.1", err, sizeof(err)), 0);
    IP_ADDR4(&other, 10, 0, 0, 66);
    net_core_lock();
    dns_setserver(0, &other);
    net_core_unlock();
    raw = lwip_stats.memp[MEMP_RAW_PCB]->used;
    assert_int_equal(inet_resolve("example.org", true, true, &out, 1),
                     -EAGAIN); /* nobody answers */
    peer_answers_names = true;
    for (peer_names_code = 0; peer_names_code < 16; peer_names_code++)
        assert_int_equal(inet_resolve("example.org", true, true, &out, 1),
                         peer_names_code == 0 || peer_names_code == 3 ? -ENOENT : -EAGAIN);
    peer_names_code = 3;
    assert_int_equal(lwip_stats.memp[MEMP_RAW_PCB]->used, raw);
    net_core_lock();
    IP_ADDR4(&other, 10, 0, 0, 1);
    assert_true(ip_addr_cmp(dns_getserver(0), &other));
    dns_setserver(0, NULL);
    net_core_unlock();
    assert_int_equal(net_configure("vif0", "10.0.0.2/24,gw=10.0.0.1", err, sizeof(err)), 0);
}

static void test_no_dhcp(void **state)
{
    char err[100];

    (void)state;
    assert_int_equal(net_configure("vif0", "dhcp", err, sizeof(err)), 0);
    thread_sleep(9 * NSEC_PER_SEC);
    assert_null(strstr(seam_console(), "DHCP"));
    thread_sleep(120 * NSEC_PER_SEC);
    assert_non_null(strstr(seam_console(), "vif0: no DHCP server has answered yet\n"));
    assert_null(strstr(strstr(seam_console(), "DHCP") + 1, "DHCP"));
}

static void test_hotplug(void **state)
{
    (void)state;
    connect_peer();
    say(TCP_ACK, data, 1000, NETFRONT_CSUM_BLANK, 0);
    fake.hold_sent = true;
    net_core_lock();
    tcp_write(conn, data, 3000, TCP_WRITE_FLAG_COPY);
    tcp_output(conn);
    net_core_unlock();
    fake_hotplug(NETFRONT_GONE);
    assert_int_equal(fake.in_flight, 0);
    assert_int_equal(net_interfaces(NULL, 0), 0);
    fake.hold_sent = false;
    fake_hotplug(NETFRONT_ARRIVED);
    settle();
    assert_int_equal(net_interfaces(NULL, 0), 1);
    connect_peer();
    send_bytes(5000);
    reset_peer();
}

/* The interface goes, and with it a connection to its own address: the resets are packets under way to
 * itself. */
static void test_goes_with_packets_to_itself(void **state)
{
    const struct socket_address own = {
        .family = SOCKET_FAMILY_INET, .port = 9, .ip = {10, 0, 0, 2}};
    struct file *listener = socket_listener(9, 1), *ends[2];

    (void)state;
    assert_int_equal(inet_socket_create(SOCKET_FAMILY_INET, SOCKET_STREAM, 0, 0, &ends[0]), 0);
    assert_int_equal(socket_of(ends[0])->ops->connect(socket_of(ends[0]), &own, true), 0);
    settle();
    ends[1] = socket_accepted(listener);
    assert_non_null(ends[1]);
    fake_hotplug(NETFRONT_GONE);
    settle(); /* a sanitizer sees what uses the interface now */
    assert_int_equal(net_interfaces(NULL, 0), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_not_equal(socket_of(ends[i])->error, 0);
        file_put(ends[i]);
    }
    file_put(listener);
    fake_hotplug(NETFRONT_ARRIVED);
    settle();
    file_put(socket_peer());
    reset_peer();
}

/*
 * What a socket is given is contiguous in whole pages: a large frame has 16 of them and its headers,
 * and so many segments as the window has room for need one frame. The pages are freed as the peer
 * acknowledges.
 */
static void test_send_by_socket(void **state)
{
    struct file *f = socket_peer();
    const unsigned memory = fake.memory;
    unsigned at = 0, sent, fragments;

    (void)state;
    while (at < 120000) { /* until the congestion window is larger than what follows */
        at += (unsigned)file_write(f, data + at, 3000);
        settle();
        do {
            from_peer.ack = seen.expect;
            say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
        } while (from_peer.ack != seen.expect || seen.bytes < at);
    }
    assert_int_equal(fake.memory, memory);
    seen.bytes = 0;
    sent = fake.sent;
    fragments = fake.fragments;
    fake.hold_sent = true;
    assert_int_equal(file_write(f, data, 14 * 4096), 14 * 4096);
    settle();
    assert_int_equal(seen.bytes, 14 * 4096);
    assert_int_equal(fake.sent - sent, 1);
    assert_int_equal(fake.fragments - fragments, 1 + 14);
    fake.hold_sent = false;
    fake_ready();
    from_peer.ack = seen.expect;
    say(TCP_ACK, NULL, 0, NETFRONT_CSUM_BLANK, 0);
    assert_int_equal(fake.memory, memory);
    file_put(f);
    reset_peer();
    from_peer.to = 7;
}

/* A socket's groups are the interface's until it leaves them, or is closed. */
static void test_groups(void **state)
{
    const struct socket_value group = {
        .address = {.family = SOCKET_FAMILY_INET, .ip = {239, 1, 2, 3}}};
    struct socket_value other = group;
    const unsigned groups = fake.groups;
    struct socket *s[2];
    struct file *f[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(inet_socket_create(SOCKET_FAMILY_INET, SOCKET_DATAGRAM, 0, 0, &f[i]), 0);
        s[i] = socket_of(f[i]);
        assert_int_equal(s[i]->ops->set(s[i], SOCKET_OPT_JOIN_GROUP, &group), 0);
        assert_int_equal(fake.groups, groups + 1);
    }
    assert_int_equal(s[0]->ops->set(s[0], SOCKET_OPT_JOIN_GROUP, &group), -EADDRINUSE);
    other.address.ip[3] = 4;
    assert_int_equal(s[0]->ops->set(s[0], SOCKET_OPT_LEAVE_GROUP, &other), -EADDRNOTAVAIL);
    assert_int_equal(s[0]->ops->set(s[0], SOCKET_OPT_JOIN_GROUP, &other), 0);
    assert_int_equal(fake.groups, groups + 2);
    other.address.ip[0] = 10;
    assert_int_equal(s[0]->ops->set(s[0], SOCKET_OPT_JOIN_GROUP, &other), -EINVAL);
    other = group;
    other.number = 99;
    assert_int_equal(s[0]->ops->set(s[0], SOCKET_OPT_JOIN_GROUP, &other), -ENODEV);
    assert_int_equal(s[0]->ops->set(s[0], SOCKET_OPT_LEAVE_GROUP, &group), 0);
    assert_int_equal(fake.groups, groups + 2);
    file_put(f[0]);
    assert_int_equal(fake.groups, groups + 1);
    file_put(f[1]);
    assert_int_equal(fake.groups, groups);
}

/* Groups that share an address of Ethernet: the filter has it as long as there is one of them. */
static void test_groups_that_share_an_address(void **state)
{
    const struct socket_value a = {.address = {.family = SOCKET_FAMILY_INET, .ip = {239, 1, 2, 3}}};
    struct socket_value b = a;
    struct socket *s;
    struct file *f;

    (void)state;
    b.address.ip[0] = 224;
    assert_int_equal(inet_socket_create(SOCKET_FAMILY_INET, SOCKET_DATAGRAM, 0, 0, &f), 0);
    s = socket_of(f);
    memcpy(fake.group, ((uint8_t[]){1, 0, 0x5e, 1, 2, 3}), 6);
    assert_int_equal(s->ops->set(s, SOCKET_OPT_JOIN_GROUP, &a), 0);
    assert_int_equal(s->ops->set(s, SOCKET_OPT_JOIN_GROUP, &b), 0);
    assert_true(fake.group_wanted);
    assert_int_equal(s->ops->set(s, SOCKET_OPT_LEAVE_GROUP, &a), 0);
    assert_true(fake.group_wanted);
    assert_int_equal(s->ops->set(s, SOCKET_OPT_LEAVE_GROUP, &b), 0);
    assert_false(fake.group_wanted);
    file_put(f);
}

static void test_interface_facts(void **state)
{
    struct inet_interface i;

    (void)state;
    assert_int_equal(inet_interface(1, &i), 0);
    assert_string_equal(i.name, "lo");
    assert_true(i.loopback && i.up && i.running);
    assert_int_equal(inet_interface(i.index + 1, &i), 0);
    assert_string_equal(i.name, "vif0");
    assert_true(!i.loopback && i.up && i.running && i.broadcast && i.multicast);
    assert_int_equal(i.address[0].family, SOCKET_FAMILY_INET);
    assert_memory_equal(i.address[0].ip, ((uint8_t[]){10, 0, 0, 2}), 4);
    assert_int_equal(i.prefix[0], 24);
    assert_int_equal(inet_interface(i.index + 1, &i), -ENODEV);
}

/* The source address of the last UDP frame on the wire; the others are the peer's. */
static uint32_t udp_from;
static void (*peer_wire)(const uint8_t *frame, unsigned len);

static void note_source(const uint8_t *f, unsigned len)
{
    if (frame_get16(f + 12) == 0x0800 && f[23] == 17)
        udp_from = frame_get32(f + 26);
    else
        peer_wire(f, len);
}

static struct socket_address v4(uint8_t first, uint8_t last)
{
    return (struct socket_address){
        .family = SOCKET_FAMILY_INET, .port = 5000, .ip = {first, 0, 0, last}};
}

/* A datagram to the peer, with another address of ours, or by another interface, than the route's. */
static void test_choose_source(void **state)
{
    const struct file_iovec part = {data, 10};
    struct socket_message m = {.iov = &part, .count = 1, .address = v4(10, 1)};

    (void)state;
    peer_wire = fake.wire;
    fake.wire = note_source;
    for (unsigned type = SOCKET_DATAGRAM; type <= SOCKET_RAW; type++) {
        struct inet_interface vif;
        struct file *f;
        struct socket *s;

        assert_int_equal(
            inet_socket_create(SOCKET_FAMILY_INET, type, type == SOCKET_RAW ? 17 : 0, 0, &f), 0);
        s = socket_of(f);
        assert_int_equal(inet_interface(2, &vif), 0);
        m.local = (struct socket_address){.family = SOCKET_FAMILY_NONE};
        m.interface = vif.index;
        assert_int_equal(socket_send(f, s, &m), 10);
        settle();
        assert_int_equal(udp_from, 0x0a000002);
        m.local = v4(127, 1);
        assert_int_equal(socket_send(f, s, &m), 10);
        assert_int_equal(udp_from, 0x7f000001);
        m.interface = 0;
        m.local = v4(10, 2);
        assert_int_equal(socket_send(f, s, &m), 10);
        assert_int_equal(udp_from, 0x0a000002);
        udp_from = 0;
        m.local = v4(10, 9); /* not ours */
        assert_int_equal(socket_send(f, s, &m), -EINVAL);
        m.local = v4(10, 2);
        m.local.family = SOCKET_FAMILY_INET6;
        assert_int_equal(socket_send(f, s, &m), -EINVAL);
        m.local = v4(10, 2);
        m.interface = 1; /* lo's: it never comes to the wire */
        assert_int_equal(socket_send(f, s, &m), 10);
        m.interface = vif.index + 1;
        assert_int_equal(socket_send(f, s, &m), -ENODEV);
        m.interface = 256 + vif.index;
        assert_int_equal(socket_send(f, s, &m), -ENODEV);
        settle();
        assert_int_equal(udp_from, 0);
        file_put(f);
    }
    fake.wire = peer_wire;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address),
        cmocka_unit_test(test_choose_source),
        cmocka_unit_test(test_send_joined),
        cmocka_unit_test(test_send_plain),
        cmocka_unit_test(test_send_full),
        cmocka_unit_test(test_answers_while_full),
        cmocka_unit_test(test_reports_of_groups),
        cmocka_unit_test(test_timeout_of_another_thread),
        cmocka_unit_test(test_send_again),
        cmocka_unit_test(test_sends_from),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_segments_in_flight_are_not_sent_again),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_receive_when_pages_cannot_be_kept),
        cmocka_unit_test(test_large_frames_are_answered_at_once),
        cmocka_unit_test(test_wrong_checksum),
        cmocka_unit_test(test_send_by_socket),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_groups_that_share_an_address),
        cmocka_unit_test(test_interface_facts),
        cmocka_unit_test(test_ping),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_hotplug),
        cmocka_unit_test(test_goes_with_packets_to_itself),
        cmocka_unit_test(test_conflict),
        cmocka_unit_test(test_name_servers),
        cmocka_unit_test(test_no_dhcp),
    };

    return cmocka_run_group_tests_name("interface", tests, peer_start, peer_stop);
}
