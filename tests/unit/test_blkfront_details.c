/* SPDX-License-Identifier: MIT */
/* The information for callers about a disk, the accepted paths of a backend, and a disk that is
 * closing. */
#include "fake_vbd.h"

#include <ringlet/thread.h>

static void info_says_what_the_disk_is(void **state)
{
    static const struct {
        const char *info, *mode, *flush, *barrier;
        int want_info, want_mode, want_flush, want_barrier;
    } t[] = {
        {"0", "w", "1", "0", 0, 1, 1, 0},
        {"0", "r", "0", "1", VDISK_READONLY, 0, 0, 1},
        {"1", "w", "0", "0", VDISK_CDROM, 1, 0, 0},
        {"2", "w", "1", "1", VDISK_REMOVABLE, 1, 1, 1},
        {"7", "r", "0", "0", VDISK_CDROM | VDISK_REMOVABLE | VDISK_READONLY, 0, 0, 0},
    };

    struct heap_stats before, after;

    (void)state;
    heap_get_stats(&before);
    for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
        struct blkfront_info info;
        struct blkfront_dev *dev;

        vbd_fresh(0);
        vbd_set(0, true, "info", t[i].info);
        vbd_set(0, true, "mode", t[i].mode);
        vbd_set(0, true, "feature-flush-cache", t[i].flush);
        vbd_set(0, true, "feature-barrier", t[i].barrier);
        memset(&info, 0x55, sizeof(info));
        dev = init_blkfront(FRONT, &info);
        assert_non_null(dev);
        assert_int_equal(info.sectors, 4096);
        assert_int_equal(info.sector_size, 512);
        assert_int_equal(info.info, t[i].want_info);
        assert_int_equal(info.mode, t[i].want_mode);
        assert_int_equal(info.flush, t[i].want_flush);
        assert_int_equal(info.barrier, t[i].want_barrier);
        assert_int_equal(shutdown_blkfront(dev), 0);
    }
    heap_get_stats(&after);
    assert_int_equal(before.in_use[MEM_XENSTORE], after.in_use[MEM_XENSTORE]);
}

static unsigned completions;
static int last;
static struct blkfront_dev *closing;

static void count(struct blkfront_aiocb *a, int ret)
{
    struct blkfront_aiocb more = *a;

    completions++;
    last = ret;
    more.request = NULL;
    assert_int_equal(blkfront_aio(&more, 0), -ENODEV); /* it goes */
    assert_int_equal(blkfront_aio_submit(closing), -ENODEV);
}

/* Accepted requests complete while the disk closes, and no new ones are accepted. */
static void closing_drains(void **state)
{
    uint8_t *buffer = page_alloc_zeroed(1, MEM_APP);
    struct blkfront_aiocb a = {.aio_buf = buffer, .aio_nbytes = 4096, .aio_cb = count}, b = a;

    (void)state;
    completions = 0;
    closing = a.aio_dev = b.aio_dev = init_blkfront(FRONT, NULL);
    assert_non_null(closing);
    vbd_attach(0, closing);
    assert_int_equal(blkfront_aio(&a, 1), 0);
    assert_int_equal(blkfront_aio_enqueue(&b, 1), 0); /* never submitted by its owner */
    assert_int_equal(shutdown_blkfront(closing), 0);
    assert_int_equal(completions, 2);
    assert_int_equal(last, 0);
    page_free(buffer, 1);
}

static void count_name(const char *name, unsigned *n)
{
    (void)name;
    ++*n;
}

static int each(const char *name, void *arg)
{
    count_name(name, arg);
    return 0;
}

static void listing_leaves_nothing_behind(void **state)
{
    struct heap_stats before, after;
    unsigned n = 0;

    (void)state;
    fake_text(FRONT, "");
    fake_text("device/vbd/51728", "");
    fake_text("device/vbd/0", "");
    for (unsigned i = 0; i < FAKE_NODES; i++) /* one is listed twice */
        if (!fake.nodes[i].used) {
            fake.nodes[i] = *fake_find(FRONT);
            break;
        }
    heap_get_stats(&before);
    assert_int_equal(blkfront_enumerate(each, &n), 3);
    assert_int_equal(n, 3);
    heap_get_stats(&after);
    assert_int_equal(before.in_use[MEM_XENSTORE], after.in_use[MEM_XENSTORE]);
    fake.error = "EACCES";
    assert_int_equal(blkfront_enumerate(each, &n), -EACCES);
    fake.error = "ENOENT"; /* a domain without disks has no such folder */
    assert_int_equal(blkfront_enumerate(each, &n), 0);
    fake.error = NULL;
    assert_int_equal(n, 3);
}

