/* SPDX-License-Identifier: MIT */
/* blkfront while it is open: its backend goes and comes back, its disk changes. Each request
 * completes exactly once, and the caller gets an event. */
#include "fake_vbd.h"
#include <kernel/grant_table.h>

#define N 8

static struct blkfront_dev *dev;
static struct blkfront_aiocb aiocb[N];
static unsigned calls[N];
static int results[N];
static uint8_t *buffer;
static char events[64];
static int (*in_event)(void);

static void event(struct blkfront_dev *d, enum blkfront_event what, void *arg)
{
    static const char letter[] = {[BLKFRONT_EV_RESIZED] = 'R',
                                  [BLKFRONT_EV_MODE] = 'M',
                                  [BLKFRONT_EV_AWAY] = 'a',
                                  [BLKFRONT_EV_BACK] = 'b',
                                  [BLKFRONT_EV_FAILED] = 'F'};

    assert_ptr_equal(d, dev);
    assert_ptr_equal(arg, events);
    events[strlen(events)] = letter[what];
    if (in_event)
        assert_int_equal(in_event(), -EDEADLK);
}

static struct blkfront_config config;

static int setup(void **state)
{
    if (vbd_setup(state))
        return -1;
    reopens = true;
    vbd_set(0, true, "online", "1");
    vbd_set(0, true, "max-ring-page-order", "0");
    config = (struct blkfront_config){.event = event, .event_arg = events};
    memset(events, 0, sizeof(events));
    memset(calls, 0, sizeof(calls));
    memset(results, 0x55, sizeof(results));
    in_event = NULL;
    buffer = page_alloc_zeroed(2 * N, MEM_APP);
    return 0;
}

static int teardown(void **state)
{
    int ret = shutdown_blkfront(dev);

    assert_true(ret == 0 || ret == -ETIMEDOUT);
    dev = NULL;
    page_free(buffer, 2 * N);
    return vbd_teardown(state);
}

static void settle(void)
{
    thread_sleep(NSEC_PER_MSEC);
}

static void open_disk(void)
{
    assert_int_equal(blkfront_open_device("xvda", &config, NULL, &dev), 0);
    vbd_attach(0, dev);
    settle();
}

static void done(struct blkfront_aiocb *a, int ret)
{
    unsigned i = (unsigned)(a - aiocb);

    calls[i]++;
    results[i] = ret;
}

static int start(unsigned i, uint8_t op, int64_t offset)
{
    aiocb[i] = (struct blkfront_aiocb){
        .aio_dev = dev, .aio_buf = buffer + i * 4096, .aio_offset = offset, .aio_cb = done};
    if (op == BLKIF_OP_READ || op == BLKIF_OP_WRITE)
        aiocb[i].aio_nbytes = 4096;
    return blkfront_aio_push_operation(&aiocb[i], op);
}

static void ended_once(unsigned i, int result)
{
    assert_int_equal(calls[i], 1);
    assert_int_equal(results[i], result);
}

static void keep_data(uint8_t **data)
{
    *data = disk[0].data;
    disk[0].data = NULL;
    fdisk_detach(&disk[0]);
    attached[0] = false;
}

/* The backend is connected again, with the same medium, and works. */
static void back(uint8_t *data)
{
    settle();
    assert_int_equal(dev->fe.state, FE_CONNECTED);
    vbd_attach(0, dev);
    free(disk[0].data);
    disk[0].data = data;
    settle();
    settle();
}

static void goes_orderly(void)
{
    backend_state(0, XenbusStateClosing);
}

static void remove_backend(void)
{
    fake_remove(BACK "/online");
    fake_remove(BACK "/state");
}

static void backend_returns(void)
{
    vbd_set(0, true, "online", "1");
    backend_state(0, XenbusStateInitWait);
}

/* ---- away and back ---- */

