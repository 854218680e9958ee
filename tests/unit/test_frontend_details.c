/* SPDX-License-Identifier: MIT */
/* The frontend machine: limits, counts and names that only show at their edges. */
#include "reconnect_test.h"

#include <kernel/ratelimit.h>

static struct xs_stats stats(void)
{
    struct xs_stats s;

    xs_get_stats(&s);
    return s;
}

/* A step that the backend owes is time spent on XenStore; a change that nobody waits for is not. */
static void only_steps_that_are_due_count_as_waiting(void **state)
{
    uint64_t before;

    (void)state;
    reaction[3] = 0;
    assert_int_equal(frontend_start(&fe, PATH, &ops, calls), 0);
    thread_sleep(5 * NSEC_PER_SEC);
    set(BEFORE, "state", "4");
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    assert_in_range(stats().wait_ns, 5 * NSEC_PER_SEC, 6 * NSEC_PER_SEC);
    before = stats().wait_ns;
    thread_sleep(10 * NSEC_PER_SEC);
    set(BEFORE, "state", "4");
    settle();
    assert_true(stats().wait_ns - before < NSEC_PER_SEC);
    ends_with("ncld");
}

/* A driver that asks for more keys than there is room for. */
static int too_many(struct frontend *f, struct frontend_key *keys, unsigned *count)
{
    (void)f;
    (void)keys;
    *count = FRONTEND_KEYS_MAX + 1;
    return 0;
}

static void more_keys_than_possible(void **state)
{
    struct frontend_ops greedy = ops;

    (void)state;
    greedy.negotiate = too_many;
    assert_int_equal(frontend_start(&fe, PATH, &greedy, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), -E2BIG);
    ends_with("ld");
}

/* A device without a name is called by its path, also where messages about it are left out. */
static void messages_left_out_name_the_device(void **state)
{
    const char *const names[] = {"xvdq", NULL};

    (void)state;
    fake_text(PATH "/backend", "nonsense");
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        clear();
        fe.name = names[i];
        seam_console_clear();
        for (unsigned k = 0; k < RATELIMIT_BURST + 3; k++)
            assert_int_equal(frontend_start(&fe, PATH, &ops, NULL), -EINVAL);
        ratelimit_end(&fe.messages);
        assert_non_null(strstr(seam_console(), i ? PATH ": 3 more messages left out\n"
                                                 : "xvdq: 3 more messages left out\n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(only_steps_that_are_due_count_as_waiting),
        TEST(more_keys_than_possible),
        TEST(messages_left_out_name_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
