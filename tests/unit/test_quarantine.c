/* SPDX-License-Identifier: MIT */
/* Grants that a peer does not unmap: the quarantined pages, and the time of their release. */
#include "host/seam.h"

#include <kernel/clock.h>
#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <kernel/heap.h>
#include <kernel/page.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PEER 5

static char *page;

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    seam_grant_max_frames = 4;
    page = page_alloc(1, MEM_APP);
    return !page || evtchn_init() || gnttab_init();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static struct gnttab_stats stats(void)
{
    struct gnttab_stats s;

    gnttab_get_stats(&s);
    return s;
}

static grant_ref_t grant(void)
{
    int ref = gnttab_grant(PEER, page, false);

    assert_true(ref > 0);
    return (grant_ref_t)ref;
}

static void quarantined_page_is_kept_until_the_peer_lets_go(void **state)
{
    grant_ref_t ref = grant();
    void *other;

    (void)state;
    seam_grants[ref].flags |= GTF_reading;
    assert_false(gnttab_end_or_quarantine(ref, page + 8));
    page_free(page, 1);
    assert_true(page_is_pinned(page));
    assert_int_equal(stats().quarantined, 1);
    while ((other = page_alloc(1, MEM_APP)))
        assert_ptr_not_equal(other, page);
    thread_sleep(90 * NSEC_PER_MSEC);
    seam_grants[ref].flags &= (uint16_t)~GTF_reading;
    assert_true(page_is_pinned(page)); /* not yet tried */
    thread_sleep(20 * NSEC_PER_MSEC);
    assert_int_equal(stats().quarantined, 0);
    assert_int_equal(seam_grants[ref].flags, 0);
    assert_false(page_is_pinned(page));
    while ((other = page_alloc(1, MEM_APP)) && other != page)
        ;
    assert_ptr_equal(other, page);
    assert_int_equal(grant(), ref); /* the reference is free again */
}

static void attempts_get_rarer(void **state)
{
    grant_ref_t ref = grant();
    uint64_t tries;

    (void)state;
    seam_grants[ref].flags |= GTF_writing;
    gnttab_quarantine(ref, page);
    thread_sleep(NSEC_PER_SEC); /* at 0.1, 0.3, 0.7 s */
    assert_int_equal(stats().busy, 3);
    thread_sleep(60 * NSEC_PER_SEC);
    tries = stats().busy;
    thread_sleep(50 * NSEC_PER_SEC);
    assert_in_range(stats().busy - tries, 10, 11); /* every 5 s */
    seam_grants[ref].flags = GTF_permit_access;
    thread_sleep(6 * NSEC_PER_SEC);
    assert_int_equal(stats().quarantined, 0);
    assert_int_equal(timer_next(), UINT64_MAX); /* nothing left to try */
}

static void new_ones_do_not_put_off_old_ones(void **state)
{
    grant_ref_t old = grant();

    (void)state;
    seam_grants[old].flags |= GTF_reading;
    gnttab_quarantine(old, page);
    seam_grants[old].flags = GTF_permit_access;
    for (unsigned i = 0; i < 4; i++) {
        grant_ref_t ref = grant();

        thread_sleep(40 * NSEC_PER_MSEC);
        seam_grants[ref].flags |= GTF_reading;
        gnttab_quarantine(ref, page);
        seam_grants[ref].flags = GTF_permit_access;
    }
    assert_int_equal(seam_grants[old].flags, 0);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(stats().quarantined, 0);
    assert_false(page_is_pinned(page));
}

static void many_in_quarantine_are_all_tried(void **state)
{
    static grant_ref_t refs[200];
    static void *pages[5];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        pages[i] = page_alloc(1, MEM_APP);
    for (unsigned i = 0; i < 200; i++) {
        refs[i] = grant();
        seam_grants[refs[i]].flags |= GTF_reading;
        gnttab_quarantine(refs[i], pages[i % 5]);
    }
    for (unsigned i = 0; i < 200; i++)
        if (i % 2)
            seam_grants[refs[i]].flags = GTF_permit_access;
    thread_sleep(150 * NSEC_PER_MSEC);
    assert_int_equal(stats().quarantined, 100);
    assert_int_equal(stats().busy, 100);
    for (unsigned i = 0; i < 200; i += 2)
        seam_grants[refs[i]].flags = GTF_permit_access;
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(stats().quarantined, 0);
}

static void quarantine_needs_no_memory_to_be_safe(void **state)
{
    grant_ref_t ref = grant();

    (void)state;
    seam_grants[ref].flags |= GTF_reading;
    mem_fail_nth(1);
    gnttab_quarantine(ref, page);
    mem_fail_nth(0);
    assert_true(page_is_pinned(page));
    assert_int_equal(stats().quarantined, 1);
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(seam_grants[ref].flags, GTF_permit_access | GTF_reading);
    assert_true(grant() != ref);
}

