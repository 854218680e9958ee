/* SPDX-License-Identifier: MIT */
/*
 * Devices of a class that come and go: a thread watches their folder, and at each change compares
 * what is there with what it has told. A watch says only "look again", however much has happened
 * since; so a device is remembered with what tells one life of its directory from the next.
 */
#include <kernel/device.h>
#include <kernel/ratelimit.h>
#include <kernel/xenstore.h>
#include <ringlet/clock.h>
#include <ringlet/errno.h>
#include <ringlet/format.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>

#define RETRY           (100 * NSEC_PER_MSEC) /* when memory is short */
#define UNWATCH_TIMEOUT (10 * NSEC_PER_SEC)
#define ITEMS           3 /* of a device: backend, and the keys of which our frontend writes one */
#define DEVICES_BATCH   7 /* asked for before the first answer is waited for */
#define FOLDER_SIZE     12

static void set_free(struct device_set *d)
{
    for (unsigned i = 0; i < d->count; i++)
        heap_free(d->known[i].backend);
    heap_free(d->known);
    *d = (struct device_set){0};
}

/* ---- looking ---- */

static int read_some(const struct device_watched *class, struct device_known *known, unsigned count)
{
    struct xs_batch_item items[DEVICES_BATCH * ITEMS];
    char folder[DEVICES_BATCH][FOLDER_SIZE + DEVICE_NUMBER_SIZE];
    int ret;

    for (unsigned i = 0; i < count; i++) {
        format(folder[i], sizeof(folder[i]), "%s/%u", class->folder, known[i].number);
        items[ITEMS * i] =
            (struct xs_batch_item){.op = XS_OP_READ, .dir = folder[i], .node = "backend"};
        items[ITEMS * i + 1] =
            (struct xs_batch_item){.op = XS_OP_READ, .dir = folder[i], .node = class->key[0]};
        items[ITEMS * i + 2] =
            (struct xs_batch_item){.op = XS_OP_READ, .dir = folder[i], .node = class->key[1]};
    }
    ret = xs_batch(XS_NO_TRANSACTION, items, ITEMS * count);
    for (unsigned i = 0; i < ITEMS * count && !ret; i++)
        ret = items[i].ret == -ENOENT ? 0 : items[i].ret;
    for (unsigned i = 0; i < count && !ret; i++) {
        known[i].backend = items[ITEMS * i].value;
        items[ITEMS * i].value = NULL;
        known[i].published = !items[ITEMS * i + 1].ret || !items[ITEMS * i + 2].ret;
    }
    xs_batch_free(items, ITEMS * count);
    return ret;
}

static int look(const struct device_watched *class, struct device_set *found)
{
    unsigned *numbers, count;
    int ret = device_list(class->folder, class->memory, &numbers, &count);

    if (ret)
        return ret;
    found->known = heap_zalloc(count, sizeof(*found->known), class->memory);
    if (!found->known)
        ret = -ENOMEM;
    for (unsigned i = 0; i < count && !ret; i++) {
        found->known[i].number = numbers[i];
        found->count++;
        if (found->count % DEVICES_BATCH == 0 || found->count == count) {
            unsigned first = i / DEVICES_BATCH * DEVICES_BATCH;

            ret = read_some(class, &found->known[first], found->count - first);
        }
    }
    heap_free(numbers);
    if (ret)
        set_free(found);
    return ret;
}

/* Has the guest got another number since the last time? Then it was suspended, and all of its
 * devices have other backends; the devices take care of that by themselves. */
static int look_at_self(struct device_hotplug *h)
{
    char *domid;
    int ret = xs_read(XS_NO_TRANSACTION, "domid", NULL, &domid, NULL);

    if (ret)
        return ret == -ENOENT ? 0 : ret;
    h->moved |= h->domid && strcmp(h->domid, domid) != 0;
    heap_free(h->domid);
    h->domid = domid;
    return 0;
}

/* ---- telling ---- */

static void tell(const struct device_hotplug *h, unsigned number, enum device_change change)
{
    char name[DEVICE_NUMBER_SIZE];

    if (h->stop)
        return;
    format(name, sizeof(name), "%u", number);
    h->fn(name, change, h->arg);
}

