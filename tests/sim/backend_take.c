/* SPDX-License-Identifier: MIT */
/* Requests from the ring: copied into the backend's own memory, checked, and mapped. */
#include "backend_ring.h"

#include <stdlib.h>

static struct pending *free_pending;

static struct pending *pending_get(struct backend_queue *q, unsigned segments)
{
    struct pending *r = free_pending;

    if (r)
        free_pending = r->next_free;
    else
        r = malloc(sizeof(*r));
    if (!r)
        abort();
    memset(r, 0, offsetof(struct pending, small));
    r->queue = q;
    q->taken++;
    r->seg = r->small;
    r->page = r->small_page;
    r->kept = r->small_kept;
    r->segments = segments;
    if (segments > WIRE_SEGMENTS) {
        r->seg = malloc(segments * sizeof(*r->seg));
        r->page = malloc(segments * sizeof(*r->page));
        r->kept = malloc(segments * sizeof(*r->kept));
        if (!r->seg || !r->page || !r->kept)
            abort();
    }
    return r;
}

static void pending_put(struct pending *r)
{
    if (r->seg != r->small) {
        free(r->seg);
        free(r->page);
        free(r->kept);
    }
    r->next_free = free_pending;
    free_pending = r;
}

void backend_forget(struct backend *b, unsigned i)
{
    b->taken[i]->queue->taken--;
    pending_put(b->taken[i]);
    b->count--;
    memmove(&b->taken[i], &b->taken[i + 1], (b->count - i) * sizeof(b->taken[0]));
}

/* ---- taking ---- */

void backend_unmap(struct backend *b, struct pending *r)
{
    (void)b;
    if (r->mapped) {
        for (unsigned i = 0; i < r->segments; i++)
            backend_unmap_page(r->queue, r->seg[i].gref, !writes(r), r->kept[i]);
    }
    r->mapped = false;
}

static bool is_zero(const uint8_t *p, size_t bytes)
{
    static const uint8_t zeroes[PAGE_SIZE];

    return !memcmp(p, zeroes, bytes);
}

/* A backend that is not trusted sees only the data to be written. */
static void check_nothing_else(const struct backend *b, const struct pending *r, unsigned i)
{
    const uint8_t *page = r->page[i];
    size_t from = writes(r) ? r->seg[i].first * 512u : 0;
    size_t to = writes(r) ? (r->seg[i].last + 1u) * 512 : 0;

    if (!b->untrusted || b->peer.hostile)
        return;
    CHECK(is_zero(page, from) && is_zero(page + to, PAGE_SIZE - to),
          "an untrusted backend is shown old data beside bytes %zu..%zu of a page for a %s", from,
          to, writes(r) ? "write" : "read");
}

uint64_t backend_data_sum(const struct pending *r)
{
    uint64_t sum = 14695981039346656037ULL; /* FNV-1a */

    for (unsigned i = 0; i < r->segments; i++)
        for (unsigned k = r->seg[i].first * 512u; k < (r->seg[i].last + 1u) * 512; k++)
            sum = (sum ^ r->page[i][k]) * 1099511628211ULL;
    return sum;
}

bool backend_map(struct backend *b, struct pending *r)
{
    for (unsigned i = 0; i < r->segments; i++) {
        r->page[i] = backend_map_page(r->queue, r->seg[i].gref, !writes(r), &r->kept[i]);
        if (!r->page[i]) {
            CHECK(b->peer.leaving || b->peer.hurried || b->peer.hostile,
                  "request %#llx: grant %u cannot be mapped", (unsigned long long)r->id,
                  r->seg[i].gref);
            while (i--)
                backend_unmap_page(r->queue, r->seg[i].gref, !writes(r), r->kept[i]);
            return false;
        }
        check_nothing_else(b, r, i);
        /* a page whose data are written to the disk is not writable for the backend, except by a
         * grant that was made for more than this request (a backend that continues after its
         * connection ended finds other pages), perhaps for an earlier backend */
        CHECK(!writes(r) || b->peer.hostile || seam_grants[r->seg[i].gref].flags & GTF_readonly ||
                  b->persistent || b->peer.found || (b->registered && !b->untrusted),
              "a write's page is granted writable");
    }
    r->mapped = true;
    if (b->peer.unseen && writes(r))
        r->sum = backend_data_sum(r);
    return true;
}

