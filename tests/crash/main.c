/* SPDX-License-Identifier: MIT */
/*
 * crash [--points N] [--seed S] [--e2fsck N] [--dir FOLDER] - files on a disk that crashes.
 *
 * Threads change files on a store, on a model of a disk with a volatile cache; in one run of eight through lib/fs
 * and lib/fs/ext4/files (files.h). At random points between two writes the disk is made what a crash might leave,
 * opened, which replays the journal, compared with what was promised, and made what it was. A copy of every N-th
 * (default 50; 1: each) is also replayed by e2fsck, which must then find nothing to repair, and must have restored
 * the same files; nor must it find anything in what was replayed and closed here. Exit status 0: all N points are
 * as promised; 1: one is not, with its seed; 2: no verdict.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <kernel/event_channel.h>

#include "check.h"
#include "ext4/memory_disk.h"
#include "files.h"
#include "host/seam.h"
#include "repair.h"
#include "replay.h"
#include "workload.h"

static const struct kind {
    const char *options;
    uint64_t size;
} kinds[] = {
    {"-t ext4 -b 1024", 8u << 20},
    {"-t ext4 -b 4096 -J size=4", 16u << 20},
    {"-t ext3 -b 1024", 8u << 20},
    {"-t ext4 -b 2048 -O ^metadata_csum,uninit_bg -J size=2", 10u << 20},
    {"-t ext4 -b 1024 -O ^64bit -N 64", 8u << 20},
};

#define KINDS       (sizeof(kinds) / sizeof(kinds[0]))
#define FILES_EVERY 8           /* a run is one of the code of files */
#define FILES_KINDS (KINDS - 1) /* the last one has few inodes */

static unsigned long long first_seed = 1;
static const char *dir = "/tmp";
static struct points points = {.wanted = 10000, .e2fsck = 50};

/* One run: what the hook of the disk needs. */
static struct model_disk disk;
static struct model *model;
static struct sectors arrived, undo; /* by a crash; what was there */
static struct random chance;
static uint64_t run_seed;
static const char *bad;
static bool stop, checking;
static unsigned every; /* a point in so many events */

static void fail(const char *what)
{
    static char text[600];

    snprintf(text, sizeof(text), "seed %llu, event %llu: %s", (unsigned long long)run_seed,
             (unsigned long long)disk.events, what);
    bad = text;
    stop = true;
}

static void with_e2fsck(void)
{
    static struct sectors unused;
    uint8_t *replayed;
    const char *what = repair_check(disk.media, disk.disk.size, points.file, true, &replayed);

    points.repaired++;
    if (!what) {
        what = check_image(replayed, disk.disk.size, &unused, model);
        unused.count = 0;
        if (what)
            fprintf(stderr, "(replayed by e2fsck)\n");
    }
    if (what)
        fail(what);
}

/* Another crash while what the first one left is replayed. */
static void again(uint8_t *image)
{
    static struct sectors left, before;
    const char *what;

    if (!replay_crash(image, disk.disk.size, &chance, &left))
        return;
    points.twice++;
    sectors_put(&left, image, &before);
    what = check_image(image, disk.disk.size, &before, model);
    sectors_undo(&before, image);
    if (what) {
        fprintf(stderr, "(after a second crash, during the replay)\n");
        fail(what);
    }
}

static void event(struct model_disk *d)
{
    uint64_t events = d->events;
    bool e2fsck;
    const char *what;

    if (checking || stop || random_below(&chance, every))
        return;
    checking = true;
    /* the media itself is changed, for a while */
    arrived.count = 0;
    model_disk_crash(d, random_below(&chance, CRASH_MODES), &chance, &arrived);
    sectors_put(&arrived, d->media, &undo);
    points.done++;
    e2fsck = points.done % points.e2fsck == 0;
    if (e2fsck)
        with_e2fsck();
    if (!stop &&
        random_below(&chance, REPLAY_EVERY) == 0) /* as the seed says, not the points before */
        again(d->media);
    if (!stop) {
        what = check_image(d->media, d->disk.size, &undo, model);
        if (!what && e2fsck) {
            what = repair_check(d->media, d->disk.size, points.file, false, NULL);
            if (what)
                fprintf(stderr, "(replayed by store_open)\n");
        }
        if (what)
            fail(what);
    }
    sectors_undo(&undo, d->media);
    if (d->events != events) {
        fprintf(stderr, "crash: the disk was written to while it was looked at\n");
        exit(2);
    }
    if (points.done >= points.wanted)
        stop = true;
    checking = false;
}

