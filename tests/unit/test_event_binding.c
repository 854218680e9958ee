/* SPDX-License-Identifier: MIT */
/* Ports: the hypercalls for each kind, many ports, failing allocations. */
#include "host/seam.h"

#include <kernel/event_channel.h>
#include <kernel/heap.h>
#include <ringlet/clock.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static unsigned calls[4096];
static unsigned long asked;   /* the operation */
static unsigned char arg[32]; /* and its argument */
static long answer;
static unsigned yields;

static bool handler(evtchn_port_t port, void *a)
{
    assert_ptr_equal(a, &calls[port]);
    calls[port]++;
    return true;
}

static long xen(unsigned nr, const unsigned long *a)
{
    if (nr == __HYPERVISOR_sched_op) {
        yields += a[0] == SCHEDOP_yield;
        if (a[0] != SCHEDOP_poll || !answer)
            return SEAM_DEFAULT;
        seam_now += NSEC_PER_MSEC;
        return answer;
    }
    if (nr != __HYPERVISOR_event_channel_op)
        return SEAM_DEFAULT;
    asked = a[0];
    if (asked != EVTCHNOP_close)
        memcpy(arg, (void *)a[1], a[0] == EVTCHNOP_alloc_unbound ? 8 : 12);
    return answer ? answer : SEAM_DEFAULT;
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    memset(calls, 0, sizeof(calls));
    memset(arg, 0xff, sizeof(arg));
    answer = 0;
    yields = 0;
    seam_hypercall = xen;
    return evtchn_init();
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static struct evtchn_stats stats(void)
{
    struct evtchn_stats s;

    evtchn_get_stats(&s);
    return s;
}

static void each_kind_asks_for_its_own(void **state)
{
    struct evtchn_alloc_unbound *unbound = (void *)arg;
    struct evtchn_bind_interdomain *bound = (void *)arg;
    struct evtchn_bind_virq *virq = (void *)arg;
    evtchn_port_t port;

    (void)state;
    assert_int_equal(evtchn_alloc_unbound(7, handler, &calls[3], &port), 0);
    assert_int_equal(asked, EVTCHNOP_alloc_unbound);
    assert_int_equal(unbound->dom, DOMID_SELF);
    assert_int_equal(unbound->remote_dom, 7);
    assert_int_equal(port, 3);

    assert_int_equal(evtchn_bind_interdomain(9, 77, handler, &calls[4], &port), 0);
    assert_int_equal(asked, EVTCHNOP_bind_interdomain);
    assert_int_equal(bound->remote_dom, 9);
    assert_int_equal(bound->remote_port, 77);
    assert_int_equal(port, 4);

    assert_int_equal(evtchn_bind_virq(2, handler, &calls[5], &port), 0);
    assert_int_equal(asked, EVTCHNOP_bind_virq);
    assert_int_equal(virq->virq, 2);
    assert_int_equal(virq->vcpu, 0);
    assert_int_equal(port, 5);

    assert_int_equal(stats().bound, 3);
    for (port = 3; port <= 5; port++) {
        assert_int_equal(evtchn_unmask(port), 0);
        seam_raise(port);
        thread_poll_events();
        assert_int_equal(calls[port], 1);
        assert_int_equal(evtchn_mask(port), 0);
    }
}

static void xens_errors_are_the_callers(void **state)
{
    evtchn_port_t port = 99;

    (void)state;
    answer = -EPERM;
    assert_int_equal(evtchn_alloc_unbound(7, handler, NULL, &port), -EPERM);
    assert_int_equal(evtchn_bind_interdomain(9, 77, handler, NULL, &port), -EPERM);
    assert_int_equal(evtchn_bind_virq(2, handler, NULL, &port), -EPERM);
    assert_int_equal(port, 99);
    assert_int_equal(stats().bound, 0);
}

/* The list of live ports grows, and each growth may fail without harm to the existing ports. */
static void many_ports(void **state)
{
    (void)state;
    for (evtchn_port_t port = 1; port < 1000; port++) {
        mem_fail_nth(1);
        if (evtchn_bind_existing(port, handler, &calls[port])) {
            assert_int_equal(evtchn_unmask(port), -EINVAL);
            mem_fail_nth(0);
            /* a chunk of bindings and the list may both have to grow */
            mem_fail_nth(2);
            if (evtchn_bind_existing(port, handler, &calls[port])) {
                mem_fail_nth(0);
                assert_int_equal(evtchn_bind_existing(port, handler, &calls[port]), 0);
            }
        }
        mem_fail_nth(0);
        assert_int_equal(evtchn_unmask(port), 0);
        assert_int_equal(stats().bound, port);
    }
    for (evtchn_port_t port = 1; port < 1000; port++)
        seam_raise(port);
    thread_poll_events();
    for (evtchn_port_t port = 1; port < 1000; port++)
        assert_int_equal(calls[port], 1);
    for (evtchn_port_t port = 1; port < 1000; port++)
        assert_int_equal(evtchn_close(port), 0);
    assert_int_equal(stats().bound, 0);
    assert_int_equal(stats().events, 999);
}

static void no_memory_at_the_start(void **state)
{
    (void)state;
    mem_fail_nth(1);
    assert_int_equal(evtchn_init(), -ENOMEM);
    mem_fail_nth(0);
    assert_int_equal(evtchn_init(), 0);
}

static void first_list_may_fail_too(void **state)
{
    int ret = 0;

    (void)state;
    for (evtchn_port_t port = 1; port < 66; port++) {
        if (port == 65)
            mem_fail_nth(1);
        ret = evtchn_bind_existing(port, handler, &calls[port]);
    }
    mem_fail_nth(0);
    assert_int_equal(ret, -ENOMEM);
    assert_int_equal(stats().bound, 64);
}

static void event_at_the_close_is_counted_as_spurious(void **state)
{
    (void)state;
    assert_int_equal(evtchn_bind_existing(9, handler, &calls[9]), 0);
    assert_int_equal(evtchn_unmask(9), 0);
    assert_int_equal(evtchn_close(9), 0);
    assert_int_equal(stats().spurious, 0);
    assert_int_equal(evtchn_bind_existing(9, handler, &calls[9]), 0);
    seam_raise(9);
    assert_int_equal(evtchn_close(9), 0);
    assert_int_equal(stats().spurious, 1);
    thread_poll_events();
    assert_int_equal(calls[9], 0);
    assert_int_equal(stats().spurious, 1);
    /* the next owner does not get it */
    assert_int_equal(evtchn_bind_existing(9, handler, &calls[9]), 0);
    assert_int_equal(evtchn_unmask(9), 0);
    thread_poll_events();
    assert_int_equal(calls[9], 0);
}

/* Unmasking a quiet port makes no work. */
static void unmasking_is_quiet(void **state)
{
    struct vcpu_info *vcpu = &shared_info->vcpu_info[0];

    (void)state;
    assert_int_equal(evtchn_bind_existing(9, handler, &calls[9]), 0);
    vcpu->evtchn_upcall_pending = 0;
    assert_int_equal(evtchn_unmask(9), 0);
    assert_int_equal(vcpu->evtchn_upcall_pending, 0);
    assert_int_equal(vcpu->evtchn_pending_sel, 0);
    seam_raise(9);
    thread_poll_events();
    assert_int_equal(vcpu->evtchn_upcall_pending, 0);
    assert_int_equal(vcpu->evtchn_pending_sel, 0);
}

static void out_of_range_ports_have_no_owner(void **state)
{
    (void)state;
    assert_int_equal(evtchn_bind_existing(0, handler, NULL), -EINVAL);
    assert_int_equal(evtchn_bind_existing(4096, handler, NULL), -EINVAL);
    assert_int_equal(evtchn_bind_existing(4095, NULL, NULL), -EINVAL);
    assert_int_equal(evtchn_unmask(4096), -EINVAL);
    assert_int_equal(evtchn_mask(4096), -EINVAL);
    assert_int_equal(evtchn_close(4096), -EINVAL);
    assert_false(evtchn_consume(4096));
    assert_int_equal(evtchn_bind_existing(4095, handler, &calls[4095]), 0);
    assert_int_equal(evtchn_bind_existing(4095, handler, &calls[4095]), -EBUSY);
}

/* A Xen that refuses to poll must not make an idle guest spin in Xen's face, nor hang it. */
static void refused_poll_yields(void **state)
{
    (void)state;
    answer = -EPERM;
    thread_sleep(3 * NSEC_PER_MSEC);
    assert_int_equal(yields, 3);
    assert_int_equal(stats().blocks, 3);
}

static void wait_port_that_is_over(void **state)
{
    (void)state;
    assert_int_equal(evtchn_bind_existing(9, handler, &calls[9]), 0);
    seam_polls = 0;
    shared_info->evtchn_mask[0] = 0; /* the words behind the pending bits */
    evtchn_wait_port(9, 0);
    evtchn_wait_port(4096, DEADLINE_NEVER);
    assert_int_equal(seam_polls, 0);
}

static size_t kernel_bytes(void)
{
    struct heap_stats heap;

    heap_get_stats(&heap);
    return heap.in_use[MEM_KERNEL];
}

/* The list of live ports is reallocated when it is full; the old one is freed. */
static void longer_list_takes_the_place_of_the_shorter(void **state)
{
    size_t before, first;

    (void)state;
    assert_int_equal(evtchn_bind_existing(10, handler, &calls[10]), 0);
    assert_int_equal(evtchn_bind_existing(64, handler, &calls[64]), 0);
    before = kernel_bytes();
    for (evtchn_port_t port = 65; port < 128; port++)
        assert_int_equal(evtchn_bind_existing(port, handler, &calls[port]), 0);
    first = kernel_bytes() - before;
    assert_true(first > 0 && first <= 64 * sizeof(evtchn_port_t)); /* twice as long now */
    for (evtchn_port_t port = 11; port < 64; port++)
        assert_int_equal(evtchn_bind_existing(port, handler, &calls[port]), 0);
    assert_int_equal(kernel_bytes() - before, first); /* there is room */
}

/* In the new domain all ports have changed, in any word of the bitmaps. */
static void a_resume_forgets_all_ports(void **state)
{
    static const evtchn_port_t ports[] = {3, 70, 200, 4095};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
        assert_int_equal(evtchn_bind_existing(ports[i], handler, &calls[ports[i]]), 0);
        assert_int_equal(evtchn_unmask(ports[i]), 0);
    }
    memset(shared_info, 0, sizeof(*shared_info));
    evtchn_resume();
    assert_int_equal(stats().bound, 0);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(shared_info->evtchn_mask[i], ~0UL);
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
        assert_int_equal(evtchn_unmask(ports[i]), -EINVAL);
        assert_int_equal(evtchn_mask(ports[i]), -EINVAL);
        seam_raise(ports[i]);
    }
    thread_poll_events();
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
        assert_int_equal(calls[ports[i]], 0);
        assert_int_equal(evtchn_bind_existing(ports[i], handler, &calls[ports[i]]), 0);
        assert_int_equal(evtchn_unmask(ports[i]), 0);
    }
    thread_poll_events(); /* events that Xen raised in the new domain are not lost */
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++)
        assert_int_equal(calls[ports[i]], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_asks_for_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(xens_errors_are_the_callers, setup, teardown),
        cmocka_unit_test_setup_teardown(many_ports, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_at_the_start, setup, teardown),
        cmocka_unit_test_setup_teardown(first_list_may_fail_too, setup, teardown),
        cmocka_unit_test_setup_teardown(event_at_the_close_is_counted_as_spurious, setup, teardown),
        cmocka_unit_test_setup_teardown(unmasking_is_quiet, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_range_ports_have_no_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_poll_yields, setup, teardown),
        cmocka_unit_test_setup_teardown(wait_port_that_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(longer_list_takes_the_place_of_the_shorter, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_resume_forgets_all_ports, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
