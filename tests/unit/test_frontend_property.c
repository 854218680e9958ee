/* SPDX-License-Identifier: MIT */
/* The frontend state machine: a key of the backend's that a driver follows beside the state. */
#include "reconnect_test.h"

static void changed(struct frontend *f)
{
    (void)f;
    note('x');
}

static struct frontend_ops with_property;

static int setup_property(void **state)
{
    with_property = ops;
    with_property.changed = changed;
    with_property.property = "carrier";
    return setup(state);
}

static void follows_while_connected(void **state)
{
    (void)state;
    set(BEFORE, "carrier", "0");
    assert_int_equal(frontend_start(&fe, PATH, &with_property, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    assert_string_equal(calls, "ncx"); /* once at the beginning: it may have changed before */
    set(BEFORE, "carrier", "1");
    settle();
    assert_string_equal(calls, "ncxx");
    gone();
    settle();
    set(BEFORE, "carrier", "0"); /* of the connection before */
    settle();
    present(BEFORE);
    settle();
    assert_string_equal(calls, "ncxxaEncx");
    set(BEFORE, "carrier", "1");
    settle();
    ends_with("ncxxaEncxxld");
    set(BEFORE, "carrier", "0");
    settle();
    assert_string_equal(calls, "ncxxaEncxxld");
}

/* A device without it works. */
static const char *refuse_carrier(uint32_t type, const char *body)
{
    return type == XS_WATCH && strstr(body, "carrier") ? "E2BIG" : NULL;
}

static void works_without_the_watch(void **state)
{
    (void)state;
    fake.refuse = refuse_carrier;
    assert_int_equal(frontend_start(&fe, PATH, &with_property, calls), 0);
    assert_int_equal(frontend_wait_connected(&fe), 0);
    settle();
    set(BEFORE, "carrier", "1");
    settle();
    assert_non_null(strstr(seam_console(), "cannot watch " BEFORE "/carrier: "));
    ends_with("ncld");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(follows_while_connected, setup_property, teardown),
        cmocka_unit_test_setup_teardown(works_without_the_watch, setup_property, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
