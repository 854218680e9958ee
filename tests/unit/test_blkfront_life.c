/* SPDX-License-Identifier: MIT */
/* blkfront from opening to closing: the handshake through XenStore with a small xenstored and a
 * backend that follows, is slow, goes away or talks nonsense. */
#include "fake_xenstored.h"
#include "host/fake_disk.h"

#include <ringlet/clock.h>
#include <ringlet/grant_table.h>
#include <ringlet/heap.h>
#include <ringlet/shutdown.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FRONT "device/vbd/51712"
#define BACK  "/local/domain/0/backend/vbd/3/51712"

static struct fake_disk disk;
static bool attached; /* the backend works on the ring, until the frontend closes */
/* how the backend behaves */
static bool connects, refuses, closes;
static unsigned done_calls;
static int done_result;

static void backend_state(unsigned state)
{
    char text[] = {(char)('0' + state), '\0'};

    fake_text(BACK "/state", text);
}

/* The backend sees what the frontend writes. */
static void follow(uint32_t type, const char *body)
{
    static bool inside;

    if (type != XS_WRITE || strcmp(body, FRONT "/state") || inside)
        return;
    inside = true;
    switch (fake_value(FRONT "/state")[0] - '0') {
    case XenbusStateInitialised:
        if (connects)
            backend_state(refuses ? XenbusStateClosing : XenbusStateConnected);
        break;
    case XenbusStateClosing:
        attached = false;
        if (closes)
            backend_state(XenbusStateClosing);
        break;
    case XenbusStateClosed:
        if (closes)
            backend_state(XenbusStateClosed);
        break;
    default:
        break;
    }
    inside = false;
}

static void idle(void)
{
    fake_run();
    if (attached)
        fdisk_run(&disk);
}

static int setup(void **state)
{
    (void)state;
    if (fake_setup() || gnttab_init())
        return -1;
    fake.after = follow;
    seam_idle = idle;
    memset(&disk, 0, sizeof(disk));
    attached = refuses = false;
    connects = closes = true;
    done_calls = 0;
    fake_text(FRONT "/backend", BACK);
    fake_text(FRONT "/backend-id", "0");
    fake_text(FRONT "/state", "1");
    fake_text(BACK "/state", "2");
    fake_text(BACK "/max-ring-page-order", "2");
    fake_text(BACK "/feature-max-indirect-segments", "64");
    fake_text(BACK "/sectors", "4096");
    fake_text(BACK "/sector-size", "512");
    fake_text(BACK "/info", "0");
    fake_text(BACK "/mode", "w");
    fake_text(BACK "/feature-flush-cache", "1");
    return 0;
}

static void assert_nothing_left(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    assert_int_equal(heap.in_use[MEM_BLOCK], 0);
    assert_int_equal(page.in_use[MEM_BLOCK], 0);
    assert_int_equal(grants.in_use, 0);
}

static int teardown(void **state)
{
    (void)state;
    assert_nothing_left();
    seam_exit();
    return 0;
}

static void attach(struct blkfront_dev *dev)
{
    fdisk_attach(&disk, dev);
    attached = true;
}

static int close_it(struct blkfront_dev *dev)
{
    int ret = shutdown_blkfront(dev);

    fdisk_detach(&disk);
    return ret;
}

static unsigned number(const char *path)
{
    return (unsigned)strtoul(fake_value(path), NULL, 10);
}

