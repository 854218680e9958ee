/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <errno.h>
#include <lwip/tcpip.h>
#include <ringlet/clock.h>
#include <ringlet/net.h>
#include <ringlet/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "link.h"
#include "report.h"
#include "tls.h"

#define CONNECTIONS 32u /* of all disks */
#define STACK       (32u * 1024)

/* How soon it is looked again whether the network has let go of a buffer: netfront learns of what its backend
 * has done with the next frame, or within 10 ms. */
#define COOL (2 * NSEC_PER_MSEC)

static struct connections server;
static bool cooling;
static const struct options *options;

/* ---- exports of a disk ---- */

/* With the lock. */
static void refresh(struct export *e)
{
    const struct blkfront_limits *l = &e->disk->limits;

    e->size = l->sectors * 512;
    e->sector = l->sector_size;
    e->trim = l->discard;
    snprintf(e->description, sizeof(e->description), "%s on backend %s of domain %u", l->name,
             l->backend, l->backend_domid);
}

static void changed(struct disk *d, bool lost)
{
    LOCK_TCPIP_CORE();
    if (lost) {
        connections_disk_gone(&server, d);
        printf("nbdserver: %s: the disk is lost\n", d->name);
    } else if (d->dev) {
        blkfront_get_limits(d->dev, &d->limits);
        list_for_each (at, &server.exports) {
            struct export *e = list_entry(at, struct export, link);

            if (e->disk == d)
                refresh(e);
        }
    }
    UNLOCK_TCPIP_CORE();
}

static void add_export(struct disk *d, const char *name, bool read_only)
{
    struct export *e = calloc(1, sizeof(*e));

    if (!e) {
        printf("nbdserver: %s: no memory\n", d->name);
        return;
    }
    snprintf(e->name, sizeof(e->name), "%s", name);
    e->disk = d;
    e->read_only = read_only || d->limits.readonly;
    refresh(e);
    list_add_tail(&server.exports, &e->link);
    printf("nbdserver: %s is exported as \"%s\": %llu sectors of %u bytes%s\n", d->name, name,
           (unsigned long long)(e->size / e->sector), e->sector, e->read_only ? ", read-only" : "");
}

/* Whether the command line wants this disk. */
static bool is_wanted(const char *name)
{
    for (unsigned i = 0; i < options->exports; i++) {
        if (strcmp(options->export[i].disk, name) == 0)
            return true;
    }
    return !options->exports;
}

static void add_exports(struct disk *d)
{
    if (!options->exports)
        add_export(d, d->name, false);
    for (unsigned i = 0; i < options->exports; i++) {
        const struct export_option *o = &options->export[i];

        if (strcmp(o->disk, d->name) == 0)
            add_export(d, o->name, o->read_only);
    }
}

/* ---- disks come and go: in blkfront_watch's thread ---- */

static void arrived(const char *name)
{
    struct disk *d;
    int ret = disk_open(name, changed, &d);

    if (ret) {
        printf("nbdserver: disk %s: %s\n", name, strerror(-ret));
        return;
    }
    LOCK_TCPIP_CORE();
    add_exports(d);
    UNLOCK_TCPIP_CORE();
}

static void gone(const char *name)
{
    struct blkfront_dev *dev = NULL;
    struct disk *d = NULL;

    LOCK_TCPIP_CORE();
    list_for_each (at, &disks) {
        d = list_entry(at, struct disk, link);
        if (d->dev && strcmp(d->name, name) == 0) {
            connections_disk_gone(&server, d);
            dev = disk_detach(d);
            break;
        }
    }
    UNLOCK_TCPIP_CORE();
    if (!dev)
        return;
    printf("nbdserver: %s is detached\n", name);
    shutdown_blkfront(dev);
    d->closed = true;
}

static void hotplug(const char *name, enum blkfront_change change, void *arg)
{
    char vdev[16];

    (void)arg;
    blkfront_vdev_name((unsigned)strtoul(name, NULL, 10), vdev, sizeof(vdev));
    if (!is_wanted(vdev))
        return;
    if (change == BLKFRONT_ARRIVED)
        arrived(name);
    else
        gone(vdev);
    fflush(stdout);
}

