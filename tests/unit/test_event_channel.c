/* SPDX-License-Identifier: MIT */
/* Event channels: the protocol of pending, mask and selector, and the wait of an idle guest. */
#include "host/seam.h"

#include <kernel/event_channel.h>
#include <kernel/heap.h>
#include <ringlet/clock.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned calls[4096];
static bool useful = true;
static evtchn_port_t close_other, raise_again, mask_other;

static bool handler(evtchn_port_t port, void *arg)
{
    assert_ptr_equal(arg, &calls[port]);
    assert_false(shared_info->evtchn_pending[port / 64] >> (port % 64) & 1);
    calls[port]++;
    if (close_other)
        evtchn_close(close_other);
    if (mask_other)
        evtchn_mask(mask_other);
    if (raise_again == port) {
        raise_again = 0;
        seam_raise(port);
    }
    return useful;
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    memset(calls, 0, sizeof(calls));
    useful = true;
    close_other = raise_again = mask_other = 0;
    return evtchn_init();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void bind(evtchn_port_t port)
{
    assert_int_equal(evtchn_bind_existing(port, handler, &calls[port]), 0);
}

static void bind_live(evtchn_port_t port)
{
    bind(port);
    assert_int_equal(evtchn_unmask(port), 0);
}

static bool masked(evtchn_port_t port)
{
    return shared_info->evtchn_mask[port / 64] >> (port % 64) & 1;
}

static struct evtchn_stats stats(void)
{
    struct evtchn_stats s;

    evtchn_get_stats(&s);
    return s;
}

static void init_masks_every_port(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(shared_info->evtchn_mask[i], ~0UL);
}

static void live_port_is_handled_once_a_pass(void **state)
{
    (void)state;
    bind_live(9);
    bind_live(4095);
    seam_raise(9);
    seam_raise(9);
    seam_raise(4095);
    thread_poll_events();
    assert_int_equal(calls[9], 1);
    assert_int_equal(calls[4095], 1);
    thread_poll_events();
    assert_int_equal(calls[9], 1);
    assert_int_equal(stats().events, 2);
    assert_int_equal(stats().spurious, 0);
}

static void event_during_its_handler_waits_for_the_next_pass(void **state)
{
    (void)state;
    bind_live(5);
    raise_again = 5;
    seam_raise(5);
    thread_poll_events();
    assert_int_equal(calls[5], 1);
    thread_poll_events();
    assert_int_equal(calls[5], 2);
}

static void masked_port_is_seen_when_unmasked(void **state)
{
    (void)state;
    bind(70);
    seam_raise(70);
    thread_poll_events();
    assert_int_equal(calls[70], 0);
    assert_int_equal(evtchn_unmask(70), 0);
    assert_false(masked(70));
    thread_poll_events();
    assert_int_equal(calls[70], 1);
    evtchn_mask(70);
    assert_true(masked(70));
    seam_raise(70);
    thread_poll_events();
    assert_int_equal(calls[70], 1);
}

static void port_masked_in_the_same_pass_keeps_its_event(void **state)
{
    (void)state;
    bind_live(3);
    bind_live(4);
    mask_other = 4;
    seam_raise(3);
    seam_raise(4);
    thread_poll_events();
    assert_int_equal(calls[4], 0);
    mask_other = 0;
    evtchn_unmask(4);
    thread_poll_events();
    assert_int_equal(calls[4], 1);
}

static void closed_port_is_never_called_again(void **state)
{
    (void)state;
    bind_live(3);
    bind_live(4);
    close_other = 4;
    seam_raise(3);
    seam_raise(4);
    thread_poll_events();
    assert_int_equal(calls[3], 1);
    assert_int_equal(calls[4], 0);
    assert_true(masked(4));
    assert_int_equal(stats().spurious, 1);
    assert_int_equal(stats().bound, 1);
    assert_int_equal(evtchn_unmask(4), -EINVAL);
    assert_int_equal(evtchn_close(4), -EINVAL);
    close_other = 0;
    bind_live(4); /* and can be used anew */
    seam_raise(4);
    thread_poll_events();
    assert_int_equal(calls[4], 1);
}

static void handler_may_close_its_own_port(void **state)
{
    (void)state;
    bind_live(6);
    close_other = raise_again = 6;
    seam_raise(6);
    thread_poll_events();
    thread_poll_events();
    assert_int_equal(calls[6], 1);
    assert_int_equal(stats().bound, 0);
}

static void nothing_to_do_is_spurious(void **state)
{
    (void)state;
    bind_live(8);
    useful = false;
    seam_raise(8);
    thread_poll_events();
    assert_int_equal(stats().events, 1);
    assert_int_equal(stats().spurious, 1);
}

static void nobodys_port_is_masked_and_counted_once(void **state)
{
    (void)state;
    bind_live(8);
    shared_info->evtchn_mask[1] = 0;
    seam_raise(77);
    thread_poll_events();
    seam_raise(77);
    thread_poll_events();
    assert_true(masked(77));
    assert_int_equal(stats().spurious, 1);
}

static void wrong_ports_are_refused(void **state)
{
    (void)state;
    assert_int_equal(evtchn_bind_existing(0, handler, NULL), -EINVAL);
    assert_int_equal(evtchn_bind_existing(4096, handler, NULL), -EINVAL);
    assert_int_equal(evtchn_bind_existing(7, NULL, NULL), -EINVAL);
    bind(7);
    assert_int_equal(evtchn_bind_existing(7, handler, NULL), -EBUSY);
    assert_int_equal(evtchn_unmask(4096), -EINVAL);
    assert_int_equal(evtchn_mask(8), -EINVAL);
    assert_int_equal(evtchn_close(5000), -EINVAL);
    assert_false(evtchn_consume(1U << 31));
}

/* ---- hypercalls ---- */

static long answer;
static int last_cmd;
static evtchn_port_t closed, made;

static long hook(unsigned nr, const unsigned long *arg)
{
    if (nr != __HYPERVISOR_event_channel_op)
        return SEAM_DEFAULT;
    last_cmd = (int)arg[0];
    if (last_cmd == EVTCHNOP_close)
        closed = ((struct evtchn_close *)arg[1])->port;
    if (last_cmd == EVTCHNOP_alloc_unbound) {
        struct evtchn_alloc_unbound *op = (void *)arg[1];

        assert_int_equal(op->dom, DOMID_SELF);
        assert_int_equal(op->remote_dom, 7);
        op->port = made;
    }
    return answer;
}

static void new_port_is_masked_and_xens_error_passed_on(void **state)
{
    evtchn_port_t port = 99;

    (void)state;
    seam_hypercall = hook;
    answer = -ENOSPC;
    assert_int_equal(evtchn_alloc_unbound(7, handler, NULL, &port), -ENOSPC);
    assert_int_equal(port, 99);
    answer = 0;
    made = 130;
    assert_int_equal(evtchn_alloc_unbound(7, handler, &calls[130], &port), 0);
    assert_int_equal(port, 130);
    assert_true(masked(130));
    answer = -EINVAL;
    assert_int_equal(evtchn_notify(130), -EINVAL);
    assert_int_equal(stats().notifications, 1);
    assert_int_equal(evtchn_close(130), -EINVAL); /* closed nevertheless */
    assert_int_equal(stats().bound, 0);
}

static void new_port_goes_back_when_memory_is_short(void **state)
{
    evtchn_port_t port;

    (void)state;
    seam_hypercall = hook;
    answer = 0;
    made = 200;
    closed = 0;
    mem_fail_nth(1);
    assert_int_equal(evtchn_alloc_unbound(7, handler, NULL, &port), -ENOMEM);
    assert_int_equal(closed, 200);
    mem_fail_nth(0);
    assert_int_equal(evtchn_alloc_unbound(7, handler, &calls[200], &port), 0);
}

static struct sched_poll polled;
static evtchn_port_t polled_ports[256];

static long poll_hook(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_poll) {
        evtchn_port_t *ports;

        polled = *(struct sched_poll *)arg[1];
        memcpy(&ports, &polled.ports, sizeof(ports));
        assert_in_range(polled.nr_ports, 0, 128);
        memcpy(polled_ports, ports, polled.nr_ports * sizeof(*ports));
    }
    return SEAM_DEFAULT;
}