static struct device_known *find(const struct device_set *d, unsigned number)
{
    for (unsigned i = 0; i < d->count; i++)
        if (d->known[i].number == number)
            return &d->known[i];
    return NULL;
}

/* What our frontend has published goes with the directory, and only with it: an open device that
 * gets another backend (its driver domain was started again) is the same device. */
static bool same_life(const struct device_known *before, const struct device_known *now)
{
    return before->published ? now->published : strcmp(before->backend, now->backend) == 0;
}

/* found is taken over. */
static void compare(struct device_hotplug *h, const struct device_set *found)
{
    struct device_set told = h->told;
    bool moved = h->moved;

    h->told = *found;
    h->moved = false;
    for (unsigned i = 0; i < told.count; i++) {
        struct device_known *before = &told.known[i];
        struct device_known *now = find(found, before->number);

        if (!before->backend)
            continue;
        if (now && now->backend && (moved || same_life(before, now)))
            continue;
        tell(h, before->number, DEVICE_GONE);
        heap_free(before->backend);
        before->backend = NULL;
    }
    for (unsigned i = 0; i < found->count; i++) {
        const struct device_known *now = &found->known[i];
        const struct device_known *before = find(&told, now->number);

        if (now->backend && !(before && before->backend))
            tell(h, now->number, DEVICE_ARRIVED);
    }
    set_free(&told);
}

static int look_and_tell(struct device_hotplug *h)
{
    struct device_set found = {0};
    int ret = look_at_self(h);

    if (!ret)
        ret = look(h->class, &found);
    if (!ret)
        compare(h, &found);
    return ret;
}

static void report(struct device_hotplug *h, int err)
{
    if (err && !h->failed)
        pr_err_limited(&h->messages, "%s: %s cannot be read: %s\n", h->class->driver,
                       h->class->folder, errno_name(err));
    h->failed = err != 0;
}

static void hotplug_thread(void *arg)
{
    struct device_hotplug *h = arg;

    while (xs_watch_wait(&h->watch, DEADLINE_NEVER) == 0) {
        int ret = 0;

        while (!h->stop && (ret = look_and_tell(h)) == -ENOMEM)
            thread_sleep(RETRY);
        if (h->stop)
            return;
        report(h, ret);
    }
    if (!h->stop)
        report(h, -ENOTCONN);
}

/* ---- starting and stopping ---- */

int device_watch(struct device_hotplug *h, const struct device_watched *class,
                 void (*fn)(const char *name, enum device_change change, void *arg), void *arg)
{
    int ret;

    if (!fn)
        return -EINVAL;
    if (in_handler())
        return -EDEADLK;
    if (h->thread || h->starting)
        return -EBUSY;
    *h = (struct device_hotplug){
        .class = class, .messages = h->messages, .fn = fn, .arg = arg, .starting = true};
    h->messages.name = class->driver;
    ret = xs_watch_shared(&h->watch, class->folder, class->folder, NULL);
    if (!ret) {
        ret = thread_create(&h->thread, class->thread_name, hotplug_thread, h, 0);
        if (ret)
            xs_unwatch(&h->watch);
    }
    h->starting = false;
    return ret;
}

int device_unwatch(struct device_hotplug *h)
{
    struct thread *t = h->thread;
    uint64_t before;

    if (in_handler() || (t && thread_current() == t))
        return -EDEADLK;
    if (!t || h->stop)
        return -ENOENT;
    h->stop = true;
    h->watch.events++; /* there is something to look at: the end */
    wake_all(&h->watch.wq);
    thread_set_deadline(t, xs_close_deadline(UNWATCH_TIMEOUT)); /* it may wait for XenStore */
    thread_join(t);
    before = thread_set_deadline(thread_current(), xs_close_deadline(UNWATCH_TIMEOUT));
    xs_unwatch(&h->watch);
    thread_set_deadline(thread_current(), before);
    set_free(&h->told);
    heap_free(h->domid);
    h->thread = NULL;
    return 0;
}
