/* SPDX-License-Identifier: MIT */
/* blktest's lines on the console. */
#include "report.h"

#include <ringlet/clock.h>
#include <ringlet/format.h>
#include <ringlet/json.h>

#define PROGRESS_NS (1500 * NSEC_PER_MSEC)
#define LINE_MAX    1024

/* The part of the histogram in a profile, from the shortest latency on; there is room for this
 * number of pairs. */
#define PROFILE_ROWS 48
#define PROFILE_MAX  2560

typedef unsigned long long ull;

/* count per second when it took ns */
static uint64_t rate(uint64_t count, uint64_t ns)
{
    while (count >> 33) {
        count >>= 1;
        ns >>= 1;
    }
    return count * NSEC_PER_SEC / MAX(ns, 1ULL);
}

/* "41 MiB/s", "4.1 MiB/s" */
static char *format_rate(char *buf, size_t size, uint64_t bytes, uint64_t ns)
{
    uint64_t tenths = rate(bytes, ns) * 10 >> 20;

    if (tenths < 100)
        format(buf, size, "%llu.%llu MiB/s", (ull)(tenths / 10), (ull)(tenths % 10));
    else
        format(buf, size, "%llu MiB/s", (ull)(tenths / 10));
    return buf;
}

/* The start of a line about a job: "xvda read 64k qd16" */
static void job_title(const struct disk *disk, char *buf, size_t size)
{
    char bs[24];

    format(buf, size, "%s %s %s qd%u", disk->name, workload_name[disk->job.type],
           report_size(bs, sizeof(bs), disk->job.bs), disk->job.depth);
}

static char *format_time(char *buf, size_t size, uint64_t ns)
{
    if (ns < 10 * NSEC_PER_USEC)
        format(buf, size, "%llu ns", (ull)ns);
    else if (ns < 10 * NSEC_PER_MSEC)
        format(buf, size, "%llu us", (ull)(ns / NSEC_PER_USEC));
    else if (ns < 10 * NSEC_PER_SEC)
        format(buf, size, "%llu ms", (ull)(ns / NSEC_PER_MSEC));
    else
        format(buf, size, "%llu s", (ull)(ns / NSEC_PER_SEC));
    return buf;
}

char *report_size(char *buf, size_t size, uint64_t bytes)
{
    if (bytes % (1 << 20) == 0)
        format(buf, size, "%llum", (ull)(bytes >> 20));
    else if (bytes % (1 << 10) == 0)
        format(buf, size, "%lluk", (ull)(bytes >> 10));
    else
        format(buf, size, "%llu", (ull)bytes);
    return buf;
}

/* The use of each offer; a text is the reason why one is not used. */
static void report_used(struct json *j, const struct blkfront_limits *l)
{
    json_object(j, "used");
    if (l->persistent || !l->persistent_offered)
        json_bool(j, "persistent", l->persistent);
    else
        json_str(j, "persistent",
                 l->trusted ? "persistent=0 was given" : "the backend is not trusted");
    json_object_end(j);
}

