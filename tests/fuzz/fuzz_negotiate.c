/* SPDX-License-Identifier: MIT */
/*
 * XenStore's values for blkfront's negotiation (store_lines.h). Either the disk opens with consistent
 * limits, or the open fails and nothing is left of it.
 */
#include "store_lines.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/xenstore.h>
#include <ringlet/blkfront.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>

static unsigned rings, ports;
static unsigned calls;

/* The values of a sane toolstack and backend. */
static const char *default_value(const char *key)
{
    static const char *const state[] = {"2", "4", "4", "5", "6"};
    static const char *const defaults[][2] = {
        {"list", "51712"},
        {"f/backend", "/local/domain/0/backend/vbd/3/51712"},
        {"f/backend-id", "0"},
        {"f/state", "1"},
        {"b/sectors", "2048"},
        {"b/sector-size", "512"},
        {"b/mode", "w"},
        {"b/info", "0"},
        {"b/feature-barrier", "1"},
    };

    if (!strcmp(key, "b/state"))
        return state[MIN(phase, (unsigned)ARRAY_SIZE(state) - 1)];
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
        if (!strcmp(key, defaults[i][0]))
            return defaults[i][1];
    return "!ENOENT";
}

/* The published values must be valid: the grants are for the backend, the port exists. */
static void check_written(const char *name, const char *value)
{
    uint64_t n;

    if (!strncmp(name, "ring-ref", 8)) {
        must(parse_u64(value, strlen(value), &n) == 0 && n > 0 && n < 512);
        must((seam_grants[n].flags & GTF_type_mask) == GTF_permit_access);
        must(!(seam_grants[n].flags & GTF_readonly));
        rings++;
    } else if (!strcmp(name, "event-channel")) {
        must(parse_u64(value, strlen(value), &n) == 0 && n >= 3);
        ports++;
    }
}

static void check_limits(const struct blkfront_limits *l)
{
    must(l->sector_size >= 512 && l->sector_size <= 4096);
    must(!(l->sector_size & (l->sector_size - 1)));
    must(l->sectors > 0 && l->sectors <= INT64_MAX / 512);
    must(l->sectors % (l->sector_size / 512) == 0);
    must(l->physical_sector_size >= l->sector_size);
    must(l->ring_pages >= 1 && l->ring_pages <= 16 && !(l->ring_pages & (l->ring_pages - 1)));
    must(l->ring_slots == 32 * l->ring_pages);
    must(l->max_segments >= 1 && l->max_segments <= 4096);
    must(l->grant_budget >= l->max_segments);
    must(rings >= l->ring_pages && ports);
}

static void done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    must(ret < 0); /* no backend exists that could have answered */
    calls++;
}

/* One request to the last sector, and one beyond it; no backend serves the ring. */
static void use(struct blkfront_dev *dev, uint8_t *page)
{
    struct blkfront_aiocb last = {.aio_dev = dev, .aio_buf = page, .aio_cb = done};
    struct blkfront_aiocb beyond;
    struct blkfront_limits l;
    unsigned expected;

    blkfront_get_limits(dev, &l);
    check_limits(&l);
    last.aio_nbytes = l.sector_size;
    last.aio_offset = (int64_t)((l.sectors * 512) - l.sector_size);
    beyond = last;
    beyond.aio_offset += 512;
    calls = 0;
    must(blkfront_aio_read(&beyond) < 0);
    expected = blkfront_aio_read(&last) == 0;
    shutdown_blkfront(dev);
    must(calls == expected);
}

static int count_disk(const char *name, void *arg)
{
    int64_t *last = arg;
    unsigned number;

    must(blkfront_vdev_number(name, &number) == 0);
    must(number > *last);
    *last = number;
    return 0;
}

static void check_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    must(!heap.in_use[MEM_BLOCK] && !heap.in_use[MEM_XENSTORE] && !heap.in_use[MEM_THREAD]);
    must(!page.in_use[MEM_BLOCK] && !page.in_use[MEM_THREAD] && !page.in_use[MEM_XENSTORE]);
    must(!grants.in_use);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct blkfront_config config = {.ring_pages = 16, .queues = 4};
    struct blkfront_dev *dev;
    int64_t last = -1;
    uint8_t *page;
    int ret;

    seam_init(2 << 20);
    rings = ports = 0;
    lines_default = default_value;
    lines_written = check_written;
    lines_begin(data, size);
    must(evtchn_init() == 0 && gnttab_init() == 0 && xs_init() == 0);
    page = page_alloc(1, MEM_APP);

    ret = blkfront_enumerate(count_disk, &last);
    must(ret < 0 || (ret > 0) == (last >= 0));
    ret = blkfront_open_device(NULL, &config, NULL, &dev);
    must(ret <= 0 && !ret == !!dev);
    if (dev)
        use(dev, page);

    page_free(page, 1);
    check_nothing_left();
    seam_exit();
    return 0;
}
