/* SPDX-License-Identifier: MIT */
/*
 * A job is one or more passes over each slice. A write job is followed by a read pass. A mixed one
 * has two passes, of which the second writes the blocks that the first has read: so afterwards the
 * whole slice has one generation, and the expected content needs no memory per block.
 */
#include "job.h"
#include "mix.h"
#include "pass.h"
#include "pattern.h"
#include "report.h"
#include "stop.h"

#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>

/* A thread of a job. In the heap because requests of a stuck device refer to it. */
struct worker {
    struct disk *disk;
    struct slice *slice;
    struct slots slots;
    struct pass pass;
    struct thread *thread;
};

static int run_pass(struct worker *w, enum pass_writes writes, enum pass_check check,
                    uint32_t expected, uint32_t written)
{
    w->pass = (struct pass){
        .disk = w->disk,
        .slice = w->slice,
        .slots = &w->slots,
        .writes = writes,
        .check = w->disk->options->verify ? check : CHECK_NOTHING,
        /* a digest is taken in order */
        .random = w->disk->job.random && check != CHECK_BASELINE,
        .expected = expected,
        .written = written,
    };
    sha256_init(&w->pass.sha);
    return pass_run(&w->pass);
}

static int read_slice(struct worker *w)
{
    struct slice *slice = w->slice;
    int ret;

    if (slice->generation)
        return run_pass(w, WRITE_NONE, CHECK_PATTERN, slice->generation, 0);
    if (slice->trimmed)
        return run_pass(w, WRITE_NONE, CHECK_TRIMMED, slice->trimmed, 0);
    /* a random job has no baseline when runtime= ended the pass that computes it */
    if (!slice->baseline && w->disk->job.random)
        return run_pass(w, WRITE_NONE, CHECK_NOTHING, 0, 0);
    ret = run_pass(w, WRITE_NONE, slice->baseline ? CHECK_SUM : CHECK_BASELINE, 0, 0);
    if (ret || !w->disk->options->verify || w->pass.holes)
        return ret;
    if (!slice->baseline) {
        char sha[65];

        slice->baseline = true;
        slice->sum = w->pass.sum;
        sha256_final_hex(&w->pass.sha, sha);
        report_digest(w->disk, slice, sha, "read");
    } else if (slice->sum != w->pass.sum) {
        w->disk->job.errors++;
        disk_complain(w->disk, FAILURE, "this pass has read other data than the first one");
        return -EIO;
    }
    w->disk->job.verified += slice->bytes;
    return 0;
}

static int write_slice(struct worker *w)
{
    struct slice *slice = w->slice;
    uint32_t before = slice->generation, now = ++w->disk->generation;
    enum pass_check old = before ? CHECK_PATTERN : CHECK_NOTHING;
    int ret;

    /* until the last block is written the content is not of one kind */
    slice->generation = slice->trimmed = 0;
    slice->baseline = false;
    if (workload_mixes(w->disk->job.type)) {
        ret = run_pass(w, WRITE_HALF, old, before, now);
        if (ret == 0)
            ret = run_pass(w, WRITE_OTHER_HALF, CHECK_PATTERN, now, now);
    } else {
        ret = run_pass(w, WRITE_ALL, CHECK_NOTHING, 0, now);
    }
    if (ret == 0 && w->disk->options->verify)
        slice->generation = now;
    return ret;
}

static int trim_slice(struct worker *w)
{
    struct slice *slice = w->slice;

    if (slice->generation)
        slice->trimmed = slice->generation;
    slice->generation = 0;
    slice->baseline = false;
    return run_pass(w, TRIM_ALL, CHECK_NOTHING, 0, 0);
}

static int work_on_slice(struct worker *w)
{
    enum workload type = w->disk->job.type;

    if (type == RW_TRIM)
        return trim_slice(w);
    return workload_writes(type) ? write_slice(w) : read_slice(w);
}

/* Without verification no data are computed, but buffers for writing are filled once: the
 * earlier content of this memory must not reach a disk. */
