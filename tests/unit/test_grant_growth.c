/* SPDX-License-Identifier: MIT */
/* The grant table grows in doublings, and by one frame when that is too much. */
#include "host/seam.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <ringlet/page.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PER_FRAME 512

static void *page;

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    assert_int_equal(evtchn_init(), 0);
    assert_int_equal(gnttab_init(), 0); /* up to 32 frames */
    page = page_alloc(1, MEM_APP);
    return page ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static unsigned frames(void)
{
    struct gnttab_stats s;

    gnttab_get_stats(&s);
    return s.frames;
}

/* Grants until the table has so many frames, or cannot grow. */
static int grow_to(unsigned want)
{
    int ref = 0;

    while (ref >= 0 && frames() < want)
        ref = gnttab_grant(1, page, true);
    return ref;
}

static void doubles(void **state)
{
    (void)state;
    assert_int_equal(frames(), 1);
    assert_int_equal(grow_to(2), PER_FRAME);
    assert_int_equal(frames(), 2);
    assert_int_equal(grow_to(3), 2 * PER_FRAME);
    assert_int_equal(frames(), 4);
    assert_int_equal(grow_to(5), 4 * PER_FRAME);
    assert_int_equal(frames(), 8);
    assert_int_equal(gnttab_available(), 28 * PER_FRAME - 1);
}

/* Xen has fewer frames left than a doubling takes. */
static void grows_by_one_when_doubling_fails(void **state)
{
    (void)state;
    grow_to(2);
    seam_grant_max_frames = 3;
    assert_int_equal(grow_to(3), 2 * PER_FRAME);
    assert_int_equal(frames(), 3);
    assert_int_equal(gnttab_available(), 30 * PER_FRAME - 1);
    assert_int_equal(grow_to(4), -ENOSPC); /* 3 * 512 are used up, and no more to be had */
    assert_int_equal(frames(), 3);
    assert_int_equal(gnttab_available(), 0);
    assert_non_null(strstr(seam_console(), "3 of 32 frames, no more"));
    /* reported once */
    seam_console_clear();
    assert_int_equal(gnttab_grant(1, page, true), -ENOSPC);
    assert_string_equal(seam_console(), "");
    seam_grant_max_frames = 32;
    assert_int_equal(gnttab_grant(1, page, true), 3 * PER_FRAME);
    assert_int_equal(frames(), 6);
    assert_int_equal(gnttab_available(), 29 * PER_FRAME - 1); /* all of 32 are promised again */
}

static long refuse(unsigned nr, const unsigned long *arg)
{
    (void)arg;
    return nr == __HYPERVISOR_grant_table_op ? -EPERM : SEAM_DEFAULT;
}

static void canceling_needs_no_wait(void **state)
{
    struct gnttab_waiter w = {.need = 1};

    (void)state;
    gnttab_wait_cancel(&w); /* never waited */
    list_init(&w.link);
    gnttab_wait_cancel(&w);
}

static void refusal_is_passed_on(void **state)
{
    (void)state;
    seam_hypercall = refuse;
    assert_int_equal(gnttab_init(), -EPERM);
}

static long many_frames(unsigned nr, const unsigned long *arg)
{
    struct gnttab_query_size *query = (void *)arg[1];

    if (nr != __HYPERVISOR_grant_table_op)
        return SEAM_DEFAULT;
    assert_int_equal(arg[0], GNTTABOP_query_size);
    assert_int_equal(arg[2], 1); /* one query */
    query->nr_frames = 1;
    query->max_nr_frames = UINT32_MAX;
    query->status = GNTST_okay;
    return 0;
}

/* Xen may have more than a reference, which is a positive int, can name. */
static void references_stay_positive(void **state)
{
    struct gnttab_stats s;

    (void)state;
    seam_hypercall = many_frames;
    assert_int_equal(gnttab_init(), 0);
    gnttab_get_stats(&s);
    assert_int_equal(s.max_frames, INT32_MAX / PER_FRAME);
}

static void a_resume_begins_with_one_frame(void **state)
{
    (void)state;
    assert_int_equal(grow_to(4), 2 * PER_FRAME);
    gnttab_resume();
    assert_int_equal(frames(), 1);
    assert_int_equal(gnttab_available(), 32 * PER_FRAME - GNTTAB_NR_RESERVED_ENTRIES);
    assert_int_equal(gnttab_grant(1, page, true), GNTTAB_NR_RESERVED_ENTRIES);
}

static void frame_numbers_have_32_bits(void **state)
{
    (void)state;
    assert_int_equal(gnttab_grant(1, (void *)(1UL << 44), true), -ERANGE);
    assert_int_equal(gnttab_grant(1, (void *)((1UL << 44) - PAGE_SIZE), true), 8);
    assert_int_equal(seam_grants[8].frame, 0xffffffff);
}

/* A waiter that is served lets the next one be served in the same pass, or in one that follows. */
static unsigned served;

static void serve(struct gnttab_waiter *w)
{
    (void)w;
    served++;
}

static void all_waiters_are_served(void **state)
{
    struct gnttab_waiter w[3];

    (void)state;
    served = 0;
    for (unsigned i = 0; i < 3; i++) {
        memset(&w[i], 0, sizeof(w[i]));
        list_init(&w[i].link);
        w[i].need = i == 1 ? 1000000 : 1;
        w[i].fn = serve;
        gnttab_wait(&w[i]);
    }
    thread_poll_events();
    assert_int_equal(served, 1); /* the second needs more than the maximum */
    thread_poll_events();
    assert_int_equal(served, 1);
    gnttab_wait_cancel(&w[1]);
    thread_poll_events();
    assert_int_equal(served, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(doubles, setup, teardown),
        cmocka_unit_test_setup_teardown(grows_by_one_when_doubling_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(canceling_needs_no_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(refusal_is_passed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(references_stay_positive, setup, teardown),
        cmocka_unit_test_setup_teardown(a_resume_begins_with_one_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(frame_numbers_have_32_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(all_waiters_are_served, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