static void opens_reads_and_closes(void **state)
{
    struct blkfront_info info;
    struct blkfront_limits l;
    struct blkfront_dev *dev = init_blkfront(FRONT, &info);
    struct blkfront_aiocb a = {.aio_dev = dev, .aio_nbytes = 4096};

    (void)state;
    assert_non_null(dev);
    assert_int_equal(info.sectors, 4096);
    assert_int_equal(info.sector_size, 512);
    assert_int_equal(info.mode, 1);
    assert_int_equal(info.flush, 1);
    assert_int_equal(info.barrier, 0);
    blkfront_get_limits(dev, &l);
    assert_string_equal(l.name, "xvda");
    assert_string_equal(l.backend, "vbd");
    assert_int_equal(l.ring_pages, 4);
    assert_int_equal(l.ring_slots, 128);
    assert_int_equal(l.max_segments, 64);
    assert_true(l.grant_budget > 1000);

    assert_string_equal(fake_value(FRONT "/protocol"), "x86_64-abi");
    assert_int_equal(number(FRONT "/event-channel"), dev->port);
    assert_int_equal(number(FRONT "/ring-page-order"), 2);
    assert_int_equal(number(FRONT "/ring-ref0"), dev->ring_ref[0]);
    assert_int_equal(number(FRONT "/ring-ref3"), dev->ring_ref[3]);
    assert_ptr_equal(seam_page(seam_grants[dev->ring_ref[3]].frame),
                     (char *)dev->ring_pages + 3 * 4096);
    assert_null(fake_find(FRONT "/ring-ref"));
    assert_null(fake_find(FRONT "/feature-persistent"));

    attach(dev);
    a.aio_buf = page_alloc_zeroed(1, MEM_APP);
    memset(disk.data, 9, 4096);
    assert_int_equal(blkfront_read(&a), 0);
    assert_int_equal(a.aio_buf[4095], 9);
    assert_string_equal(fake_value(FRONT "/state"), "4");
    assert_int_equal(blkfront_sync(dev), 0);
    assert_int_equal(disk.flushes, 1);
    page_free(a.aio_buf, 1);
    assert_int_equal(close_it(dev), 0);
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

static void once_at_a_time(void **state)
{
    struct blkfront_dev *dev, *again;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    assert_int_equal(blkfront_open_device("51712", NULL, NULL, &again), -EBUSY);
    assert_null(again);
    assert_int_equal(close_it(dev), 0);
    fake_text(FRONT "/state", "1");
    backend_state(XenbusStateInitWait);
    assert_int_equal(blkfront_open_device("51712", NULL, NULL, &dev), 0);
    assert_int_equal(close_it(dev), 0);
}

static char listed[128];

static int list_one(const char *name, void *arg)
{
    size_t len = strlen(listed);

    snprintf(listed + len, sizeof(listed) - len, "%s ", name);
    return arg && !strcmp(name, arg);
}

static void disks_are_enumerated_by_number(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fake_text("device/vbd/768", "");
    fake_text("device/vbd/51728", "");
    fake_text("device/vbd/.x", "");
    fake_text("device/vbd/0768", "");
    fake_text(FRONT, "");
    listed[0] = '\0';
    assert_int_equal(blkfront_enumerate(list_one, NULL), 3);
    assert_string_equal(listed, "768 51712 51728 ");
    listed[0] = '\0';
    assert_int_equal(blkfront_enumerate(list_one, "51712"), 3);
    assert_string_equal(listed, "768 51712 ");
    fake_remove("device/vbd/768");
    assert_int_equal(blkfront_open_device(NULL, NULL, NULL, &dev), 0);
    assert_int_equal(dev->limits.devid, 51712);
    assert_int_equal(close_it(dev), 0);
}

static void what_cannot_be_opened(void **state)
{
    const struct blkfront_config bad = {.ring_pages = 99};
    struct blkfront_dev *dev;

    (void)state;
    assert_int_equal(blkfront_open_device("device/vbd/../../x", NULL, NULL, &dev), -EINVAL);
    assert_non_null(strstr(seam_console(), "device/vbd/../../x"));
    assert_int_equal(blkfront_open_device("xvdb", NULL, NULL, &dev), -ENOENT);
    assert_int_equal(blkfront_open_device("xvda", &bad, NULL, &dev), -EINVAL);
    assert_null(init_blkfront("xvdb", NULL));
    assert_non_null(strstr(seam_console(), "cannot open xvdb: ENOENT"));
    fake_remove(FRONT "/backend");
    fake_remove(FRONT "/backend-id");
    fake_remove(FRONT "/state");
    assert_int_equal(blkfront_open_device(NULL, NULL, NULL, &dev), -ENOENT);
    assert_int_equal(blkfront_enumerate(list_one, NULL), 0);
}

static void senseless_disk_is_refused(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    fake_text(BACK "/sector-size", "520");
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), -EINVAL);
    assert_non_null(strstr(seam_console(), "xvda: sector-size=\"520\""));
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

static void backend_that_does_not_connect(void **state)
{
    const struct blkfront_config quick = {.connect_timeout_ns = NSEC_PER_SEC,
                                          .close_timeout_ns = NSEC_PER_SEC};
    struct blkfront_dev *dev;

    (void)state;
    connects = false;
    assert_int_equal(blkfront_open_device("xvda", &quick, NULL, &dev), -ETIMEDOUT);
    assert_non_null(strstr(seam_console(), "InitWait"));
    assert_null(dev);
}

