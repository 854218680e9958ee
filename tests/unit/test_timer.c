/* SPDX-License-Identifier: MIT */
/* One-shot timers: order, and the effects of their functions on one another. */
#include "host/seam.h"
#include "unit/random.h"

#include <kernel/clock.h>
#include <ringlet/string.h>
#include <ringlet/thread.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct timer timer[8];
static char trace[64];
static void (*extra)(struct timer *t);

static void fired(struct timer *t)
{
    size_t n = strlen(trace);

    assert_false(t->armed);
    assert_true(n + 1 < sizeof(trace));
    trace[n] = (char)('0' + (t - timer));
    trace[n + 1] = '\0';
    if (extra)
        extra(t);
}

static int setup(void **state)
{
    (void)state;
    seam_init(4 << 20);
    for (unsigned i = 0; i < ARRAY_SIZE(timer); i++)
        timer_init(&timer[i], fired);
    trace[0] = '\0';
    extra = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seam_exit();
    return 0;
}

static void run_at(uint64_t now)
{
    trace[0] = '\0';
    seam_now = now;
    timer_run_due(seam_now);
}

static void test_in_order_of_deadline(void **state)
{
    static const uint64_t at[] = {5000, 3000, 5000, 4000};

    (void)state;
    assert_int_equal(timer_next(), UINT64_MAX);
    for (unsigned i = 0; i < 4; i++)
        timer_start(&timer[i], at[i]);
    assert_int_equal(timer_next(), 3000);
    run_at(2999);
    assert_string_equal(trace, "");
    run_at(4000);
    assert_string_equal(trace, "13");
    run_at(6000);
    assert_string_equal(trace, "02"); /* equal ones as they were started */
    run_at(9000);
    assert_string_equal(trace, "");
    assert_int_equal(timer_next(), UINT64_MAX);
}

static void test_stop_and_move(void **state)
{
    (void)state;
    timer_start(&timer[0], 1000);
    timer_start(&timer[1], 2000);
    timer_start(&timer[0], 3000); /* moves it */
    assert_int_equal(timer_next(), 2000);
    timer_stop(&timer[1]);
    timer_stop(&timer[1]);
    timer_stop(&timer[2]); /* never started */
    assert_false(timer[1].armed);
    assert_int_equal(timer_next(), 3000);
    timer_start(&timer[0], 4000); /* the last one, later and earlier */
    assert_int_equal(timer_next(), 4000);
    timer_start(&timer[0], 3500);
    assert_int_equal(timer_next(), 3500);
    run_at(5000);
    assert_string_equal(trace, "0");
}

static void test_never(void **state)
{
    (void)state;
    timer_start(&timer[0], DEADLINE_NEVER);
    timer_start(&timer[1], 10);
    run_at(UINT64_MAX - 1);
    assert_string_equal(trace, "1");
    timer_stop(&timer[0]);
    seam_now = 100;
    assert_int_equal(clock_deadline(5), 105);
    assert_int_equal(clock_deadline(DEADLINE_NEVER), DEADLINE_NEVER);
    assert_int_equal(clock_deadline(UINT64_MAX - 50), DEADLINE_NEVER);
}

static void restart(struct timer *t)
{
    timer_start(t, seam_now); /* due at once */
}

static void test_restart_fires_once_a_pass(void **state)
{
    (void)state;
    extra = restart;
    timer_start(&timer[0], 10);
    timer_start(&timer[1], 20);
    run_at(100);
    assert_string_equal(trace, "01");
    run_at(100);
    assert_string_equal(trace, "01");
    extra = NULL;
    run_at(101);
    assert_string_equal(trace, "01");
    assert_int_equal(timer_next(), UINT64_MAX);
}

/* The first stops the second and itself, moves the third, stops one that is not due. */
static void meddle(struct timer *t)
{
    if (t != &timer[0])
        return;
    timer_stop(&timer[0]);
    timer_stop(&timer[1]);
    timer_start(&timer[2], 500);
    timer_stop(&timer[4]);
}

static void test_functions_stop_and_move_others(void **state)
{
    (void)state;
    extra = meddle;
    for (unsigned i = 0; i < 4; i++)
        timer_start(&timer[i], 10 + i);
    timer_start(&timer[4], 400);
    run_at(100);
    assert_string_equal(trace, "03");
    assert_int_equal(timer_next(), 500);
    assert_false(timer[1].armed);
    assert_true(timer[2].armed);
    run_at(600);
    assert_string_equal(trace, "2");
}

/* ---- against a model ---- */

static struct random *dice;
static uint64_t expected[ARRAY_SIZE(timer)]; /* deadline, 0: stopped */
static uint64_t last;

static void change_one(void)
{
    unsigned i = random_below(dice, ARRAY_SIZE(timer));

    if (random_below(dice, 3)) {
        expected[i] = seam_now + 1 + random_below(dice, 100);
        timer_start(&timer[i], expected[i]);
    } else {
        expected[i] = 0;
        timer_stop(&timer[i]);
    }
}

static void check_fired(struct timer *t)
{
    unsigned i = (unsigned)(t - timer);

    trace[0] = '\0';
    assert_int_not_equal(expected[i], 0);
    assert_true(expected[i] <= seam_now);
    assert_int_equal(expected[i], t->deadline);
    assert_true(t->deadline >= last);
    last = t->deadline;
    expected[i] = 0;
    if (random_below(dice, 2))
        change_one();
}

static void model_run(struct random *r)
{
    dice = r;
    extra = check_fired;
    for (unsigned i = 0; i < ARRAY_SIZE(timer); i++) {
        timer_stop(&timer[i]);
        expected[i] = 0;
    }
    for (unsigned step = 0; step < 3000; step++) {
        uint64_t next = UINT64_MAX;

        change_one();
        if (random_below(r, 4))
            continue;
        seam_now += random_below(r, 60);
        last = 0;
        timer_run_due(seam_now);
        for (unsigned i = 0; i < ARRAY_SIZE(timer); i++) {
            assert_int_equal(timer[i].armed, expected[i] != 0);
            if (expected[i])
                next = MIN(next, expected[i]);
        }
        assert_int_equal(timer_next(), next);
        assert_true(next > seam_now);
    }
}

static void test_model(void **state)
{
    (void)state;
    random_runs("timers", 20, model_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_order_of_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_and_move, setup, teardown),
        cmocka_unit_test_setup_teardown(test_never, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_fires_once_a_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(test_functions_stop_and_move_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
