/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include <ringlet/string.h>

enum { ETHERNET = 14, ARP = 28, IP = 20, UDP = 8 };

static const uint8_t address[4] = {10, 0, 0, 2};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static uint32_t sum(uint32_t s, const uint8_t *p, unsigned len)
{
    for (unsigned i = 0; i + 1 < len; i += 2)
        s += get16(p + i);
    if (len & 1)
        s += (uint32_t)p[len - 1] << 8;
    return s;
}

static unsigned fold(uint32_t s)
{
    s = (s & 0xffff) + (s >> 16);
    return (s & 0xffff) + (s >> 16);
}

static void swap(uint8_t *a, uint8_t *b, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = a[i];

        a[i] = b[i];
        b[i] = byte;
    }
}

static bool arp(struct answer *a, const uint8_t mac[6])
{
    uint8_t *p = a->data + ETHERNET;

    if (a->len < ETHERNET + ARP || get16(p + 6) != 1 || memcmp(p + 24, address, 4) != 0)
        return false;
    memcpy(p + 18, p + 8, 10); /* the target is who asked */
    memcpy(p + 8, mac, 6);
    memcpy(p + 14, address, 4);
    put16(p + 6, 2);
    a->len = ETHERNET + ARP;
    return true;
}

static bool icmp(uint8_t *p, unsigned len)
{
    if (len < 8 || p[0] != 8)
        return false;
    p[0] = 0;
    put16(p + 2, 0);
    put16(p + 2, ~fold(sum(0, p, len)));
    return true;
}

static bool udp(struct answer *a, const uint8_t *ip, uint8_t *p, unsigned len, bool blank)
{
    uint32_t s;

    if (len < UDP || get16(p + 2) != 7)
        return false;
    swap(p, p + 2, 2);
    put16(p + 4, len);
    put16(p + 6, 0);
    s = sum(17 + len, ip + 12, 8);
    if (blank) {
        put16(p + 6, fold(s));
        a->flags = NETFRONT_CSUM_BLANK;
    } else {
        s = ~fold(sum(s, p, len)) & 0xffff;
        put16(p + 6, s ? s : 0xffff);
    }
    return true;
}

static bool ip(struct answer *a, bool blank)
{
    uint8_t *p = a->data + ETHERNET;
    unsigned len = a->len - ETHERNET;

    if (len < IP || p[0] != 0x45 || get16(p + 2) < IP || get16(p + 2) > len ||
        get16(p + 6) & 0x3fff || memcmp(p + 16, address, 4) != 0)
        return false;
    len = get16(p + 2) - IP;
    swap(p + 12, p + 16, 4);
    a->len = ETHERNET + IP + len;
    return p[9] == 1 ? icmp(p + IP, len) : p[9] == 17 && udp(a, p, p + IP, len, blank);
}

bool answer_make(struct answer *a, const uint8_t mac[6], bool blank)
{
    const unsigned type = a->len >= ETHERNET ? get16(a->data + 12) : 0;
    bool ok;

    a->flags = 0;
    ok = type == 0x806 ? arp(a, mac) : type == 0x800 && ip(a, blank);
    memcpy(a->data, a->data + 6, 6);
    memcpy(a->data + 6, mac, 6);
    return ok;
}
