/* SPDX-License-Identifier: MIT */
/* Frames with a pattern, and what has become of each (net_frames.h). */
#include "net_frames.h"

#define DATA  (256u << 10)
#define SMALL 0x88b5 /* an EtherType for experiments */

static uint8_t data[DATA + NETFRONT_FRAME_MAX];
static struct frame frames[DIRECTIONS][FLOWS][FLOW_FRAMES];
static uint32_t next[DIRECTIONS][FLOWS], expected[DIRECTIONS][FLOWS];

void frames_make_data(void)
{
    struct random r = {0x6e6574};

    for (size_t i = 0; i + 8 <= sizeof(data); i += 8)
        memcpy(data + i, &(uint64_t){random_u64(&r)}, 8);
}

void frames_reset(void)
{
    memset(frames, 0, sizeof(frames));
    memset(next, 0, sizeof(next));
    memset(expected, 0, sizeof(expected));
}

struct frame *frame_new(enum direction d, unsigned devid, unsigned flow, unsigned len)
{
    uint32_t seq = next[d][flow];
    struct frame *f = &frames[d][flow][seq];

    if (seq == FLOW_FRAMES)
        return NULL;
    next[d][flow]++;
    *f = (struct frame){.seq = seq, .len = len, .devid = (uint8_t)devid, .flow = (uint8_t)flow};
    return f;
}

bool flow_is_v6(unsigned flow)
{
    return flow != FLOW_SMALL && flow % 2;
}

unsigned frame_headers(const struct frame *f)
{
    return f->flow == FLOW_SMALL ? 14 : flow_is_v6(f->flow) ? 74 : 54;
}

/* A flow's frames have the same addresses, so that they stay in order. */
static unsigned make_headers(enum direction d, const struct frame *f, uint8_t *h)
{
    unsigned n = frame_headers(f), at = 14, ip = f->len - 14;

    memset(h, 0, FRAME_HEADERS + 12);
    h[0] = h[6] = 2;
    h[5] = f->flow;
    h[11] = (uint8_t)(0x10 + d);
    if (f->flow == FLOW_SMALL) {
        memcpy(h + 7, &f->seq, 4);
        h[12] = SMALL >> 8;
        h[13] = SMALL & 0xff;
        return n;
    }
    h[12] = flow_is_v6(f->flow) ? 0x86 : 8;
    h[13] = flow_is_v6(f->flow) ? 0xdd : 0;
    if (flow_is_v6(f->flow)) {
        h[14] = 0x60;
        ip -= 40;
        h[18] = (uint8_t)(ip >> 8);
        h[19] = (uint8_t)ip;
        h[20] = 6;
        h[21] = 64;
        h[22] = h[38] = 0xfd;
        h[37] = (uint8_t)(d + 1);
        h[53] = f->flow;
        at += 40;
    } else {
        h[14] = 0x45;
        h[16] = (uint8_t)(ip >> 8);
        h[17] = (uint8_t)ip;
        h[22] = 64;
        h[23] = 6;
        h[26] = h[30] = 10;
        h[29] = (uint8_t)(d + 1);
        h[33] = f->flow;
        at += 20;
    }
    h[at] = 0x10;
    h[at + 1] = f->flow;
    h[at + 2] = 0x20;
    h[at + 12] = 0x50;
    memcpy(h + n, &f->seq, 4);
    memcpy(h + n + 4, &f->len, 4);
    memcpy(h + n + 8, &f->gso_size, 2);
    h[n + 10] = f->gso;
    return n + 12;
}

static const uint8_t *pattern(enum direction d, const struct frame *f)
{
    return data + ((f->seq + 1) * 104729u + f->flow * 7919u + (unsigned)d * 50021u) % DATA;
}

void frame_bytes(enum direction d, const struct frame *f, unsigned offset, void *to, unsigned len)
{
    uint8_t h[FRAME_HEADERS + 12], *out = to;
    unsigned n = make_headers(d, f, h), k;

    CHECK(offset + len <= f->len, "simulation: %u bytes at %u of frame %u.%u of %u, direction %u",
          len, offset, f->flow, f->seq, f->len, (unsigned)d);
    k = offset < n ? MIN(n - offset, len) : 0;
    memcpy(out, h + offset * (k != 0), k);
    memcpy(out + k, pattern(d, f) + offset + k, len - k);
}

bool frame_is(enum direction d, const struct frame *f, unsigned offset, const uint8_t *bytes,
              unsigned len)
{
    uint8_t h[FRAME_HEADERS + 12];
    unsigned n = make_headers(d, f, h), k;

    if (offset + len > f->len)
        return false;
    k = offset < n ? MIN(n - offset, len) : 0;
    return !memcmp(bytes, h + offset * (k != 0), k) &&
           !memcmp(bytes + k, pattern(d, f) + offset + k, len - k);
}

struct frame *frame_find(enum direction d, const uint8_t *head, unsigned len)
{
    unsigned type = len >= 14 ? (unsigned)head[12] << 8 | head[13] : 0;
    unsigned flow = len >= 14 ? head[5] : FLOWS, at = type == 0x800 ? 54 : 74;
    uint32_t seq;

    if (flow >= FLOWS || (flow == FLOW_SMALL) != (type == SMALL) ||
        (flow != FLOW_SMALL && len < at + 12))
        return NULL;
    memcpy(&seq, flow == FLOW_SMALL ? head + 7 : head + at, 4);
    return seq < next[d][flow] ? &frames[d][flow][seq] : NULL;
}

void frame_arrives(enum direction d, unsigned devid, struct frame *f, const uint8_t *bytes,
                   unsigned len)
{
    const char *to = d == TO_BACKEND ? "backend" : "guest";

    CHECK(f && f->devid == devid, "a frame of %u bytes to the %s that nobody sent", len, to);
    CHECK(len == f->len, "frame %u.%u to the %s has %u bytes instead of %u", f->flow, f->seq, to,
          len, f->len);
    CHECK(frame_is(d, f, 0, bytes, len), "frame %u.%u to the %s was changed", f->flow, f->seq, to);
    CHECK(!(f->state & FRAME_SEEN), "frame %u.%u to the %s arrived twice", f->flow, f->seq, to);
    CHECK(!(f->state & (FRAME_REFUSED | FRAME_BAD)), "frame %u.%u to the %s was %s, and arrived",
          f->flow, f->seq, to, f->state & FRAME_BAD ? "not valid" : "refused");
    CHECK(f->flow == FLOW_SMALL || f->seq >= expected[d][f->flow],
          "frame %u.%u to the %s arrived behind a later one", f->flow, f->seq, to);
    expected[d][f->flow] = f->seq + 1;
    f->state |= FRAME_SEEN;
    sim_note((uint64_t)d << 40 | (uint64_t)f->flow << 32 | f->seq, len);
}

unsigned frames_count(enum direction d, unsigned devid, unsigned set, unsigned unset)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FLOWS; i++)
        for (unsigned k = 0; k < next[d][i]; k++)
            n += frames[d][i][k].devid == devid && (frames[d][i][k].state & (set | unset)) == set;
    return n;
}
