/* SPDX-License-Identifier: MIT */
/*
 * Disks that come and go: a thread watches device/vbd, and at each change compares what is there
 * with what it has told. A watch says only "look again", however much has happened since; so a
 * disk is remembered with what tells one life of its directory from the next.
 */
#include "names.h"

#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/printk.h>
#include <ringlet/string.h>

#define RETRY       (100 * NSEC_PER_MSEC) /* when memory is short */
#define ITEMS       3 /* of a disk: backend, and the keys of which our frontend writes one */
#define DISKS_BATCH 8 /* asked for before the first answer is waited for */

struct disk {
    unsigned number;
    char *backend;  /* NULL: it is not there (yet) */
    bool published; /* a frontend of this guest has written its keys */
};

struct disks {
    struct disk *disk; /* by number */
    unsigned count;
};

static struct hotplug {
    void (*fn)(const char *name, enum blkfront_change change, void *arg);
    void *arg;
    struct thread *thread; /* NULL: nobody watches */
    struct xs_watch watch;
    bool starting, stop, failed;
    struct disks told;
    char *domid; /* the guest's own number when it was last looked */
    bool moved;  /* it was another one when `told` was read */
} hp;

static void disks_free(struct disks *d)
{
    for (unsigned i = 0; i < d->count; i++)
        heap_free(d->disk[i].backend);
    heap_free(d->disk);
    *d = (struct disks){0};
}

/* ---- looking ---- */

static int read_some(struct disk *disk, unsigned count)
{
    struct xs_batch_item items[DISKS_BATCH * ITEMS];
    char folder[DISKS_BATCH][sizeof(VBD_FOLDER "/") + VBD_NAME_SIZE];
    int ret;

    for (unsigned i = 0; i < count; i++) {
        format(folder[i], sizeof(folder[i]), VBD_FOLDER "/%u", disk[i].number);
        items[ITEMS * i] =
            (struct xs_batch_item){.op = XS_OP_READ, .dir = folder[i], .node = "backend"};
        items[ITEMS * i + 1] =
            (struct xs_batch_item){.op = XS_OP_READ, .dir = folder[i], .node = "event-channel"};
        items[ITEMS * i + 2] = (struct xs_batch_item){
            .op = XS_OP_READ, .dir = folder[i], .node = "queue-0/event-channel"};
    }
    ret = xs_batch(XS_NO_TRANSACTION, items, ITEMS * count);
    for (unsigned i = 0; i < ITEMS * count && !ret; i++)
        ret = items[i].ret == -ENOENT ? 0 : items[i].ret;
    for (unsigned i = 0; i < count && !ret; i++) {
        disk[i].backend = items[ITEMS * i].value;
        items[ITEMS * i].value = NULL;
        disk[i].published = !items[ITEMS * i + 1].ret || !items[ITEMS * i + 2].ret;
    }
    xs_batch_free(items, ITEMS * count);
    return ret;
}

static int look(struct disks *found)
{
    unsigned *numbers, count;
    int ret = disk_numbers(&numbers, &count);

    if (ret)
        return ret;
    found->disk = heap_zalloc(count, sizeof(*found->disk), MEM_BLOCK);
    if (!found->disk)
        ret = -ENOMEM;
    for (unsigned i = 0; i < count && !ret; i++) {
        found->disk[i].number = numbers[i];
        found->count++;
        if (found->count % DISKS_BATCH == 0 || found->count == count) {
            unsigned first = i / DISKS_BATCH * DISKS_BATCH;

            ret = read_some(&found->disk[first], found->count - first);
        }
    }
    heap_free(numbers);
    if (ret)
        disks_free(found);
    return ret;
}

/* Has the guest got another number since the last time? Then it was suspended, and all of its disks
 * have other backends; the devices take care of that by themselves. */
static int look_at_self(void)
{
    char *domid;
    int ret = xs_read(XS_NO_TRANSACTION, "domid", NULL, &domid, NULL);

    if (ret)
        return ret == -ENOENT ? 0 : ret;
    hp.moved |= hp.domid && strcmp(hp.domid, domid) != 0;
    heap_free(hp.domid);
    hp.domid = domid;
    return 0;
}

/* ---- telling ---- */

static void tell(unsigned number, enum blkfront_change change)
{
    char name[VBD_NAME_SIZE];

    if (hp.stop)
        return;
    format(name, sizeof(name), "%u", number);
    hp.fn(name, change, hp.arg);
}

static struct disk *find(const struct disks *d, unsigned number)
{
    for (unsigned i = 0; i < d->count; i++)
        if (d->disk[i].number == number)
            return &d->disk[i];
    return NULL;
}

static bool same_life(const struct disk *before, const struct disk *now)
{
    return strcmp(before->backend, now->backend) == 0 && (now->published || !before->published);
}

/* found is taken over. */
static void compare(const struct disks *found)
{
    struct disks told = hp.told;
    bool moved = hp.moved;

    hp.told = *found;
    hp.moved = false;
    for (unsigned i = 0; i < told.count; i++) {
        struct disk *before = &told.disk[i];
        struct disk *now = find(found, before->number);

        if (!before->backend)
            continue;
        if (now && now->backend && (moved || same_life(before, now)))
            continue;
        tell(before->number, BLKFRONT_GONE);
        heap_free(before->backend);
        before->backend = NULL;
    }
    for (unsigned i = 0; i < found->count; i++) {
        const struct disk *now = &found->disk[i];
        const struct disk *before = find(&told, now->number);

        if (now->backend && !(before && before->backend))
            tell(now->number, BLKFRONT_ARRIVED);
    }
    disks_free(&told);
}

static int look_and_tell(void)
{
    struct disks found = {0};
    int ret = look_at_self();

    if (!ret)
        ret = look(&found);
    if (!ret)
        compare(&found);
    return ret;
}

static void report(int err)
{
    if (err && !hp.failed)
        pr_err("blkfront: " VBD_FOLDER " cannot be read: %s\n", errno_name(err));
    hp.failed = err != 0;
}

static void hotplug_thread(void *arg)
{
    (void)arg;
    while (xs_watch_wait(&hp.watch, DEADLINE_NEVER) == 0) {
        int ret = 0;

        while (!hp.stop && (ret = look_and_tell()) == -ENOMEM)
            thread_sleep(RETRY);
        if (hp.stop)
            return;
        report(ret);
    }
    if (!hp.stop)
        report(-ENOTCONN);
}

/* ---- starting and stopping ---- */

int blkfront_watch(void (*fn)(const char *name, enum blkfront_change change, void *arg), void *arg)
{
    int ret;

    if (!fn)
        return -EINVAL;
    if (in_handler())
        return -EDEADLK;
    if (hp.thread || hp.starting)
        return -EBUSY;
    hp = (struct hotplug){.fn = fn, .arg = arg, .starting = true};
    ret = xs_watch(&hp.watch, VBD_FOLDER, NULL);
    if (!ret) {
        ret = thread_create(&hp.thread, "vbd-hotplug", hotplug_thread, NULL, 0);
        if (ret)
            xs_unwatch(&hp.watch);
    }
    hp.starting = false;
    return ret;
}

int blkfront_unwatch(void)
{
    struct thread *t = hp.thread;

    if (in_handler() || (t && thread_current() == t))
        return -EDEADLK;
    if (!t || hp.stop)
        return -ENOENT;
    hp.stop = true;
    hp.watch.events++; /* there is something to look at: the end */
    wake_all(&hp.watch.wq);
    thread_join(t);
    xs_unwatch(&hp.watch);
    disks_free(&hp.told);
    heap_free(hp.domid);
    hp.thread = NULL;
    return 0;
}
