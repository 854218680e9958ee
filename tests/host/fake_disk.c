/* SPDX-License-Identifier: MIT */
/* A block backend for tests (fake_disk.h). */
#include "fake_disk.h"

#include "ring_abi.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/thread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEER 7

static struct fake_disk *idle_disks[2];

void fdisk_init(size_t bytes)
{
    seam_init(bytes);
    assert_int_equal(evtchn_init(), 0);
    assert_int_equal(gnttab_init(), 0);
    idle_disks[0] = idle_disks[1] = NULL;
}

void fdisk_exit(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    assert_int_equal(heap.in_use[MEM_BLOCK], 0);
    assert_int_equal(page.in_use[MEM_BLOCK], 0);
    assert_int_equal(grants.in_use, grants.quarantined);
    seam_exit();
}

static void attach(struct fake_disk *d, struct blkfront_dev *dev, uint8_t *data)
{
    memset(d, 0, sizeof(*d));
    d->dev = dev;
    d->sectors = dev->limits.sectors;
    d->data = data;
    for (unsigned i = 0; i < dev->limits.queues; i++)
        d->queue[i].ring = dev->path.queues[i].ring.ring;
    d->slots = dev->path.queues[0].ring.slots;
}

void fdisk_attach(struct fake_disk *d, struct blkfront_dev *dev)
{
    uint8_t *data = calloc(dev->limits.sectors, 512);

    assert_non_null(data);
    attach(d, dev, data);
}

void fdisk_open(struct fake_disk *d, const struct fake_options *o)
{
    struct blkfront_config config;
    struct blkfront_limits *l;
    struct blkfront_dev *dev;

    assert_int_equal(negotiate_config(NULL, &config), 0);
    config.grant_budget = o->budget;
    config.polled = o->polled;
    config.nomerges = o->nomerges;
    config.persistent_grants = o->persistent_grants;
    config.abi = o->abi ? o->abi : 64;
    config.registered_pages = o->registered_pages;
    dev = lifecycle_create(51712, &config);
    assert_non_null(dev);
    wait_queue_init(&dev->fe.events);
    dev->peer = PEER;
    l = &dev->limits;
    l->sectors = o->sectors ? o->sectors : 2048;
    l->sector_size = l->physical_sector_size = o->sector_size ? o->sector_size : 512;
    l->queues = o->queues ? o->queues : 1;
    l->ring_pages = o->ring_pages ? o->ring_pages : 1;
    l->max_segments = o->max_segments ? o->max_segments : 11;
    l->trusted = !o->untrusted;
    l->readonly = o->readonly;
    l->flush = o->flush;
    l->barrier = o->barrier;
    l->discard = o->discard;
    l->discard_granularity = MAX(o->discard, (uint64_t)l->sector_size);
    l->discard_alignment = o->discard_alignment;
    l->discard_secure = o->discard_secure;
    l->persistent = l->persistent_offered = o->persistent;
    assert_int_equal(lifecycle_make_rings(dev), 0);
    lifecycle_start(dev);
    fdisk_attach(d, dev);
}

static void forget(struct fake_disk *d, unsigned i)
{
    free(d->taken[i].seg);
    memmove(&d->taken[i], &d->taken[i + 1], (d->count - i - 1) * sizeof(d->taken[0]));
    d->count--;
}

void fdisk_detach(struct fake_disk *d)
{
    while (d->count)
        forget(d, 0);
    free(d->data);
    d->data = NULL;
}

void fdisk_reconnect(struct fake_disk *d)
{
    struct blkfront_dev *dev = d->dev;
    uint8_t *data = d->data;

    d->data = NULL;
    fdisk_detach(d);
    assert_int_equal(lifecycle_make_rings(dev), 0);
    lifecycle_start(dev);
    attach(d, dev, data);
}

void fdisk_close(struct fake_disk *d)
{
    lifecycle_close(d->dev);
    fdisk_unmap(d);
    lifecycle_release(d->dev);
    assert_int_equal(blkfront_in_flight(d->dev), 0);
    lifecycle_destroy(d->dev);
    fdisk_detach(d);
}

/* A page that the frontend granted to us. */
static uint8_t *granted_page(const struct fake_disk *d, grant_ref_t ref, bool write)
{
    const grant_entry_v1_t *e = &seam_grants[ref];

    assert_true(ref > 0);
    assert_true(e->flags & GTF_permit_access);
    assert_int_equal(e->domid, d->dev->peer);
    if (write)
        assert_false(e->flags & GTF_readonly);
    return seam_page(e->frame);
}

