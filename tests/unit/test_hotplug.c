/* SPDX-License-Identifier: MIT */
/* Hotplug of disks: each change is reported once, whatever order XenStore's events have. */
#define FAKE_NODES 700
#include "fake_vbd.h"

#include "drivers/block/life/names.h"
#include <kernel/heap.h>

static char told[8192];
static unsigned arrived, gone;

static void note(const char *name, enum blkfront_change change, void *arg)
{
    size_t len = strlen(told);

    assert_false(in_handler());
    assert_ptr_equal(arg, told);
    snprintf(told + len, sizeof(told) - len, "%c%s ", change == BLKFRONT_GONE ? '-' : '+', name);
    arrived += change == BLKFRONT_ARRIVED;
    gone += change == BLKFRONT_GONE;
}

static void settle(void)
{
    thread_sleep(NSEC_PER_MSEC);
}

/* The reports since the last call. */
static void check_told(const char *want)
{
    settle();
    assert_string_equal(told, want);
    told[0] = '\0';
    arrived = gone = 0;
}

static void disk_path(char *path, size_t size, unsigned number, const char *key)
{
    snprintf(path, size, "device/vbd/%u%s%s", number, key ? "/" : "", key ? key : "");
}

static void disk_key(unsigned number, const char *key, const char *value)
{
    char path[64];

    disk_path(path, sizeof(path), number, key);
    if (value)
        fake_text(path, value);
    else
        fake_remove(path);
}

static void arrive(unsigned number, const char *backend)
{
    disk_key(number, NULL, "");
    disk_key(number, "backend", backend);
}

/* As XenStore does it: the folder with all that is in it. */
static void leave(unsigned number)
{
    static const char *const keys[] = {
        "backend", "backend-id", "state", "event-channel", "queue-0/event-channel", NULL};

    for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
        disk_key(number, keys[i], NULL);
}

static int setup(void **state)
{
    if (vbd_setup(state))
        return -1;
    leave(51712);
    fake_text("domid", "3");
    told[0] = '\0';
    arrived = gone = 0;
    return 0;
}

static int teardown(void **state)
{
    blkfront_unwatch();
    return vbd_teardown(state);
}

static void watch(void)
{
    assert_int_equal(blkfront_watch(note, told), 0);
}

static void those_that_are_there_and_those_that_come(void **state)
{
    (void)state;
    arrive(51728, "/b/1");
    arrive(768, "/b/2");
    watch();
    check_told("+768 +51728 ");
    arrive(51712, "/b/3");
    check_told("+51712 ");
    leave(768);
    check_told("-768 ");
    arrive(768, "/b/2");
    check_told("+768 ");
    leave(768);
    leave(51712);
    leave(51728);
    check_told("-768 -51712 -51728 ");
}

static void nothing_is_told_twice(void **state)
{
    (void)state;
    arrive(51712, "/b/1");
    watch();
    check_told("+51712 ");
    for (unsigned i = 0; i < 5; i++) {
        disk_key(51712, "state", "1");
        fake_fire("device/vbd"); /* as after the guest was resumed */
        check_told("");
    }
}

static void what_is_no_disk(void **state)
{
    (void)state;
    fake_text("device/vbd/", "");
    fake_text("device/vbd/x/backend", "/b/1");
    fake_text("device/vbd/x", "");
    fake_text("device/vbd/0768", "");
    fake_text("device/vbd/0768/backend", "/b/1");
    fake_text("device/vbd/-1", "");
    fake_text("device/vbd/4294967296", "");
    fake_text("device/vbd/4294967296/backend", "/b/1");
    disk_key(768, NULL, ""); /* the toolstack is not ready with it */
    watch();
    check_told("");
    disk_key(768, "backend", "/b/7");
    check_told("+768 ");
    disk_key(768, "backend", NULL);
    check_told("-768 ");
}

static void another_life_between_two_looks(void **state)
{
    (void)state;
    arrive(51712, "/b/1");
    arrive(51728, "/b/1");
    watch();
    check_told("+51712 +51728 ");
    leave(51712);
    arrive(51712, "/b/2");
    check_told("-51712 +51712 ");
    /* the same backend: detectable only by a frontend's keys, for one queue or several */
    for (unsigned i = 0; i < 2; i++) {
        disk_key(51712, i ? "queue-0/event-channel" : "event-channel", "9");
        check_told("");
        leave(51712);
        arrive(51712, "/b/2");
        check_told("-51712 +51712 ");
    }
    leave(51712);
    arrive(51712, "/b/2");
    check_told("");
}

/* A driver domain that was restarted: an open disk is the same one, an unopened one may be
 * another. */
static void another_backend_of_an_open_disk(void **state)
{
    (void)state;
    arrive(51712, "/local/domain/1/backend/vbd/2/51712");
    arrive(51728, "/local/domain/1/backend/vbd/2/51728");
    disk_key(51712, "event-channel", "9");
    watch();
    check_told("+51712 +51728 ");
    disk_key(51712, "backend", "/local/domain/3/backend/vbd/2/51712");
    check_told("");
    disk_key(51728, "backend", "/local/domain/3/backend/vbd/2/51728");
    check_told("-51728 +51728 ");
    leave(51712);
    check_told("-51712 ");
}