/* Opens with this path of a backend, which does not exist. */
static int open_with(const char *path)
{
    const struct blkfront_config quick = {.connect_timeout_ns = NSEC_PER_SEC,
                                          .close_timeout_ns = NSEC_PER_SEC};
    struct blkfront_dev *dev;

    vbd_set(0, false, "backend", path);
    vbd_set(0, false, "state", "1");
    seam_console_clear();
    return blkfront_open_device("xvda", &quick, NULL, &dev);
}

static bool plausible(const char *path)
{
    int ret = open_with(path);
    bool bad = strstr(seam_console(), "is no path of a backend");

    assert_int_equal(ret == -EINVAL, bad);
    assert_int_not_equal(ret, 0);
    return !bad;
}

static void paths_of_backends(void **state)
{
    char longest[XENSTORE_ABS_PATH_MAX];

    (void)state;
    assert_true(plausible("/b"));
    assert_true(plausible("/azAZ09-_@/x"));
    assert_false(plausible("/"));
    assert_false(plausible(""));
    assert_false(plausible("b"));
    assert_false(plausible("bb"));
    assert_false(plausible("/b/"));
    assert_false(plausible("/b//c"));
    assert_false(plausible("//b"));
    for (const char *c = "`{@[/:.\n\x7f "; *c; c++) {
        char path[] = {'/', 'a', *c, 'b', '\0'};

        if (*c != '@' && *c != '/')
            assert_false(plausible(path));
    }
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[XENSTORE_ABS_PATH_MAX / 2 + 1] = '\0';
    assert_false(plausible(longest));
    longest[200] = '\0';
    assert_true(plausible(longest));
}

static void states_have_names(void **state)
{
    (void)state;
    assert_string_equal(xenbus_state_name(0), "Unknown");
    assert_string_equal(xenbus_state_name(8), "Reconfigured");
    assert_string_equal(xenbus_state_name(9), "?");
    assert_string_equal(xenbus_state_name(~0U), "?");
}

static void timeouts_are_named(void **state)
{
    (void)state;
    connects = false;
    vbd_set(0, true, "state", "2");
    assert_int_equal(open_with(BACK), -ETIMEDOUT);
    assert_non_null(strstr(seam_console(), "did not connect within 1 s: it is in state InitWait"));
    assert_non_null(strstr(seam_console(), "xvda"));
}

/* ---- a hotplug script that takes long ---- */

static void attach_late(void *arg)
{
    (void)arg;
    thread_sleep(39 * NSEC_PER_SEC);
    backend_state(0, XenbusStateInitWait);
}

static void a_disk_that_arrives_late(void **state)
{
    struct blkfront_dev *dev;
    struct thread *t;

    (void)state;
    backend_state(0, XenbusStateInitialising);
    assert_int_equal(thread_create(&t, "script", attach_late, NULL, 0), 0);
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    thread_join(t);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

/* ---- a quota of XenStore's ---- */

static const char *no_room_for;

static const char *quota(uint32_t type, const char *body)
{
    return type == XS_WRITE && strstr(body, no_room_for) ? "EQUOTA" : NULL;
}

static void fewer_keys(const char *what, unsigned queues, unsigned ring_pages)
{
    const struct blkfront_config much = {.queues = 4, .ring_pages = 4};
    struct blkfront_limits l;
    struct blkfront_dev *dev;

    vbd_fresh(0);
    vbd_set(0, true, "multi-queue-max-queues", "4");
    no_room_for = what;
    fake.refuse = quota;
    seam_console_clear();
    assert_int_equal(blkfront_open_device("xvda", &much, NULL, &dev), 0);
    fake.refuse = NULL;
    blkfront_get_limits(dev, &l);
    assert_int_equal(l.queues, queues);
    assert_int_equal(l.ring_pages, ring_pages);
    assert_non_null(strstr(seam_console(), "xvda: the guest's quota in XenStore is reached"));
    assert_null(strstr(seam_console(), "error"));
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static void without_room_in_xenstore(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fewer_keys("queue-3/", 1, 4);
    fewer_keys("ring-ref1", 1, 1);
    vbd_fresh(0);
    no_room_for = "ring-ref";
    fake.refuse = quota;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), -ENOSPC);
    fake.refuse = NULL;
    assert_non_null(strstr(seam_console(), "cannot write its keys"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(info_says_what_the_disk_is, vbd_setup, vbd_teardown),
        cmocka_unit_test_setup_teardown(closing_drains, vbd_setup, vbd_teardown),
        cmocka_unit_test_setup_teardown(listing_leaves_nothing_behind, vbd_setup, vbd_teardown),
        cmocka_unit_test_setup_teardown(paths_of_backends, vbd_setup, vbd_teardown),
        cmocka_unit_test_setup_teardown(states_have_names, vbd_setup, vbd_teardown),
        cmocka_unit_test_setup_teardown(timeouts_are_named, vbd_setup, vbd_teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_arrives_late, vbd_setup, vbd_teardown),
        cmocka_unit_test_setup_teardown(without_room_in_xenstore, vbd_setup, vbd_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
