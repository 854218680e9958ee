/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <ringlet/errno.h>
#include <ringlet/thread.h>
#include <stdlib.h>
#include <string.h>

#include <kernel/event_channel.h>

#include "check.h"
#include "ext4/fs_calls.h"
#include "lib/fs/ext4/files/ext4.h"
#include "repair.h"
#include "replay.h"
#include "unit/fs_test.h"

#define WORKERS   4u
#define CRASHES   120u  /* of a run */
#define EVENTS    100   /* of the disk, at most, from one to the next */
#define TURNS     20000 /* of the threads, until a crash */
#define FILE_SIZE 30000 /* at most, so that all fit */

struct worker {
    struct thread *thread;
    struct random_state *s, *promised;
    struct random random;
    char name[16], root[32];
    bool parked;
};

static struct worker worker[WORKERS];
static unsigned workers;
static struct model_disk disk;
static struct random chance;
static uint64_t crash_at;
/* What arrived by a crash, until it was looked at, and where the media has changed since, what it was. */
static struct sectors arrived, since;
static bool crashed, ending;
static const char *bad;

static void fails(const char *what)
{
    static char text[300];

    if (!bad)
        snprintf(text, sizeof(text), "event %llu: files: %s", (unsigned long long)disk.events,
                 what);
    bad = text;
    ending = true;
}

static void event(struct model_disk *d)
{
    if (crashed || ending || d->events < crash_at)
        return;
    arrived.count = 0;
    model_disk_crash(d, random_below(&chance, CRASH_MODES), &chance, &arrived);
    since.count = 0;
    d->kept = &since;
    crashed = true;
}

/* All that was done before a sync is promised, if the crash did not come before its end. */
static void sync_all(struct worker *w)
{
    if (fs_sync())
        fails("a sync fails");
    if (crashed)
        return;
    random_end(w->promised);
    w->promised = random_copy(w->s);
}

static void work(void *arg)
{
    struct worker *w = arg;

    while (!ending) {
        if (random_run(w->s, 1))
            fails("an operation does not do what it should");
        else if (random_below(&w->random, 40) == 0)
            sync_all(w);
        w->parked = true;
        while (crashed && !ending)
            thread_yield();
        w->parked = false;
    }
}

/* Without a thread that commits: nothing else runs meanwhile. */
static void look_at(uint8_t *image, struct sectors *undo, const char *when)
{
    static const struct store_config config = {.commit_ms = ~0u, .cache = 1u << 20};
    struct image_disk after;
    struct mount *mount;
    char text[100];

    image_disk_init(&after, image, disk.disk.size, undo);
    if (ext4_open(&after.disk, &config, &mount)) {
        snprintf(text, sizeof(text), "%s: it cannot be mounted", when);
        fails(text);
        return;
    }
    if (fs_mount("/crashed", mount))
        exit(2);
    for (unsigned i = 0; i < workers && !bad; i++) {
        char root[32];

        snprintf(root, sizeof(root), "/crashed/%s", worker[i].name);
        snprintf(text, sizeof(text), "%s: %s is not as promised", when, worker[i].name);
        if (random_compare_common(worker[i].promised, worker[i].s, root) < 0)
            fails(text);
    }
    snprintf(text, sizeof(text), "%s: it cannot be unmounted", when);
    if (fs_unmount("/crashed"))
        fails(text);
}

static void with_e2fsck(const struct points *points)
{
    static struct sectors unused;
    uint8_t *replayed;
    const char *what = repair_check(disk.media, disk.disk.size, points->file, true, &replayed);

    if (what)
        fails(what);
    else
        look_at(replayed, &unused, "replayed by e2fsck");
    unused.count = 0;
}

/* The media is what the crash has left, and changes. */
static void look_with(struct points *points, struct sectors *undo, bool e2fsck, const char *when)
{
    const char *what;

    if (e2fsck) {
        points->repaired++;
        with_e2fsck(points);
    }
    if (!bad)
        look_at(disk.media, undo, when);
    if (e2fsck && !bad) {
        what = repair_check(disk.media, disk.disk.size, points->file, false, NULL);
        if (what)
            fails(what);
    }
}

