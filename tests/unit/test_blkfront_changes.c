/* SPDX-License-Identifier: MIT */
/* A disk whose properties change while the backend stays, and cannot be read. */
#include "fake_vbd.h"
#include <kernel/heap.h>

static struct blkfront_dev *dev;
static char events[64];

static void event(struct blkfront_dev *d, enum blkfront_event what, void *arg)
{
    (void)arg;
    assert_ptr_equal(d, dev);
    events[strlen(events)] = (char)('0' + what);
}

static int setup(void **state)
{
    const struct blkfront_config config = {.event = event};

    if (vbd_setup(state))
        return -1;
    vbd_set(0, true, "mode", "r");
    vbd_set(0, true, "info", "0");
    memset(events, 0, sizeof(events));
    assert_int_equal(blkfront_open_device("xvda", &config, NULL, &dev), 0);
    vbd_attach(0, dev);
    thread_sleep(NSEC_PER_MSEC);
    return 0;
}

static int teardown(void **state)
{
    assert_int_equal(shutdown_blkfront(dev), 0);
    return vbd_teardown(state);
}

/* A key that could not be read for want of memory is not an absent key: the disk stays as it
 * was. */
static void without_memory_it_stays(void **state)
{
    struct blkfront_limits was, is;
    bool hit = true;

    (void)state;
    blkfront_get_limits(dev, &was);
    assert_true(was.readonly && was.flush);
    for (uint64_t n = 1; hit; n++) {
        uint64_t begin = mem_allocations();

        mem_fail_nth(n);
        backend_state(0, XenbusStateConnected); /* nothing has changed */
        thread_sleep(NSEC_PER_MSEC);
        mem_fail_nth(0);
        hit = mem_allocations() - begin >= n;
        thread_sleep(NSEC_PER_SEC);
        blkfront_get_limits(dev, &is);
        assert_memory_equal(&is, &was, sizeof(is));
        assert_true(n < 200);
        assert_true(hit || n > 5);
    }
    assert_string_equal(events, "");
    vbd_set(0, true, "sectors", "8192"); /* it has not become deaf */
    backend_state(0, XenbusStateConnected);
    thread_sleep(NSEC_PER_MSEC);
    blkfront_get_limits(dev, &is);
    assert_int_equal(is.sectors, 8192);
    assert_int_equal(strlen(events), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_memory_it_stays, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