static void requests_wait_and_are_asked_again(void **state)
{
    uint8_t *data;

    (void)state;
    open_disk();
    attached[0] = false; /* it takes nothing any more */
    memset(buffer, 7, N * 4096);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(start(i, BLKIF_OP_WRITE, i * 4096), 0);
    settle();
    assert_int_equal(fdisk_take(&disk[0]), 4);
    remove_backend();
    settle();
    assert_string_equal(events, "a");
    for (unsigned i = 4; i < N; i++)
        assert_int_equal(start(i, BLKIF_OP_WRITE, i * 4096), 0);
    thread_sleep(10 * NSEC_PER_SEC);
    assert_int_equal(blkfront_in_flight(dev), N);
    keep_data(&data);
    backend_returns();
    back(data);
    assert_string_equal(events, "ab");
    for (unsigned i = 0; i < N; i++)
        ended_once(i, 0);
    assert_memory_equal(disk[0].data, buffer, N * 4096);
    assert_non_null(strstr(seam_console(), "is away: 4 requests wait"));
    assert_non_null(strstr(seam_console(), "is there: 8 requests go on"));
}

/* Its head was written, and may be lost with the cache; its end waits for another write, so that
 * nothing of it is in flight. */
static void half_a_write_is_asked_again(void **state)
{
    uint8_t *data;

    (void)state;
    open_disk();
    attached[0] = false;
    memset(buffer, 7, N * 4096);
    for (unsigned i = 0; i < 2; i++) {
        aiocb[i] = (struct blkfront_aiocb){.aio_dev = dev,
                                           .aio_buf = buffer,
                                           .aio_nbytes = i ? 612 : 512,
                                           .aio_offset = i ? 512 : 1024,
                                           .aio_cb = done};
        assert_int_equal(blkfront_aio(&aiocb[i], 1), 0);
    }
    assert_int_equal(fdisk_take(&disk[0]), 2);
    fdisk_answer(&disk[0], 1, BLKIF_RSP_OKAY);
    fdisk_publish(&disk[0]);
    settle();
    assert_int_equal(disk[0].data[512], 7);
    assert_int_equal(calls[1], 0);
    remove_backend();
    keep_data(&data);
    memset(data, 0, 4096);
    settle();
    backend_returns();
    back(data);
    ended_once(0, 0);
    ended_once(1, 0);
    assert_memory_equal(disk[0].data + 512, buffer, 1024);
}

static void what_does_not_fit_any_more_fails(void **state)
{
    uint8_t *data;

    (void)state;
    vbd_set(0, true, "feature-barrier", "1");
    open_disk();
    attached[0] = false;
    assert_int_equal(start(0, BLKIF_OP_READ, 0), 0);
    assert_int_equal(start(1, BLKIF_OP_READ, 4096 * 511), 0); /* the last */
    assert_int_equal(start(2, BLKIF_OP_WRITE, 8192), 0);
    assert_int_equal(start(3, BLKIF_OP_FLUSH_DISKCACHE, 0), 0);
    assert_int_equal(start(4, BLKIF_OP_WRITE_BARRIER, 0), 0);
    assert_int_equal(start(5, BLKIF_OP_READ, 4096), 0);
    settle();
    goes_orderly();
    vbd_set(0, true, "sectors", "4088");
    vbd_set(0, true, "mode", "r");
    vbd_set(0, true, "feature-flush-cache", "0");
    vbd_set(0, true, "feature-barrier", "0");
    keep_data(&data);
    back(data);
    ended_once(0, 0);
    ended_once(1, -EIO);
    ended_once(2, -EROFS);
    ended_once(3, -EOPNOTSUPP);
    ended_once(4, -EOPNOTSUPP);
    ended_once(5, 0);
    assert_int_equal(start(2, BLKIF_OP_WRITE, 0), -EROFS);
    assert_int_equal(start(2, BLKIF_OP_READ, 4096 * 511), -EINVAL);
    assert_string_equal(events, "ab");
}

/* With another number of queues, and it is refused before there are any. */
static void backend_that_cannot_be_used(void **state)
{
#define QDISK "/local/domain/0/backend/qdisk/3/51712"
    (void)state;
    vbd_set(0, true, "multi-queue-max-queues", "4");
    config.queues = 4;
    open_disk();
    assert_int_equal(dev->limits.queues, 4);
    attached[0] = false;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(start(i, BLKIF_OP_READ, 0), 0);
    settle();
    remove_backend();
    settle();
    fake_text(QDISK "/online", "1");
    fake_text(QDISK "/state", "2");
    fake_text(QDISK "/sector-size", "4096");
    fake_text(FRONT "/state", "1");
    fake_text(FRONT "/backend", QDISK);
    settle();
    assert_string_equal(events, "aF");
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(calls[i], 1);
        assert_true(results[i] < 0);
    }
}