void report_disk(const struct disk *disk)
{
    const struct blkfront_limits *l = &disk->limits;
    char size[24], line[LINE_MAX];
    struct json j;

    print_raw("%s: %s, %u-byte sectors, backend %s in dom %u: %u queue%s, %u ring page%s, %u "
              "segments%s%s%s%s%s%s\n",
              disk->name, format_bytes(size, sizeof(size), l->sectors * 512), l->sector_size,
              l->backend, l->backend_domid, l->queues, l->queues == 1 ? "" : "s", l->ring_pages,
              l->ring_pages == 1 ? "" : "s", l->max_segments, l->flush ? ", flush" : "",
              l->barrier ? ", barrier" : "", l->discard ? ", discard" : "",
              l->persistent ? ", persistent grants" : "", l->readonly ? ", read-only" : "",
              l->trusted ? "" : ", not trusted");
    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "disk");
    json_str(&j, "dev", disk->name);
    json_u64(&j, "devid", l->devid);
    json_str(&j, "backend", l->backend);
    json_u64(&j, "sectors", l->sectors);
    json_u64(&j, "sector_size", l->sector_size);
    json_u64(&j, "queues", l->queues);
    json_u64(&j, "queues_offered", l->queues_offered);
    json_u64(&j, "ring_pages", l->ring_pages);
    json_u64(&j, "max_segments", l->max_segments);
    json_u64(&j, "abi", l->abi);
    json_bool(&j, "polled", l->polled);
    json_bool(&j, "readonly", l->readonly);
    json_object(&j, "features");
    json_bool(&j, "flush", l->flush);
    json_bool(&j, "barrier", l->barrier);
    json_bool(&j, "discard", l->discard_offered);
    json_bool(&j, "discard_secure", l->discard_secure);
    json_u64(&j, "discard_granularity", l->discard_offered ? l->discard_granularity : 0);
    json_bool(&j, "persistent", l->persistent_offered);
    json_u64(&j, "indirect", l->indirect_offered);
    json_bool(&j, "trusted", l->trusted);
    json_object_end(&j);
    report_used(&j, l);
    json_print_result(&j);
}

static void job_for_people(const struct disk *disk, uint64_t ns)
{
    const struct job *job = &disk->job;
    char title[64], bytes[24], time[24], speed[24], p50[24], p99[24], verified[24];

    job_title(disk, title, sizeof(title));
    print_raw("%s: %s in %s, %s, %llu IOPS, p50 %s, p99 %s, %s verified", title,
              format_bytes(bytes, sizeof(bytes), job->bytes), format_time(time, sizeof(time), ns),
              format_rate(speed, sizeof(speed), job->bytes, ns), (ull)rate(job->requests, ns),
              format_time(p50, sizeof(p50), histogram_percentile(&job->latency, 500)),
              format_time(p99, sizeof(p99), histogram_percentile(&job->latency, 990)),
              format_bytes(verified, sizeof(verified), job->verified));
    if (job->ignored)
        print_raw(", %llu failed and ignored", (ull)job->ignored);
    if (job->errors)
        print_raw(", ERRORS: %llu", (ull)job->errors);
    if (job->wrong_blocks)
        print_raw(" (%llu wrong blocks)", (ull)job->wrong_blocks);
    print_raw("\n");
}

/* For charts: bytes completed in each interval, and the distribution of latencies, with four
 * steps per power of two. */
static void report_profile(const struct disk *disk)
{
    const struct job *job = &disk->job;
    static char line[PROFILE_MAX];
    struct json j;
    uint64_t count = 0;
    unsigned rows = 0;

    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "profile");
    json_str(&j, "dev", disk->name);
    json_u64(&j, "start_ns", job->start);
    json_u64(&j, "interval_ns", job->throughput.interval);
    json_array(&j, "bytes");
    for (unsigned i = 0; i < job->throughput.count; i++)
        json_u64(&j, NULL, job->throughput.bytes[i]);
    json_array_end(&j);
    json_array(&j, "latency_ns");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += job->latency.bucket[i];
        if (i % 4 != 3 || !count || rows == PROFILE_ROWS)
            continue;
        rows++;
        json_array(&j, NULL);
        json_u64(&j, NULL, histogram_bucket_last(i));
        json_u64(&j, NULL, count);
        json_array_end(&j);
        count = 0;
    }
    json_array_end(&j);
    json_print_result(&j);
}

