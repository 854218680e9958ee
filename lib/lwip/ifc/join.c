/* SPDX-License-Identifier: MIT */
#include "lib/lwip/ifc/join.h"

#include <ringlet/string.h>

#include "arch/cc.h"

#define ETHERNET 14u
#define FIN      0x01u
#define SYN      0x02u
#define RST      0x04u
#define PSH      0x08u
#define URG      0x20u
#define CWR      0x80u

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static bool parse_v4(const uint8_t *ip, unsigned len, unsigned total, struct join_headers *out)
{
    const unsigned header = (ip[0] & 15u) * 4;

    if (len < 20 || ip[0] >> 4 != 4 || header < 20 || len < header || ip[9] != 6 ||
        (get16(ip + 6) & 0x3fff) || get16(ip + 2) != total)
        return false;
    out->tcp = out->ip + header;
    out->v6 = false;
    return true;
}

static bool parse_v6(const uint8_t *ip, unsigned len, unsigned total, struct join_headers *out)
{
    if (len < 40 || ip[0] >> 4 != 6 || ip[6] != 6 || get16(ip + 4) + 40 != total)
        return false;
    out->tcp = out->ip + 40;
    out->v6 = true;
    return true;
}

bool join_parse(const struct pbuf *p, struct join_headers *out)
{
    const uint8_t *frame = p->payload;
    const unsigned len = p->len;
    unsigned type, header;

    if (len < ETHERNET + 20)
        return false;
    type = get16(frame + 12);
    out->ip = ETHERNET;
    if (type == 0x0800) {
        if (!parse_v4(frame + ETHERNET, len - ETHERNET, p->tot_len - ETHERNET, out))
            return false;
    } else if (type != 0x86dd ||
               !parse_v6(frame + ETHERNET, len - ETHERNET, p->tot_len - ETHERNET, out)) {
        return false;
    }
    if (len < out->tcp + 20)
        return false;
    header = (frame[out->tcp + 12] >> 4) * 4u;
    out->payload = out->tcp + header;
    return header >= 20 && len >= out->payload && out->payload <= JOIN_HEAD;
}

/* Everything that must be the same in all segments: but lengths, checksums, the IP identification, the
 * sequence number, and the flags that only the last one has. */
static bool same_flow(const struct join *j, const uint8_t *frame, const struct join_headers *h)
{
    const uint8_t *a = j->head;
    const unsigned ip = h->ip, tcp = h->tcp;

    if (h->payload != j->headers.payload || tcp != j->headers.tcp || h->v6 != j->headers.v6 ||
        memcmp(a, frame, ETHERNET) != 0)
        return false;
    if (h->v6) {
        if (memcmp(a + ip, frame + ip, 4) != 0 || memcmp(a + ip + 6, frame + ip + 6, 34) != 0)
            return false;
    } else if (memcmp(a + ip, frame + ip, 2) != 0 || memcmp(a + ip + 6, frame + ip + 6, 4) != 0 ||
               memcmp(a + ip + 12, frame + ip + 12, tcp - ip - 12) != 0) {
        return false;
    }
    /* ports, acknowledgement, window, urgent pointer, options */
    return memcmp(a + tcp, frame + tcp, 4) == 0 && memcmp(a + tcp + 8, frame + tcp + 8, 4) == 0 &&
           memcmp(a + tcp + 14, frame + tcp + 14, 2) == 0 &&
           memcmp(a + tcp + 18, frame + tcp + 18, h->payload - tcp - 18) == 0;
}

/* What netfront needs to refer to so many bytes: a slot for each page. */
static unsigned slots_of(const uint8_t *data, unsigned len)
{
    return ((uintptr_t)data % 4096 + len + 4095) / 4096;
}

/* The payload as fragments; what follows the last one in memory, within its page, extends it. A frame of more
 * slots than a backend takes would be copied: it is none with what another segment adds. */
static bool add_payload(struct join *j, const struct pbuf *p, unsigned skip)
{
    unsigned count = j->count, slots = j->slots;
    struct netfront_tx_frag frag[NETFRONT_FRAGS_MAX];

    memcpy(frag, j->frag, count * sizeof(frag[0]));
    for (; p; p = p->next) {
        const uint8_t *data = (const uint8_t *)p->payload + skip;
        const unsigned len = p->len - skip;
        struct netfront_tx_frag *last = count > 1 ? &frag[count - 1] : NULL;

        skip = 0;
        if (!len)
            continue;
        if (last && (const uint8_t *)last->data + last->len == data && (uintptr_t)data % 4096) {
            last->len += len;
            slots += slots_of(data, len) - 1;
            continue;
        }
        if (count == NETFRONT_FRAGS_MAX)
            return false;
        frag[count++] = (struct netfront_tx_frag){.data = data, .len = len};
        slots += slots_of(data, len);
    }
    if (j->segments && slots > NETFRONT_FRAGS_MAX)
        return false;
    memcpy(j->frag, frag, count * sizeof(frag[0]));
    j->count = count;
    j->slots = slots;
    return true;
}