static void sectors_may_be_larger(void **state)
{
    uint8_t *data;

    (void)state;
    open_disk();
    attached[0] = false;
    memset(buffer, 0x33, 4096);
    assert_int_equal(start(0, BLKIF_OP_WRITE, 512), 0);
    settle();
    goes_orderly();
    vbd_set(0, true, "sector-size", "4096");
    keep_data(&data);
    back(data);
    ended_once(0, 0);
    assert_memory_equal(disk[0].data + 512, buffer, 4096);
    assert_int_equal(disk[0].data[511], 0);
}

/* The old backend keeps its mappings: the caller's page is in quarantine. */
static void pages_that_the_old_backend_keeps(void **state)
{
    grant_ref_t own, bounce;
    uint8_t *data;

    (void)state;
    open_disk();
    attached[0] = false;
    memset(buffer, 5, 3 * 4096);
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    assert_int_equal(start(1, BLKIF_OP_WRITE, 4096), 0);
    aiocb[2] = (struct blkfront_aiocb){.aio_dev = dev,
                                       .aio_buf = buffer + 2 * 4096 + 1,
                                       .aio_nbytes = 512,
                                       .aio_offset = 8192,
                                       .aio_cb = done};
    assert_int_equal(blkfront_aio(&aiocb[2], 1), 0);
    settle();
    assert_int_equal(fdisk_take(&disk[0]), 3);
    own = disk[0].taken[0].seg[0].gref;
    bounce = disk[0].taken[2].seg[0].gref;
    fdisk_map(own, true);
    fdisk_map(bounce, true);
    remove_backend();
    settle();
    ended_once(0, -EIO);
    assert_true(page_is_pinned(buffer));
    assert_int_equal(calls[1] + calls[2], 0);
    keep_data(&data);
    backend_returns();
    back(data);
    ended_once(0, -EIO);
    ended_once(1, 0);
    ended_once(2, 0);
    assert_int_equal(disk[0].data[8192], 5);
    assert_int_equal(dev->stats.grants_quarantined, 2);
    fdisk_map(own, false);
    fdisk_map(bounce, false);
    thread_sleep(20 * NSEC_PER_SEC);
    assert_false(page_is_pinned(buffer));
}

static void time_is_over(void **state)
{
    (void)state;
    config.reconnect_timeout_ns = 5 * NSEC_PER_SEC;
    open_disk();
    attached[0] = false;
    assert_int_equal(start(0, BLKIF_OP_READ, 0), 0);
    settle();
    remove_backend();
    settle();
    assert_int_equal(start(1, BLKIF_OP_READ, 0), 0);
    thread_sleep(4 * NSEC_PER_SEC);
    assert_int_equal(calls[0] + calls[1], 0);
    thread_sleep(2 * NSEC_PER_SEC);
    ended_once(0, -ETIMEDOUT);
    ended_once(1, -ETIMEDOUT);
    assert_int_equal(start(0, BLKIF_OP_READ, 0), -ENODEV);
    assert_string_equal(events, "aF");
}

static void detached_or_never(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        memset(events, 0, sizeof(events));
        memset(calls, 0, sizeof(calls));
        config.reconnect_timeout_ns = i ? BLKFRONT_NO_RECONNECT : 0;
        vbd_fresh(0);
        open_disk();
        attached[0] = false;
        assert_int_equal(start(0, BLKIF_OP_READ, 0), 0);
        settle();
        vbd_set(0, true, "online", i ? "1" : "0");
        goes_orderly();
        settle();
        ended_once(0, -EIO);
        assert_string_equal(events, "F");
        assert_int_equal(blkfront_sync(dev), -ENODEV);
        if (!i)
            assert_int_equal(shutdown_blkfront(dev), 0);
        fdisk_detach(&disk[0]);
    }
}

static void closed_while_away(void **state)
{
    uint64_t begun;

    (void)state;
    config.close_timeout_ns = 3 * NSEC_PER_SEC;
    open_disk();
    attached[0] = false;
    assert_int_equal(start(0, BLKIF_OP_READ, 0), 0);
    settle();
    remove_backend();
    settle();
    begun = seam_now;
    assert_int_equal(shutdown_blkfront(dev), -ETIMEDOUT);
    dev = NULL;
    assert_int_equal(seam_now - begun, 3 * NSEC_PER_SEC);
    ended_once(0, -ETIMEDOUT);
    assert_string_equal(events, "a");
}

