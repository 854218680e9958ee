/* SPDX-License-Identifier: MIT */
/*
 * The response stream of an open disk. The input decides the backend's actions: it answers
 * honestly, in any order, or forges responses, scribbles on the ring, moves indexes, keeps grants
 * mapped. In all cases each request completes exactly once and nothing leaks; as long as the
 * backend was honest, the data are right and all requests succeed.
 *
 * The disk's content never changes: writes write the present content, so each read has one right
 * result in any order of execution.
 */
#include "fuzz.h"

#include <host/fake_disk.h>

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <ringlet/thread.h>

#define REQUESTS     10
#define BUFFER_BYTES (6 * PAGE_SIZE)
#define CANARY       0xc5
#define SECTORS      256
#define DISK_BYTES   (SECTORS * 512)

static struct fake_disk disk;
static struct io {
    struct blkfront_aiocb aiocb;
    struct blkfront_iovec iov[3];
    uint8_t *buffer, *data;
    size_t bytes;
    uint64_t offset;
    bool pending, write, bare;
} ios[REQUESTS];
static bool lied;    /* the backend has broken the protocol */
static bool dirty;   /* ... on the request side: the ring's content is not the frontend's */
static bool closing; /* lost() was called */
static bool mapped;  /* it still maps a page */
static bool starved; /* an allocation may have failed */
static unsigned resubmit;

/* The disk's content, and the bytes around a buffer; memcmp because this is much of the work. */
static uint8_t content[DISK_BYTES], canaries[BUFFER_BYTES];

static void make_content(void)
{
    memset(canaries, CANARY, sizeof(canaries));
    for (size_t i = 0; i < DISK_BYTES; i++)
        content[i] = (uint8_t)((i >> 9) * 7 + i);
}

static bool is_content(const struct io *io)
{
    return memcmp(io->data, content + io->offset, io->bytes) == 0;
}

static bool canaries_intact(const struct io *io)
{
    const uint8_t *behind = io->data + io->bytes;

    return !memcmp(io->buffer, canaries, (size_t)(io->data - io->buffer)) &&
           !memcmp(behind, canaries, (size_t)(io->buffer + BUFFER_BYTES - behind));
}

static bool known_error(int ret)
{
    return ret == -EIO || ret == -EROFS || ret == -EOPNOTSUPP || ret == -ENOMEM || ret == -ENODEV;
}

static int start(struct io *io, uint8_t kind);

static void done(struct blkfront_aiocb *a, int ret)
{
    struct io *io = container_of(a, struct io, aiocb);

    must(io->pending);
    must(!a->request && a->result == ret);
    io->pending = false;
    must(ret == 0 || known_error(ret));
    if (!io->bare) {
        must(canaries_intact(io));
        if (io->write || (ret == 0 && !lied))
            must(is_content(io));
    }
    if (resubmit) {
        resubmit--;
        start(io, io->write ? 1 : 0);
    }
}

/* kind: 0 read, 1 write, 2 flush, 3 barrier; 4 and 5 as 0 and 1 but only prepared. */
static int start(struct io *io, uint8_t kind)
{
    static const uint8_t op[] = {BLKIF_OP_READ, BLKIF_OP_WRITE, BLKIF_OP_FLUSH_DISKCACHE,
                                 BLKIF_OP_WRITE_BARRIER};
    const struct blkfront_dev *dev = disk.dev;
    bool was_active = device_active(dev);
    int ret;

    io->write = kind & 1;
    io->bare = kind == 2 || kind == 3;
    memset(io->buffer, CANARY, BUFFER_BYTES);
    if (!io->bare)
        memset(io->data, 0xee, io->bytes);
    if (!io->bare && io->write && io->offset + io->bytes <= DISK_BYTES)
        memcpy(io->data, content + io->offset, io->bytes);
    io->pending = true; /* it may complete before the call returns */
    if (kind >= 4)
        ret = blkfront_aio_enqueue(&io->aiocb, io->write);
    else
        ret = blkfront_aio_push_operation(&io->aiocb, op[kind]);
    if (ret)
        io->pending = false;
    must(ret == 0 || ret == -ENODEV || (ret == -EOPNOTSUPP && io->bare) ||
         (ret == -EINVAL && io->offset + io->bytes > DISK_BYTES) || (ret == -ENOMEM && starved));
    must(was_active || ret);
    return ret;
}