static void static_page_is_reported_once(void **state)
{
    static char fixed[4096];
    grant_ref_t a = grant(), b = grant();
    const char *first;

    (void)state;
    seam_grants[a].flags |= GTF_reading;
    seam_grants[b].flags |= GTF_reading;
    gnttab_quarantine(a, fixed);
    gnttab_quarantine(b, fixed);
    first = strstr(seam_console(), "cannot be pinned");
    assert_non_null(first);
    assert_null(strstr(first + 1, "cannot be pinned"));
    seam_grants[a].flags = seam_grants[b].flags = GTF_permit_access;
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(stats().quarantined, 0);
    assert_null(strstr(seam_console(), "is not pinned"));
}

/* Rounds that ended early leave nothing behind that would hurry a later one. */
static void rounds_do_not_add_up(void **state)
{
    grant_ref_t ref;
    uint64_t before;

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        ref = grant();
        seam_grants[ref].flags |= GTF_reading;
        gnttab_quarantine(ref, page);
        seam_grants[ref].flags = GTF_permit_access;
        thread_sleep(NSEC_PER_SEC);
        assert_int_equal(stats().quarantined, 0);
    }
    ref = grant();
    seam_grants[ref].flags |= GTF_reading;
    gnttab_quarantine(ref, page);
    before = stats().busy;
    thread_sleep(150 * NSEC_PER_MSEC);
    assert_int_equal(stats().busy - before, 1);
}

/* A page that is quarantined now is tried after 100 ms, regardless of earlier ones. */
static void new_one_is_tried_soon(void **state)
{
    grant_ref_t old = grant(), ref = grant();
    uint64_t before;

    (void)state;
    seam_grants[old].flags |= GTF_reading;
    gnttab_quarantine(old, page);
    thread_sleep(60 * NSEC_PER_SEC); /* that one is tried every 5 s now */
    seam_grants[ref].flags |= GTF_reading;
    gnttab_quarantine(ref, page);
    before = stats().busy;
    thread_sleep(99 * NSEC_PER_MSEC);
    assert_int_equal(stats().busy, before);
    thread_sleep(2 * NSEC_PER_MSEC);
    assert_true(stats().busy > before);
    thread_sleep(60 * NSEC_PER_SEC);
    seam_grants[old].flags = seam_grants[ref].flags = GTF_permit_access;
    thread_sleep(6 * NSEC_PER_SEC);
    assert_int_equal(stats().quarantined, 0);
    /* nor is one delayed that comes after all have gone */
    ref = grant();
    seam_grants[ref].flags |= GTF_reading;
    gnttab_quarantine(ref, page);
    seam_grants[ref].flags = GTF_permit_access;
    thread_sleep(101 * NSEC_PER_MSEC);
    assert_int_equal(stats().quarantined, 0);
}

/* Those that have gone leave no attempts over for the others. */
static void each_is_tried_once_a_round(void **state)
{
    grant_ref_t stays = grant();
    uint64_t before;

    (void)state;
    seam_grants[stays].flags |= GTF_reading;
    gnttab_quarantine(stays, page);
    for (unsigned i = 0; i < 5; i++) {
        grant_ref_t ref = grant();

        seam_grants[ref].flags |= GTF_reading;
        gnttab_quarantine(ref, page);
        seam_grants[ref].flags = GTF_permit_access;
    }
    thread_sleep(110 * NSEC_PER_MSEC);
    assert_int_equal(stats().quarantined, 1);
    for (unsigned i = 0; i < 3; i++) { /* rounds that are 200, 400 and 800 ms later */
        before = stats().busy;
        thread_sleep((200ULL << i) * NSEC_PER_MSEC);
        assert_int_equal(stats().busy, before + 1);
    }
    seam_grants[stays].flags = GTF_permit_access;
}

/* An owner need not wait for the next attempt; what others quarantined keeps its time. */
static void an_owner_tries_now(void **state)
{
    grant_ref_t ref[4];
    unsigned mine = 0, others = 0;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        ref[i] = grant();
        seam_grants[ref[i]].flags |= GTF_reading;
        gnttab_quarantine_counted(ref[i], page, i < 3 ? &mine : &others);
    }
    assert_int_equal(mine, 3);
    for (unsigned i = 1; i < 4; i++)
        seam_grants[ref[i]].flags &= (uint16_t)~GTF_reading;
    gnttab_quarantine_retry(&mine);
    assert_int_equal(mine, 1);
    assert_int_equal(others, 1);
    assert_int_equal(stats().quarantined, 2);
    assert_true(page_is_pinned(page));
    seam_grants[ref[0]].flags &= (uint16_t)~GTF_reading;
    gnttab_quarantine_retry(&mine);
    assert_int_equal(mine, 0);
    thread_sleep(100 * NSEC_PER_MSEC);
    assert_int_equal(others, 0);
    assert_int_equal(stats().quarantined, 0);
    assert_false(page_is_pinned(page));
    page_free(page, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(quarantined_page_is_kept_until_the_peer_lets_go),
        TEST(attempts_get_rarer),
        TEST(new_ones_do_not_put_off_old_ones),
        TEST(many_in_quarantine_are_all_tried),
        TEST(quarantine_needs_no_memory_to_be_safe),
        TEST(static_page_is_reported_once),
        TEST(rounds_do_not_add_up),
        TEST(new_one_is_tried_soon),
        TEST(each_is_tried_once_a_round),
        cmocka_unit_test_setup_teardown(an_owner_tries_now, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
