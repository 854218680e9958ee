/* SPDX-License-Identifier: MIT */
/* The guest's computation of Xen's clock: arch/x86/clock.c with a fake time stamp counter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The host's seam has these, too. */
#define shared_info       shared_info_under_test
#define arch_clock_now    clock_now_under_test
#define arch_clock_wall   clock_wall_under_test
#define arch_clock_source clock_source_under_test
#define arch_poll_timeout poll_timeout_under_test
#define arch_clock_leave  clock_leave_under_test
#define arch_clock_back   clock_back_under_test

#include "arch/x86/cpu.h"

static uint64_t fake_tsc(void);

#define rdtsc_ordered fake_tsc

#include "arch/x86/clock.c"

static struct shared_info page;
struct shared_info *shared_info = &page;

static uint64_t tsc;
static unsigned updates; /* that Xen will make while the guest reads */

uint64_t entry_tsc;

static struct vcpu_time_info *const time_info = &page.vcpu_info[0].time;

static uint64_t fake_tsc(void)
{
    if (updates) {
        updates--;
        time_info->version += 2;
        time_info->system_time += 1000;
    }
    return tsc;
}

/* The clock never goes back, so each test begins later than all before it. */
static uint64_t base = NSEC_PER_SEC;

/* mul 2^31 and shift 1: one ns a tick */
static int setup(void **state)
{
    (void)state;
    base += 10000 * NSEC_PER_SEC;
    tsc = 5000;
    updates = 0;
    clock_offset = 0;
    runstate.state_entry_time = 0;
    *time_info = (struct vcpu_time_info){
        .version = 2,
        .tsc_timestamp = 4000,
        .system_time = base,
        .tsc_to_system_mul = 1U << 31,
        .tsc_shift = 1,
    };
    return 0;
}

static void test_ticks_are_scaled(void **state)
{
    (void)state;
    assert_int_equal(arch_clock_now(), base + 1000);
    time_info->tsc_shift = 3;
    assert_int_equal(arch_clock_now(), base + 4000);
    time_info->tsc_shift = -2;
    tsc = 4000 + 800000;
    assert_int_equal(arch_clock_now(), base + 100000);
    time_info->tsc_shift = 0;
    time_info->tsc_to_system_mul = UINT32_MAX;
    tsc = 4000 + (1ULL << 40); /* the product needs more than 64 bits */
    assert_int_equal(arch_clock_now(), base + (1ULL << 40) - (1ULL << 8));
}

/* Xen's stamp is older than the domain, whose emulated counter began at 0 later. */
static void test_stamp_before_the_counter_began(void **state)
{
    (void)state;
    time_info->tsc_timestamp = (uint64_t)-700000;
    tsc = 300000;
    assert_int_equal(arch_clock_now(), base + 1000000);
    tsc += 500;
    assert_int_equal(arch_clock_now(), base + 1000500);
}

static void test_time_does_not_go_back(void **state)
{
    (void)state;
    assert_int_equal(arch_clock_now(), base + 1000);
    time_info->system_time -= 10;
    assert_int_equal(arch_clock_now(), base + 1000);
    tsc = 3990; /* before the stamp */
    assert_int_equal(arch_clock_now(), base + 1000);
    tsc = 5011;
    assert_int_equal(arch_clock_now(), base + 1001);
}

static void test_an_update_while_reading_is_noticed(void **state)
{
    (void)state;
    updates = 3;
    assert_int_equal(arch_clock_now(), base + 3000 + 1000);
}

static void test_wall_clock(void **state)
{
    (void)state;
    page.wc_version = 4;
    page.wc_sec = 7;
    page.wc_sec_hi = 1;
    page.wc_nsec = 9;
    assert_int_equal(arch_clock_wall(), ((1ULL << 32) + 7) * NSEC_PER_SEC + 9 + base + 1000);
}

/* Another host, which was started later or earlier: the clock continues from where it was. */
static void test_time_goes_on_in_another_domain(void **state)
{
    const uint64_t elsewhere[] = {5 * NSEC_PER_SEC, base + 100000 * NSEC_PER_SEC};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(elsewhere); i++) {
        uint64_t before = arch_clock_now(), wall;

        time_info->system_time = elsewhere[i];
        clock_continue();
        assert_int_equal(arch_clock_now(), before);
        tsc += 700;
        assert_int_equal(arch_clock_now(), before + 700);
        /* Xen is called with its own time. */
        assert_int_equal(arch_poll_timeout(before + 700),
                         elsewhere[i] + tsc - time_info->tsc_timestamp);
        assert_int_equal(arch_poll_timeout(before + 701),
                         elsewhere[i] + tsc - time_info->tsc_timestamp + 1);
        wall = arch_clock_wall();
        assert_int_equal(wall % NSEC_PER_SEC,
                         (elsewhere[i] + tsc - time_info->tsc_timestamp + page.wc_nsec) %
                             NSEC_PER_SEC);
    }
}

static void test_a_deadline_before_xens_time_has_passed(void **state)
{
    (void)state;
    arch_clock_now();
    time_info->system_time = 0;
    clock_continue();
    assert_int_equal(arch_poll_timeout(arch_clock_now() - NSEC_PER_SEC), 1);
    assert_int_equal(arch_poll_timeout(0), 1);
}

/* The time at which Xen ran the vCPU again is good if it did stop, and only then. */
static void test_xen_says_when_it_runs_us(void **state)
{
    uint64_t begun = arch_clock_now();

    (void)state;
    arch_clock_leave();
    runstate.state_entry_time = base + 1700;
    tsc += 900;
    assert_int_equal(arch_clock_back(), begun + 700);
    assert_int_equal(arch_clock_now(), begun + 900);
    /* it did not stop */
    arch_clock_leave();
    tsc += 50;
    assert_int_equal(arch_clock_back(), begun + 950);
    /* it stopped, but a later reading returned a later time: it cannot go back */
    arch_clock_leave();
    runstate.state_entry_time = base + 1940;
    tsc += 30;
    assert_int_equal(arch_clock_back(), begun + 980);
    /* it had stopped before, after the last reading */
    runstate.state_entry_time = base + 1000 + 990;
    arch_clock_leave();
    tsc += 20;
    assert_int_equal(arch_clock_back(), begun + 1000);
    /* another Xen's time */
    time_info->system_time -= 500;
    clock_continue();
    arch_clock_leave();
    runstate.state_entry_time = base - 500 + 2100;
    tsc += 500;
    assert_int_equal(arch_clock_back(), begun + 1100);
}

static void test_when_the_guest_began(void **state)
{
    (void)state;
    entry_tsc = 4600;
    clock_begin();
    assert_int_equal(boot_info.started, base + 600);
    time_info->tsc_shift = 2;
    clock_begin();
    assert_int_equal(boot_info.started, base + 1200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ticks_are_scaled, setup),
        cmocka_unit_test_setup(test_stamp_before_the_counter_began, setup),
        cmocka_unit_test_setup(test_time_does_not_go_back, setup),
        cmocka_unit_test_setup(test_an_update_while_reading_is_noticed, setup),
        cmocka_unit_test_setup(test_wall_clock, setup),
        cmocka_unit_test_setup(test_time_goes_on_in_another_domain, setup),
        cmocka_unit_test_setup(test_xen_says_when_it_runs_us, setup),
        cmocka_unit_test_setup(test_a_deadline_before_xens_time_has_passed, setup),
        cmocka_unit_test_setup(test_when_the_guest_began, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
