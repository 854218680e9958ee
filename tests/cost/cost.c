/* SPDX-License-Identifier: MIT */
/*
 * Measures the guest's cost of a request, in instructions: the kernel's own objects, from which the
 * images are linked, run batches of I/O on the host's seam. callgrind counts submit() and reap()
 * with all that they call; the backend is not counted.
 *
 *   cost OPERATION BYTES DEPTH registered|copied|granted
 *
 * registered: in registered buffers; copied: ordinary memory with persistent grants; granted:
 * ordinary memory, granted for each request.
 */
#include "host/fake_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WARM_UP  20
#define BATCHES  50
#define SEGMENTS 256

static struct fake_disk disk;
static struct blkfront_aiocb aiocb[64];
static unsigned depth, completed, failed;
static int is_write;

static void done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    completed++;
    failed += ret != 0;
}

static void batch(void)
{
    for (unsigned i = 0; i < depth; i++)
        failed += blkfront_aio_enqueue(&aiocb[i], is_write) != 0;
    failed += blkfront_aio_submit(disk.dev) != (int)depth;
}

/* callgrind collects in these two (see cost.mk). */
__attribute__((noinline)) void submit(void);
__attribute__((noinline)) void reap(void);

void submit(void)
{
    batch();
}

void reap(void)
{
    thread_poll_events();
}

int main(int argc, char *argv[])
{
    struct fake_options o = {.sectors = 65536, .ring_pages = 16, .max_segments = SEGMENTS};
    size_t bytes = argc == 5 ? strtoul(argv[2], NULL, 0) : 0;
    struct blkfront_stats s;
    bool registered;

    depth = argc == 5 ? (unsigned)strtoul(argv[3], NULL, 0) : 0;
    if (!bytes || !depth || depth > ARRAY_SIZE(aiocb) || depth * bytes > 8 << 20) {
        fprintf(stderr, "cost read|write BYTES DEPTH registered|copied|granted\n");
        return 2;
    }
    is_write = !strcmp(argv[1], "write");
    registered = !strcmp(argv[4], "registered");
    o.persistent = strcmp(argv[4], "granted") != 0;
    o.persistent_grants = 4096; /* none is copied because there are too many */
    fdisk_init(64 << 20);
    /* A guest takes 15 instructions to change stacks, the host many more. */
    thread_set_handler_stack(NULL, 0);
    fdisk_open(&disk, &o);
    for (unsigned i = 0; i < depth; i++) {
        uint8_t *memory = registered ? blkfront_buf_alloc(disk.dev, bytes)
                                     : page_alloc_zeroed((unsigned)(bytes + 4095) / 4096, MEM_APP);

        if (!memory)
            return 1;
        aiocb[i] = (struct blkfront_aiocb){.aio_dev = disk.dev,
                                           .aio_buf = memory,
                                           .aio_nbytes = bytes,
                                           .aio_offset = (int64_t)(i * bytes),
                                           .aio_cb = done};
    }
    for (unsigned i = 0; i < WARM_UP; i++) {
        batch();
        fdisk_run(&disk);
        thread_poll_events();
    }
    for (unsigned i = 0; i < BATCHES; i++) {
        submit();
        fdisk_run(&disk);
        reap();
    }
    blkfront_get_stats(disk.dev, &s);
    if (failed || completed != (WARM_UP + BATCHES) * depth) {
        fprintf(stderr, "cost: %u of %u requests completed, %u failures\n", completed,
                (WARM_UP + BATCHES) * depth, failed);
        return 1;
    }
    printf("requests %u notifications %llu grants %llu copied %llu\n", BATCHES * depth,
           (unsigned long long)s.notifications, (unsigned long long)s.grants_made,
           (unsigned long long)s.bytes_copied);
    return 0;
}