/* The permission of a write's page: read-only, unless its grant was made for more. */
static void check_writable(const struct fake_disk *d, const struct fake_request *r, grant_ref_t ref)
{
    struct blkfront_dev *dev = d->dev;
    bool kept = dev->limits.persistent ||
                registered_ref(&dev->memory.registered, seam_page(seam_grants[ref].frame));

    assert_int_equal(!!(seam_grants[ref].flags & GTF_readonly), r->op == BLKIF_OP_WRITE && !kept);
}

static void take_segments(struct fake_disk *d, struct fake_request *r, const union wire_entry *e)
{
    const struct wire_segment *from = e->request.seg;
    unsigned mask = d->dev->limits.sector_size / 512 - 1;

    r->seg = calloc(r->segments + 1, sizeof(*r->seg));
    assert_non_null(r->seg);
    for (unsigned i = 0; i < r->segments; i++) {
        struct wire_segment s = from[i % WIRE_SEGMENTS];

        if (r->ring_op == BLKIF_OP_INDIRECT) {
            grant_ref_t ref = e->indirect.gref[i / 512];

            assert_int_equal(!!(seam_grants[ref].flags & GTF_readonly), !d->dev->limits.persistent);
            s = ((struct wire_segment *)(void *)granted_page(d, ref, false))[i % 512];
        }
        assert_true(s.first <= s.last && s.last < 8);
        assert_int_equal((s.last - s.first + 1u) & mask, 0);
        check_writable(d, r, s.gref);
        if (d->dev->limits.persistent)
            fdisk_map(s.gref, true);
        assert_int_equal(s.zero, 0);
        granted_page(d, s.gref, r->op == BLKIF_OP_READ);
        r->sectors += s.last - s.first + 1u;
        r->seg[i] = s;
    }
    assert_int_equal(r->sector & mask, 0);
    assert_true(r->sector + r->sectors <= d->sectors);
}

static void take_discard(struct fake_disk *d, struct fake_request *r, const struct wire_discard *e)
{
    const struct blkfront_limits *l = &d->dev->limits;

    assert_int_equal(e->handle, (uint16_t)l->devid);
    assert_int_equal(e->zero, 0);
    r->sectors = e->sectors;
    r->flag = e->flag;
    assert_true(r->flag == 0 || (r->flag == BLKIF_DISCARD_SECURE && l->discard_secure));
    assert_true(l->discard && !l->readonly);
    assert_true(r->sectors > 0);
    assert_true(r->sector <= d->sectors && r->sectors <= d->sectors - r->sector);
    assert_int_equal((r->sector * 512 - l->discard_alignment) % l->discard_granularity, 0);
    assert_int_equal(r->sectors * 512 % l->discard_granularity, 0);
    d->requests++;
    d->discards++;
}

static union wire_entry next_request(const struct fake_disk *d, struct fake_queue *q)
{
    unsigned abi = d->dev->config.abi;
    void *at = abi_entry(q->ring, abi, q->req_cons++ & (d->slots - 1));

    return abi == 32 ? abi_decode32(at) : *(union wire_entry *)at;
}

static void take_one(struct fake_disk *d, unsigned queue)
{
    struct fake_queue *q = &d->queue[queue];
    union wire_entry e = next_request(d, q);
    struct fake_request *r = &d->taken[d->count++];

    memset(r, 0, sizeof(*r));
    r->queue = queue;
    r->id = e.request.id;
    r->sector = e.request.sector;
    r->op = r->ring_op = e.request.operation;
    if (r->op == BLKIF_OP_DISCARD) {
        take_discard(d, r, &e.discard);
        return;
    }
    r->segments = e.request.segments;
    if (r->op == BLKIF_OP_INDIRECT) {
        r->op = e.indirect.indirect_op;
        r->segments = e.indirect.segments;
        assert_true(r->segments > WIRE_SEGMENTS);
        assert_int_equal(e.indirect.handle, (uint16_t)d->dev->limits.devid);
        assert_int_equal(e.indirect.zero2, 0);
    } else {
        assert_int_equal(e.request.zero, 0); /* padding, but the backend sees it */
        assert_true(r->segments <= WIRE_SEGMENTS);
        assert_int_equal(e.request.handle, (uint16_t)d->dev->limits.devid);
    }
    assert_true(r->segments <= d->dev->limits.max_segments);
    if (r->op == BLKIF_OP_READ || r->op == BLKIF_OP_WRITE)
        assert_true(r->segments > 0);
    else
        assert_int_equal(r->segments, 0);
    take_segments(d, r, &e);
    d->requests++;
    d->granted += r->segments;
    d->granted_max = MAX(d->granted_max, d->granted);
    d->largest = MAX(d->largest, r->segments);
    d->flushes += r->op == BLKIF_OP_FLUSH_DISKCACHE;
    d->barriers += r->op == BLKIF_OP_WRITE_BARRIER;
}

