/* SPDX-License-Identifier: MIT */
/* blktest's throughput over time: few numbers, none of which is lost however long it takes. */
#include "guests/blktest/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t total(const struct samples *s)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < SAMPLES_MAX; i++) {
        if (i >= s->count)
            assert_int_equal(s->bytes[i], 0);
        sum += s->bytes[i];
    }
    return sum;
}

static void intervals_are_kept_while_there_is_room(void **state)
{
    struct samples s = {0};

    (void)state;
    for (unsigned i = 0; i < SAMPLES_MAX; i++) {
        samples_add(&s, i * SAMPLES_INTERVAL, i);
        samples_add(&s, (i + 1) * SAMPLES_INTERVAL - 1, 1000);
        assert_int_equal(s.count, i + 1);
    }
    assert_int_equal(s.interval, SAMPLES_INTERVAL);
    for (unsigned i = 0; i < SAMPLES_MAX; i++)
        assert_int_equal(s.bytes[i], 1000 + i);
}

static void intervals_become_longer(void **state)
{
    struct samples s = {0};

    (void)state;
    for (unsigned i = 0; i <= SAMPLES_MAX; i++)
        samples_add(&s, i * SAMPLES_INTERVAL, i + 1);
    assert_int_equal(s.interval, 2 * SAMPLES_INTERVAL);
    assert_int_equal(s.count, SAMPLES_MAX / 2 + 1);
    assert_int_equal(s.bytes[0], 1 + 2);
    assert_int_equal(s.bytes[15], 31 + 32);
    assert_int_equal(s.bytes[16], 33);
    assert_int_equal(total(&s), 33 * 34 / 2);
}

/* One request after a second, the next after a day, then one whose time lies before it. */
static void any_time_has_its_place(void **state)
{
    struct samples s = {0};

    (void)state;
    samples_add(&s, NSEC_PER_SEC, 1);
    samples_add(&s, 86400 * NSEC_PER_SEC, 2);
    samples_add(&s, 3600 * NSEC_PER_SEC, 4);
    assert_true(86400 * NSEC_PER_SEC / s.interval < SAMPLES_MAX);
    assert_int_equal(total(&s), 7);
    samples_add(&s, UINT64_MAX, 8);
    assert_int_equal(total(&s), 15);
    assert_true(s.count <= SAMPLES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_kept_while_there_is_room),
        cmocka_unit_test(intervals_become_longer),
        cmocka_unit_test(any_time_has_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