static bool read_indirect(struct backend *b, struct pending *r, const union wire_entry *e)
{
    for (unsigned i = 0; i < r->segments; i += WIRE_SEGMENTS_PER_PAGE) {
        grant_ref_t ref = e->indirect.gref[i / WIRE_SEGMENTS_PER_PAGE];
        size_t n = MIN(r->segments - i, (unsigned)WIRE_SEGMENTS_PER_PAGE);
        bool kept;
        uint8_t *page = backend_map_page(r->queue, ref, false, &kept);

        if (!page) {
            CHECK(b->peer.leaving || b->peer.hurried || b->peer.hostile,
                  "indirect page: grant %u cannot be mapped", ref);
            return false;
        }
        CHECK(b->peer.hostile || seam_grants[ref].flags & GTF_readonly || b->persistent ||
                  b->peer.found,
              "an indirect page is granted writable");
        peer_copy(&r->seg[i], page, n * sizeof(r->seg[0]));
        backend_unmap_page(r->queue, ref, false, kept);
    }
    return true;
}

static void check_segments(struct backend *b, struct pending *r)
{
    /* a hostile one may have named another size */
    unsigned mask = b->peer.hostile ? 0 : b->profile.sector_size / 512 - 1;

    for (unsigned i = 0; i < r->segments; i++) {
        const struct wire_segment *s = &r->seg[i];

        /* one that lies about its state may still read the ring of an earlier connection, whose
         * references now belong to other pages */
        if (b->peer.hostile && (s->first > s->last || s->last >= 8 || s->zero)) {
            r->segments = i;
            r->status = BLKIF_RSP_ERROR;
            break;
        }
        CHECK(s->first <= s->last && s->last < 8, "segment of sectors %u to %u", s->first, s->last);
        CHECK(((s->last - s->first + 1u) & mask) == 0, "segment of a part of a sector");
        CHECK(s->zero == 0, "a segment shows old memory");
        r->sectors += s->last - s->first + 1u;
    }
    CHECK((r->sector & mask) == 0, "a request begins within a sector");
    CHECK(b->peer.hostile || r->sector + r->sectors <= b->disk.sectors,
          "a request beyond the end of the disk");
    if (r->sector + r->sectors > b->disk.sectors)
        r->status = BLKIF_RSP_ERROR;
}

static void check_discard(const struct backend *b, const struct wire_discard *e)
{
    const struct profile *p = &b->profile;
    uint64_t granule = (uint64_t)(p->granularity == ABSENT ? (int)p->sector_size : p->granularity);
    uint64_t alignment = (uint64_t)(p->alignment == ABSENT ? 0 : p->alignment);

    CHECK(e->handle == b->peer.devid, "a discard for device %u", e->handle);
    CHECK(!e->zero, "a discard shows old memory");
    if (b->peer.hostile)
        return;
    CHECK(p->discard == 1 && !p->readonly, "a discard that was not offered");
    CHECK(e->flag == 0 || (e->flag == BLKIF_DISCARD_SECURE && p->secure == 1),
          "a discard's flag %u", e->flag);
    CHECK(e->sectors && e->sectors <= b->disk.sectors && e->sector <= b->disk.sectors - e->sectors,
          "a discard of sectors %llu + %llu", (unsigned long long)e->sector,
          (unsigned long long)e->sectors);
    CHECK(!((e->sector * 512 - alignment) % granule) && !(e->sectors * 512 % granule),
          "a discard of sectors %llu + %llu, which are no granules", (unsigned long long)e->sector,
          (unsigned long long)e->sectors);
}

static void take_discard(struct backend *b, struct pending *r, const struct wire_discard *e)
{
    bool inside = e->sectors <= b->disk.sectors && e->sector <= b->disk.sectors - e->sectors;

    check_discard(b, e);
    r->sectors = inside ? (unsigned)e->sectors : 0;
    r->flag = e->flag;
    r->status = inside ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
}

static void count_request(struct backend *b, const struct pending *r)
{
    b->requests++;
    b->segments += r->segments;
    b->indirect += r->ring_op == BLKIF_OP_INDIRECT;
    b->reads += r->op == BLKIF_OP_READ;
    b->writes += r->op == BLKIF_OP_WRITE;
    b->flushes += r->op == BLKIF_OP_FLUSH_DISKCACHE;
    b->barriers += r->op == BLKIF_OP_WRITE_BARRIER;
    b->discards += r->op == BLKIF_OP_DISCARD;
    if (r->op == BLKIF_OP_DISCARD)
        b->discarded_sectors += r->sectors;
    if (r->op == BLKIF_OP_READ)
        b->read_sectors += r->sectors;
    if (r->op == BLKIF_OP_WRITE)
        b->written_sectors += r->sectors;
    totals.ring_requests++;
    sim_note(r->sector << 16 | r->op, r->segments);
    TRACE("backend   %u takes %#llx op %u sector %llu + %u in %u segments", b->peer.devid,
          (unsigned long long)r->id, r->op, (unsigned long long)r->sector, r->sectors, r->segments);
}