unsigned fdisk_take(struct fake_disk *d)
{
    for (unsigned i = 0; i < d->dev->limits.queues; i++) {
        struct fake_queue *q = &d->queue[i];

        do {
            assert_true(q->ring->req_prod - q->req_cons <= d->slots);
            while (q->req_cons != q->ring->req_prod)
                take_one(d, i);
            q->ring->req_event = q->req_cons + 1;
        } while (q->req_cons != q->ring->req_prod);
    }
    return d->count;
}

static void transfer(struct fake_disk *d, const struct fake_request *r)
{
    uint8_t *disk = d->data + r->sector * 512;

    if (r->op == BLKIF_OP_DISCARD)
        memset(disk, FDISK_DISCARDED, r->sectors * 512);
    for (unsigned i = 0; i < r->segments; i++) {
        const struct wire_segment *s = &r->seg[i];
        uint8_t *memory = granted_page(d, s->gref, r->op == BLKIF_OP_READ) + s->first * 512;
        size_t bytes = (s->last - s->first + 1u) * 512;

        if (r->op == BLKIF_OP_READ)
            memcpy(memory, disk, bytes);
        else
            memcpy(disk, memory, bytes);
        disk += bytes;
    }
}

static void respond(struct fake_disk *d, unsigned queue, uint64_t id, uint8_t op, int16_t status)
{
    struct fake_queue *q = &d->queue[queue];

    const struct wire_response rsp = {.id = id, .operation = op, .status = status};
    unsigned abi = d->dev->config.abi;

    memcpy(abi_entry(q->ring, abi, q->rsp_prod++ & (d->slots - 1)), &rsp, abi_response_bytes(abi));
}

void fdisk_respond(struct fake_disk *d, uint64_t id, uint8_t op, int16_t status)
{
    respond(d, 0, id, op, status);
}

void fdisk_answer(struct fake_disk *d, unsigned i, int16_t status)
{
    const struct fake_request *r = &d->taken[i];

    assert_true(i < d->count);
    if (status == BLKIF_RSP_OKAY)
        transfer(d, r);
    d->granted -= r->segments;
    respond(d, r->queue, r->id, d->answer_outer ? r->ring_op : r->op, status);
    forget(d, i);
}

void fdisk_publish(struct fake_disk *d)
{
    for (unsigned i = 0; i < d->dev->limits.queues; i++) {
        struct fake_queue *q = &d->queue[i];
        uint32_t old = q->ring->rsp_prod;

        q->ring->rsp_prod = q->rsp_prod;
        if (q->rsp_prod - q->ring->rsp_event < q->rsp_prod - old)
            seam_raise(d->dev->path.queues[i].port);
    }
}

static int16_t status_for(struct fake_disk *d, const struct fake_request *r)
{
    static unsigned data;

    if (r->op == BLKIF_OP_FLUSH_DISKCACHE)
        return d->flush_status;
    if (r->op == BLKIF_OP_WRITE_BARRIER)
        return d->barrier_status;
    if (r->op == BLKIF_OP_DISCARD)
        return d->discard_status;
    if (d->fails_over && r->segments > d->fails_over)
        return BLKIF_RSP_ERROR;
    return d->error_every && ++data % d->error_every == 0 ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY;
}

unsigned fdisk_run(struct fake_disk *d)
{
    unsigned answered = 0;

    fdisk_take(d);
    while (d->count) {
        unsigned i = d->random ? random_below(d->random, d->count) : 0;

        fdisk_answer(d, i, status_for(d, &d->taken[i]));
        answered++;
    }
    fdisk_publish(d);
    return answered;
}

void fdisk_drain(struct fake_disk *d)
{
    for (unsigned i = 0; blkfront_in_flight(d->dev); i++) {
        assert_true(i < 100000);
        fdisk_run(d);
        thread_poll_events();
    }
}

static void idle(void)
{
    for (unsigned i = 0; i < 2; i++) {
        if (idle_disks[i])
            fdisk_run(idle_disks[i]);
    }
}

void fdisk_run_when_idle(struct fake_disk *a, struct fake_disk *b)
{
    idle_disks[0] = a;
    idle_disks[1] = b;
    seam_idle = idle;
}

void fdisk_unmap(struct fake_disk *d)
{
    if (!d->dev->limits.persistent)
        return;
    for (unsigned i = 0; i < seam_grant_max_frames * (PAGE_SIZE / sizeof(seam_grants[0])); i++)
        seam_grants[i].flags &= (uint16_t) ~(GTF_reading | GTF_writing);
}

void fdisk_map(grant_ref_t ref, bool map)
{
    if (map)
        seam_grants[ref].flags |= GTF_reading;
    else
        seam_grants[ref].flags &= (uint16_t)~GTF_reading;
}