static void a_burst_is_told_as_what_came_of_it(void **state)
{
    (void)state;
    watch();
    check_told("");
    for (unsigned i = 0; i < 50; i++) {
        arrive(51712, i % 2 ? "/b/1" : "/b/2");
        arrive(51728 + i, "/b/1");
        leave(51712);
        leave(51728 + i);
    }
    arrive(51712, "/b/3");
    check_told("+51712 ");
}

static void hundreds(void **state)
{
    (void)state;
    fake.directory = 200; /* the list comes in parts */
    watch();
    check_told("");
    for (unsigned i = 0; i < 300; i++)
        arrive((1 << 28) + 256 * i, "/b/1");
    settle();
    assert_int_equal(arrived, 300);
    assert_int_equal(gone, 0);
    told[0] = '\0';
    for (unsigned i = 0; i < 300; i += 2)
        leave((1 << 28) + 256 * i);
    settle();
    assert_int_equal(gone, 150);
    assert_int_equal(arrived, 300);
}

/* The guest is resumed as another domain: all paths of backends are new. */
static void suspended_guest_keeps_its_disks(void **state)
{
    (void)state;
    arrive(51712, "/local/domain/0/backend/vbd/3/51712");
    disk_key(51712, "event-channel", "9");
    watch();
    check_told("+51712 ");
    fake_text("domid", "4");
    leave(51712);
    arrive(51712, "/local/domain/0/backend/vbd/4/51712");
    arrive(51728, "/local/domain/0/backend/vbd/4/51728");
    check_told("+51728 ");
    leave(51712);
    arrive(51712, "/local/domain/0/backend/vbd/4/51712-b");
    check_told("-51712 +51712 ");
}

static void errors_of_xenstore_are_passed_over(void **state)
{
    (void)state;
    arrive(51712, "/b/1");
    watch();
    check_told("+51712 ");
    fake.error = "EIO";
    arrive(51728, "/b/1");
    check_told("");
    fake_fire("device/vbd");
    check_told("");
    assert_non_null(strstr(seam_console(), "device/vbd cannot be read: EIO"));
    assert_null(strstr(strstr(seam_console(), "cannot be read") + 1, "cannot be read"));
    fake.error = NULL;
    fake_fire("device/vbd");
    check_told("+51728 ");
}

static void broken_connection_ends_the_watching(void **state)
{
    (void)state;
    arrive(51712, "/b/1");
    watch();
    check_told("+51712 ");
    boot_info.xenstore->rsp_prod += 5000;
    fake.silent = true;
    seam_raise(boot_info.xenstore_port);
    check_told("");
    assert_non_null(strstr(seam_console(), "device/vbd cannot be read: ENOTCONN"));
    assert_int_equal(blkfront_unwatch(), 0);
    assert_int_equal(blkfront_watch(note, told), -ENOTCONN);
}

static struct blkfront_dev *opened;

static void open_and_close(const char *name, enum blkfront_change change, void *arg)
{
    note(name, change, arg);
    if (change == BLKFRONT_ARRIVED)
        assert_int_equal(blkfront_open_device(name, NULL, NULL, &opened), 0);
    else
        assert_int_equal(shutdown_blkfront(opened), 0);
}

static void attach(void)
{
    disk_key(51712, NULL, "");
    vbd_configure(0);
}

static void devices_are_opened_and_closed_in_the_callback(void **state)
{
    (void)state;
    assert_int_equal(blkfront_watch(open_and_close, told), 0);
    check_told("");
    for (unsigned i = 0; i < 3; i++) {
        attach();
        check_told("+51712 ");
        assert_int_equal(fake_value(FRONT "/state")[0], '4');
        backend_state(0, XenbusStateClosing);
        settle();
        leave(51712);
        check_told("-51712 ");
    }
    /* so fast that the directory was not seen to be gone */
    attach();
    check_told("+51712 ");
    backend_state(0, XenbusStateClosing);
    settle();
    leave(51712);
    attach();
    check_told("-51712 +51712 ");
    assert_int_equal(shutdown_blkfront(opened), 0);
}

static int watch_ret, unwatch_ret;

static void misuse(const char *name, enum blkfront_change change, void *arg)
{
    note(name, change, arg);
    watch_ret = blkfront_watch(note, NULL);
    unwatch_ret = blkfront_unwatch();
    thread_sleep(10 * NSEC_PER_MSEC);
}

static bool misuse_in_handler(evtchn_port_t port, void *arg)
{
    (void)port;
    (void)arg;
    watch_ret = blkfront_watch(note, NULL);
    unwatch_ret = blkfront_unwatch();
    return true;
}