static int call_shutdown(void)
{
    return shutdown_blkfront(dev);
}

static int call_io(void)
{
    struct blkfront_aiocb a = {.aio_dev = dev, .aio_buf = buffer, .aio_nbytes = 512};

    return blkfront_io(&a, 0);
}

static int call_sync(void)
{
    return blkfront_sync(dev);
}

static void events_cannot_wait(void **state)
{
    static int (*const what[])(void) = {call_shutdown, call_io, call_sync};

    (void)state;
    open_disk();
    attached[0] = false;
    for (unsigned i = 0; i < ARRAY_SIZE(what); i++) {
        in_event = what[i];
        remove_backend();
        settle();
        backend_returns();
        thread_sleep(2 * NSEC_PER_SEC);
    }
    in_event = NULL;
    assert_string_equal(events, "ababab");
}

/* ---- writes that may be lost ---- */

static int sync_result;

static void sync_thread(void *arg)
{
    (void)arg;
    sync_result = blkfront_sync(dev);
}

/* write: one completes before; flush: and is flushed; how the backend goes. */
static int sync_after(bool write, bool flush, void (*go)(void), bool has_cache)
{
    struct thread *t;
    uint8_t *data;

    memset(calls, 0, sizeof(calls));
    vbd_set(0, true, "feature-flush-cache", has_cache ? "1" : "0");
    vbd_set(0, true, "online", "1");
    vbd_fresh(0);
    open_disk();
    if (write) {
        assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
        settle();
        ended_once(0, 0);
    }
    if (flush)
        assert_int_equal(blkfront_sync(dev), 0);
    go();
    keep_data(&data);
    settle();
    sync_result = 1;
    assert_int_equal(thread_create(&t, "sync", sync_thread, NULL, 0), 0);
    if (go == remove_backend) {
        settle();
        assert_int_equal(sync_result, has_cache ? 1 : 0); /* waits */
        backend_returns();
    }
    back(data);
    thread_join(t);
    assert_int_equal(blkfront_sync(dev), 0); /* once */
    assert_int_equal(shutdown_blkfront(dev), 0);
    fdisk_detach(&disk[0]);
    attached[0] = false;
    dev = NULL;
    return sync_result;
}

static void restarted(void)
{
    backend_state(0, XenbusStateInitWait);
}

static void lost_writes_fail_the_next_flush(void **state)
{
    (void)state;
    assert_int_equal(sync_after(true, false, remove_backend, true), -EIO);
    assert_non_null(strstr(seam_console(), "1 completed writes were not flushed"));
    assert_int_equal(sync_after(true, true, remove_backend, true), 0);
    assert_int_equal(sync_after(false, false, remove_backend, true), 0);
    assert_int_equal(sync_after(true, false, goes_orderly, true), 0);
    assert_int_equal(sync_after(true, false, restarted, true), -EIO);
    assert_int_equal(sync_after(true, false, remove_backend, false), 0);
}

static int resumed_meanwhile(void)
{
    dev->fe.ops->restart(&dev->fe);
    in_event = NULL;
    return dev->path.writes.lost ? -EDEADLK : 0;
}

/* The domain is resumed when the backend was seen to go, and is not gone yet. */
static void lost_writes_are_told_after_a_resume(void **state)
{
    uint8_t *data;

    (void)state;
    open_disk();
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    settle();
    in_event = resumed_meanwhile;
    remove_backend();
    keep_data(&data);
    settle();
    assert_null(in_event);
    memset(seam_grants, 0, 4 * PAGE_SIZE);
    gnttab_resume();
    backend_returns();
    back(data);
    assert_int_equal(blkfront_sync(dev), -EIO);
    assert_int_equal(blkfront_sync(dev), 0);
}

/* The next backend has no cache: a flush is not sent, but the lost writes are reported. */
static void lost_writes_are_told_without_a_flush(void **state)
{
    uint8_t *data;

    (void)state;
    open_disk();
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    settle();
    remove_backend();
    keep_data(&data);
    settle();
    vbd_set(0, true, "feature-flush-cache", "0");
    backend_returns();
    back(data);
    assert_int_equal(blkfront_sync(dev), -EIO);
    assert_int_equal(blkfront_sync(dev), 0);
}

/* Each of them may concern the lost writes, also a thread's sync whose own flush is sent after the
 * first one has failed. */