static void idle_guest_polls_its_live_ports(void **state)
{
    (void)state;
    seam_hypercall = poll_hook;
    bind_live(11);
    bind_live(12);
    bind_live(13);
    bind(14);
    evtchn_mask(11); /* the last takes its place in the list */
    evtchn_close(13);
    thread_sleep(5 * NSEC_PER_MSEC);
    assert_int_equal(polled.nr_ports, 1);
    assert_int_equal(polled_ports[0], 12);
    assert_int_equal(polled.timeout, NSEC_PER_SEC + 5 * NSEC_PER_MSEC);
    evtchn_unmask(11);
    evtchn_unmask(11); /* twice does not list it twice */
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(polled.nr_ports, 2);
    assert_true(stats().blocks >= 2);
}

static void more_ports_than_poll_takes_bound_the_sleep(void **state)
{
    (void)state;
    seam_hypercall = poll_hook;
    for (evtchn_port_t port = 10; port < 138; port++)
        bind_live(port);
    seam_polls = 0;
    thread_sleep(NSEC_PER_SEC);
    assert_int_equal(seam_polls, 1);
    assert_int_equal(polled.nr_ports, 128);
    assert_int_equal(polled.timeout, 2 * NSEC_PER_SEC);
    bind_live(138);
    seam_polls = 0;
    thread_sleep(10 * NSEC_PER_MSEC);
    assert_int_equal(polled.nr_ports, 128);
    assert_int_equal(seam_polls, 10); /* slices of 1 ms */
    for (evtchn_port_t port = 10; port <= 138; port++)
        assert_int_equal(evtchn_close(port), 0);
    thread_sleep(NSEC_PER_MSEC);
    assert_int_equal(polled.nr_ports, 0);
}

