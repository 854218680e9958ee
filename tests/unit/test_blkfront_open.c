/* SPDX-License-Identifier: MIT */
/* Opening a disk: the handshake through XenStore with a backend that follows, is slow, goes away
 * or publishes nonsense. */
#include "fake_vbd.h"
#include <kernel/heap.h>

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
    assert_int_equal(l.ring_pages, 1);
    assert_int_equal(l.ring_slots, 32);
    assert_int_equal(l.max_segments, 64);
    assert_true(l.grant_budget > 1000);

    assert_string_equal(fake_value(FRONT "/protocol"), "x86_64-abi");
    assert_int_equal(number(FRONT "/event-channel"), dev->path.queues[0].port);
    assert_int_equal(number(FRONT "/ring-ref"), dev->path.queues[0].page_ref[0]);
    assert_ptr_equal(seam_page(seam_grants[dev->path.queues[0].page_ref[0]].frame),
                     dev->path.queues[0].pages);
    assert_null(fake_find(FRONT "/ring-ref0"));
    assert_null(fake_find(FRONT "/ring-page-order"));
    assert_int_equal(number(FRONT "/feature-persistent"), 1);
    assert_false(l.persistent);

    vbd_attach(0, dev);
    a.aio_buf = page_alloc_zeroed(1, MEM_APP);
    memset(disk[0].data, 9, 4096);
    assert_int_equal(blkfront_read(&a), 0);
    assert_int_equal(a.aio_buf[4095], 9);
    thread_sleep(NSEC_PER_MSEC); /* it is written beside the first requests */
    assert_string_equal(fake_value(FRONT "/state"), "4");
    assert_int_equal(blkfront_sync(dev), 0);
    assert_int_equal(disk[0].flushes, 1);
    page_free(a.aio_buf, 1);
    assert_int_equal(shutdown_blkfront(dev), 0);
    assert_string_equal(fake_value(FRONT "/state"), "6");
}