static bool begin(struct join *j, struct pbuf *p, const struct join_headers *h, unsigned size)
{
    const uint8_t *frame = p->payload;
    const unsigned flags = frame[h->tcp + 13];
    const unsigned data = p->tot_len - h->payload;

    memcpy(j->head, frame, h->payload);
    j->headers = *h;
    j->count = j->slots = 1;
    j->frag[0] = (struct netfront_tx_frag){.data = j->head, .len = h->payload};
    if (!add_payload(j, p, h->payload))
        return false;
    j->gso_size = size ? size : data;
    j->bytes = p->tot_len;
    j->next = get32(frame + h->tcp + 4) + data;
    j->closed = !data || data % j->gso_size || flags & (SYN | RST | URG | FIN | CWR);
    j->segments = 1;
    pbuf_ref(p);
    j->held[0] = p;
    return true;
}

bool join_add(struct join *j, struct pbuf *p, const struct join_headers *h, unsigned size)
{
    const uint8_t *frame = p->payload;
    const unsigned flags = frame[h->tcp + 13];
    const unsigned data = p->tot_len - h->payload;

    if (!j->segments)
        return begin(j, p, h, size);
    if (j->closed || j->segments == JOIN_SEGMENTS || !data ||
        (size ? size != j->gso_size : data > j->gso_size) || j->bytes + data > NETFRONT_TX_MAX ||
        flags & (SYN | RST | URG | CWR) || get32(frame + h->tcp + 4) != j->next ||
        !same_flow(j, frame, h) || !add_payload(j, p, h->payload))
        return false;
    pbuf_ref(p);
    j->held[j->segments++] = p;
    j->bytes += data;
    j->next += data;
    j->head[h->tcp + 13] |= (uint8_t)(flags & (PSH | FIN));
    j->closed = data % j->gso_size || flags & FIN;
    return true;
}

bool join_refers(const struct join *j, const void *data, size_t len)
{
    const uintptr_t begin = (uintptr_t)data;

    for (unsigned i = 0; j->segments && i < j->count; i++) {
        const uintptr_t at = (uintptr_t)j->frag[i].data;

        if (at < begin + len && begin < at + j->frag[i].len)
            return true;
    }
    return false;
}

uint16_t join_pseudo_sum(const uint8_t *frame, const struct join_headers *h, unsigned len)
{
    const unsigned from = h->ip + (h->v6 ? 8u : 12u), bytes = h->v6 ? 32u : 8u;
    uint8_t rest[4] = {0, 6};
    uint32_t sum;

    put16(rest + 2, len);
    sum = net_checksum(frame + from, (int)bytes) + net_checksum(rest, sizeof(rest));
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

void join_finish(struct join *j, struct netfront_tx *tx)
{
    const struct join_headers *h = &j->headers;
    uint8_t *ip = j->head + h->ip;
    uint16_t sum;

    if (h->v6) {
        put16(ip + 4, j->bytes - h->ip - 40);
    } else {
        put16(ip + 2, j->bytes - h->ip);
        memset(ip + 10, 0, 2);
        sum = (uint16_t)~net_checksum(ip, (int)(h->tcp - h->ip));
        memcpy(ip + 10, &sum, sizeof(sum));
    }
    sum = join_pseudo_sum(j->head, h, j->bytes - h->tcp);
    memcpy(j->head + h->tcp + 16, &sum, sizeof(sum));
    *tx = (struct netfront_tx){
        .flags = NETFRONT_CSUM_BLANK, .count = j->count, .header = h->payload, .frag = j->frag};
    if (j->bytes - h->payload > j->gso_size) {
        tx->gso = h->v6 ? NETFRONT_GSO_TCPV6 : NETFRONT_GSO_TCPV4;
        tx->gso_size = j->gso_size;
    }
}

unsigned join_drop(struct join *j)
{
    const unsigned n = j->segments;

    for (unsigned i = 0; i < n; i++)
        pbuf_free(j->held[i]);
    j->segments = 0;
    return n;
}
