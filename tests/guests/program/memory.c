/* SPDX-License-Identifier: MIT */
#include "checks.h"

#include <ringlet/blkfront.h>
#include <ringlet/errno.h>
#include <ringlet/list.h>
#include <ringlet/string.h>
#include <ringlet/vmem.h>

#define PAGES   600
#define ON_DISK (1 << 20)

static bool holds(const uint64_t *memory, size_t bytes, uint64_t seed)
{
    for (size_t i = 0; i < bytes / sizeof(*memory); i++)
        if (memory[i] != seed + i)
            return false;
    return true;
}

static void fill(uint64_t *memory, size_t bytes, uint64_t seed)
{
    for (size_t i = 0; i < bytes / sizeof(*memory); i++)
        memory[i] = seed + i;
}

/* Takes all memory, gives back every second page and a few more, and so leaves no large block. */
static bool scattered(void)
{
    static void *page[8192];
    uint64_t *m = NULL;
    unsigned n = 0;
    bool ok = true;

    while (n < ARRAY_SIZE(page) && (page[n] = page_alloc(1, MEM_APP)) != NULL)
        n++;
    for (unsigned i = 0; i < n; i++)
        if ((uintptr_t)page[i] >> PAGE_SHIFT & 1) {
            page_free(page[i], 1);
            page[i] = NULL;
        }
    if (n < ARRAY_SIZE(page))
        ok = !page_alloc(2, MEM_APP);
    for (unsigned round = 0; round < 3 && ok; round++) {
        m = vmem_alloc(PAGES * PAGE_SIZE, MEM_APP);
        ok = m && vmem_size(m) == PAGES * PAGE_SIZE;
        if (!ok)
            break;
        fill(m, PAGES * PAGE_SIZE, round);
        ok = holds(m, PAGES * PAGE_SIZE, round);
        vmem_free(m);
    }
    for (unsigned i = 0; i < n; i++)
        page_free(page[i], 1);
    return check(ok, "large memory from scattered pages");
}

static bool on_disk(const char *dev)
{
    uint64_t *out = vmem_alloc(ON_DISK, MEM_APP), *in = vmem_alloc(ON_DISK, MEM_APP);
    struct blkfront_aiocb aiocb = {.aio_nbytes = ON_DISK};
    const struct blkfront_config config = {.persistent = -1}; /* with these all memory is copied */
    struct blkfront_stats stats;
    bool ok = false;

    if (!out || !in || blkfront_open_device(dev, &config, NULL, &aiocb.aio_dev))
        return check(false, "a disk and memory");
    fill(out, ON_DISK, 5);
    memset(in, 0, ON_DISK);
    aiocb.aio_buf = (uint8_t *)out;
    if (blkfront_io(&aiocb, true) == 0) {
        aiocb.aio_buf = (uint8_t *)in;
        ok = blkfront_io(&aiocb, false) == 0 && holds(in, ON_DISK, 5) && holds(out, ON_DISK, 5);
    }
    blkfront_get_stats(aiocb.aio_dev, &stats);
    ok = check(ok, "it is written and read") && ok;
    ok = check(stats.bytes_copied == 0, "nothing is copied") && ok;
    ok = shutdown_blkfront(aiocb.aio_dev) == 0 && ok;
    vmem_free(out);
    vmem_free(in);
    return ok;
}

bool memory_check(const char *dev)
{
    bool ok = scattered();

    return (!dev || on_disk(dev)) && ok;
}