static void watching_and_its_end(void **state)
{
    evtchn_port_t port;

    (void)state;
    assert_int_equal(blkfront_unwatch(), -ENOENT);
    assert_int_equal(blkfront_watch(NULL, NULL), -EINVAL);
    arrive(51712, "/b/1");
    arrive(51728, "/b/1");
    assert_int_equal(blkfront_watch(misuse, told), 0);
    assert_int_equal(blkfront_watch(note, told), -EBUSY);
    settle(); /* fn runs, and waits */
    assert_int_equal(watch_ret, -EBUSY);
    assert_int_equal(unwatch_ret, -EDEADLK);
    assert_int_equal(blkfront_unwatch(), 0);
    check_told("+51712 "); /* the second one is not begun any more */
    arrive(768, "/b/1");
    check_told("");
    watch();
    check_told("+768 +51712 +51728 ");
    assert_int_equal(evtchn_alloc_unbound(0, misuse_in_handler, NULL, &port), 0);
    evtchn_unmask(port);
    seam_raise(port);
    settle();
    assert_int_equal(watch_ret, -EDEADLK);
    assert_int_equal(unwatch_ret, -EDEADLK);
    evtchn_close(port);
}

static void watches_too(void *arg)
{
    (void)arg;
    watch_ret = blkfront_watch(note, NULL);
}

static void unwatches(void *arg)
{
    *(int *)arg = blkfront_unwatch();
}

/* Waits for XenStore and for fn: other changes may come meanwhile. */
static void two_begin_and_two_end(void **state)
{
    struct thread *t[2];
    int ret[2];

    (void)state;
    arrive(51712, "/b/1");
    assert_int_equal(thread_create(&t[0], "watch", watches_too, NULL, 0), 0);
    watch();
    thread_join(t[0]);
    assert_int_equal(watch_ret, -EBUSY);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(thread_create(&t[i], "unwatch", unwatches, &ret[i], 0), 0);
    for (unsigned i = 0; i < 2; i++)
        thread_join(t[i]);
    assert_int_equal(ret[0], 0);
    assert_int_equal(ret[1], -ENOENT);
}

static void each_allocation_fails_once(void **state)
{
    bool through = false;

    (void)state;
    arrive(51712, "/b/1");
    arrive(51728, "/b/2");
    for (unsigned nth = 1; !through; nth++) {
        int ret;

        told[0] = '\0';
        mem_fail_nth(nth);
        ret = blkfront_watch(note, told);
        if (ret) {
            assert_int_equal(ret, -ENOMEM);
        } else {
            thread_sleep(NSEC_PER_SEC);
            assert_string_equal(told, "+51712 +51728 ");
            assert_int_equal(blkfront_unwatch(), 0);
            through = nth > 60;
        }
        mem_fail_nth(0);
    }
}

static const char *refuse_directory(uint32_t type, const char *body)
{
    (void)body;
    return type == XS_DIRECTORY || type == XS_DIRECTORY_PART ? "EIO" : NULL;
}

/* That the guest has moved is still known when its disks can be read again. */
static void moved_while_disks_cannot_be_read(void **state)
{
    (void)state;
    arrive(51712, "/local/domain/0/backend/vbd/3/51712");
    watch();
    check_told("+51712 ");
    fake_text("domid", "4");
    fake.refuse = refuse_directory;
    fake_fire("device/vbd");
    check_told("");
    disk_key(51712, "backend", "/local/domain/0/backend/vbd/4/51712");
    check_told("");
    fake.refuse = NULL;
    fake_fire("device/vbd");
    check_told("");
}

/* Each disk is read once per check, so no old value is used. */
static void several_disks_leave_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 11; i++)
        arrive(51712 + 16 * i, "/b/1");
    watch();
    settle();
    assert_int_equal(arrived, 11);
    assert_int_equal(blkfront_unwatch(), 0);
    assert_nothing_left();
}

/* A name that is no number is no disk, not even the only one. */
static void no_number_alone(void **state)
{
    unsigned *numbers, count;

    (void)state;
    fake_text("device/vbd/x", "");
    assert_int_equal(names_list(&numbers, &count), 0);
    assert_int_equal(count, 0);
    heap_free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(those_that_are_there_and_those_that_come),
        TEST(nothing_is_told_twice),
        TEST(what_is_no_disk),
        TEST(another_life_between_two_looks),
        TEST(another_backend_of_an_open_disk),
        TEST(a_burst_is_told_as_what_came_of_it),
        TEST(hundreds),
        TEST(suspended_guest_keeps_its_disks),
        TEST(errors_of_xenstore_are_passed_over),
        TEST(broken_connection_ends_the_watching),
        TEST(devices_are_opened_and_closed_in_the_callback),
        TEST(watching_and_its_end),
        TEST(two_begin_and_two_end),
        TEST(each_allocation_fails_once),
        TEST(moved_while_disks_cannot_be_read),
        TEST(several_disks_leave_nothing),
        TEST(no_number_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