/* With the lock: frees what is detached and no connection uses any more. */
static void free_detached(void)
{
    if (connections_negotiating(&server))
        return; /* they may know of an export */
    list_for_each_safe (at, &disks) {
        struct disk *d = list_entry(at, struct disk, link);
        unsigned connections = 0;

        list_for_each (x, &server.exports) {
            const struct export *e = list_entry(x, struct export, link);

            connections += e->disk == d ? e->connections : 0;
        }
        if (connections || !disk_release(d))
            continue;
        list_for_each_safe (x, &server.exports) {
            struct export *e = list_entry(x, struct export, link);

            if (e->disk != d)
                continue;
            list_del(&e->link);
            free(e);
        }
        disk_free(d);
    }
}

/* ---- the thread ---- */

/* With the lock, at the end of each event. */
static void settle(void)
{
    connections_run(&server);
    list_for_each (at, &disks) {
        struct disk *d = list_entry(at, struct disk, link);

        connections_serve(&d->pool);
        disk_push(d);
    }
    cooling = connections_are_cooling(&server);
    if (cooling)
        wake_all(&disk_work);
}

static void run(void *arg)
{
    uint64_t next = 0;
    bool soon = false;

    (void)arg;
    for (;;) {
        wait_event(&disk_work, disk_has_completed() || (cooling && !soon),
                   soon ? MIN(next, clock_deadline(COOL)) : next);
        LOCK_TCPIP_CORE();
        disk_complete();
        if (soon)
            connections_cool(&server);
        if (clock_now() >= next) {
            connections_tick(&server, clock_now());
            free_detached();
            next = clock_deadline(NSEC_PER_SEC);
        }
        settle();
        soon = cooling;
        UNLOCK_TCPIP_CORE();
    }
}

/* ---- start and end ---- */

int server_start(const struct options *o)
{
    int ret = net_start();

    options = o;
    connections_init(&server, CONNECTIONS);
    if (o->tls) {
        const char *why = tls_load(o->tls, &server.identity);

        if (why) {
            printf("nbdserver: tls=%s: %s\n", o->tls, why);
            return -EINVAL;
        }
    }
    if (!ret)
        ret = thread_create(NULL, "nbd", run, NULL, STACK);
    if (!ret)
        ret = link_listen(&server, o->listen, o->port, settle);
    if (ret) {
        printf("nbdserver: port %u: %s\n", o->port, strerror(-ret));
        return ret;
    }
    printf("nbdserver: a server on port %u\n", o->port);
    ret = blkfront_watch(hotplug, NULL);
    if (ret)
        printf("nbdserver: disks: %s\n", strerror(-ret));
    fflush(stdout);
    return ret;
}

static unsigned count(void)
{
    unsigned n;

    LOCK_TCPIP_CORE();
    n = server.count;
    UNLOCK_TCPIP_CORE();
    return n;
}

int server_stop(void)
{
    const uint64_t deadline = clock_deadline(SERVER_STOP_NS);
    int first = 0;

    blkfront_unwatch();
    LOCK_TCPIP_CORE();
    link_unlisten();
    connections_stop(&server);
    settle();
    UNLOCK_TCPIP_CORE();
    while (count() && clock_now() < deadline)
        thread_sleep(10 * NSEC_PER_MSEC);
    list_for_each (at, &disks) {
        struct disk *d = list_entry(at, struct disk, link);
        const int ret = d->dev ? blkfront_sync(d->dev) : 0;

        if (ret)
            printf("nbdserver: %s: flush: %s\n", d->name, strerror(-ret));
        first = first ? first : ret;
    }
    report_print(&server);
    list_for_each (at, &disks) {
        struct blkfront_dev *dev = disk_detach(list_entry(at, struct disk, link));

        if (dev)
            shutdown_blkfront(dev);
    }
    return first;
}