static void submit(struct input *in)
{
    struct io *io = &ios[input_u8(in) % REQUESTS];
    uint8_t kind = input_u8(in);
    uint16_t skip = input_u16(in);
    size_t third;

    if (io->pending) {
        must(blkfront_aio(&io->aiocb, 0) < 0);
        return;
    }
    io->bytes = input_u16(in) % (BUFFER_BYTES + 1);
    io->data = io->buffer + (io->bytes < BUFFER_BYTES ? skip % (BUFFER_BYTES - io->bytes) : 0);
    io->offset = (uint64_t)input_u16(in) << (kind >> 7);
    memset(&io->aiocb, 0, sizeof(io->aiocb));
    io->aiocb.aio_dev = disk.dev;
    io->aiocb.aio_buf = io->data;
    io->aiocb.aio_nbytes = io->bytes;
    io->aiocb.aio_offset = (int64_t)io->offset;
    io->aiocb.aio_cb = done;
    if (kind & 0x40) {
        third = io->bytes / 3;
        io->iov[0] = (struct blkfront_iovec){io->data, third};
        io->iov[1] = (struct blkfront_iovec){io->data + third, third};
        io->iov[2] = (struct blkfront_iovec){io->data + 2 * third, io->bytes - 2 * third};
        io->aiocb.aio_iov = io->iov;
        io->aiocb.aio_iovcnt = 3;
    }
    start(io, (kind & 0x3f) % 6);
}

/* ---- the backend ---- */

/* Whether the frontend still waits for this request; if not, its pages must not be touched. */
static bool waited_for(const struct fake_request *r)
{
    const struct ring *q = &disk.dev->path.queues[0].ring;
    uint32_t slot = (uint32_t)r->id;

    return slot < q->slots && q->shadow[slot].request && q->shadow[slot].id == r->id;
}

static void take(void)
{
    if (!dirty && !closing && disk.count + disk.slots <= ARRAY_SIZE(disk.taken))
        fdisk_take(&disk);
}

static void answer(struct input *in)
{
    static const int16_t status[] = {BLKIF_RSP_OKAY, BLKIF_RSP_OKAY, BLKIF_RSP_ERROR,
                                     BLKIF_RSP_EOPNOTSUPP};
    uint8_t which = input_u8(in), how = input_u8(in);

    take();
    if (!disk.count || closing)
        return;
    which = (uint8_t)(which % disk.count);
    if (waited_for(&disk.taken[which]))
        fdisk_answer(&disk, which, status[how % ARRAY_SIZE(status)]);
}

static void forge(struct input *in)
{
    uint8_t which = input_u8(in), change = input_u8(in), op = input_u8(in);
    uint64_t id = 0;

    take();
    lied = true;
    if (disk.count)
        id = disk.taken[which % disk.count].id;
    if (change & 1)
        id ^= 1ULL << input_u8(in) % 64;
    if (change & 2)
        id = input_u64(in);
    fdisk_respond(&disk, id, op, (int16_t)input_u16(in));
}

static void scribble(struct input *in)
{
    size_t at = input_u16(in) % (disk.dev->limits.ring_pages * PAGE_SIZE);

    lied = dirty = true;
    ((uint8_t *)disk.queue[0].ring)[at] = input_u8(in);
}

static void move_index(struct input *in)
{
    lied = true;
    disk.queue[0].rsp_prod += (uint32_t)(int8_t)input_u8(in);
    if (input_u8(in) & 1)
        disk.queue[0].rsp_prod = input_u32(in);
    disk.queue[0].ring->rsp_prod = disk.queue[0].rsp_prod;
}

static void map_one(struct input *in)
{
    uint8_t which = input_u8(in), segment = input_u8(in);
    grant_ref_t ref = disk.dev->path.queues[0].page_ref[0];

    if (which && disk.count) {
        const struct fake_request *r = &disk.taken[which % disk.count];

        if (r->segments)
            ref = r->seg[segment % r->segments].gref;
    }
    if (ref && (seam_grants[ref].flags & GTF_permit_access))
        mapped = true;
    if (ref && (seam_grants[ref].flags & GTF_permit_access))
        seam_grants[ref].flags |= (uint16_t)(segment & 0x80 ? GTF_writing : GTF_reading);
}

static void unmap_all(void)
{
    for (size_t i = 0; i < seam_grant_max_frames * PAGE_SIZE / sizeof(seam_grants[0]); i++)
        seam_grants[i].flags &= (uint16_t) ~(GTF_reading | GTF_writing);
}

/* Is everything that the frontend is about to take an answer to a request in flight, once each? */
static bool responses_are_right(void)
{
    const struct ring *q = &disk.dev->path.queues[0].ring;
    uint32_t count = disk.queue[0].ring->rsp_prod - q->cons;
    uint64_t seen[64];

    if (count > q->pushed - q->cons || count > ARRAY_SIZE(seen))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct wire_response r = disk.queue[0].ring->entry[(q->cons + i) % q->slots].response;
        const struct ring_shadow *s = NULL;

        for (unsigned slot = 0; slot < q->slots; slot++)
            if (q->shadow[slot].request && q->shadow[slot].id == r.id)
                s = &q->shadow[slot];
        for (uint32_t j = 0; j < i; j++)
            if (seen[j] == r.id)
                return false;
        if (!s || (r.operation != s->op && r.operation != s->op_alt) || r.status < -2 ||
            r.status > 0)
            return false;
        seen[i] = r.id;
    }
    return true;
}

