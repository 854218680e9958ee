/* SPDX-License-Identifier: MIT */
/*
 * TCP frames for tests: making them, and cutting a large one into segments as a network card does, with
 * all checksums.
 */
#ifndef RINGLET_TESTS_TCP_FRAMES_H
#define RINGLET_TESTS_TCP_FRAMES_H

#include <ringlet/compiler.h>
#include <ringlet/string.h>

#include "arch/cc.h"

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_PSH 0x08u
#define TCP_ACK 0x10u

struct tcp_frame {
    bool v6;
    uint32_t seq, ack;
    uint16_t from, to, window; /* ports */
    uint8_t flags;
    unsigned options; /* bytes, a multiple of 4 */
    uint16_t id;      /* of IPv4 */
};

static inline void frame_put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void frame_put32(uint8_t *p, uint32_t v)
{
    frame_put16(p, v >> 16);
    frame_put16(p + 2, v & 0xffff);
}

static inline unsigned frame_get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t frame_get32(const uint8_t *p)
{
    return (uint32_t)frame_get16(p) << 16 | frame_get16(p + 2);
}

static inline unsigned frame_tcp(const uint8_t *f)
{
    return f[12] == 0x86 ? 54 : 14 + (f[14] & 15u) * 4;
}

static inline unsigned frame_payload(const uint8_t *f)
{
    return frame_tcp(f) + (f[frame_tcp(f) + 12] >> 4) * 4u;
}

/* The folded sum over pseudo header, TCP header and data: 0xffff if the checksum is right. */
static inline uint16_t frame_tcp_sum(const uint8_t *f, unsigned len)
{
    const unsigned tcp = frame_tcp(f);
    uint8_t pseudo[40] = {0};
    uint32_t sum;

    memcpy(pseudo, f + (f[12] == 0x86 ? 22 : 26), f[12] == 0x86 ? 32 : 8);
    frame_put16(pseudo + 34, len - tcp);
    pseudo[37] = 6;
    sum = net_checksum(pseudo, sizeof(pseudo));
    sum += net_checksum(f + tcp, (int)(len - tcp));
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Lengths and checksums for a frame of len bytes. */
static inline void frame_finish(uint8_t *f, unsigned len)
{
    const unsigned tcp = frame_tcp(f);
    uint16_t sum;

    if (f[12] == 0x86) {
        frame_put16(f + 18, len - 54);
    } else {
        frame_put16(f + 16, len - 14);
        frame_put16(f + 24, 0);
        sum = (uint16_t)~net_checksum(f + 14, (int)tcp - 14);
        memcpy(f + 24, &sum, 2);
    }
    frame_put16(f + tcp + 16, 0);
    sum = (uint16_t)~frame_tcp_sum(f, len);
    memcpy(f + tcp + 16, &sum, 2);
}

/* The headers; returns their bytes. */
static inline unsigned frame_headers(uint8_t *f, const struct tcp_frame *t)
{
    static const uint8_t macs[12] = {0, 0x16, 0x3e, 1, 2, 3, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t *tcp = f + (t->v6 ? 54 : 34);

    memset(f, 0, 128);
    memcpy(f, macs, 12);
    if (t->v6) {
        frame_put16(f + 12, 0x86dd);
        f[14] = 0x60;
        f[20] = 6;
        f[21] = 64;
        f[22] = 0xfd;
        f[37] = 1;
        f[38] = 0xfd;
        f[53] = 2;
    } else {
        frame_put16(f + 12, 0x0800);
        f[14] = 0x45;
        frame_put16(f + 18, t->id);
        f[22] = 64;
        f[23] = 6;
        frame_put32(f + 26, 0x0a000001);
        frame_put32(f + 30, 0x0a000002);
    }
    frame_put16(tcp, t->from);
    frame_put16(tcp + 2, t->to);
    frame_put32(tcp + 4, t->seq);
    frame_put32(tcp + 8, t->ack);
    tcp[12] = (uint8_t)((20 + t->options) / 4 << 4);
    tcp[13] = t->flags;
    frame_put16(tcp + 14, t->window);
    memset(tcp + 20, 1, t->options);
    return (unsigned)(tcp - f) + 20 + t->options;
}

/* Cuts a frame whose checksum was left to the backend, as that does; calls fn for each segment. size 0:
 * one segment. */
static inline void frame_cut(const uint8_t *f, unsigned len, unsigned size,
                             void (*fn)(const uint8_t *segment, unsigned len, void *arg), void *arg)
{
    static uint8_t segment[65536];
    const unsigned head = frame_payload(f), tcp = frame_tcp(f);
    unsigned at = head, n = 0;

    do {
        const unsigned data = MIN(size ? size : len - head, len - at);
        const bool last = at + data == len;

        memcpy(segment, f, head);
        memcpy(segment + head, f + at, data);
        frame_put32(segment + tcp + 4, frame_get32(f + tcp + 4) + (at - head));
        if (!last)
            segment[tcp + 13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
        if (f[12] != 0x86)
            frame_put16(segment + 18, frame_get16(f + 18) + n);
        frame_finish(segment, head + data);
        fn(segment, head + data, arg);
        at += data;
        n++;
    } while (at < len);
}

#endif