static void lost_writes_fail_every_flush_under_way(void **state)
{
    struct thread *t;
    uint8_t *data;

    (void)state;
    open_disk();
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    settle();
    remove_backend();
    keep_data(&data);
    settle();
    assert_int_equal(start(1, BLKIF_OP_FLUSH_DISKCACHE, 0), 0);
    assert_int_equal(start(2, BLKIF_OP_FLUSH_DISKCACHE, 0), 0);
    aiocb[3] = (struct blkfront_aiocb){.aio_dev = dev,
                                       .aio_buf = buffer,
                                       .aio_nbytes = 4096,
                                       .aio_flags = BLKFRONT_FUA,
                                       .aio_cb = done};
    assert_int_equal(blkfront_aio(&aiocb[3], 1), 0);
    sync_result = 1;
    assert_int_equal(thread_create(&t, "sync", sync_thread, NULL, 0), 0);
    settle();
    backend_returns();
    back(data);
    thread_join(t);
    ended_once(1, -EIO);
    ended_once(2, -EIO);
    ended_once(3, -EIO);
    assert_int_equal(sync_result, -EIO);
    assert_int_equal(start(4, BLKIF_OP_FLUSH_DISKCACHE, 0), 0);
    settle();
    ended_once(4, 0);
    assert_int_equal(blkfront_sync(dev), 0);
}

/* The same where there is no cache any more: two threads that sync, and a write that is stable
 * anyway. */
static void lost_writes_are_told_to_all_without_a_flush(void **state)
{
    struct thread *t;
    uint8_t *data;

    (void)state;
    open_disk();
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    settle();
    remove_backend();
    keep_data(&data);
    settle();
    aiocb[1] = (struct blkfront_aiocb){.aio_dev = dev,
                                       .aio_buf = buffer,
                                       .aio_nbytes = 4096,
                                       .aio_flags = BLKFRONT_FUA,
                                       .aio_cb = done};
    assert_int_equal(blkfront_aio(&aiocb[1], 1), 0);
    sync_result = 1;
    assert_int_equal(thread_create(&t, "sync", sync_thread, NULL, 0), 0);
    settle();
    vbd_set(0, true, "feature-flush-cache", "0");
    backend_returns();
    back(data);
    thread_join(t);
    ended_once(1, -EIO);
    assert_int_equal(sync_result, -EIO);
    assert_int_equal(blkfront_sync(dev), 0);
}

/* A flush that this backend does not offer tells it as well: those that were under way when it came, and
 * then no later one. */
static void lost_writes_are_told_by_a_flush_that_is_not_offered(void **state)
{
    uint8_t *data;

    (void)state;
    open_disk();
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    settle();
    remove_backend();
    keep_data(&data);
    settle();
    assert_int_equal(start(1, BLKIF_OP_FLUSH_DISKCACHE, 0), 0);
    assert_int_equal(start(2, BLKIF_OP_FLUSH_DISKCACHE, 0), 0);
    vbd_set(0, true, "feature-flush-cache", "0");
    backend_returns();
    back(data);
    ended_once(1, -EIO);
    ended_once(2, -EIO);
    assert_int_equal(start(3, BLKIF_OP_FLUSH_DISKCACHE, 0), -EOPNOTSUPP);
    assert_int_equal(blkfront_sync(dev), 0);
}

static void lost_writes_are_told_when_a_flush_is_refused(void **state)
{
    uint8_t *data;

    (void)state;
    open_disk();
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    settle();
    remove_backend();
    keep_data(&data);
    settle();
    vbd_set(0, true, "feature-flush-cache", "0");
    backend_returns();
    back(data);
    assert_int_equal(start(1, BLKIF_OP_DISCARD, 512), -EOPNOTSUPP);
    assert_int_equal(start(1, BLKIF_OP_FLUSH_DISKCACHE, 0), -EIO);
    assert_int_equal(start(1, BLKIF_OP_FLUSH_DISKCACHE, 0), -EOPNOTSUPP);
    assert_int_equal(start(1, BLKIF_OP_WRITE_BARRIER, 0), -EOPNOTSUPP);
    assert_int_equal(blkfront_sync(dev), 0);
}

/* ---- the disk becomes another ---- */

static void change(const char *key, const char *value)
{
    vbd_set(0, true, key, value);
    backend_state(0, XenbusStateConnected);
    settle();
}