/* The frontend checks the ring: a violation ends the device, and nothing else does. */
static void reap(void)
{
    bool expected = device_active(disk.dev) && !responses_are_right();

    blkfront_aio_poll(disk.dev);
    must(disk.dev->state >= DEVICE_FAILED || !expected);
    must(disk.dev->state != DEVICE_FAILED || lied || mapped);
}

static void step(struct input *in)
{
    switch (input_u8(in) % 16) {
    case 0:
    case 1:
        submit(in);
        break;
    case 2:
    case 3:
        answer(in);
        break;
    case 4:
        fdisk_publish(&disk);
        break;
    case 5:
        thread_poll_events();
        must(disk.dev->state != DEVICE_FAILED || lied || mapped);
        break;
    case 6:
        forge(in);
        break;
    case 7:
        move_index(in);
        break;
    case 8:
        scribble(in);
        break;
    case 9:
        seam_raise(disk.dev->path.queues[0].port ? disk.dev->path.queues[0].port : 5);
        break;
    case 10:
        map_one(in);
        break;
    case 11:
        unmap_all();
        break;
    case 12:
        seam_now += (uint64_t)input_u8(in) * NSEC_PER_MSEC;
        reap();
        break;
    case 13:
        blkfront_aio_submit(disk.dev);
        resubmit = input_u8(in) % 4;
        break;
    case 14:
        starved = true;
        mem_fail_nth(input_u8(in));
        break;
    default:
        if (!disk.dev->fe.fail_wanted && input_u8(in) != 0xff)
            break;
        closing = true;
        lifecycle_close(disk.dev);
    }
}

/* ---- the beginning and the end ---- */

static void begin(struct input *in)
{
    static const unsigned segments[] = {11, 1, 32, 600};
    uint8_t how = input_u8(in), more = input_u8(in);
    struct fake_options o = {
        .sectors = SECTORS,
        .sector_size = how & 1 ? 4096 : 512,
        .ring_pages = how & 2 ? 2 : 1,
        .max_segments = segments[how >> 2 & 3],
        .untrusted = how & 0x10,
        .flush = how & 0x20,
        .barrier = how & 0x40,
        .budget = more & 1 ? 1u + (more >> 1) % 32 : 0,
    };

    if (!content[1])
        make_content();
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    seam_init(2 << 20);
    seam_grant_max_frames = how & 0x80 ? 1 : 4;
    must(evtchn_init() == 0 && gnttab_init() == 0);
    memset(ios, 0, sizeof(ios));
    lied = dirty = closing = starved = mapped = false;
    resubmit = 0;
    for (unsigned i = 0; i < REQUESTS; i++)
        ios[i].buffer = page_alloc(BUFFER_BYTES / PAGE_SIZE, MEM_APP);
    fdisk_open(&disk, &o);
    memcpy(disk.data, content, DISK_BYTES);
}

/* As long as it did not lie everything gets through once the backend works again. */
static void drain(void)
{
    unmap_all();
    for (unsigned i = 0; blkfront_in_flight(disk.dev) && device_active(disk.dev); i++) {
        must(i < 10000);
        take();
        while (disk.count)
            fdisk_answer(&disk, 0, BLKIF_RSP_OKAY);
        fdisk_publish(&disk);
        seam_now += 10 * NSEC_PER_MSEC;
        thread_poll_events();
        blkfront_aio_submit(disk.dev);
    }
}

static void check_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    unmap_all();
    for (unsigned i = 0; i < 20; i++) { /* the quarantine tries again from time to time */
        seam_now += 10 * NSEC_PER_SEC;
        thread_poll_events();
    }
    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    must(heap.in_use[MEM_BLOCK] == 0 && page.in_use[MEM_BLOCK] == 0);
    must(grants.in_use == grants.quarantined);
    /* a quarantine without memory for its record never ends */
    must(starved || (grants.quarantined == 0 && page.quarantined == 0 && page.pinned == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct blkfront_stats stats;

    begin(&in);
    while (input_left(&in))
        step(&in);
    mem_fail_nth(0);
    resubmit = 0;
    reap();
    if (!lied && !closing)
        drain();
    must(disk.dev->state != DEVICE_FAILED || disk.dev->fe.fail_wanted);

    lifecycle_close(disk.dev);
    lifecycle_release(disk.dev);
    blkfront_get_stats(disk.dev, &stats);
    must(blkfront_in_flight(disk.dev) == 0 && stats.aiocbs == stats.completed);
    for (unsigned i = 0; i < REQUESTS; i++) {
        must(!ios[i].pending);
        page_free(ios[i].buffer, BUFFER_BYTES / PAGE_SIZE);
    }
    /* a false answer to the read of a partial write is written back to the disk */
    must(lied || memcmp(disk.data, content, DISK_BYTES) == 0);
    lifecycle_destroy(disk.dev);
    fdisk_detach(&disk);
    check_nothing_left();
    seam_exit();
    return 0;
}