static void check_request(struct backend *b, const struct pending *r, const union wire_entry *e)
{
    bool indirect = r->ring_op == BLKIF_OP_INDIRECT;
    uint16_t handle = indirect ? e->indirect.handle : e->request.handle;
    const struct profile *p = &b->profile;

    CHECK(handle == b->peer.devid, "a request for device %u", handle);
    CHECK(b->peer.hostile || !indirect ||
              (p->indirect != ABSENT && (int)r->segments <= p->indirect),
          "an indirect request of %u segments was not offered", r->segments);
    CHECK(indirect || r->segments <= WIRE_SEGMENTS, "%u segments in a request", r->segments);
    CHECK(!indirect || e->indirect.zero == 0, "an indirect request shows old memory");
    switch (r->op) {
    case BLKIF_OP_WRITE:
        CHECK(b->peer.hostile || !p->readonly, "a write to a read-only disk");
        /* fall through */
    case BLKIF_OP_READ:
        CHECK(r->segments, "a request without segments");
        break;
    case BLKIF_OP_FLUSH_DISKCACHE:
        CHECK((b->peer.hostile || p->flush == 1) && !r->segments, "a flush that was not offered");
        break;
    case BLKIF_OP_WRITE_BARRIER:
        CHECK((b->peer.hostile || p->barrier == 1) && !r->segments,
              "a barrier that was not offered");
        break;
    default:
        sim_violation("operation %u on the ring", r->op);
    }
}

/* Queues are independent of each other, so a barrier is the only request there is, except in its
 * queue. */
static void check_order(const struct backend *b, const struct pending *r)
{
    for (unsigned i = 0; i < b->count && !b->peer.hostile; i++) {
        const struct pending *t = b->taken[i];

        CHECK(t->queue == r->queue ||
                  (r->op != BLKIF_OP_WRITE_BARRIER && t->op != BLKIF_OP_WRITE_BARRIER),
              "a barrier does not wait for another queue, or another queue not for it");
    }
}

static void take_segments(struct backend *b, struct pending *r, const union wire_entry *e)
{
    bool indirect = r->ring_op == BLKIF_OP_INDIRECT, good = true;

    CHECK(indirect || e->request.segments <= WIRE_SEGMENTS, "%u segments", e->request.segments);
    check_request(b, r, e);
    if (indirect)
        good = read_indirect(b, r, e);
    else
        memcpy(r->seg, e->request.seg, r->segments * sizeof(r->seg[0]));
    r->status = good ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
    if (good)
        check_segments(b, r);
    else
        r->segments = 0;
}

static void take_one(struct backend *b, struct backend_queue *q)
{
    union {
        union wire_entry of64;
        union wire32_entry of32;
    } raw;
    union wire_entry e;
    struct pending *r;
    bool indirect, discard;

    peer_copy(&raw, abi_entry(q->ring, b->abi, q->req_cons++ & (b->slots - 1)),
              abi_request_bytes(b->abi));
    e = b->abi == 32 ? abi_decode32(&raw.of32) : raw.of64;
    indirect = e.request.operation == BLKIF_OP_INDIRECT;
    discard = e.request.operation == BLKIF_OP_DISCARD;
    if (b->peer.hostile && b->peer.hostile->scribbled) {
        /* its own writes to the ring are not violations of the frontend's */
        r = pending_get(q, 0);
        r->id = e.request.id;
        r->op = r->ring_op = e.request.operation;
        b->taken[b->count++] = r;
        return;
    }
    r = pending_get(q, indirect  ? MIN(e.indirect.segments, (unsigned)WIRE_SEGMENTS_MAX)
                       : discard ? 0
                                 : MIN(e.request.segments, (unsigned)WIRE_SEGMENTS));
    r->id = e.request.id;
    r->sector = e.request.sector;
    r->ring_op = e.request.operation;
    r->op = indirect ? e.indirect.indirect_op : r->ring_op;
    if (discard)
        take_discard(b, r, &e.discard);
    else
        take_segments(b, r, &e);
    count_request(b, r);
    if (r->status == BLKIF_RSP_OKAY && !b->profile.copies && !backend_map(b, r))
        r->status = BLKIF_RSP_ERROR;
    check_order(b, r);
    for (unsigned i = 0; i < b->count; i++)
        CHECK(b->taken[i]->id != r->id || b->taken[i]->queue != q || b->peer.hostile,
              "two requests with one id");
    b->taken[b->count++] = r;
}

static void take_from(struct backend *b, struct backend_queue *q, unsigned max)
{
    uint32_t there = *(volatile uint32_t *)&q->ring->req_prod - q->req_cons;

    if (there > b->slots - q->taken) {
        CHECK(b->peer.hostile, "the request ring was overrun: %u of %u slots", there + q->taken,
              b->slots);
        return;
    }
    while (there-- && max--)
        take_one(b, q);
}

void backend_take(struct backend *b, unsigned max)
{
    for (unsigned i = 0; i < b->queues; i++)
        take_from(b, &b->queue[i], max);
}