static void backend_that_refuses(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    refuses = true;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), -ENODEV);
}

static void count_done(struct blkfront_aiocb *a, int ret)
{
    (void)a;
    done_calls++;
    done_result = ret;
}

static struct blkfront_aiocb aio_read(struct blkfront_dev *dev, uint8_t *buf)
{
    struct blkfront_aiocb a = {
        .aio_dev = dev, .aio_buf = buf, .aio_nbytes = 4096, .aio_cb = count_done};

    return a;
}

/* The toolstack takes the disk away while a read is in flight. */
static void backend_that_closes_under_load(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *dev;
    struct blkfront_aiocb a;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    a = aio_read(dev, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    backend_state(XenbusStateClosing);
    assert_int_equal(blkfront_aio_wait(dev, clock_deadline(NSEC_PER_SEC)), 1);
    assert_int_equal(done_result, -EIO);
    assert_int_equal(blkfront_aio(&a, 0), -ENODEV);
    assert_int_equal(blkfront_aio_submit(dev), -ENODEV);
    assert_int_equal(blkfront_sync(dev), -ENODEV);
    assert_int_equal(close_it(dev), 0);
    assert_int_equal(done_calls, 1);
    page_free(buf, 1);
}

static void violation_closes_the_device(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *dev;
    struct blkfront_aiocb a;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    a = aio_read(dev, buf);
    assert_int_equal(blkfront_aio(&a, 0), 0);
    dev->queue.ring->rsp_prod = 77;
    seam_raise(dev->port);
    assert_int_equal(blkfront_aio_wait(dev, clock_deadline(NSEC_PER_SEC)), 1);
    assert_int_equal(done_result, -EIO);
    thread_sleep(NSEC_PER_SEC);
    assert_string_equal(fake_value(FRONT "/state"), "6");
    assert_int_equal(close_it(dev), 0);
    page_free(buf, 1);
}

static void backend_that_does_not_close(void **state)
{
    struct blkfront_dev *dev;
    uint64_t begin;

    (void)state;
    closes = false;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    begin = seam_now;
    assert_int_equal(close_it(dev), -ETIMEDOUT);
    assert_in_range(seam_now - begin, 10 * NSEC_PER_SEC, 11 * NSEC_PER_SEC);
}

static void each_allocation_of_opening_fails_once(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct blkfront_dev *dev;
        uint64_t begin;
        bool hit;
        int ret;

        fake_text(FRONT "/state", "1");
        backend_state(XenbusStateInitWait);
        begin = mem_allocations();
        mem_fail_nth(n);
        ret = blkfront_open_device("xvda", NULL, NULL, &dev);
        mem_fail_nth(0);
        hit = mem_allocations() - begin >= n;
        if (ret) {
            assert_int_equal(ret, -ENOMEM);
            assert_null(dev);
        } else {
            assert_int_equal(close_it(dev), 0);
        }
        assert_nothing_left();
        if (!hit) {
            assert_int_equal(ret, 0);
            assert_true(n > 20);
            return;
        }
    }
}

/* The domain goes: every open device is closed in order, and answers -ENODEV to who still uses it.
 */
static void domain_shutdown_closes_devices(void **state)
{
    uint8_t *buf = page_alloc(1, MEM_APP);
    struct blkfront_dev *dev;
    struct blkfront_aiocb a;
    jmp_buf end;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    seam_shutdown_jmp = &end;
    if (!setjmp(end))
        domain_shutdown(SHUTDOWN_REASON_POWEROFF);
    assert_int_equal(seam_shutdown_reason, SHUTDOWN_REASON_POWEROFF);
    assert_string_equal(fake_value(FRONT "/state"), "6");
    a = aio_read(dev, buf);
    assert_int_equal(blkfront_aio(&a, 0), -ENODEV);
    assert_int_equal(shutdown_blkfront(dev), 0);
    page_free(buf, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(opens_reads_and_closes),
        TEST(once_at_a_time),
        TEST(disks_are_enumerated_by_number),
        TEST(what_cannot_be_opened),
        TEST(senseless_disk_is_refused),
        TEST(backend_that_does_not_connect),
        TEST(backend_that_refuses),
        TEST(backend_that_closes_under_load),
        TEST(violation_closes_the_device),
        TEST(backend_that_does_not_close),
        TEST(each_allocation_of_opening_fails_once),
        TEST(domain_shutdown_closes_devices), /* the last: it is registered but once */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
