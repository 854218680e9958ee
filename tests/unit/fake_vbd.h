/* SPDX-License-Identifier: MIT */
/*
 * Disks as a toolstack configures them: xvda, xvdb, xvdc in the small xenstored, and a backend for
 * each that follows the handshake, or is slow, refuses, does not close. fake_disk.h's backend works
 * on the ring when a test has attached it.
 */
#ifndef RINGLET_TESTS_FAKE_VBD_H
#define RINGLET_TESTS_FAKE_VBD_H

#include "fake_xenstored.h"
#include "host/fake_disk.h"

#include <kernel/grant_table.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/shutdown.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VBDS  3
#define FRONT "device/vbd/51712"
#define BACK  "/local/domain/0/backend/vbd/3/51712"

static struct fake_disk disk[VBDS];
static bool attached[VBDS]; /* the backend works on the ring, until the frontend closes */
/* how the backends behave */
static bool connects, refuses, closes, reopens;

static inline void vbd_set(unsigned i, bool back, const char *key, const char *value)
{
    char path[100];

    snprintf(path, sizeof(path), "%s/%u/%s", back ? "/local/domain/0/backend/vbd/3" : "device/vbd",
             51712 + 16 * i, key);
    fake_text(path, value);
}

static inline void backend_state(unsigned i, unsigned state)
{
    char text[] = {(char)('0' + state), '\0'};

    vbd_set(i, true, "state", text);
}

static inline bool vbd_there(unsigned i)
{
    char path[80];

    snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/3/%u/state", 51712 + 16 * i);
    return fake_find(path) != NULL;
}

/* The backend sees the frontend's writes. */
static inline void vbd_follow(uint32_t type, const char *body)
{
    static bool inside;
    unsigned i;
    int len = 0;

    if (type != XS_WRITE || inside || sscanf(body, "device/vbd/%u/state%n", &i, &len) != 1 ||
        !len || body[len])
        return;
    i = (i - 51712) / 16;
    if (i >= VBDS)
        return;
    inside = true;
    switch (fake_value(body)[0] - '0') {
    case XenbusStateInitialising:
        if (reopens && vbd_there(i))
            backend_state(i, XenbusStateInitWait);
        break;
    case XenbusStateInitialised:
        if (connects)
            backend_state(i, refuses ? XenbusStateClosing : XenbusStateConnected);
        break;
    case XenbusStateClosing:
        attached[i] = false;
        if (closes)
            backend_state(i, XenbusStateClosing);
        break;
    case XenbusStateClosed:
        if (closes)
            backend_state(i, XenbusStateClosed);
        break;
    default:
        break;
    }
    inside = false;
}

static inline void vbd_idle(void)
{
    fake_run();
    for (unsigned i = 0; i < VBDS; i++)
        if (attached[i])
            fdisk_run(&disk[i]);
}

/* As the toolstack leaves it: the backend waits for a frontend. */
static inline void vbd_fresh(unsigned i)
{
    vbd_set(i, false, "state", "1");
    backend_state(i, XenbusStateInitWait);
}

static inline void vbd_configure(unsigned i)
{
    char back[80];

    snprintf(back, sizeof(back), "/local/domain/0/backend/vbd/3/%u", 51712 + 16 * i);
    vbd_set(i, false, "backend", back);
    vbd_set(i, false, "backend-id", "0");
    vbd_set(i, true, "max-ring-page-order", "2");
    vbd_set(i, true, "feature-max-indirect-segments", "64");
    vbd_set(i, true, "sectors", "4096");
    vbd_set(i, true, "sector-size", "512");
    vbd_set(i, true, "info", "0");
    vbd_set(i, true, "mode", "w");
    vbd_set(i, true, "feature-flush-cache", "1");
    vbd_fresh(i);
}

/* A test's setup: xvda exists. */
static inline int vbd_setup(void **state)
{
    (void)state;
    if (fake_setup() || gnttab_init())
        return -1;
    fake.after = vbd_follow;
    seam_idle = vbd_idle;
    memset(disk, 0, sizeof(disk));
    memset(attached, 0, sizeof(attached));
    refuses = reopens = false;
    connects = closes = true;
    vbd_configure(0);
    return 0;
}

static inline void assert_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    assert_int_equal(heap.in_use[MEM_BLOCK], 0);
#ifndef VBD_XENSTORE_MAY_KEEP /* defined where a domain ends, or XenStore does not answer */
    assert_int_equal(heap.in_use[MEM_XENSTORE], 0);
    assert_int_equal(heap.in_use[MEM_THREAD], 0);
#endif
    assert_int_equal(page.in_use[MEM_BLOCK], 0);
    assert_int_equal(grants.in_use, 0);
}

static inline int vbd_teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VBDS; i++)
        fdisk_detach(&disk[i]);
    assert_nothing_left();
    seam_exit();
    return 0;
}

static inline void vbd_attach(unsigned i, struct blkfront_dev *dev)
{
    fdisk_attach(&disk[i], dev);
    attached[i] = true;
}

#endif