static void resized_both_ways(void **state)
{
    struct blkfront_limits l;

    (void)state;
    config.grant_budget = 2;
    open_disk();
    change("sectors", "8192");
    blkfront_get_limits(dev, &l);
    assert_int_equal(l.sectors, 8192);
    assert_string_equal(events, "R");
    attached[0] = false;
    disk[0].sectors = 8192;
    assert_int_equal(start(0, BLKIF_OP_READ, 4096 * 600), 0);
    assert_int_equal(start(1, BLKIF_OP_READ, 4096 * 601), 0);
    assert_int_equal(start(2, BLKIF_OP_READ, 4096 * 602), 0); /* waits */
    assert_int_equal(start(3, BLKIF_OP_READ, 0), 0);
    settle();
    assert_int_equal(fdisk_take(&disk[0]), 2);
    change("sectors", "4096");
    settle();
    assert_string_equal(events, "RR");
    ended_once(2, -EIO);
    assert_int_equal(calls[0] + calls[1] + calls[3], 0); /* the backend decides */
    assert_int_equal(start(4, BLKIF_OP_READ, 4096 * 600), -EINVAL);
    while (disk[0].count)
        fdisk_answer(&disk[0], 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk[0]);
    attached[0] = true;
    settle();
    settle();
    ended_once(0, -EIO);
    ended_once(1, -EIO);
    ended_once(3, 0);
    change("sectors", "4096"); /* nothing new */
    assert_string_equal(events, "RR");
}

static void mode_changes(void **state)
{
    (void)state;
    config.grant_budget = 1;
    open_disk();
    attached[0] = false;
    assert_int_equal(start(0, BLKIF_OP_WRITE, 0), 0);
    assert_int_equal(start(1, BLKIF_OP_WRITE, 4096), 0);
    settle();
    change("mode", "r");
    settle();
    assert_string_equal(events, "M");
    ended_once(1, -EROFS);
    assert_int_equal(start(2, BLKIF_OP_WRITE, 0), -EROFS);
    attached[0] = true;
    fdisk_drain(&disk[0]);
    ended_once(0, 0);
    change("mode", "w");
    change("info", "3");
    assert_string_equal(events, "MMM");
    assert_int_equal(start(2, BLKIF_OP_WRITE, 0), 0);
    assert_non_null(strstr(seam_console(), "now writable, removable, a cdrom"));
    change("info", "2"); /* one at a time, too */
    assert_string_equal(events, "MMMM");
    change("info", "0");
    assert_string_equal(events, "MMMMM");
    change("info", "0");
    assert_string_equal(events, "MMMMM");
}

static void nonsense_changes_nothing(void **state)
{
    static const char *const bad[][2] = {
        {"sectors", "x"},       {"sectors", "-8"}, {"sector-size", "4096"},
        {"sector-size", "777"}, {"sectors", NULL}, {"sectors", "18446744073709551616"}};
    struct blkfront_limits l;
    unsigned lines = 0;

    (void)state;
    open_disk();
    seam_console_clear();
    for (unsigned i = 0; i < 3 * ARRAY_SIZE(bad); i++) {
        const char *const *b = bad[i % ARRAY_SIZE(bad)];

        if (b[1])
            change(b[0], b[1]);
        else
            change("mode", "w");
        blkfront_get_limits(dev, &l);
        assert_int_equal(l.sectors, 4096);
        assert_int_equal(l.sector_size, 512);
        assert_false(l.readonly);
        vbd_set(0, true, "sectors", "4096");
        vbd_set(0, true, "sector-size", "512");
    }
    assert_string_equal(events, "");
    for (const char *p = seam_console(); (p = strstr(p, "\n")); p++)
        lines++;
    assert_in_range(lines, 16, RATELIMIT_BURST);
    change("sectors", "8192"); /* noticed, however often there was nonsense before */
    assert_string_equal(events, "R");
    blkfront_get_limits(dev, &l);
    assert_int_equal(l.sectors, 8192);
    thread_sleep(RATELIMIT_INTERVAL);
    assert_non_null(strstr(seam_console(), "xvda: "));
    assert_non_null(strstr(seam_console(), "messages left out"));
    change("sectors", "4096");
    assert_int_equal(start(0, BLKIF_OP_READ, 0), 0);
    fdisk_drain(&disk[0]);
    ended_once(0, 0);
}