/* One file system, from its first operation to its end. */
static void run(uint64_t seed, const uint8_t *content, const struct kind *kind)
{
    struct store_config config = {.commit_ms = 5, .cache = 512u << 10};
    struct random r = {seed};
    struct store *s;

    run_seed = seed;
    chance = (struct random){seed * 7919};
    /* in one run of eight each event is a point */
    every = random_below(&r, 8) ? 1 + random_below(&r, 8) : 1;
    seam_init(64u << 20);
    if (evtchn_init())
        exit(2);
    model_init(model);
    model_disk_init(&disk, content, kind->size, seed);
    disk.event = event;
    disk.yields = true;
    if (store_open(&disk.disk, &config, &s)) {
        fail("the store does not open");
    } else {
        workload_run(s, model, seed, 1 + random_below(&r, 3), 100 + random_below(&r, 400), &stop);
        if (store_close(s) && !stop)
            fail("the store does not close");
    }
    if (!stop) {
        const char *what = repair_check(disk.media, kind->size, points.file, false, NULL);

        if (what)
            fail(what);
    }
    model_disk_exit(&disk);
    model_exit(model);
    seam_exit();
}

static void run_files(uint64_t seed, const uint8_t *content, const struct kind *kind)
{
    static char text[400];
    const char *what = files_run(seed, content, kind->size, &points);

    if (!what)
        return;
    snprintf(text, sizeof(text), "seed %llu, %s", (unsigned long long)seed, what);
    bad = text;
}

static int parse(int argc, char **argv)
{
    static const struct option names[] = {{"points", required_argument, NULL, 'p'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"e2fsck", required_argument, NULL, 'e'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 'p')
            points.wanted = strtoull(optarg, NULL, 0);
        else if (c == 's')
            first_seed = strtoull(optarg, NULL, 0);
        else if (c == 'e')
            points.e2fsck = strtoull(optarg, NULL, 0);
        else if (c == 'd')
            dir = optarg;
        else
            return 2;
    }
    return optind == argc && points.wanted && points.e2fsck ? 0 : 2;
}

int main(int argc, char **argv)
{
    uint8_t *content[KINDS];
    unsigned long long runs = 0, shown = 0;
    time_t begin = time(NULL);

    if (parse(argc, argv)) {
        fprintf(stderr, "usage: crash [--points N] [--seed S] [--e2fsck N] [--dir FOLDER]\n");
        return 2;
    }
    if (mkdir(dir, 0700) && errno != EEXIST) {
        perror(dir);
        return 2;
    }
    /* the disks of each run are in the memory of the last one's */
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    snprintf(points.file, sizeof(points.file), "%s/image-%d", dir, (int)getpid());
    model = calloc(1, sizeof(*model));
    if (!model)
        return 2;
    for (unsigned k = 0; k < KINDS; k++)
        content[k] = image_make(kinds[k].options, kinds[k].size);
    for (uint64_t seed = first_seed; points.done < points.wanted && !bad; seed++, runs++) {
        stop = false;
        if (seed % FILES_EVERY == 0)
            run_files(seed, content[seed / FILES_EVERY % FILES_KINDS],
                      &kinds[seed / FILES_EVERY % FILES_KINDS]);
        else
            run(seed, content[seed % KINDS], &kinds[seed % KINDS]);
        if (points.done / 1000 != shown) {
            shown = points.done / 1000;
            printf("%llu points, %llu by e2fsck, %llu runs, %ld s; the next seed is %llu\n",
                   points.done, points.repaired, runs + 1, (long)(time(NULL) - begin),
                   (unsigned long long)seed + 1);
            fflush(stdout);
        }
    }
    for (unsigned k = 0; k < KINDS; k++)
        free(content[k]);
    free(model);
    if (bad) {
        printf("after %llu points: %s\n", points.done, bad);
        return 1;
    }
    printf(
        "%llu crashes of %llu runs from seed %llu on: all as promised. %llu of them of the code of "
        "files, %llu with another crash during the replay, %llu by e2fsck, too\n",
        points.done, runs, first_seed, points.of_files, points.twice, points.repaired);
    return 0;
}
