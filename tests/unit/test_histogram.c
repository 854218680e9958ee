/* SPDX-License-Identifier: MIT */
/* The latency histogram: exact for small values, at most 1/16 off for large ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringlet/histogram.h>

static struct histogram h;

static void empty(void **state)
{
    (void)state;
    histogram_reset(&h);
    assert_int_equal(h.count, 0);
    assert_int_equal(histogram_percentile(&h, 500), 0);
    assert_int_equal(histogram_percentile(&h, 1000), 0);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    histogram_reset(&h);
    for (unsigned i = 1; i <= 10; i++)
        histogram_add(&h, i);
    assert_int_equal(h.count, 10);
    assert_int_equal(h.sum, 55);
    assert_int_equal(h.min, 1);
    assert_int_equal(h.max, 10);
    assert_int_equal(histogram_percentile(&h, 0), 1);
    assert_int_equal(histogram_percentile(&h, 100), 1);
    assert_int_equal(histogram_percentile(&h, 101), 2);
    assert_int_equal(histogram_percentile(&h, 500), 5);
    assert_int_equal(histogram_percentile(&h, 990), 10);
    assert_int_equal(histogram_percentile(&h, 1000), 10);
}

/* Each distinguishable value, alone below a large one, is its own median within 1/16. */
static void error_is_at_most_a_sixteenth(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (unsigned step = 0; step < 64; step++) {
            uint64_t value = (1ULL << bit) + (uint64_t)(((__uint128_t)step << bit) / 64);
            uint64_t median;

            histogram_reset(&h);
            histogram_add(&h, value);
            histogram_add(&h, UINT64_MAX);
            median = histogram_percentile(&h, 500);
            assert_true(median >= value);
            assert_true(median - value <= value / 16);
        }
    }
}

static void extremes(void **state)
{
    (void)state;
    histogram_reset(&h);
    histogram_add(&h, 0);
    histogram_add(&h, UINT64_MAX);
    assert_int_equal(histogram_percentile(&h, 500), 0);
    assert_true(histogram_percentile(&h, 1000) == UINT64_MAX);
    assert_int_equal(h.min, 0);
    assert_true(h.max == UINT64_MAX);
}

/* No percentile is beyond the largest value, however wide its bucket is. */
static void percentile_is_not_beyond_the_maximum(void **state)
{
    (void)state;
    histogram_reset(&h);
    histogram_add(&h, 1000000);
    assert_int_equal(histogram_percentile(&h, 999), 1000000);
}

static void percentiles_of_a_thousand(void **state)
{
    (void)state;
    histogram_reset(&h);
    for (unsigned i = 0; i < 1000; i++)
        histogram_add(&h, i < 990 ? 10 : i < 999 ? 100000 : 5000000);
    assert_int_equal(histogram_percentile(&h, 500), 10);
    assert_int_equal(histogram_percentile(&h, 990), 10);
    assert_in_range(histogram_percentile(&h, 991), 100000, 106250);
    assert_in_range(histogram_percentile(&h, 999), 100000, 106250);
    assert_int_equal(histogram_percentile(&h, 1000), 5000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(error_is_at_most_a_sixteenth),
        cmocka_unit_test(extremes),
        cmocka_unit_test(percentile_is_not_beyond_the_maximum),
        cmocka_unit_test(percentiles_of_a_thousand),
    };

    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