static void fill_buffers(struct worker *w)
{
    const struct pattern pattern = {w->disk->options->seed, w->disk->limits.devid, UINT32_MAX};

    for (unsigned i = 0; i < w->slots.depth; i++)
        pattern_fill(&pattern, w->slice->offset, w->slots.slot[i].buf,
                     MIN(w->disk->job.bs, w->slice->bytes));
}

static int make_slots(struct worker *w)
{
    struct disk *disk = w->disk;
    struct job *job = &disk->job;
    /* no larger and no more buffers than the slice has work for */
    size_t bs = MIN(job->bs, w->slice->bytes);
    uint64_t blocks = DIV_ROUND_UP(w->slice->bytes, bs);
    unsigned depth = (unsigned)MIN(job->depth, blocks);
    int ret = slots_init(&w->slots, depth, bs, disk->options->misalign, disk->budget,
                         disk->options->registered ? &disk->buffers : NULL);
    char text[24];

    report_size(text, sizeof(text), bs);
    if (ret) {
        char budget[24];

        job->errors++;
        disk_complain(disk, ERROR, "bs=%s: %s of memory for buffers is too little", text,
                      format_bytes(budget, sizeof(budget), disk->budget));
    } else if (w->slots.depth < depth) {
        print_raw("%s: not enough memory for %u requests of %s: iodepth is %u\n", disk->name, depth,
                  text, w->slots.depth);
        job->depth = w->slots.depth;
    }
    return ret;
}

static void work(void *arg)
{
    struct worker *w = arg;
    struct disk *disk = w->disk;
    uint64_t runtime = disk->job.runtime_ns;
    int ret;

    if (make_slots(w) != 0)
        return;
    if (!disk->options->verify && workload_writes(disk->job.type))
        fill_buffers(w);
    do
        ret = work_on_slice(w);
    while (ret == 0 && runtime && clock_now() - disk->job.start < runtime);
    if (ret == -ECANCELED && runtime && disk->options->verify && !stop_requested())
        print_raw("%s: the time was over within a pass: %s\n", disk->name,
                  workload_writes(disk->job.type) ? "it is not read back"
                                                  : "only what has a known pattern was compared");
    if (!w->pass.stuck)
        slots_free(&w->slots);
}

/* A thread for each slice but the first, which is the caller's. */
static void run_workers(struct disk *disk)
{
    struct worker *workers = heap_zalloc(disk->nr_slices, sizeof(*workers), MEM_APP);
    bool stuck = false;

    if (!workers) {
        disk_complain(disk, ERROR, "no memory for the job's threads");
        return;
    }
    for (unsigned i = 0; i < disk->nr_slices; i++) {
        struct worker *w = &workers[i];

        w->disk = disk;
        w->slice = &disk->slices[i];
        if (i > 0 && thread_create(&w->thread, disk->name, work, w, 0) != 0)
            disk_complain(disk, ERROR, "no memory for the job's threads");
    }
    work(&workers[0]);
    for (unsigned i = 0; i < disk->nr_slices; i++) {
        if (workers[i].thread)
            thread_join(workers[i].thread);
        stuck |= workers[i].pass.stuck;
    }
    /* A stuck worker's requests are still in flight: they complete, into this memory, when the
     * device is closed, and the guest ends soon afterwards. */
    if (!stuck)
        heap_free(workers);
}

void job_run(struct disk *disk, enum workload type, bool random, uint64_t bs, unsigned depth,
             uint64_t runtime_ns)
{
    struct job *job = &disk->job;

    *job = (struct job){
        .type = type, .random = random, .bs = bs, .depth = depth, .runtime_ns = runtime_ns};
    histogram_reset(&job->latency);
    job->planned = disk->bytes * (workload_mixes(type) ? 2 : 1);
    /* another order for each job, the same ones in each run */
    job->order_seed = mix64(disk->options->seed + disk->generation * MIX_STEP) + type * 31 + depth;
    job->progress_at = report_next();
    run_workers(disk);
    report_job(disk);
}
