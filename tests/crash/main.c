/* SPDX-License-Identifier: MIT */
/*
 * crash [--points N] [--seed S] [--e2fsck N] [--dir FOLDER] - files on a disk that crashes.
 *
 * Threads change files on a store, on a model of a disk with a volatile cache. At random points between
 * two writes the disk is copied as a crash might leave it, opened, which replays the journal, and compared
 * with what was promised. Every N-th copy (default 50; 1: each) is also replayed by e2fsck, which must then
 * find nothing to repair, and must have restored the same files; so must the one that was replayed and
 * closed here. Exit status 0: all N points are as promised; 1: one is not, with its seed; 2: no verdict.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <kernel/event_channel.h>

#include "check.h"
#include "ext4/memory_disk.h"
#include "host/seam.h"
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

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static struct {
    unsigned long long points, seed, e2fsck;
    const char *dir;
} options = {10000, 1, 50, "/tmp"};

/* One run: what the hook of the disk needs. */
static struct model_disk disk;
static struct model *model;
static struct undo undo;
static struct random chance;
static unsigned long long points, repaired;
static uint64_t run_seed;
static char file[256];
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
    uint8_t *replayed;
    struct undo none = {.count = 0};
    const char *what = check_e2fsck(disk.media, disk.disk.size, file, true, &replayed);

    repaired++;
    if (!what) {
        what = check_image(replayed, disk.disk.size, &none, model);
        if (what)
            fprintf(stderr, "(replayed by e2fsck)\n");
    }
    free(replayed);
    free(none.sector);
    free(none.old);
    if (what)
        fail(what);
}

static void event(struct model_disk *d)
{
    bool e2fsck;
    const char *what;

    if (checking || stop || random_below(&chance, every))
        return;
    checking = true;
    /* the media itself is changed, for a while */
    model_disk_crash(d, random_below(&chance, CRASH_MODES), &chance, &undo);
    points++;
    e2fsck = points % options.e2fsck == 0;
    if (e2fsck)
        with_e2fsck();
    if (!stop) {
        what = check_image(d->media, d->disk.size, &undo, model);
        if (!what && e2fsck) {
            what = check_e2fsck(d->media, d->disk.size, file, false, NULL);
            if (what)
                fprintf(stderr, "(replayed by store_open)\n");
        }
        if (what)
            fail(what);
    }
    undo_all(&undo, d->media);
    if (points >= options.points)
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
    every = 4 + random_below(&r, 12);
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
        const char *what = check_e2fsck(disk.media, kind->size, file, false, NULL);

        if (what)
            fail(what);
    }
    model_disk_exit(&disk);
    model_exit(model);
    seam_exit();
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
            options.points = strtoull(optarg, NULL, 0);
        else if (c == 's')
            options.seed = strtoull(optarg, NULL, 0);
        else if (c == 'e')
            options.e2fsck = strtoull(optarg, NULL, 0);
        else if (c == 'd')
            options.dir = optarg;
        else
            return 2;
    }
    return optind == argc && options.points && options.e2fsck ? 0 : 2;
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
    if (mkdir(options.dir, 0700) && errno != EEXIST) {
        perror(options.dir);
        return 2;
    }
    snprintf(file, sizeof(file), "%s/image-%d", options.dir, (int)getpid());
    model = calloc(1, sizeof(*model));
    if (!model)
        return 2;
    for (unsigned k = 0; k < KINDS; k++)
        content[k] = image_make(kinds[k].options, kinds[k].size);
    for (uint64_t seed = options.seed; points < options.points && !bad; seed++, runs++) {
        stop = false;
        run(seed, content[seed % KINDS], &kinds[seed % KINDS]);
        if (points / 1000 != shown) {
            shown = points / 1000;
            printf("%llu points, %llu by e2fsck, %llu runs, %ld s\n", points, repaired, runs + 1,
                   (long)(time(NULL) - begin));
            fflush(stdout);
        }
    }
    for (unsigned k = 0; k < KINDS; k++)
        free(content[k]);
    free(model);
    if (bad) {
        printf("after %llu points: %s\n", points, bad);
        return 1;
    }
    printf("%llu crashes of %llu runs from seed %llu on, %llu of them by e2fsck, too: all as "
           "promised\n",
           points, runs, options.seed, repaired);
    unlink(file);
    return 0;
}
