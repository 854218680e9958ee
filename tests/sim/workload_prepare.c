/* SPDX-License-Identifier: MIT */
/* The workload's requests before submission: operation, place, length, memory. */
#include "workload_check.h"

#define POOL      (256 * 1024)
#define LONG_TIME (1000 * NSEC_PER_SEC) /* no backend is away that long */

static uint8_t pool[POOL + WORKLOAD_ROOM];

void workload_make_data(void)
{
    struct random r = {1};

    for (size_t i = 0; i < sizeof(pool); i += 8)
        memcpy(pool + i, &(uint64_t){random_u64(&r)}, 8);
}

size_t workload_length(const struct workload *w)
{
    size_t max = w->o.bytes_max, bytes;

    if (one_in(4))
        return (size_t)below((unsigned)max + 1) / w->o.align * w->o.align;
    bytes = (size_t)4096 << below(3);
    return MIN(max, bytes);
}

size_t workload_place(const struct workload *w, struct slot *s, size_t bytes)
{
    uint64_t size = w->limits.sectors * 512, range;

    bytes = (size_t)MIN((uint64_t)bytes, size / 2 / w->o.align * w->o.align);
    range = size - bytes;
    if (w->o.hot_in && one_in(w->o.hot_in))
        range = MIN(range, (uint64_t)16384);
    s->aiocb.aio_nbytes = bytes;
    s->aiocb.aio_offset =
        (int64_t)(random_u64(&sim_random) % (range + 1) / w->o.align * w->o.align);
    return bytes;
}

/* The buffer as a vector: pieces with gaps between them, and empty ones. */
static void make_vector(struct slot *s, size_t bytes, unsigned align)
{
    uint8_t *at = s->aiocb.aio_buf;
    unsigned n = 1 + below(ARRAY_SIZE(s->iov));

    for (unsigned i = 0; i < n; i++) {
        size_t len = i == n - 1 ? bytes : (size_t)below((unsigned)bytes + 1) / align * align;

        s->iov[i] = (struct blkfront_iovec){at, len};
        at += len + below(2) * (align == 1 ? 5 : 512);
        bytes -= len;
    }
    s->aiocb.aio_iov = s->iov;
    s->aiocb.aio_iovcnt = (int)n;
}

static void fill_vector(struct slot *s)
{
    size_t at = 0;

    for (int i = 0; i < s->aiocb.aio_iovcnt; i++) {
        memcpy(s->iov[i].base, s->flat + at, s->iov[i].len);
        at += s->iov[i].len;
    }
}

/* Often behind the one before, and of its kind: requests that may be joined. */
static void follow(struct workload *w, struct slot *s, size_t bytes)
{
    if (one_in(2) && bytes && w->last.end + bytes <= w->limits.sectors * 512) {
        s->aiocb.aio_offset = (int64_t)w->last.end;
        s->kind = w->last.kind;
        s->aiocb.aio_queue = w->last.queue;
    }
    w->last.end = (uint64_t)s->aiocb.aio_offset + bytes;
    w->last.kind = s->kind;
    w->last.queue = (uint16_t)s->aiocb.aio_queue;
}

void workload_prepare(struct workload *w, struct slot *s)
{
    size_t bytes = workload_length(w);
    const uint8_t *data = pool + below(POOL);

    s->kind = one_in(2) && !w->limits.readonly ? BLKIF_OP_WRITE : BLKIF_OP_READ;
    s->aiocb = (struct blkfront_aiocb){.aio_dev = w->dev, .aio_cb = workload_done, .data = s};
    s->aiocb.aio_queue = one_in(3) ? below(8) : 0;
    s->aiocb.aio_flags = one_in(24) ? BLKFRONT_FUA : 0;
    s->aiocb.aio_timeout_ns = one_in(16) ? LONG_TIME : 0;
    bytes = workload_place(w, s, bytes);
    follow(w, s, bytes);
    s->aiocb.aio_buf = s->memory + (one_in(3) ? ROUND_DOWN(below(PAGE_SIZE), 512u) : 0);
    if (w->o.align < 512)
        s->aiocb.aio_buf += below(512);
    if (one_in(5) && bytes) {
        make_vector(s, bytes, w->o.align < 512 ? 1 : 512);
        memcpy(s->flat, data, s->kind == BLKIF_OP_WRITE ? bytes : 0);
        if (s->kind == BLKIF_OP_WRITE)
            fill_vector(s);
        else
            for (int i = 0; i < s->aiocb.aio_iovcnt; i++)
                memset(s->iov[i].base, 0xee, s->iov[i].len);
    } else if (s->kind == BLKIF_OP_WRITE) {
        memcpy(s->aiocb.aio_buf, data, bytes);
    } else {
        memset(s->aiocb.aio_buf, 0xee, bytes);
    }
}