static void judge(struct points *points)
{
    static struct sectors now, undo, left, before;
    bool e2fsck = ++points->done % points->e2fsck == 0;
    bool again = random_below(&chance, REPLAY_EVERY) == 0;
    uint64_t events = disk.events;

    points->of_files++;
    /* back to the time of the crash */
    now.count = 0;
    for (size_t i = 0; i < since.count; i++)
        sectors_save(&now, disk.media, since.at[i]);
    sectors_undo(&since, disk.media);
    sectors_put(&arrived, disk.media, &undo);
    if (again && replay_crash(disk.media, disk.disk.size, &chance, &left)) {
        points->twice++;
        sectors_put(&left, disk.media, &before);
        look_with(points, &before, e2fsck, "after a crash, and another one during the replay");
        sectors_undo(&before, disk.media);
        e2fsck = false;
    }
    if (!bad)
        look_with(points, &undo, e2fsck, "after a crash");
    sectors_undo(&undo, disk.media);
    sectors_put(&now, disk.media, NULL);
    if (disk.events != events) {
        fprintf(stderr, "crash: the disk was written to while it was looked at\n");
        exit(2);
    }
}

static bool all_parked(void)
{
    for (unsigned i = 0; i < workers; i++)
        if (!worker[i].parked)
            return false;
    return true;
}

static void crash(struct points *points)
{
    crash_at = disk.events + 1 + random_below(&chance, EVENTS);
    for (unsigned turns = 0; !ending && !(crashed && all_parked()); turns++) {
        if (turns == TURNS) { /* nothing is written: the disk may be full */
            crash_at = 0;
            event(&disk);
        }
        thread_yield();
    }
    disk.kept = NULL;
    if (crashed && !bad)
        judge(points);
    crashed = false;
    crash_at = UINT64_MAX;
}

static void begin_workers(uint64_t seed)
{
    for (unsigned i = 0; i < workers; i++) {
        struct worker *w = &worker[i];

        *w = (struct worker){.random = {seed * 31 + i}};
        snprintf(w->name, sizeof(w->name), "thread-%u", i);
        snprintf(w->root, sizeof(w->root), "/data/%s", w->name);
        if (path_mkdir(NULL, w->root, 0755))
            exit(2);
        w->s = random_begin(&fs_calls, w->root, seed + 1000 * i, FILE_SIZE);
        w->promised = w->s ? random_copy(w->s) : NULL;
        if (!w->promised || thread_create(&w->thread, w->name, work, w, 256 << 10))
            exit(2);
    }
}

static void end_workers(void)
{
    ending = true;
    for (unsigned i = 0; i < workers; i++) {
        struct worker *w = &worker[i];

        thread_join(w->thread);
        if (!bad && random_compare(w->s))
            fails("at the end a file is not what it should be");
        random_close_all(w->s);
        random_end(w->s);
        random_end(w->promised);
    }
}

const char *files_run(uint64_t seed, const uint8_t *content, uint64_t size, struct points *points)
{
    const struct store_config config = {.commit_ms = 5, .cache = 512u << 10};
    struct mount *mount;
    const char *what;

    seam_init(64u << 20);
    if (evtchn_init())
        exit(2);
    fs_forget();
    chance = (struct random){seed * 7919};
    workers = 1 + random_below(&chance, WORKERS);
    crash_at = UINT64_MAX;
    ending = false;
    bad = NULL;
    model_disk_init(&disk, content, size, seed);
    disk.event = event;
    disk.yields = true;
    if (path_mkdir(NULL, "/data", 0755) || path_mkdir(NULL, "/crashed", 0755) ||
        ext4_open(&disk.disk, &config, &mount) || fs_mount("/data", mount))
        exit(2);
    begin_workers(seed);
    for (unsigned i = 0; i < CRASHES && points->done < points->wanted && !bad; i++)
        crash(points);
    end_workers();
    if (fs_unmount("/data") && !bad)
        fails("it cannot be unmounted");
    what = bad ? NULL : repair_check(disk.view, size, points->file, false, NULL);
    if (what)
        fails(what);
    model_disk_exit(&disk);
    fd_reset();
    seam_exit();
    return bad;
}