/* An empty drive, or an export without its disk: it connects, and grows when there is one. */
static void without_a_medium(void **state)
{
    struct blkfront_limits l;

    (void)state;
    vbd_set(0, true, "sectors", "0");
    assert_int_equal(blkfront_open_device("xvda", &config, NULL, &dev), 0);
    settle();
    blkfront_get_limits(dev, &l);
    assert_int_equal(l.sectors, 0);
    assert_int_equal(start(0, BLKIF_OP_READ, 0), -EINVAL);
    change("sectors", "4096");
    assert_string_equal(events, "R");
    vbd_attach(0, dev);
    assert_int_equal(start(0, BLKIF_OP_READ, 0), 0);
    fdisk_drain(&disk[0]);
    ended_once(0, 0);
}

/* Requests that wait when the medium is removed fail, and those at the backend are completed by
 * the backend. */
static void the_medium_goes(void **state)
{
    struct blkfront_limits l;

    (void)state;
    config.grant_budget = 1;
    open_disk();
    attached[0] = false;
    assert_int_equal(start(0, BLKIF_OP_READ, 0), 0);
    assert_int_equal(start(1, BLKIF_OP_READ, 4096), 0);
    settle();
    assert_int_equal(fdisk_take(&disk[0]), 1);
    change("sectors", "0");
    settle();
    assert_string_equal(events, "R");
    ended_once(1, -EIO);
    fdisk_answer(&disk[0], 0, BLKIF_RSP_ERROR);
    fdisk_publish(&disk[0]);
    settle();
    ended_once(0, -EIO);
    assert_int_equal(start(2, BLKIF_OP_READ, 0), -EINVAL);
    attached[0] = true;
    assert_int_equal(blkfront_sync(dev), 0);
    change("sectors", "4096");
    assert_string_equal(events, "RR");
    blkfront_get_limits(dev, &l);
    assert_int_equal(l.sectors, 4096);
    assert_int_equal(start(2, BLKIF_OP_READ, 0), 0);
    fdisk_drain(&disk[0]);
    ended_once(2, 0);
}

/* The messages that another domain can provoke are bounded, and dropped ones are counted. */
static void a_flood_of_changes(void **state)
{
    unsigned lines = 0, left_out = 0;
    int len = 0;
    const char *at;

    (void)state;
    open_disk();
    vbd_set(0, true, "mode", "?");
    vbd_set(0, true, "feature-barrier", "x");
    for (unsigned i = 0; i < 200; i++) {
        seam_console_clear();
        events[0] = '\0';
        change("sectors", i & 1 ? "8192" : "4096");
        for (const char *p = seam_console(); (p = strchr(p, '\n')); p++)
            lines++;
    }
    assert_in_range(lines, RATELIMIT_BURST / 2, RATELIMIT_BURST + 10);
    seam_console_clear();
    for (unsigned i = 0; i < 3; i++)
        thread_sleep(RATELIMIT_INTERVAL);
    at = strstr(seam_console(), "xvda: ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "xvda: %u more messages left out%n", &left_out, &len), 1);
    assert_in_range(left_out + lines, 590, 610); /* three for each change, and the first one's */
    assert_null(strstr(at + len, "left out"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(requests_wait_and_are_asked_again),
        TEST(half_a_write_is_asked_again),
        TEST(what_does_not_fit_any_more_fails),
        TEST(backend_that_cannot_be_used),
        TEST(sectors_may_be_larger),
        TEST(pages_that_the_old_backend_keeps),
        TEST(time_is_over),
        TEST(detached_or_never),
        TEST(closed_while_away),
        TEST(events_cannot_wait),
        TEST(lost_writes_fail_the_next_flush),
        TEST(lost_writes_are_told_after_a_resume),
        TEST(lost_writes_are_told_without_a_flush),
        TEST(lost_writes_fail_every_flush_under_way),
        TEST(lost_writes_are_told_to_all_without_a_flush),
        TEST(lost_writes_are_told_by_a_flush_that_is_not_offered),
        TEST(lost_writes_are_told_when_a_flush_is_refused),
        TEST(resized_both_ways),
        TEST(mode_changes),
        TEST(nonsense_changes_nothing),
        TEST(without_a_medium),
        TEST(the_medium_goes),
        TEST(a_flood_of_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