void report_job(const struct disk *disk)
{
    static const struct {
        const char *name;
        unsigned permille;
    } percentile[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p999", 999}};
    const struct job *job = &disk->job;
    const struct histogram *latency = &job->latency;
    uint64_t ns = job->end - job->start;
    char line[LINE_MAX];
    struct json j;

    job_for_people(disk, ns);
    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "job");
    json_str(&j, "dev", disk->name);
    json_str(&j, "rw", workload_name[job->type]);
    json_u64(&j, "bs", job->bs);
    json_u64(&j, "iodepth", job->depth);
    json_u64(&j, "requests", job->requests);
    json_u64(&j, "bytes", job->bytes);
    json_u64(&j, "verified_bytes", job->verified);
    json_u64(&j, "errors", job->errors);
    json_u64(&j, "ignored", job->ignored);
    json_u64(&j, "start_ns", job->start);
    json_u64(&j, "ns", ns);
    json_object(&j, "lat_ns");
    json_u64(&j, "min", latency->count ? latency->min : 0);
    for (unsigned i = 0; i < ARRAY_SIZE(percentile); i++)
        json_u64(&j, percentile[i].name, histogram_percentile(latency, percentile[i].permille));
    json_u64(&j, "max", latency->max);
    json_object_end(&j);
    json_print_result(&j);
    if (job->throughput.interval)
        report_profile(disk);
}

uint64_t report_next(void)
{
    return clock_deadline(PROGRESS_NS);
}

void report_progress(struct disk *disk)
{
    struct job *job = &disk->job;
    uint64_t now = clock_recent(), runtime = job->runtime_ns; /* its caller has waited */
    char title[64], speed[24];
    uint64_t percent;

    if (now < job->progress_at)
        return;
    percent = job->planned ? rate(job->bytes, job->planned) / (NSEC_PER_SEC / 100) : 100;
    job->progress_at = report_next();
    if (runtime) /* repeated until the time is over */
        percent = rate(now - job->start, runtime) / (NSEC_PER_SEC / 100);
    job_title(disk, title, sizeof(title));
    print_raw("%s: %llu%% %s\n", title, (ull)MIN(percent, 100ULL),
              format_rate(speed, sizeof(speed), job->bytes, now - job->start));
}

void report_share(const struct disk *disk, const char *what, uint64_t done, uint64_t all,
                  uint64_t *due)
{
    if (clock_now() < *due)
        return;
    *due = report_next();
    print_raw("%s %s: %llu%%\n", disk->name, what, (ull)(rate(done, all) / (NSEC_PER_SEC / 100)));
}

void report_counters(const struct disk *disk)
{
    struct blkfront_stats s;
    char line[LINE_MAX];
    struct json j;

    blkfront_get_stats(disk->dev, &s);
    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "counters");
    json_str(&j, "dev", disk->name);
    json_u64(&j, "devid", disk->limits.devid);
    json_u64(&j, "reads", s.reads);
    json_u64(&j, "writes", s.writes);
    json_u64(&j, "flushes", s.flushes + s.barriers); /* backends count these as one kind */
    json_u64(&j, "discards", s.discards);
    json_u64(&j, "discarded_sectors", s.discarded_sectors);
    json_u64(&j, "read_sectors", s.read_sectors);
    json_u64(&j, "written_sectors", s.written_sectors);
    json_u64(&j, "segments", s.segments);
    json_u64(&j, "indirect", s.indirect);
    json_u64(&j, "notifications", s.notifications);
    json_u64(&j, "events", s.events);
    json_u64(&j, "spurious", s.spurious);
    json_u64(&j, "grants_made", s.grants_made);
    json_u64(&j, "grants_ended", s.grants_ended);
    json_u64(&j, "grants_kept", s.grants_kept);
    json_u64(&j, "ring_high_water", s.ring_high_water);
    json_u64(&j, "joined", s.joined);
    json_u64(&j, "bytes_copied", s.bytes_copied);
    json_print_result(&j);
}

void report_digest(const struct disk *disk, const struct slice *slice, const char *sha256,
                   const char *kind)
{
    char line[LINE_MAX];
    struct json j;

    json_begin(&j, line, sizeof(line));
    json_str(&j, "type", "digest");
    json_str(&j, "dev", disk->name);
    json_u64(&j, "offset", slice->offset);
    json_u64(&j, "bytes", slice->bytes);
    json_str(&j, "sha256", sha256);
    json_str(&j, "kind", kind);
    json_print_result(&j);
}