static void longer_ring_is_asked_for(void **state)
{
    const struct blkfront_config config = {.ring_pages = 16};
    struct blkfront_limits l;
    struct blkfront_dev *dev;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", &config, NULL, &dev), 0);
    blkfront_get_limits(dev, &l);
    assert_int_equal(l.ring_pages, 4); /* the offers */
    assert_int_equal(l.ring_slots, 128);
    assert_int_equal(number(FRONT "/ring-page-order"), 2);
    assert_int_equal(number(FRONT "/ring-ref0"), dev->path.queues[0].page_ref[0]);
    assert_int_equal(number(FRONT "/ring-ref3"), dev->path.queues[0].page_ref[3]);
    assert_ptr_equal(seam_page(seam_grants[dev->path.queues[0].page_ref[3]].frame),
                     (char *)dev->path.queues[0].pages + 3 * 4096);
    assert_null(fake_find(FRONT "/ring-ref"));
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static unsigned nodes_of(const char *dir)
{
    unsigned n = 0;

    for (unsigned i = 0; i < FAKE_NODES; i++)
        n += fake.nodes[i].used && !strncmp(fake.nodes[i].path, dir, strlen(dir));
    return n;
}

/* A domain's XenStore quota is small: each disk takes four nodes beside the toolstack's (libxl
 * writes seven, and their directory), and one watch. */
static void little_of_xenstore_is_taken(void **state)
{
    const unsigned before = nodes_of(FRONT "/");
    struct blkfront_dev *dev[VBDS];
    unsigned watches[VBDS];

    (void)state;
    vbd_set(0, true, "multi-queue-max-queues", "4");
    for (unsigned i = 0; i < VBDS; i++) {
        char name[] = {'x', 'v', 'd', (char)('a' + i), '\0'};

        if (i)
            vbd_configure(i);
        assert_int_equal(blkfront_open_device(name, NULL, NULL, &dev[i]), 0);
        thread_sleep(NSEC_PER_SEC); /* statistics can be requested now */
        watches[i] = 0;
        for (unsigned k = 0; k < FAKE_WATCHES; k++)
            watches[i] += fake.watches[k].used;
    }
    assert_int_equal(nodes_of(FRONT "/"), before + 4);
    assert_int_equal(watches[0], 2);
    assert_int_equal(watches[1], 3);
    assert_int_equal(watches[2], 4);
    for (unsigned i = 0; i < VBDS; i++)
        assert_int_equal(shutdown_blkfront(dev[i]), 0);
    for (unsigned k = 0; k < FAKE_WATCHES; k++)
        assert_false(fake.watches[k].used);
}

static void once_at_a_time(void **state)
{
    struct blkfront_dev *dev, *again;

    (void)state;
    assert_int_equal(blkfront_open_device("xvda", NULL, NULL, &dev), 0);
    assert_int_equal(blkfront_open_device("51712", NULL, NULL, &again), -EBUSY);
    assert_null(again);
    assert_int_equal(shutdown_blkfront(dev), 0);
    vbd_fresh(0);
    assert_int_equal(blkfront_open_device("51712", NULL, NULL, &dev), 0);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static char listed[512];

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
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static void add_disk(const char *path, const char *type)
{
    char node[48];

    snprintf(node, sizeof(node), "%s/device-type", path);
    fake_text(path, "");
    fake_text(node, type);
}

/* hdc has a smaller number than xvda. */
static void a_cdrom_is_the_last_choice(void **state)
{
    struct blkfront_dev *dev;

    (void)state;
    add_disk("device/vbd/5632", "cdrom");
    add_disk("device/vbd/5696", "cdrom");
    add_disk("device/vbd/51728", "disk");
    fake_text(FRONT, "");
    listed[0] = '\0'; /* (xvda has no device-type) */
    assert_int_equal(blkfront_enumerate(list_one, NULL), 4);
    assert_string_equal(listed, "51712 51728 5632 5696 ");
    assert_int_equal(blkfront_open_device(NULL, NULL, NULL, &dev), 0);
    assert_int_equal(dev->limits.devid, 51712);
    assert_int_equal(shutdown_blkfront(dev), 0);

    vbd_fresh(0); /* nothing but cdroms: then the first of them */
    fake_remove("device/vbd/51728");
    fake_remove("device/vbd/5632");
    fake_remove("device/vbd/5696");
    add_disk("device/vbd/51760", "cdrom");
    add_disk(FRONT, "cdrom");
    assert_int_equal(blkfront_open_device(NULL, NULL, NULL, &dev), 0);
    assert_int_equal(dev->limits.devid, 51712);
    assert_int_equal(shutdown_blkfront(dev), 0);
}

static void cdroms_among_many_disks(void **state)
{
    char expected[512] = "", cdroms[256] = "";

    (void)state;
    fake_remove(FRONT);
    for (unsigned i = 0; i < 35; i++) { /* more than are read at once */
        char path[48], *list = i % 3 ? expected : cdroms;

        snprintf(path, sizeof(path), "device/vbd/%u", 1000 + i);
        add_disk(path, i % 3 ? "disk" : "cdrom");
        sprintf(list + strlen(list), "%u ", 1000 + i);
    }
    strcat(expected, cdroms);
    listed[0] = '\0';
    assert_int_equal(blkfront_enumerate(list_one, NULL), 35);
    assert_string_equal(listed, expected);
}

static const char *no_types(uint32_t type, const char *body)
{
    return type == XS_READ && strstr(body, "/device-type") ? "EACCES" : NULL;
}

static void a_type_that_cannot_be_read(void **state)
{
    struct blkfront_dev *dev;
    struct heap_stats before, after;

    (void)state;
    add_disk("device/vbd/51728", "disk");
    fake_text(FRONT, "");
    fake.refuse = no_types;
    listed[0] = '\0';
    heap_get_stats(&before);
    assert_int_equal(blkfront_enumerate(list_one, NULL), -EACCES);
    assert_string_equal(listed, "");
    assert_int_equal(blkfront_open_device(NULL, NULL, NULL, &dev), -EACCES);
    heap_get_stats(&after);
    assert_int_equal(before.in_use[MEM_BLOCK], after.in_use[MEM_BLOCK]);
    fake_remove("device/vbd/51728"); /* the only disk is the first one, even a cdrom */
    assert_int_equal(blkfront_enumerate(list_one, NULL), 1);
    fake.refuse = NULL;
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

static void each_allocation_of_opening_fails_once(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct blkfront_dev *dev;
        uint64_t begin;
        bool hit;
        int ret;

        vbd_fresh(0);
        begin = mem_allocations();
        mem_fail_nth(n);
        ret = blkfront_open_device("xvda", NULL, NULL, &dev);
        mem_fail_nth(0);
        hit = mem_allocations() - begin >= n;
        if (ret) {
            assert_int_equal(ret, -ENOMEM);
            assert_null(dev);
        } else {
            assert_int_equal(shutdown_blkfront(dev), 0);
        }
        assert_nothing_left();
        if (!hit) {
            assert_int_equal(ret, 0);
            assert_true(n > 20);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, vbd_setup, vbd_teardown)
        TEST(opens_reads_and_closes),
        TEST(longer_ring_is_asked_for),
        TEST(little_of_xenstore_is_taken),
        TEST(once_at_a_time),
        TEST(disks_are_enumerated_by_number),
        TEST(a_cdrom_is_the_last_choice),
        TEST(cdroms_among_many_disks),
        TEST(a_type_that_cannot_be_read),
        TEST(what_cannot_be_opened),
        TEST(senseless_disk_is_refused),
        TEST(backend_that_does_not_connect),
        TEST(backend_that_refuses),
        TEST(each_allocation_of_opening_fails_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
