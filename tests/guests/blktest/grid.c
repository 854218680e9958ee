/* SPDX-License-Identifier: MIT */
/* The selection of jobs, and what a verified one needs to run before or after it. */
#include "grid.h"
#include "job.h"
#include "pattern.h"
#include "report.h"
#include "stop.h"
#include "unknown.h"

#include <ringlet/checksum.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>

/* The whole device rejects it, or the toolstack ordered a shutdown. */
static bool over(const struct disk *disk)
{
    return disk->failed || stop_requested();
}

static bool all_known(const struct disk *disk, bool baseline_suffices)
{
    for (unsigned i = 0; i < disk->nr_slices; i++)
        if (!disk->slices[i].generation &&
            !(baseline_suffices && (disk->slices[i].baseline || disk->slices[i].trimmed)))
            return false;
    return true;
}

static int sync_io(struct disk *disk, uint64_t offset, void *buf, size_t len, bool write)
{
    struct blkfront_aiocb aiocb = {
        .aio_dev = disk->dev,
        .aio_buf = buf,
        .aio_nbytes = len,
        .aio_offset = (int64_t)offset,
    };

    return blkfront_io(&aiocb, write);
}

/*
 * An earlier run may have used the same seed. Its last generation is read from each slice's first
 * block, so that this run's generations are new: otherwise a lost write would leave exactly the
 * expected data.
 */
static void probe_generation(struct disk *disk)
{
    const struct pattern pattern = {.seed = disk->options->seed, .disk = disk->limits.devid};
    uint8_t *buf = page_alloc(1, MEM_APP);

    disk->generation_probed = true;
    for (unsigned i = 0; buf && i < disk->nr_slices; i++) {
        uint64_t block = DIV_ROUND_UP(disk->slices[i].offset, PATTERN_BLOCK);
        uint64_t end = disk->slices[i].offset + disk->slices[i].bytes;

        if ((block + 1) * PATTERN_BLOCK <= end &&
            sync_io(disk, block * PATTERN_BLOCK, buf, PATTERN_BLOCK, false) == 0)
            disk->generation =
                MAX(disk->generation, pattern_generation(&pattern, block, buf) & 0xffffff);
    }
    page_free(buf, 1);
}

/* A read-only disk must refuse writes. The data are those on the disk: an accepted write does no
 * harm. */
static void check_refusal(struct disk *disk)
{
    size_t len = MIN(disk->bytes, disk->limits.sector_size);
    unsigned pages = (unsigned)DIV_ROUND_UP(len, PAGE_SIZE);
    uint8_t *buf = page_alloc(pages, MEM_APP);
    int ret;

    if (disk->refusal_checked)
        return;
    disk->refusal_checked = true;
    disk->job.complaints = 0;
    if (!buf) {
        disk_complain(disk, ERROR, "no memory");
        return;
    }
    ret = sync_io(disk, disk->offset, buf, len, false);
    if (ret)
        disk_complain(disk, FAILURE, "read of %zu bytes: -%s", len, errno_name(ret));
    else
        ret = sync_io(disk, disk->offset, buf, len, true);
    if (ret == -EROFS)
        print_raw("%s: read-only: write refused with -EROFS, as it must be\n", disk->name);
    else if (ret)
        disk_complain(disk, FAILURE, "read-only: write refused with -%s instead of -EROFS",
                      errno_name(ret));
    else
        disk_complain(disk, FAILURE, "read-only, but a write was accepted");
    page_free(buf, pages);
}

/* Discarded blocks are read and checked, and then written again, which must be possible at once. */
static void after_trim(struct disk *disk, uint64_t bs, unsigned depth)
{
    char size[24];

    if (!disk->job.bytes && !disk->job.errors)
        print_raw("%s: bs=%llu holds no whole granule (%s): nothing was discarded\n", disk->name,
                  (unsigned long long)bs,
                  format_bytes(size, sizeof(size), disk->limits.discard_granularity));
    if (!disk->options->verify || over(disk))
        return;
    job_run(disk, RW_READ_BACK, false, bs, depth, 0);
    job_run(disk, RW_WRITE, false, bs, depth, 0);
    if (all_known(disk, false) && !over(disk))
        job_run(disk, RW_READ_BACK, false, bs, depth, 0);
}