static void wait_port_does_not_dispatch(void **state)
{
    (void)state;
    seam_hypercall = poll_hook;
    bind_live(21);
    seam_raise(21);
    seam_polls = 0;
    evtchn_wait_port(21, 5 * NSEC_PER_SEC);
    assert_int_equal(seam_polls, 0); /* it is pending already */
    assert_int_equal(calls[21], 0);
    assert_true(evtchn_consume(21));
    assert_false(evtchn_consume(21));
    evtchn_wait_port(21, 5 * NSEC_PER_SEC);
    assert_int_equal(polled.nr_ports, 1);
    assert_int_equal(polled_ports[0], 21);
    assert_int_equal(seam_now, 5 * NSEC_PER_SEC);
    thread_poll_events();
    assert_int_equal(calls[21], 0); /* it was consumed */
}

static long event_while_asleep(unsigned nr, const unsigned long *arg)
{
    if (nr == __HYPERVISOR_sched_op && arg[0] == SCHEDOP_poll)
        seam_raise(22);
    return poll_hook(nr, arg);
}

/* Xen takes 0 for no timeout; any other number would be in the past. */
static void sleep_without_an_end(void **state)
{
    (void)state;
    seam_hypercall = event_while_asleep;
    bind_live(22);
    polled.timeout = 77;
    evtchn_wait_port(22, DEADLINE_NEVER);
    assert_int_equal(polled.timeout, 0);
    assert_int_equal(polled.nr_ports, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(init_masks_every_port),
        TEST(live_port_is_handled_once_a_pass),
        TEST(event_during_its_handler_waits_for_the_next_pass),
        TEST(masked_port_is_seen_when_unmasked),
        TEST(port_masked_in_the_same_pass_keeps_its_event),
        TEST(closed_port_is_never_called_again),
        TEST(handler_may_close_its_own_port),
        TEST(nothing_to_do_is_spurious),
        TEST(nobodys_port_is_masked_and_counted_once),
        TEST(wrong_ports_are_refused),
        TEST(new_port_is_masked_and_xens_error_passed_on),
        TEST(new_port_goes_back_when_memory_is_short),
        TEST(idle_guest_polls_its_live_ports),
        TEST(more_ports_than_poll_takes_bound_the_sleep),
        TEST(wait_port_does_not_dispatch),
        TEST(sleep_without_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
