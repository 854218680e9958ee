/* SPDX-License-Identifier: MIT */
/* The grant table: the entries for Xen, growth, ends of grants, waiters. */
#include "host/seam.h"

#include <kernel/event_channel.h>
#include <kernel/grant_table.h>
#include <ringlet/clock.h>
#include <ringlet/heap.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PER_FRAME 512
#define PEER      5

static char *page;
static unsigned max_frames;

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    seam_grant_max_frames = max_frames ? max_frames : 4;
    page = page_alloc(1, MEM_APP);
    return !page || evtchn_init() || gnttab_init();
}

static int setup_two_frames(void **state)
{
    int ret;

    max_frames = 2;
    ret = setup(state);
    max_frames = 0;
    return ret;
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

static void entry_has_exactly_what_was_asked(void **state)
{
    int rw = gnttab_grant(PEER, page + 100, false), ro = gnttab_grant(0x7fe0, page, true);

    (void)state;
    assert_true(rw >= 8 && ro >= 8 && rw != ro);
    assert_int_equal(seam_grants[rw].flags, GTF_permit_access);
    assert_int_equal(seam_grants[rw].domid, PEER);
    assert_ptr_equal(seam_page(seam_grants[rw].frame), page);
    assert_int_equal(seam_grants[ro].flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(seam_grants[ro].domid, 0x7fe0);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(seam_grants[i].flags, 0);
    assert_int_equal(gnttab_end((grant_ref_t)rw), 0);
    assert_int_equal(seam_grants[rw].flags, 0);
    assert_int_equal(stats().made, 2);
    assert_int_equal(stats().ended, 1);
    assert_int_equal(stats().in_use, 1);
    assert_int_equal(stats().high_water, 2);
}

/* Another grant table: grants of the old one have ended, and are counted. */
static void a_resume_ends_all_grants(void **state)
{
    (void)state;
    grant();
    grant();
    gnttab_end(grant());
    memset(seam_grants, 0, PAGE_SIZE);
    gnttab_resume();
    assert_int_equal(stats().in_use, 0);
    assert_int_equal(stats().made, 3);
    assert_int_equal(stats().ended, 3);
    assert_int_equal(stats().high_water, 3);
    grant();
    assert_int_equal(stats().in_use, 1);
    assert_int_equal(stats().ended, 3);
    assert_int_equal(stats().high_water, 3);
}

static void a_page_can_be_named_by_its_frame(void **state)
{
    int ref = gnttab_grant_frame(PEER, page_frame(page + 5), true);

    (void)state;
    assert_true(ref > 0);
    assert_int_equal(seam_grants[ref].flags, GTF_permit_access | GTF_readonly);
    assert_ptr_equal(seam_page(seam_grants[ref].frame), page);
    assert_int_equal(gnttab_grant_frame(PEER, 1ULL << 32, false), -ERANGE);
}

static void last_ended_is_first_used(void **state)
{
    grant_ref_t a = grant(), b = grant(), c = grant();

    (void)state;
    gnttab_end(a);
    gnttab_end(c);
    gnttab_end(b);
    assert_int_equal(grant(), b);
    assert_int_equal(grant(), c);
    assert_int_equal(grant(), a);
}

static void wrong_references_are_refused(void **state)
{
    grant_ref_t ref = grant();

    (void)state;
    assert_int_equal(gnttab_end(0), -EINVAL);
    assert_int_equal(gnttab_end(7), -EINVAL);
    assert_int_equal(gnttab_end(ref + 1), -EINVAL);
    assert_int_equal(gnttab_end(UINT32_MAX), -EINVAL);
    seam_grants[7].flags = seam_grants[ref + 1].flags = GTF_permit_access; /* not from us */
    assert_int_equal(gnttab_end(7), -EINVAL);
    assert_int_equal(gnttab_end(ref + 1), -EINVAL);
    seam_grants[7].flags = seam_grants[ref + 1].flags |= GTF_reading;
    assert_false(gnttab_busy(7));
    assert_false(gnttab_busy(ref + 1));
    seam_grants[7].flags = seam_grants[ref + 1].flags = 0;
    assert_int_equal(gnttab_end(ref), 0);
    assert_int_equal(gnttab_end(ref), -EINVAL);
    assert_false(gnttab_busy(ref));
}

static void grows_on_demand_to_the_limit(void **state)
{
    static uint8_t seen[2 * PER_FRAME];
    unsigned n = 2 * PER_FRAME - 8;

    (void)state;
    memset(seen, 0, sizeof(seen));
    assert_int_equal(stats().frames, 1);
    assert_int_equal(stats().max_frames, 2);
    assert_int_equal(gnttab_available(), n);
    for (unsigned i = 0; i < n; i++) {
        grant_ref_t ref = grant();

        assert_in_range(ref, 8, sizeof(seen) - 1);
        assert_int_equal(seen[ref]++, 0);
        assert_int_equal(gnttab_available(), n - i - 1);
    }
    assert_int_equal(stats().frames, 2);
    assert_int_equal(gnttab_grant(PEER, page, false), -ENOSPC);
    assert_int_equal(gnttab_end(77), 0);
    assert_int_equal(gnttab_available(), 1);
    assert_int_equal(grant(), 77);
}

static void failed_growth_promises_nothing(void **state)
{
    (void)state;
    seam_grant_max_frames = 1; /* Xen changes its mind: mapping more fails */
    for (unsigned i = 8; i < PER_FRAME; i++)
        grant();
    assert_int_equal(gnttab_grant(PEER, page, false), -ENOSPC);
    assert_int_equal(gnttab_available(), 0);
    assert_non_null(strstr(seam_console(), "1 of 2 frames"));
    seam_grant_max_frames = 2; /* and once more: it works again without a call */
    assert_int_equal(grant(), PER_FRAME);
    assert_int_equal(gnttab_available(), PER_FRAME - 1);
}

static void page_in_use_is_busy_and_unchanged(void **state)
{
    grant_ref_t ref = grant();

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        static const uint16_t in_use[] = {GTF_reading, GTF_writing, GTF_reading | GTF_writing};

        seam_grants[ref].flags |= in_use[i];
        assert_true(gnttab_busy(ref));
        assert_int_equal(gnttab_end(ref), -EBUSY);
        assert_int_equal(seam_grants[ref].flags, GTF_permit_access | in_use[i]);
        seam_grants[ref].flags = GTF_permit_access;
    }
    assert_int_equal(stats().busy, 3);
    assert_false(gnttab_busy(ref));
    assert_int_equal(gnttab_end(ref), 0);
}

/* ---- waiters ---- */

static char order[16];
static unsigned orders;
static bool take_again;

struct waiter {
    struct gnttab_waiter w;
    char name;
};

static void woken(struct gnttab_waiter *w)
{
    struct waiter *me = container_of(w, struct waiter, w);

    assert_true(in_handler());
    assert_true(gnttab_available() >= w->need);
    assert_true(orders < sizeof(order) - 1);
    order[orders++] = me->name;
    order[orders] = '\0';
    for (unsigned i = 0; i < w->need; i++)
        grant();
    if (take_again)
        gnttab_wait(w);
}

static grant_ref_t fill(void)
{
    grant_ref_t last = 0;
    int ref;

    orders = 0;
    order[0] = '\0';
    take_again = false;
    while ((ref = gnttab_grant(PEER, page, false)) > 0)
        last = (grant_ref_t)ref;
    return last;
}

static void waiters_are_served_in_order(void **state)
{
    struct waiter a = {{.need = 3, .fn = woken}, 'a'}, b = {{.need = 1, .fn = woken}, 'b'},
                  c = {{.need = 1, .fn = woken}, 'c'};
    grant_ref_t last = fill();

    (void)state;
    gnttab_wait(&a.w);
    gnttab_wait(&b.w);
    gnttab_wait(&c.w);
    gnttab_wait_cancel(&b.w);
    gnttab_wait_cancel(&b.w);
    for (unsigned i = 0; i < 2; i++) {
        gnttab_end(last - i);
        thread_poll_events();
        assert_string_equal(order, ""); /* c must not overtake a */
    }
    gnttab_end(last - 2);
    assert_string_equal(order, ""); /* not from within gnttab_end */
    gnttab_end(last - 3);
    thread_poll_events();
    assert_string_equal(order, "ac");
}

static void canceled_head_lets_the_next_one_in(void **state)
{
    struct waiter a = {{.need = 5, .fn = woken}, 'a'}, b = {{.need = 1, .fn = woken}, 'b'};
    grant_ref_t last = fill();

    (void)state;
    gnttab_wait(&a.w);
    gnttab_wait(&b.w);
    gnttab_end(last);
    thread_poll_events();
    assert_string_equal(order, "");
    gnttab_wait_cancel(&a.w);
    thread_poll_events();
    assert_string_equal(order, "b");
}

static void waiter_is_not_called_before_there_is_enough(void **state)
{
    struct waiter a = {{.need = 2, .fn = woken}, 'a'}, b = {{.need = 3, .fn = woken}, 'b'};
    grant_ref_t last = fill();

    (void)state;
    gnttab_wait(&a.w);
    gnttab_wait(&b.w);
    for (unsigned i = 0; i < 4; i++)
        gnttab_end(last - i);
    thread_poll_events();
    thread_poll_events();
    assert_string_equal(order, "a"); /* which has taken 2 of the 4 */
    gnttab_end(last - 4);
    thread_poll_events();
    assert_string_equal(order, "ab");
}

static void waiting_with_space_is_called_at_once_but_later(void **state)
{
    struct waiter a = {{.need = 1, .fn = woken}, 'a'};

    (void)state;
    orders = 0;
    take_again = false;
    gnttab_wait(&a.w);
    assert_int_equal(orders, 0);
    thread_poll_events();
    assert_string_equal(order, "a");
    thread_poll_events();
    assert_string_equal(order, "a");
}

static void waiter_that_waits_again_does_not_spin(void **state)
{
    struct waiter a = {{.need = 1, .fn = woken}, 'a'};
    grant_ref_t last = fill();

    (void)state;
    take_again = true;
    gnttab_wait(&a.w);
    for (unsigned i = 0; i < 4; i++)
        gnttab_end(last - i);
    thread_poll_events();
    assert_string_equal(order, "a");
    thread_poll_events();
    assert_string_equal(order, "aa");
    for (unsigned i = 0; i < 5; i++)
        thread_poll_events();
    assert_string_equal(order, "aaaa");
    gnttab_wait_cancel(&a.w);
}

/* ---- Xen's answers ---- */

static long no_grants(unsigned nr, const unsigned long *arg)
{
    (void)arg;
    return nr == __HYPERVISOR_grant_table_op ? -ENOSYS : SEAM_DEFAULT;
}

static long bad_status(unsigned nr, const unsigned long *arg)
{
    if (nr != __HYPERVISOR_grant_table_op)
        return SEAM_DEFAULT;
    ((struct gnttab_query_size *)arg[1])->status = GNTST_general_error;
    return 0;
}

static void no_grant_tables_is_an_error(void **state)
{
    (void)state;
    seam_hypercall = no_grants;
    assert_int_equal(gnttab_init(), -ENOSYS);
    seam_hypercall = bad_status;
    assert_int_equal(gnttab_init(), -ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)  cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST2(name) cmocka_unit_test_setup_teardown(name, setup_two_frames, teardown)
        TEST(entry_has_exactly_what_was_asked),
        TEST(a_resume_ends_all_grants),
        TEST(a_page_can_be_named_by_its_frame),
        TEST(last_ended_is_first_used),
        TEST(wrong_references_are_refused),
        TEST2(grows_on_demand_to_the_limit),
        TEST2(failed_growth_promises_nothing),
        TEST(page_in_use_is_busy_and_unchanged),
        TEST(waiters_are_served_in_order),
        TEST(canceled_head_lets_the_next_one_in),
        TEST(waiter_is_not_called_before_there_is_enough),
        TEST(waiting_with_space_is_called_at_once_but_later),
        TEST(waiter_that_waits_again_does_not_spin),
        TEST(no_grant_tables_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