static void run_point(struct disk *disk, enum workload w, uint64_t bs, unsigned depth)
{
    bool verify = disk->options->verify;

    if (workload_destroys(w) && disk->limits.readonly) {
        check_refusal(disk);
        return;
    }
    if (w == RW_TRIM && !disk->limits.discard) {
        print_raw("%s: the backend does not discard: rw=trim is left out\n", disk->name);
        verdict_worsen(&disk->verdict, SKIP);
        return;
    }
    if (verify && workload_destroys(w) && !disk->generation_probed)
        probe_generation(disk);
    if (verify && (workload_mixes(w) || w == RW_TRIM) && !all_known(disk, false)) {
        print_raw("%s: %s must know what it finds: the region is written first\n", disk->name,
                  workload_name[w]);
        job_run(disk, RW_WRITE, false, bs, depth, disk->options->runtime_ns);
    }
    if (verify && w == RW_RANDREAD && !all_known(disk, true)) {
        print_raw("%s: %s compares with a read in order, which comes first\n", disk->name,
                  workload_name[w]);
        job_run(disk, RW_READ, false, bs, depth, disk->options->runtime_ns);
    }
    if (over(disk))
        return;
    job_run(disk, w, workload_random(w), bs, depth, disk->options->runtime_ns);
    if (verify && workload_writes(w) && all_known(disk, false) && !over(disk))
        job_run(disk, RW_READ_BACK, workload_random(w), bs, depth, 0);
    if (w == RW_TRIM)
        after_trim(disk, bs, depth);
}

void grid_run(struct disk *disk)
{
    const struct options *o = disk->options;

    for (unsigned w = 0; w < o->rw.count; w++)
        for (unsigned b = 0; b < o->bs.count; b++)
            for (unsigned d = 0; d < o->iodepth.count && !over(disk); d++)
                run_point(disk, (enum workload)o->rw.value[w], o->bs.value[b],
                          (unsigned)o->iodepth.value[d]);
}

static void digest_slice(struct disk *disk, const struct slice *slice, uint8_t *buf, size_t size)
{
    const struct pattern pattern = {disk->options->seed, disk->limits.devid, slice->generation};
    uint64_t due = report_next();
    struct sha256 sha;
    char hex[65];

    sha256_init(&sha);
    for (uint64_t done = 0; done < slice->bytes;) {
        size_t n = MIN(size, slice->bytes - done);

        pattern_fill(&pattern, slice->offset + done, buf, n);
        sha256_update(&sha, buf, n);
        done += n;
        report_share(disk, "digest of what was written", done, slice->bytes, &due);
        thread_yield();
        if (stop_requested())
            return;
    }
    sha256_final_hex(&sha, hex);
    report_digest(disk, slice, hex, "written");
}

static bool flush(struct disk *disk, const char *when)
{
    int ret;

    disk->job.complaints = 0;
    ret = blkfront_sync(disk->dev);
    if (options_ignore(disk->options, ret))
        disk_ignore(disk, ret);
    else if (ret)
        disk_complain(disk, FAILURE, "flush %s: -%s", when, errno_name(ret));
    return ret == 0;
}

void grid_digest(struct disk *disk)
{
    uint8_t *buf;
    bool any = false;

    for (unsigned i = 0; i < disk->nr_slices; i++)
        any |= disk->slices[i].generation != 0;
    if (over(disk))
        return;
    /* A read-only disk has nothing to flush, but applications may call fsync() on a file that
     * was only read. Other disks are not flushed without a reason. */
    if (!any && disk->limits.readonly)
        flush(disk, "of a read-only disk");
    if (!any || !flush(disk, "before the digest"))
        return;
    buf = page_alloc(1, MEM_APP);
    if (!buf) {
        disk_complain(disk, ERROR, "no memory for the digest");
        return;
    }
    for (unsigned i = 0; i < disk->nr_slices; i++)
        if (disk->slices[i].generation && !unknown_any(&disk->slices[i]))
            digest_slice(disk, &disk->slices[i], buf, PAGE_SIZE);
    page_free(buf, 1);
}
