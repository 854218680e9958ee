/* SPDX-License-Identifier: MIT */
/*
 * Complete cycles of a disk with random events: the backend answers in any order or not at all,
 * changes its state at random, keeps pages mapped, breaks the protocol; memory fails; the user
 * opens, submits, cancels, closes. In all cases each accepted request completes exactly once, and
 * when the backend has unmapped everything nothing is left.
 */
#include "fake_vbd.h"
#include <kernel/heap.h>

#define LANES 16
#define LANE  (10 * 4096)

static struct random *rnd;
static struct blkfront_dev *dev;
static struct lane {
    struct blkfront_aiocb a;
    bool busy;
} lanes[LANES];
static unsigned accepted, completed, opened, answered;
static grant_ref_t mapped[64];
static unsigned mapped_count;
static bool calm; /* the backend behaves from now on */

static bool one_in(unsigned n)
{
    return random_below(rnd, n) == 0;
}

static int submit(struct lane *l);

static void done(struct blkfront_aiocb *a, int ret)
{
    struct lane *l = a->data;

    assert_true(l->busy);
    assert_true(ret == 0 || ret == -EIO || ret == -ENODEV || ret == -ETIMEDOUT || ret == -ENOMEM ||
                ret == -EOPNOTSUPP);
    l->busy = false;
    completed++;
    if (one_in(3))
        submit(l);
    if (one_in(20))
        assert_int_equal(shutdown_blkfront(a->aio_dev), -EDEADLK);
    if (one_in(20))
        blkfront_aio_poll(a->aio_dev);
}

static int submit(struct lane *l)
{
    uint8_t *memory = l->a.aio_buf;
    size_t bytes = one_in(2) ? 4096 : random_below(rnd, 9 * 4096);
    int ret;

    l->a = (struct blkfront_aiocb){.aio_dev = dev,
                                   .aio_buf = memory,
                                   .aio_nbytes = bytes,
                                   .aio_offset = (int64_t)random_below(rnd, 4096 * 512 - LANE),
                                   .aio_cb = done,
                                   .data = l};
    if (one_in(2))
        l->a.aio_offset &= ~511;
    l->busy = true;
    if (one_in(12))
        ret = blkfront_aio_push_operation(&l->a, BLKIF_OP_FLUSH_DISKCACHE);
    else if (one_in(2))
        ret = blkfront_aio(&l->a, one_in(2));
    else
        ret = blkfront_aio_enqueue(&l->a, one_in(2));
    if (ret)
        l->busy = false;
    else
        accepted++;
    return ret;
}

static void map_one(const struct fake_request *r)
{
    grant_ref_t ref;

    if (!r->segments || mapped_count == ARRAY_SIZE(mapped))
        return;
    ref = r->seg[random_below(rnd, r->segments)].gref;
    if (!(seam_grants[ref].flags & GTF_permit_access) || seam_grants[ref].flags & GTF_reading)
        return;
    fdisk_map(ref, true);
    mapped[mapped_count++] = ref;
}

static void unmap_one(void)
{
    if (mapped_count)
        fdisk_map(mapped[--mapped_count], false);
}

/* The ring is the backend's as long as the frontend believes it. */
static void backend_works(void)
{
    struct fake_disk *d = &disk[0];

    if (!attached[0] || !device_active(dev))
        return;
    fdisk_take(d);
    while (d->count && (calm || !one_in(3))) {
        unsigned i = random_below(rnd, d->count);

        if (!calm && one_in(12))
            map_one(&d->taken[i]);
        fdisk_answer(d, i, one_in(8) ? BLKIF_RSP_ERROR : one_in(30) ? BLKIF_RSP_EOPNOTSUPP : 0);
    }
    if (!calm && one_in(200))
        fdisk_respond(d, random_u64(rnd), (uint8_t)random_below(rnd, 7), 0);
    fdisk_publish(d);
}

static void idle(void)
{
    fake_run();
    backend_works();
    if (!calm && one_in(150))
        backend_state(0, random_below(rnd, 9));
    if (!calm && one_in(150))
        fake_text(BACK "/state", "chaos");
    if (!calm && one_in(4))
        unmap_one();
}

static void use(void)
{
    for (unsigned step = 0; step < 150; step++) {
        struct lane *l = &lanes[random_below(rnd, LANES)];

        if (!l->busy)
            submit(l);
        if (one_in(3))
            blkfront_aio_submit(dev);
        if (one_in(3))
            blkfront_aio_poll(dev);
        if (one_in(4))
            blkfront_aio_wait(dev, clock_deadline(random_below(rnd, 1000000)));
        if (one_in(40))
            mem_fail_nth(1 + random_below(rnd, 20));
    }
}

/* A reference that could not be quarantined for want of memory is never used again. */
static void assert_grants_balance(void)
{
    struct heap_stats heap;
    struct page_stats page;
    struct gnttab_stats grants;

    heap_get_stats(&heap);
    page_get_stats(&page);
    gnttab_get_stats(&grants);
    assert_int_equal(heap.in_use[MEM_BLOCK], 0);
    assert_int_equal(heap.in_use[MEM_GRANT], 0);
    assert_int_equal(page.in_use[MEM_BLOCK], 0);
    assert_int_equal(grants.in_use, grants.quarantined);
    if (!strstr(seam_console(), "no memory to remember"))
        assert_int_equal(grants.in_use, 0);
}

static void one_life(void)
{
    struct blkfront_config config = {.connect_timeout_ns = NSEC_PER_SEC,
                                     .close_timeout_ns = NSEC_PER_SEC,
                                     .grant_budget = random_below(rnd, 60)};
    struct blkfront_stats s;

    vbd_fresh(0);
    vbd_set(0, false, "trusted", one_in(2) ? "0" : "1");
    calm = one_in(8);
    closes = !one_in(8);
    if (one_in(3))
        mem_fail_nth(1 + random_below(rnd, 200));
    if (blkfront_open_device("xvda", &config, NULL, &dev) == 0) {
        if (device_active(dev))
            vbd_attach(0, dev);
        use();
        if (one_in(2))
            calm = true;
        blkfront_aio_wait(dev, clock_deadline(NSEC_PER_SEC));
        blkfront_get_stats(dev, &s);
        if (!blkfront_in_flight(dev))
            assert_int_equal(s.grants_made, s.grants_ended + s.grants_quarantined);
        assert_int_equal(s.aiocbs, s.completed + blkfront_in_flight(dev));
        opened++;
        answered += s.reads + s.writes;
        shutdown_blkfront(dev);
    }
    mem_fail_nth(0);
    attached[0] = false;
    fdisk_detach(&disk[0]);
    assert_int_equal(completed, accepted);
    for (unsigned i = 0; i < LANES; i++)
        assert_false(lanes[i].busy);
    calm = true;
    while (mapped_count)
        unmap_one();
    thread_sleep(11 * NSEC_PER_SEC);
    assert_grants_balance();
}

static void lives(struct random *r)
{
    rnd = r;
    accepted = completed = mapped_count = 0;
    for (unsigned i = 0; i < 20; i++)
        one_life();
}

static void every_request_completes_once(void **state)
{
    (void)state;
    seam_idle = idle;
    for (unsigned i = 0; i < LANES; i++)
        assert_non_null(lanes[i].a.aio_buf = page_alloc(LANE / 4096, MEM_APP));
    random_runs("every_request_completes_once", 20, lives);
    assert_true(getenv("SEED") || (opened > 200 && answered > 10000));
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_request_completes_once, vbd_setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
